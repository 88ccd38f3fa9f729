//! The kernel of this machine itself refuses.

use std::net::IpAddr;

use Certainty::{Certain, Likely};

use super::firewall::{forbidden, own_firewall};
use crate::diagnosis::code::Code;
use crate::diagnosis::found::{Certainty, Diagnosis};
use crate::net::{Fault, FaultKind};
use crate::outcome::Server;

/// Names the cause: a firewall, a module, a route, an address, a port, or the interface.
pub(super) fn here(fault: Fault, server: &Server) -> Diagnosis {
    let address = server.contact.address.ip();
    match fault.kind {
        FaultKind::NotPermitted => return own_firewall(fault, Likely, server.contact.address.port()),
        FaultKind::Forbidden(step) => return forbidden(fault, step),
        _ => {}
    }
    let found =
        by_route(fault, address).or_else(|| by_wireguard(fault, address)).or_else(|| by_address(fault, address));
    found.or_else(|| by_port(fault)).or_else(|| by_interface(fault, address)).unwrap_or_else(|| {
        refused(fault, Code::SendFailed, Certain, "the kernel does not send the packet", "see `ip addr` and `ip route`")
    })
}

fn refused(fault: Fault, code: Code, certainty: Certainty, cause: &str, advice: &str) -> Diagnosis {
    Diagnosis::new(code, certainty, fault.to_string(), cause.to_owned()).here(advice.to_owned())
}

fn look_at_route(address: IpAddr) -> String {
    format!("see \"ip route get {address}\"")
}

/// Advice where the other family may work.
const fn other_family(address: IpAddr) -> &'static str {
    if address.is_ipv6() { "; without IPv6 here, use -4" } else { "; if this network has IPv6 only, use -6" }
}

/// A route is missing, or says no.
fn by_route(fault: Fault, address: IpAddr) -> Option<Diagnosis> {
    let route = look_at_route(address);
    let family = other_family(address);
    let found = |code, certainty, cause: &str, advice: &str| refused(fault, code, certainty, cause, advice);
    Some(match fault.kind {
        FaultKind::NetworkUnreachable => {
            let cause = format!("routing: this machine knows no way to {address}");
            let advice = format!("{route}: a gateway or an interface is missing{family}");
            found(Code::NoRoute, Certain, &cause, &advice)
        }
        FaultKind::HostUnreachable => {
            let cause =
                format!("routing: a route of this machine says that {address} cannot be reached (kind unreachable)");
            found(Code::NoRoute, Likely, &cause, &route)
        }
        FaultKind::ProhibitRoute => {
            let cause =
                "a route of this machine prohibits it (kind prohibit), or a security module (SELinux, AppArmor) does";
            found(Code::NoRoute, Likely, cause, &format!("{route} and \"ip rule\""))
        }
        FaultKind::Blackhole => {
            let cause = "a route of this machine swallows the packets (kind blackhole), or it is no address to send to";
            found(Code::NoRoute, Likely, cause, &format!("{route} and \"ip route show type blackhole\""))
        }
        FaultKind::InterfaceDown => found(
            Code::NoRoute,
            Certain,
            "the interface on the way is down",
            &format!("{route}, then \"ip link set NAME up\""),
        ),
        _ => return None,
    })
}

/// A tunnel does not know its other end.
fn by_wireguard(fault: Fault, address: IpAddr) -> Option<Diagnosis> {
    let route = look_at_route(address);
    let found = |code, certainty, cause: &str, advice: &str| refused(fault, code, certainty, cause, advice);
    Some(match fault.kind {
        FaultKind::NoPeer => {
            let cause = "the way leads through WireGuard, where no peer has this address among its AllowedIPs";
            found(Code::NoRoute, Certain, cause, &format!("{route} and \"wg show\""))
        }
        FaultKind::NoEndpoint => {
            let cause =
                "the way leads through WireGuard, which does not know where its peer is: it has no endpoint yet";
            found(Code::NoRoute, Certain, cause, "set the peer's Endpoint, or wait until it calls (\"wg show\")")
        }
        _ => return None,
    })
}

/// An address, or a whole family of them, is not for sending.
fn by_address(fault: Fault, address: IpAddr) -> Option<Diagnosis> {
    let family = other_family(address);
    let found = |code, certainty, cause: &str, advice: &str| refused(fault, code, certainty, cause, advice);
    Some(match fault.kind {
        FaultKind::Broadcast => found(
            Code::SendFailed,
            Certain,
            "packets to it go to all hosts of a network",
            "give the address of a server",
        ),
        FaultKind::NoZone => {
            let cause = "the address holds on one link only, and nothing says on which";
            found(
                Code::SendFailed,
                Certain,
                cause,
                &format!("add the interface: {address}%eth0 (\"ip -br link\" lists them)"),
            )
        }
        FaultKind::NoInterface => {
            let cause = "the interface behind the address is not there (any more)";
            found(Code::SendFailed, Certain, cause, "\"ip -br link\" lists them")
        }
        FaultKind::NoFamily => {
            let (wrong, option) = if address.is_ipv6() { ("IPv6", "-4") } else { ("IPv4", "-6") };
            let cause = format!("{wrong} is switched off on this machine");
            found(Code::NoRoute, Certain, &cause, &format!("use {option}, or an address of the other family"))
        }
        FaultKind::NoAddress => {
            let cause = format!(
                "no interface has an address that could send to {address}: this family is switched off, or not set up yet"
            );
            found(Code::NoRoute, Likely, &cause, &format!("see \"ip addr\"{family}"))
        }
        _ => return None,
    })
}

/// A port cannot be had.
fn by_port(fault: Fault) -> Option<Diagnosis> {
    let found = |code, certainty, cause: &str, advice: &str| refused(fault, code, certainty, cause, advice);
    Some(match fault.kind {
        FaultKind::NoPort => {
            let cause = "all ports to send from are taken";
            found(Code::SendFailed, Likely, cause, "see \"ss -uan\" for who has them, and net.ipv4.ip_local_port_range")
        }
        FaultKind::PortInUse => {
            let cause = "another program, a time daemon for the most part, has that port";
            found(Code::SourcePortInUse, Certain, cause, "leave out --source-port, or see `ss -ulpn` for who has it")
        }
        FaultKind::PortDenied => {
            let cause = "this run has no right to send from a port below 1024";
            let advice =
                "leave out --source-port, or run it as root; a container needs CAP_NET_BIND_SERVICE from outside";
            found(Code::SourcePortDenied, Certain, cause, advice)
        }
        _ => return None,
    })
}

/// An interface takes no more, or nothing so long.
fn by_interface(fault: Fault, address: IpAddr) -> Option<Diagnosis> {
    let route = look_at_route(address);
    let found = |code, certainty, cause: &str, advice: &str| refused(fault, code, certainty, cause, advice);
    Some(match fault.kind {
        FaultKind::TooBig => {
            let cause = "the way takes no packets of 76 bytes: its MTU is set too small";
            found(Code::SendFailed, Likely, cause, &format!("{route} and \"ip link\": mtu"))
        }
        FaultKind::NoRoom => {
            let cause = "the queue of the interface is full (a limit of traffic control, or more traffic than it carries), or memory is short";
            found(
                Code::SendFailed,
                Likely,
                cause,
                &format!("{route}, then \"tc -s qdisc\" for what it dropped; run it again"),
            )
        }
        _ => return None,
    })
}
