//! An IPv6 address whose last group may have been meant for a port, for want of brackets.

use std::net::Ipv6Addr;

use super::found::{Certainty, Diagnosis};
use crate::outcome::{Outcome, Server};

/// What to type where `::1:123` was meant for port 123 of `::1`: a server that was named by an address, and whose last group may be
/// a port's number.
pub(crate) fn with_port(server: &Server, outcome: &Outcome) -> Option<String> {
    let std::net::IpAddr::V6(address) = server.contact.address.ip() else { return None };
    let is_typed = outcome.hosts.iter().any(|host| host.name.parse() == Ok(address));
    meant(address).filter(|_| is_typed)
}

/// One group less, and a port. A group of one or two digits numbers a host as a rule.
fn meant(address: Ipv6Addr) -> Option<String> {
    let text = address.to_string();
    let (host, port) = text.rsplit_once(':')?;
    let is_port = matches!(port.len(), 3 | 4) && port.bytes().all(|byte| byte.is_ascii_digit());
    let host: Ipv6Addr = host.parse().ok().filter(|_| is_port)?;
    Some(format!("[{host}]:{port}"))
}

/// Adds what may have been meant to a cause, which is not the only one then.
pub(super) fn doubt(mut diagnosis: Diagnosis, server: &Server, outcome: &Outcome) -> Diagnosis {
    if let Some(meant) = with_port(server, outcome) {
        let address = server.contact.address.ip();
        diagnosis.cause +=
            &format!("; or {meant} was meant: without brackets this is read as the IPv6 address {address}");
        if diagnosis.certainty == Certainty::Certain {
            diagnosis.certainty = Certainty::Likely;
        }
        let here = diagnosis.here.map_or(String::new(), |here| format!("; else {here}"));
        diagnosis.here = Some(format!("if a port was meant, write {meant}{here}"));
    }
    diagnosis
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_may_be_a_port_is_one() {
        for (address, meant_by_it) in [
            ("::1:123", Some("[::1]:123")),
            ("2001:db8::1:1123", Some("[2001:db8::1]:1123")),
            ("2001:db8::123", None),
            ("2001:db8::1:12", None),
            ("2001:db8::1:12a", None),
            ("2001:db8:1:2:3:4:5:123", None),
            ("::1", None),
        ] {
            assert_eq!(meant(address.parse().unwrap()).as_deref(), meant_by_it, "{address}");
        }
    }
}
