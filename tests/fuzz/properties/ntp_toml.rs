//! ntpd-rs's ntp.toml.

use rntpdate::config::{Form, Proof, Server};

use super::configuration;

pub(crate) fn check(data: &[u8]) {
    let parsed = configuration::check(Form::NtpdRs, data, file);
    // Keys are another daemon's.
    assert!(parsed.servers().all(|server| server.proof != Some(Proof::Key)));
}

fn file(servers: &[&Server]) -> String {
    servers.iter().map(|server| source(server)).collect()
}

fn source(server: &Server) -> String {
    let mode = if server.proof.is_some() { "nts" } else { "server" };
    format!("[[source]]\nmode = \"{mode}\"\naddress = \"{}\"\n", configuration::address(server))
}
