//! ntpd-rs's ntp.toml.

use rntpdate::internals::config::{Authorities, Form, ProofWish, Server};

use super::configuration;

pub(crate) fn check(data: &[u8]) {
    let parsed = configuration::check(Form::NtpdRs, data, file);
    // Keys are another daemon's.
    assert!(parsed.servers().all(|server| !matches!(server.proof, Some(ProofWish::Key(_)))));
}

fn file(servers: &[&Server]) -> String {
    servers.iter().map(|server| source(server)).collect()
}

fn source(server: &Server) -> String {
    let Some(ProofWish::Nts(wish)) = &server.proof else {
        return format!("[[source]]\nmode = \"server\"\naddress = \"{}\"\n", configuration::address(server));
    };
    // The port of the key exchange stands behind the name.
    let address = configuration::address(&Server { port: wish.port, ..server.clone() });
    let authority = match &wish.authorities {
        Authorities::Besides(path) => format!("certificate-authority = {}\n", quoted(path)),
        Authorities::Usual | Authorities::Set(_) | Authorities::Only(_) => String::new(),
    };
    format!("[[source]]\nmode = \"nts\"\naddress = \"{address}\"\n{authority}")
}

/// A text of TOML, whatever is in it.
fn quoted(text: &str) -> String {
    let escaped: String = text.chars().map(|c| format!("\\U{:08X}", u32::from(c))).collect();
    format!("\"{escaped}\"")
}
