//! One look-up by the C library.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

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

/// What the C library calls an unknown name, though it is an address with an interface (RFC 4007 §11).
fn no_interface(name: &str, error: &dns_lookup::LookupError) -> Option<ResolveError> {
    let (address, interface) = name.split_once('%')?;
    let is_unknown = error.error_num() == libc::EAI_NONAME && address.parse::<Ipv6Addr>().is_ok();
    let has_links = |address: Ipv6Addr| {
        address.is_unicast_link_local() || (address.is_multicast() && address.segments()[0] & 0xf == 2)
    };
    is_unknown.then(|| {
        if address.parse().is_ok_and(has_links) {
            return ResolveError::NoInterface(interface.to_owned());
        }
        let text = format!("only link-local addresses (fe80::) are on an interface: leave out %{interface}");
        ResolveError::NoAddress { text, code: error.error_num() }
    })
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
