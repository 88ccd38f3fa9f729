//! ntp.conf.

use rntpdate::config::{Form, Server};

use super::configuration;

pub(crate) fn check(data: &[u8]) {
    configuration::check(Form::Ntp, data, file);
}

fn file(servers: &[&Server]) -> String {
    servers.iter().map(|server| line(server)).collect()
}

fn line(server: &Server) -> String {
    let proof = server.proof.map_or("", configuration::proof);
    format!("server {}{proof}\n", configuration::address(server))
}
