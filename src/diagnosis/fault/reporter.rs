//! Reports of faults, by who makes them.

use super::firewall::own_firewall;
use super::icmp::reported;
use super::kernel::here;
use super::link::no_neighbour;
use crate::diagnosis::found::{Certainty, Diagnosis};
use crate::net::{Fault, FaultKind};
use crate::outcome::Server;

/// Names the cause of a report.
pub(in crate::diagnosis) fn diagnose(fault: Fault, server: &Server) -> Diagnosis {
    let mut diagnosis = match (fault.reporter, server.evidence.own_report && !server.evidence.is_this_machine) {
        (None, _) => here(fault, server),
        (Some(_), true) => reported_here(fault, server),
        (Some(reporter), false) => reported(fault, &reporter.to_string(), server),
    };
    // No packet from anywhere has a system call forbidden.
    if server.contact.is_rumour && !matches!(fault.kind, FaultKind::Forbidden(_)) {
        diagnosis.certainty = Certainty::Possible;
        diagnosis.seen += ", and nothing shows that this is about our packets: it may be forged";
    }
    diagnosis
}

/// Reported by ICMP from an address of this machine, about a packet to another one.
fn reported_here(fault: Fault, server: &Server) -> Diagnosis {
    match fault.kind {
        // The kernel reports this itself when nobody answers its question for the hardware address.
        FaultKind::HostUnreachable => no_neighbour(&fault.to_string(), server),
        FaultKind::Refused | FaultKind::Prohibited | FaultKind::RejectRoute => {
            own_firewall(fault, Certainty::Certain, server.contact.address.port())
        }
        _ => reported(fault, "this machine", server),
    }
}
