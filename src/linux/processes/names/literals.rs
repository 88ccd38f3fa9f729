//! Runs without a name.

use std::net::IpAddr;
use std::time::Duration;

use crate::linux::net::lookup::literal;
use crate::machine::Resolver;
use crate::net::{Family, ResolveError, Resolved};

/// For runs without a name: an address stands for itself.
#[derive(Debug, Default)]
pub(in crate::linux::processes) struct Literals;

impl Resolver for Literals {
    fn resolve(&self, names: &[String], family: Family, _timeout: Duration) -> Vec<Resolved> {
        let none = || Err(ResolveError::NoAddress { text: "it is no address".to_owned(), code: libc::EAI_NONAME });
        names.iter().map(|name| literal(name, family).unwrap_or_else(none)).collect()
    }

    fn reverse(&self, addresses: &[IpAddr], _timeout: Duration) -> Vec<Option<String>> {
        vec![None; addresses.len()]
    }
}

/// Whether somebody has to look up one of these.
pub(in crate::linux::processes) fn has_name(servers: &[String]) -> bool {
    servers.iter().any(|server| server.parse::<IpAddr>().is_err())
}
