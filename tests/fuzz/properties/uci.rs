//! OpenWrt's /etc/config/system and the files of its packages.

use rntpdate::internals::config::{Form, Server};

use super::configuration;

pub(crate) fn check(data: &[u8]) {
    configuration::check(Form::Uci, data, file);
}

fn file(servers: &[&Server]) -> String {
    servers.iter().map(|server| section(server)).collect()
}

fn section(server: &Server) -> String {
    let nts = if server.proof.is_some() { "\toption nts 'yes'\n" } else { "" };
    format!("config server\n\toption hostname '{}'\n{nts}", configuration::address(server))
}
