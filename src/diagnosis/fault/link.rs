//! The link to the next hop, and who is there.

use Certainty::{Certain, Likely};

use crate::diagnosis::code::Code;
use crate::diagnosis::found::{Certainty, Diagnosis};
use crate::evidence::Neighbour;
use crate::outcome::Server;

/// Whether the kernel itself has found nobody on the link to hand the packets to.
pub(in crate::diagnosis) fn by_neighbour(seen: &str, server: &Server) -> Option<Diagnosis> {
    let is_silent = server.evidence.next_hop.as_ref().is_some_and(|hop| hop.neighbour == Neighbour::Silent);
    is_silent.then(|| no_neighbour(seen, server))
}

/// The next hop does not answer: the server itself, or the router on the way to it. Certain where the kernel's table of neighbours
/// says so.
pub(super) fn no_neighbour(seen: &str, server: &Server) -> Diagnosis {
    if let Some(found) = no_carrier(seen, server) {
        return found;
    }
    let address = server.contact.address.ip();
    let hop = server.evidence.next_hop.as_ref();
    let is_known = hop.is_some_and(|hop| hop.neighbour == Neighbour::Silent);
    let certainty = if is_known { Certain } else { Likely };
    let Some((gateway, interface)) = hop.and_then(|hop| Some((hop.gateway?, &hop.interface))) else {
        let on = hop.map_or("this network".to_owned(), |hop| hop.interface.clone());
        let cause = format!("nobody on {on} answers for this address: the host is down, or the address is wrong");
        return Diagnosis::new(Code::NoNeighbour, certainty, seen, cause)
            .here(format!("check the address and the cable; `ip neigh show {address}` says FAILED"))
            .there("is it up, and is this its address?");
    };
    let cause = format!(
        "the next hop does not answer: router {gateway} on {interface} is down, has another address, or the switch does not forward \
         yet (spanning tree)"
    );
    Diagnosis::new(Code::NoGateway, certainty, seen, cause).here(format!(
        "`ip neigh show {gateway}` says FAILED; compare it with `ip route get {address}`; run it again in a minute (--wait)"
    ))
}

/// Whether the link on the way is dead.
pub(in crate::diagnosis) fn no_carrier(seen: &str, server: &Server) -> Option<Diagnosis> {
    let hop = server.evidence.next_hop.as_ref().filter(|hop| !hop.has_carrier)?;
    let interface = &hop.interface;
    let cause = format!(
        "the link on the way, {interface}, has no carrier: the cable is out, or there is nobody at its other end"
    );
    let found = Diagnosis::new(Code::NoCarrier, Likely, seen, cause);
    Some(found.here(format!("check the cable or the wireless network; `ip link show {interface}` says NO-CARRIER")))
}
