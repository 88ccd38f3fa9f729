//! Addresses that no server has, and what they mean where a name leads to them. Pure.
#![forbid(unsafe_code)]

use std::net::IpAddr;

use super::phc::is_clock;
use super::{ResolveError, Resolved};

/// What keeps an address from being a server's; nothing where it may be one's.
pub fn no_server(address: IpAddr) -> Option<&'static str> {
    match address.to_canonical() {
        // The whole of 0.0.0.0/8 is "this network" (RFC 6890); the kernel takes 0.0.0.0 and :: for this machine.
        IpAddr::V4(v4) if v4.octets()[0] == 0 => Some("an unspecified address"),
        IpAddr::V6(v6) if v6.is_unspecified() => Some("an unspecified address"),
        IpAddr::V6(v6) if v6.segments()[..4] == [0x100, 0, 0, 0] => Some("a discard-only address"),
        IpAddr::V4(v4) if v4.is_broadcast() => Some("a broadcast address"),
        address if address.is_multicast() => Some("a multicast address"),
        _ => None,
    }
}

/// Without such addresses: an error where no other is left. `name`: as it was looked up.
pub fn usable(name: &str, resolved: Resolved) -> Resolved {
    // No name server was asked for it, and no name of a server is like it.
    if is_clock(name) {
        return resolved;
    }
    let addresses = resolved?;
    let (bad, good): (Vec<_>, Vec<_>) = addresses.into_iter().partition(|address| no_server(address.ip()).is_some());
    match bad.first().map(std::net::SocketAddr::ip) {
        Some(address) if good.is_empty() => {
            let kind = no_server(address).unwrap_or_default();
            let is_literal = name.parse::<IpAddr>().is_ok();
            let blocker = !is_literal && kind == "an unspecified address";
            let words = if blocker {
                "; DNS blockers (Pi-hole, AdGuard, a provider's, lines of /etc/hosts) answer so for the names that they block: \
                 allow the name there, or give another server"
            } else {
                "; give the address of a server"
            };
            let subject = if is_literal { "it is" } else { "it leads to" };
            Err(ResolveError::NoServer(format!("{subject} {address}, {kind}, which no server has{words}")))
        }
        _ => Ok(good),
    }
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;

    fn resolved(name: &str, addresses: &[&str]) -> Result<Vec<String>, String> {
        let addresses = addresses.iter().map(|address| SocketAddr::new(address.parse().unwrap(), 0)).collect();
        match usable(name, Ok(addresses)) {
            Ok(good) => Ok(good.iter().map(|address| address.ip().to_string()).collect()),
            Err(error) => Err(error.to_string()),
        }
    }

    #[test]
    fn what_no_server_has_is_left_out() {
        let others = [
            "0.0.0.0",
            "100::5048:4300:0:0",
            "0.0.0.4",
            "::",
            "::ffff:0.0.0.0",
            "224.0.1.1",
            "ff05::101",
            "255.255.255.255",
        ];
        for bad in others {
            assert_eq!(
                resolved("name.example", &[bad, "192.0.2.1", "::1"]),
                Ok(vec!["192.0.2.1".into(), "::1".into()])
            );
            let error = resolved("name.example", &[bad]).unwrap_err();
            assert!(error.starts_with("it leads to ") && error.contains(" address, which no server has; "), "{error}");
        }
        for good in ["127.0.0.1", "::1", "10.0.0.255", "192.0.2.1", "fe80::1", "::ffff:192.0.2.1", "240.0.0.1"] {
            assert!(resolved("name.example", &[good]).is_ok(), "{good}");
        }
    }

    #[test]
    fn the_cause_names_the_blocker_where_it_is_one() {
        let blocked = resolved("pool.ntp.org", &["0.0.0.0", "::"]).unwrap_err();
        assert!(blocked.starts_with("it leads to 0.0.0.0, an unspecified address") && blocked.contains("DNS blockers"));
        let typed = resolved("0.0.0.0", &["0.0.0.0"]).unwrap_err();
        assert_eq!(typed, "it is 0.0.0.0, an unspecified address, which no server has; give the address of a server");
        assert!(!resolved("all.example", &["224.0.1.1"]).unwrap_err().contains("blocker"));
    }
}
