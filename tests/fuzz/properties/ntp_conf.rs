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
    let key = if server.authenticated { " key 1" } else { "" };
    format!("server {}{key}\n", configuration::address(server))
}
