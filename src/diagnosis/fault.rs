//! The kernel or a router says that packets do not get through: what each report shows, by what it says and who says it.
//!
//! `Certain` is only what nothing else explains. A firewall may answer with any ICMP message in anybody's place, so that what a
//! message says of a host or a way is likely at best; that somebody refuses is certain where the message says just that.

use super::{Certainty, Code, Diagnosis, silence};
use crate::net::{Fault, FaultKind, Step};
use crate::outcome::Server;

use Certainty::{Certain, Likely};

pub(super) fn diagnose(fault: Fault, server: &Server) -> Diagnosis {
    let mut diagnosis = match (fault.reporter, server.evidence.own_report && !server.evidence.is_this_machine) {
        (None, _) => here(fault, server),
        (Some(_), true) => reported_here(fault, server),
        (Some(reporter), false) => reported(fault, &reporter.to_string(), server),
    };
    if server.contact.is_rumour {
        diagnosis.certainty = Certainty::Possible;
        diagnosis.seen += ", and nothing shows that this is about our packets: it may be forged";
    }
    diagnosis
}

/// The kernel itself refuses.
fn here(fault: Fault, server: &Server) -> Diagnosis {
    let address = server.contact.address.ip();
    let port = server.contact.address.port();
    let route = format!("see \"ip route get {address}\"");
    let found = |code, certainty, cause: &str, todo: &str| {
        Diagnosis::new(code, certainty, fault.to_string(), cause.to_owned()).here(todo.to_owned())
    };
    let family =
        if address.is_ipv6() { "; without IPv6 here, use -4" } else { "; if this network has IPv6 only, use -6" };
    match fault.kind {
        FaultKind::NotPermitted => own_firewall(fault, Likely, port),
        FaultKind::NetworkUnreachable => {
            let cause = format!("routing: this machine knows no way to {address}");
            let todo = format!("{route}: a gateway or an interface is missing{family}");
            found(Code::NoRoute, Certain, &cause, &todo)
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
        FaultKind::InterfaceDown => found(
            Code::NoRoute,
            Certain,
            "the interface on the way is down",
            &format!("{route}, then \"ip link set NAME up\""),
        ),
        FaultKind::NoPeer => {
            let cause = "the way leads through WireGuard, where no peer has this address among its AllowedIPs";
            found(Code::NoRoute, Certain, cause, &format!("{route} and \"wg show\""))
        }
        FaultKind::NoEndpoint => {
            let cause =
                "the way leads through WireGuard, which does not know where its peer is: it has no endpoint yet";
            found(Code::NoRoute, Certain, cause, "set the peer's Endpoint, or wait until it calls (\"wg show\")")
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
        FaultKind::NoPort => {
            let cause = "all ports to send from are taken";
            found(Code::SendFailed, Likely, cause, "see \"ss -uan\" for who has them, and net.ipv4.ip_local_port_range")
        }
        FaultKind::TooBig => {
            let cause = "the way takes no packets of 76 bytes: its MTU is set too small";
            found(Code::SendFailed, Likely, cause, &format!("{route} and \"ip link\": mtu"))
        }
        FaultKind::PortInUse => {
            let cause = "another program, a time daemon for the most part, has that port";
            found(Code::SourcePortInUse, Certain, cause, "leave out --source-port, or see `ss -ulpn` for who has it")
        }
        FaultKind::PortDenied => {
            let cause = "this run has no right to send from a port below 1024";
            let todo =
                "leave out --source-port, or run it as root; a container needs CAP_NET_BIND_SERVICE from outside";
            found(Code::SourcePortDenied, Certain, cause, todo)
        }
        FaultKind::Forbidden(step) => forbidden(fault, step),
        _ => found(Code::SendFailed, Certain, "the kernel does not send the packet", "see `ip addr` and `ip route`"),
    }
}

fn forbidden(fault: Fault, step: Step) -> Diagnosis {
    let cause = format!(
        "a security module (SELinux, AppArmor) or a sandbox (seccomp, systemd's SystemCallFilter=, RestrictAddressFamilies=) \
         forbids {}: firewalls and routes have no say there",
        step.as_str()
    );
    Diagnosis::new(Code::SendFailed, Likely, fault.to_string(), cause)
        .here("see \"ausearch -m avc -ts recent\", \"dmesg | grep -i apparmor\", and the unit's settings")
}

/// Reported by ICMP from an address of this machine, about a packet to another one.
fn reported_here(fault: Fault, server: &Server) -> Diagnosis {
    match fault.kind {
        // The kernel reports this itself when nobody answers its question for the hardware address.
        FaultKind::HostUnreachable => no_neighbour(&fault.to_string(), server),
        FaultKind::Refused | FaultKind::Prohibited | FaultKind::RejectRoute => {
            own_firewall(fault, Certain, server.contact.address.port())
        }
        _ => reported(fault, "this machine", server),
    }
}

/// The next hop does not answer: the server itself, or the router on the way to it.
fn no_neighbour(seen: &str, server: &Server) -> Diagnosis {
    if let Some(found) = no_carrier(seen, server) {
        return found;
    }
    let address = server.contact.address.ip();
    let Some((gateway, interface)) =
        server.evidence.next_hop.as_ref().and_then(|hop| Some((hop.gateway?, &hop.interface)))
    else {
        let cause = "the host is on this network and does not answer: it is down, or the address is wrong";
        return Diagnosis::new(Code::NoNeighbour, Likely, seen, cause)
            .here(format!("check the address and the cable; `ip neigh show {address}` says FAILED"))
            .there("is it up, and is this its address?");
    };
    let cause = format!(
        "the next hop does not answer: router {gateway} on {interface} is down, has another address, or the switch does not forward \
         yet (spanning tree)"
    );
    Diagnosis::new(Code::NoGateway, Likely, seen, cause).here(format!(
        "`ip neigh show {gateway}` says FAILED; compare it with `ip route get {address}`; run it again in a minute (--wait)"
    ))
}

/// Whether the link on the way is dead.
pub(super) fn no_carrier(seen: &str, server: &Server) -> Option<Diagnosis> {
    let hop = server.evidence.next_hop.as_ref().filter(|hop| !hop.has_carrier)?;
    let interface = &hop.interface;
    let cause = format!(
        "the link on the way, {interface}, has no carrier: the cable is out, or there is nobody at its other end"
    );
    let found = Diagnosis::new(Code::NoCarrier, Likely, seen, cause);
    Some(found.here(format!("check the cable or the wireless network; `ip link show {interface}` says NO-CARRIER")))
}

fn own_firewall(fault: Fault, certainty: Certainty, port: u16) -> Diagnosis {
    let cause = match certainty {
        Certain => "this machine's own output firewall forbids it",
        _ => {
            "this machine's own output firewall forbids it; or its table of connections is full (seldom: a control group's filter)"
        }
    };
    Diagnosis::new(Code::OwnFirewall, certainty, fault.to_string(), cause).here(format!(
        "let UDP to port {port} out: see `nft list ruleset` or `iptables -S OUTPUT`, rules for single users too (the packets are \
         nobody's, or -U's); \"dmesg\" says where the table is full (nf_conntrack)"
    ))
}

/// Reported by ICMP from elsewhere.
fn reported(fault: Fault, reporter: &str, server: &Server) -> Diagnosis {
    let server_address = server.contact.address;
    let (address, port) = (server_address.ip(), server_address.port());
    let is_server = fault.reporter == Some(address) || server.evidence.is_this_machine;
    let found = |code, certainty, cause: String| Diagnosis::new(code, certainty, fault.to_string(), cause);
    let trace = "`tracepath` shows the way";
    let let_in = silence::let_in(port);
    let let_through = format!("on {reporter}: let UDP port {port} through to {address}");
    match fault.kind {
        FaultKind::Refused if is_server => {
            let cause = format!(
                "the host is up, nothing listens on UDP {port}: no time service there (or its firewall rejects)"
            );
            found(Code::NothingListens, Likely, cause).there(format!(
                "start it (ntpsec, ntpd; chronyd listens only with `allow`); see `ss -ulpn 'sport = {port}'` for its address"
            ))
        }
        FaultKind::Refused => {
            let cause = format!(
                "{reporter}, on the way, refuses packets to UDP port {port}: a firewall, or it has the address by NAT"
            );
            found(Code::Prohibited, Likely, cause).there(let_through)
        }
        FaultKind::Prohibited if is_server => {
            found(Code::Prohibited, Certain, format!("a firewall refuses packets to UDP port {port}, and says so"))
                .there(let_in)
        }
        FaultKind::Prohibited => {
            let cause = format!(
                "{reporter}, on the way, refuses the packets, and says so: a firewall there, or a route of the kind prohibit"
            );
            found(Code::Prohibited, Certain, cause).there(let_through)
        }
        FaultKind::RejectRoute => {
            let cause = format!("routing: {reporter} has a route to {address} that rejects packets");
            found(Code::NoRoute, Certain, cause)
                .here(trace)
                .there(format!("on {reporter}: \"ip -6 route get {address}\""))
        }
        FaultKind::SourcePolicy => {
            let cause = format!(
                "{reporter} does not let packets from this machine's address pass (ingress filter, wrong source address)"
            );
            found(Code::Prohibited, Certain, cause).here(format!(
                "see \"ip route get {address}\": src is the address that it does not like; another interface may have a better one"
            ))
        }
        FaultKind::BeyondScope => {
            let cause =
                "this machine has sent from an address that holds on its own link only: it has no other one (fe80::)";
            found(Code::NoRoute, Certain, cause.to_owned())
                .here("see \"ip -6 addr\": a global address is missing (router advertisement, DHCPv6); or use -4")
        }
        FaultKind::TimeExceeded => {
            let cause = format!(
                "routing: the packets run in circles, or pass more routers than they may; {reporter} gave them up"
            );
            found(Code::NoRoute, Likely, cause)
                .here("`tracepath` shows the loop")
                .there("the routers on the way point at each other")
        }
        FaultKind::HostUnreachable if is_server => {
            let cause = "a firewall on the server says that it is not there, or one in its place";
            found(Code::Prohibited, Likely, cause.to_owned()).there(let_in)
        }
        FaultKind::HostUnreachable => {
            let cause = format!(
                "{reporter} is the last router before {address}, and gets no answer from it: it is down, or the address is wrong \
                 (or a firewall says so)"
            );
            found(Code::HostUnreachable, Likely, cause)
                .here("check the address")
                .there("is it up and connected, and is this its address?")
        }
        FaultKind::NetworkUnreachable => {
            let cause = format!("routing: {reporter} knows no way to {address}");
            found(Code::NoRoute, Likely, cause)
                .here("check the address; `ip route get` shows the first step, `tracepath` the rest")
                .there("is it up and connected?")
        }
        FaultKind::NoProtocol => {
            let cause = format!("{reporter} does not understand UDP, or the packets are changed on the way");
            found(Code::BadReplies, Likely, cause).here(trace)
        }
        FaultKind::TooBig => {
            let cause = format!("a line behind {reporter} takes no packets of 76 bytes: its MTU is set too small");
            found(Code::SendFailed, Likely, cause).here("`tracepath` shows the MTU of the way")
        }
        _ => found(Code::SendFailed, Likely, format!("{reporter} reports it")).here(trace),
    }
}
