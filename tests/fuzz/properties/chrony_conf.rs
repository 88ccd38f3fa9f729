//! chrony.conf and its .sources files.

use rntpdate::internals::config::{Form, Server};

use super::configuration;

pub(crate) fn check(data: &[u8]) {
    configuration::check(Form::Chrony, data, file);
}

fn file(servers: &[&Server]) -> String {
    servers.iter().map(|server| line(server)).collect()
}

fn line(server: &Server) -> String {
    let proof = server.proof.as_ref().map_or_else(String::new, configuration::proof);
    let port = server.port.map_or(String::new(), |port| format!(" port {port}"));
    format!("server {}{port}{proof}\n", server.host)
}
