//! A router, the server's host or what is in its place reports by ICMP.

use std::net::IpAddr;

use Certainty::{Certain, Likely};

use super::firewall::let_in;
use crate::diagnosis::code::Code;
use crate::diagnosis::found::{Certainty, Diagnosis};
use crate::net::{Fault, FaultKind};
use crate::outcome::Server;

/// What can be done with a report alone.
const TRACE: &str = "`tracepath` shows the way";

/// A report, and whom it is about.
struct Report<'a> {
    fault: Fault,
    /// The reporter in words.
    reporter: &'a str,
    /// The server's address and port.
    address: IpAddr,
    port: u16,
    /// The server itself reports it.
    is_server: bool,
    /// The server is this machine.
    is_here: bool,
}

/// Names the cause of a report from elsewhere. `reporter`: who makes it, in words.
pub(super) fn reported(fault: Fault, reporter: &str, server: &Server) -> Diagnosis {
    let (address, port) = (server.contact.address.ip(), server.contact.address.port());
    let is_here = server.evidence.is_this_machine;
    let is_server = fault.reporter == Some(address) || is_here;
    let report = Report { fault, reporter, address, port, is_server, is_here };
    let found = turned_away(&report).or_else(|| no_way(&report)).or_else(|| changed_or_too_long(&report));
    found.unwrap_or_else(|| {
        let cause = format!("{reporter} reports it");
        Diagnosis::new(Code::SendFailed, Likely, fault.to_string(), cause).here(TRACE)
    })
}

/// Somebody on the way, or at its end, does not take the packets.
fn turned_away(report: &Report<'_>) -> Option<Diagnosis> {
    if report.is_server { by_server(report) } else { on_the_way(report) }.or_else(|| by_source(report))
}

/// The server's own host, or what is in its place.
fn by_server(report: &Report<'_>) -> Option<Diagnosis> {
    let Report { fault, port, address, is_here, .. } = *report;
    let found = |code, certainty, cause: String| {
        let found = Diagnosis::new(code, certainty, fault.to_string(), cause);
        // Blockers that write /etc/hosts lead names to 127.0.0.1, as others do to 0.0.0.0.
        match is_here {
            true => found.here(format!(
                "{address} is this machine itself; if another is meant: a line of /etc/hosts, or a DNS blocker, leads the name here"
            )),
            false => found,
        }
    };
    Some(match fault.kind {
        FaultKind::Refused => {
            let cause = format!(
                "the host is up, nothing listens on UDP {port}: no time service there (or its firewall rejects)"
            );
            found(Code::NothingListens, Likely, cause).there(format!(
                "start it (ntpsec, ntpd; chronyd listens only with `allow`); see `ss -ulpn 'sport = {port}'` for its address"
            ))
        }
        FaultKind::Prohibited => {
            found(Code::Prohibited, Certain, format!("a firewall refuses packets to UDP port {port}, and says so"))
                .there(let_in(port))
        }
        FaultKind::HostUnreachable | FaultKind::NetworkUnreachable => {
            let cause = "a firewall on the server says that it is not there, or one in its place";
            found(Code::Prohibited, Likely, cause.to_owned()).there(let_in(port))
        }
        _ => return None,
    })
}

/// A router, or whoever stands in the way.
fn on_the_way(report: &Report<'_>) -> Option<Diagnosis> {
    let Report { fault, reporter, address, port, .. } = *report;
    let (certainty, cause) = match fault.kind {
        FaultKind::Refused => (
            Likely,
            format!(
                "{reporter}, on the way, refuses packets to UDP port {port}: a firewall, or it has the address by NAT"
            ),
        ),
        FaultKind::Prohibited => (
            Certain,
            format!(
                "{reporter}, on the way, refuses the packets, and says so: a firewall there, or a route of the kind prohibit"
            ),
        ),
        _ => return None,
    };
    let found = Diagnosis::new(Code::Prohibited, certainty, fault.to_string(), cause);
    Some(found.there(format!("on {reporter}: let UDP port {port} through to {address}")))
}

/// The address that the packets come from is not liked.
fn by_source(report: &Report<'_>) -> Option<Diagnosis> {
    let Report { fault, reporter, address, .. } = *report;
    if fault.kind != FaultKind::SourcePolicy {
        return None;
    }
    let cause = format!(
        "{reporter} does not let packets from this machine's address pass (ingress filter, wrong source address)"
    );
    let found = Diagnosis::new(Code::Prohibited, Certain, fault.to_string(), cause);
    Some(found.here(format!(
        "see \"ip route get {address}\": src is the address that it does not like; another interface may have a better one"
    )))
}

/// Nobody knows the way, or the host is not at its end.
fn no_way(report: &Report<'_>) -> Option<Diagnosis> {
    let Report { fault, reporter, address, .. } = report;
    let found = |code, certainty, cause: String| Diagnosis::new(code, certainty, report.fault.to_string(), cause);
    Some(match fault.kind {
        FaultKind::RejectRoute => {
            let cause = format!("routing: {reporter} has a route to {address} that rejects packets");
            found(Code::NoRoute, Certain, cause)
                .here(TRACE)
                .there(format!("on {reporter}: \"ip -6 route get {address}\""))
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
        _ => return None,
    })
}

/// The way takes other packets only.
fn changed_or_too_long(report: &Report<'_>) -> Option<Diagnosis> {
    let Report { fault, reporter, .. } = report;
    let found = |code, certainty, cause: String| Diagnosis::new(code, certainty, report.fault.to_string(), cause);
    Some(match fault.kind {
        FaultKind::NoProtocol => {
            let cause = format!("{reporter} does not understand UDP, or the packets are changed on the way");
            found(Code::BadReplies, Likely, cause).here(TRACE)
        }
        FaultKind::TooBig => {
            let cause = format!("a line behind {reporter} takes no packets of 76 bytes: its MTU is set too small");
            found(Code::SendFailed, Likely, cause).here("`tracepath` shows the MTU of the way")
        }
        _ => return None,
    })
}
