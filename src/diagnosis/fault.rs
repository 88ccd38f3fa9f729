//! The kernel or a router says that packets do not get through.

use super::{Certainty, Code, Diagnosis};
use crate::net::{Fault, FaultKind};
use crate::outcome::Server;

pub(super) fn diagnose(fault: Fault, server: &Server) -> Diagnosis {
    let own_report = server.evidence.own_report && !server.evidence.is_this_machine;
    let address = server.contact.address.ip();
    match fault.kind {
        // Sent by this machine about a packet to another one: its firewall rejects on the way out.
        FaultKind::Refused | FaultKind::Prohibited if own_report => own_firewall(fault),
        FaultKind::NotPermitted => own_firewall(fault),
        FaultKind::Refused => refused(fault, server),
        FaultKind::Prohibited => {
            let cause = "a firewall refuses packets to UDP port 123, and says so";
            Diagnosis::new(Code::Prohibited, Certainty::Certain, fault.to_string(), cause)
                .there("let UDP 123 in (firewall-cmd --add-service=ntp, ufw allow 123/udp)")
        }
        // The kernel reports this itself when nobody answers its question for the hardware address.
        FaultKind::HostUnreachable if own_report => {
            let cause = "the host is on this network and does not answer: it is down, or the address is wrong";
            Diagnosis::new(Code::NoNeighbour, Certainty::Likely, fault.to_string(), cause)
                .here(format!("check the address and the cable; `ip neigh show {address}` says FAILED"))
                .there("is it up, and is this its address?")
        }
        FaultKind::HostUnreachable | FaultKind::NetworkUnreachable => no_route(fault, server),
        FaultKind::PortInUse => {
            let cause = "another program, a time daemon for the most part, has that port";
            Diagnosis::new(Code::SourcePortInUse, Certainty::Certain, fault.to_string(), cause)
                .here("leave out --source-port, or see `ss -ulpn` for who has it")
        }
        FaultKind::PortDenied => {
            let cause = "this run has no right to send from a port below 1024";
            Diagnosis::new(Code::SourcePortDenied, Certainty::Certain, fault.to_string(), cause)
                .here("leave out --source-port, or run it as root; a container needs CAP_NET_BIND_SERVICE from outside")
        }
        FaultKind::NoRoom | FaultKind::NoRandom | FaultKind::Other(_) => Diagnosis::new(
            Code::SendFailed,
            Certainty::Certain,
            fault.to_string(),
            "the kernel does not send the packet",
        )
        .here("see `ip addr` and `ip route`"),
    }
}

fn own_firewall(fault: Fault) -> Diagnosis {
    let cause = "this machine's own output firewall forbids it";
    Diagnosis::new(Code::OwnFirewall, Certainty::Certain, fault.to_string(), cause)
        .here("let UDP to port 123 out: see `nft list ruleset` or `iptables -S OUTPUT`")
}

/// A firewall's reject looks the same as no service if it stands on the server itself.
fn refused(fault: Fault, server: &Server) -> Diagnosis {
    let address = server.contact.address;
    let port = address.port();
    match fault.reporter {
        Some(reporter) if reporter != address.ip() && !server.evidence.is_this_machine => {
            let cause = format!("{reporter}, on the way, refuses packets to UDP port {port}: a firewall");
            Diagnosis::new(Code::Prohibited, Certainty::Certain, fault.to_string(), cause)
                .there(format!("on {reporter}: let UDP port {port} through to {}", address.ip()))
        }
        _ => {
            let cause = format!(
                "the host is up, nothing listens on UDP {port}: no time service there (or its firewall rejects)"
            );
            Diagnosis::new(Code::NothingListens, Certainty::Likely, fault.to_string(), cause).there(format!(
                "start it (ntpsec, ntpd; chronyd listens only with `allow`); see `ss -ulpn 'sport = {port}'` for its address"
            ))
        }
    }
}

fn no_route(fault: Fault, server: &Server) -> Diagnosis {
    let address = server.contact.address.ip();
    match fault.reporter {
        Some(reporter) if !server.evidence.own_report => {
            let cause = format!("routing: {reporter} knows no way to {address}");
            Diagnosis::new(Code::NoRoute, Certainty::Certain, fault.to_string(), cause)
                .here("check the address; `ip route get` shows the first step, `tracepath` the rest")
                .there("is it up and connected?")
        }
        _ => {
            let family = if address.is_ipv6() { "; without IPv6 here, use -4" } else { "" };
            let cause = format!("routing: this machine knows no way to {address}");
            Diagnosis::new(Code::NoRoute, Certainty::Certain, fault.to_string(), cause)
                .here(format!("see `ip route get {address}`: a gateway or an interface is missing{family}"))
        }
    }
}
