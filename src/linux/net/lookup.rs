//! One look-up by the C library.

use std::net::{IpAddr, SocketAddr};

use dns_lookup::AddrInfoHints;

use crate::net::{Family, ResolveError, Resolved};

/// What the C library's resolver has room in.
pub(crate) const STACK: usize = 256 * 1024;

/// The answer for a name that is an address itself.
pub(crate) fn literal(name: &str, family: Family) -> Option<Resolved> {
    let address: IpAddr = name.parse().ok()?;
    Some(if matches!((family, address), (Family::V4, IpAddr::V6(_)) | (Family::V6, IpAddr::V4(_))) {
        let text = format!("it is not an IPv{} address", if family == Family::V4 { 4 } else { 6 });
        Err(ResolveError::NoAddress { text, code: libc::EAI_FAMILY })
    } else {
        Ok(vec![SocketAddr::new(address, 0)])
    })
}

pub(crate) fn lookup(name: &str, family: Family) -> Resolved {
    if let Some(answer) = literal(name, family) {
        return answer;
    }
    if let Some(interface) = misplaced(name) {
        return Err(ResolveError::MisplacedInterface(interface.to_owned()));
    }
    let address = match family {
        Family::Any => libc::AF_UNSPEC,
        Family::V4 => libc::AF_INET,
        Family::V6 => libc::AF_INET6,
    };
    let hints = AddrInfoHints { socktype: libc::SOCK_DGRAM, address, ..AddrInfoHints::default() };
    let found = dns_lookup::getaddrinfo(Some(name), None, Some(hints))
        .map_err(|error| no_interface(name, &error).unwrap_or_else(|| explain(&error)))?;
    Ok(found.filter_map(Result::ok).map(|info| info.sockaddr).collect())
}

/// The interface behind an address that holds on every one (RFC 4007 §11): no name, whatever a name server says to it.
fn misplaced(name: &str) -> Option<&str> {
    let (address, interface) = name.split_once('%')?;
    (!is_of_a_link(address.parse().ok()?)).then_some(interface)
}

/// Whether an address holds on one link only.
fn is_of_a_link(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(_) => false,
        IpAddr::V6(v6) => v6.is_unicast_link_local() || (v6.is_multicast() && v6.segments()[0] & 0xf == 2),
    }
}

/// What the C library calls an unknown name, though it is an address with an interface.
fn no_interface(name: &str, error: &dns_lookup::LookupError) -> Option<ResolveError> {
    let (address, interface) = name.split_once('%')?;
    let is_unknown = error.error_num() == libc::EAI_NONAME && address.parse().is_ok_and(is_of_a_link);
    is_unknown.then(|| ResolveError::NoInterface(interface.to_owned()))
}

fn explain(error: &dns_lookup::LookupError) -> ResolveError {
    let code = error.error_num();
    let text = std::io::Error::from(dns_lookup::LookupError::new(code)).to_string();
    let text = text.rsplit_once("information: ").map_or(text.clone(), |(_, cause)| cause.to_owned());
    match code {
        libc::EAI_AGAIN | libc::EAI_FAIL | libc::EAI_SYSTEM | libc::EAI_MEMORY => {
            ResolveError::NameServer { text, code }
        }
        _ => ResolveError::NoAddress { text, code },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_interface_behind_an_address_of_all_of_them_is_said_and_asked_of_nobody() {
        for name in ["::1%lo", "2001:db8::2%eth0", "127.0.0.1%lo", "192.0.2.1%2"] {
            let found = lookup(name, Family::Any);
            assert!(matches!(&found, Err(ResolveError::MisplacedInterface(_))), "{name}: {found:?}");
        }
        for name in ["fe80::1%lo", "ff02::101%eth0", "100%.example", "a%b"] {
            assert_eq!(misplaced(name), None, "{name}");
        }
    }
}
