//! ntp.conf.

use rntpdate::internals::config::{Authorities, Form, ProofWish, Server};

use super::configuration;

pub(crate) fn check(data: &[u8]) {
    configuration::check(Form::Ntp, data, file);
}

fn file(servers: &[&Server]) -> String {
    servers.iter().map(|server| line(server)).collect()
}

fn line(server: &Server) -> String {
    // The port of the key exchange stands behind the name.
    let (address, proof) = match &server.proof {
        Some(ProofWish::Nts(wish)) => {
            let ca = match &wish.authorities {
                Authorities::Only(path) => format!(" ca {path}"),
                Authorities::Usual | Authorities::Set(_) | Authorities::Besides(_) => String::new(),
            };
            let address = Server { port: wish.port, ..server.clone() };
            (configuration::address(&address), format!(" nts{ca}"))
        }
        other => (configuration::address(server), other.as_ref().map_or_else(String::new, configuration::proof)),
    };
    format!("server {address}{proof}\n")
}
