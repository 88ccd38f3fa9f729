//! timemaster.conf of linuxptp.

use rntpdate::internals::config::{Form, Server};

use super::configuration;

pub(crate) fn check(data: &[u8]) {
    configuration::check(Form::Timemaster, data, file);
}

fn file(servers: &[&Server]) -> String {
    servers.iter().map(|server| section(server)).collect()
}

fn section(server: &Server) -> String {
    let options =
        server.proof.as_ref().map_or(String::new(), |proof| format!("ntp_options{}\n", configuration::proof(proof)));
    format!("[ntp_server {}]\n{options}", configuration::address(server))
}
