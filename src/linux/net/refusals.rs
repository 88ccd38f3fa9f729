//! What the kernel's error numbers mean where a socket is used: one number says different things at different steps.

use std::net::{IpAddr, SocketAddr};

use nix::errno::Errno;

use crate::net::{FaultKind, Step};

/// What an error at this step says, with a socket for this server.
pub(super) fn of_errno(step: Step, errno: Errno, server: Option<SocketAddr>) -> FaultKind {
    match (step, errno) {
        // An error that a socket holds is an ICMP message's (net/ipv4/icmp.c, icmp_err_convert; net/ipv6/icmp.c).
        (_, Errno::ECONNREFUSED) => FaultKind::Refused,
        (_, Errno::EHOSTUNREACH) => FaultKind::HostUnreachable,
        (_, Errno::ENETUNREACH) => FaultKind::NetworkUnreachable,
        (_, Errno::EPROTO | Errno::ENOPROTOOPT) => FaultKind::NoProtocol,
        (_, Errno::EMSGSIZE) => FaultKind::TooBig,
        (Step::Receive, Errno::EACCES) => FaultKind::Prohibited,
        // net/ipv4/fib_semantics.c, fib_props.
        (Step::Connect | Step::Send, Errno::EACCES) => FaultKind::ProhibitRoute,
        (Step::Connect, Errno::EINVAL) if server.is_some_and(|server| lacks_zone(&server)) => FaultKind::NoZone,
        (Step::Connect | Step::Send, Errno::EINVAL) => FaultKind::Blackhole,
        (Step::Send, Errno::EPERM) => FaultKind::NotPermitted,
        (Step::Bind, Errno::EACCES | Errno::EPERM) => FaultKind::PortDenied,
        (_, Errno::EACCES | Errno::EPERM) => FaultKind::Forbidden(step),
        (Step::Bind, Errno::EADDRINUSE) => FaultKind::PortInUse,
        (Step::Bind | Step::Connect, Errno::EAGAIN) | (Step::Connect, Errno::EADDRINUSE) => FaultKind::NoPort,
        (_, Errno::EAFNOSUPPORT) => FaultKind::NoFamily,
        (_, Errno::EADDRNOTAVAIL) => FaultKind::NoAddress,
        (_, Errno::ENODEV | Errno::ENXIO) => FaultKind::NoInterface,
        (_, Errno::ENETDOWN) => FaultKind::InterfaceDown,
        (_, Errno::ENOKEY) => FaultKind::NoPeer,
        (_, Errno::EDESTADDRREQ) => FaultKind::NoEndpoint,
        (_, Errno::ENOBUFS | Errno::ENOMEM | Errno::EAGAIN | Errno::EINTR) => FaultKind::NoRoom,
        (step, other) => FaultKind::Other(step, other as i32),
    }
}

/// Whether an address needs an interface beside it.
fn lacks_zone(server: &SocketAddr) -> bool {
    let IpAddr::V6(address) = server.ip() else { return false };
    matches!(server, SocketAddr::V6(server) if server.scope_id() == 0)
        && (address.is_unicast_link_local() || address.is_multicast())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_number_means_different_things_at_different_steps() {
        let server: SocketAddr = "192.0.2.1:123".parse().unwrap();
        let link: SocketAddr = "[fe80::1]:123".parse().unwrap();
        let kind = |step, errno| of_errno(step, errno, Some(server));
        assert_eq!(kind(Step::Socket, Errno::EACCES), FaultKind::Forbidden(Step::Socket));
        assert_eq!(kind(Step::Wait, Errno::EPERM), FaultKind::Forbidden(Step::Wait));
        assert_eq!(kind(Step::Receive, Errno::EPERM), FaultKind::Forbidden(Step::Receive));
        assert_eq!(kind(Step::Bind, Errno::EACCES), FaultKind::PortDenied);
        assert_eq!(kind(Step::Send, Errno::EPERM), FaultKind::NotPermitted);
        assert_eq!(kind(Step::Send, Errno::EACCES), FaultKind::ProhibitRoute);
        assert_eq!(kind(Step::Connect, Errno::EINVAL), FaultKind::Blackhole);
        assert_eq!(of_errno(Step::Connect, Errno::EINVAL, Some(link)), FaultKind::NoZone);
        assert_eq!(kind(Step::Connect, Errno::EAGAIN), FaultKind::NoPort);
        assert_eq!(kind(Step::Send, Errno::EAGAIN), FaultKind::NoRoom);
        assert_eq!(kind(Step::Bind, Errno::EADDRINUSE), FaultKind::PortInUse);
        assert_eq!(kind(Step::Send, Errno::ENOKEY), FaultKind::NoPeer);
        assert_eq!(kind(Step::Socket, Errno::EAFNOSUPPORT), FaultKind::NoFamily);
    }
}
