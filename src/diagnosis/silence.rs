//! Not one reply came.

use super::code::Code;
use super::found::{Certainty, Diagnosis};
use super::{authentication, fault, nts};
use crate::evidence::{LowPort, Sign, Signs};
use crate::exchange::Authentication;
use crate::outcome::Server;
use crate::plural::counted;

pub(super) fn diagnose(server: &Server) -> Diagnosis {
    let silence = format!("no reply to {}", counted(server.contact.sent, "request"));
    let port = server.contact.address.port();
    let key = server.contact.authentication.as_ref();
    let Some(signs) = &server.evidence.signs else {
        let key = key.map_or(String::new(), |used| format!(" or does not accept {}", authentication::name(used)));
        let cause = format!("the host is down, a firewall drops UDP {port}, or the server ignores this client{key}");
        return Diagnosis::new(Code::HostSilent, Certainty::Possible, silence, cause).here("run it again with -d");
    };
    if let Some(found) = by_port(&silence, server) {
        return found;
    }
    match signs.answered_by {
        Some(from) if (from.ip(), from.port()) == (server.contact.address.ip(), server.contact.address.port()) => {
            return match key {
                None if server.contact.nts.is_some() => nts::deaf(&silence),
                // Its answer to the plain request alone shows what it minds.
                Some(used) if signs.signed == Some(Sign::Silent) => authentication::refused(&silence, server, used),
                _ => late(&silence),
            };
        }
        Some(from) => return other_address(server, &format!("{from}")),
        None if signs.signed == Some(Sign::Answered) => return late(&silence),
        None => {}
    }
    // Replies to control questions prove that packets get through both ways on this port.
    if matches!(server.evidence.view, Some(Ok(_))) {
        return not_serving(&silence, key);
    }
    if let Some(found) = fault::no_carrier(&silence, server) {
        return found;
    }
    // A short time-out is over before the kernel gives up, and says so itself.
    if let Some(found) = fault::by_neighbour(&silence, server).filter(|_| !signs.is_host_up()) {
        return found;
    }
    if signs.is_host_up() { filtered(&silence, signs, server) } else { host_silent(&silence, signs) }
}

/// Whether it is the port that is sent from: one more request from another one is answered.
pub(super) fn by_port(seen: &str, server: &Server) -> Option<Diagnosis> {
    let signs = server.evidence.signs.as_ref()?;
    let is_from_server = signs.answered_by.is_some_and(|from| from == server.contact.address);
    if let Some(port) = server.evidence.source_port
        && is_from_server
    {
        let seen = format!("{seen}; from a random source port it answers");
        let cause = format!("the network, or a firewall here, blocks replies to port {port}");
        return Some(
            Diagnosis::new(Code::SourcePortFiltered, Certainty::Likely, seen, cause)
                .here("leave out --source-port, or let UDP to that port back in"),
        );
    }
    if signs.low_port != LowPort::Answered || is_from_server {
        return None;
    }
    let seen = format!("{seen}; from source port 123 it answers");
    let found = Diagnosis::new(Code::SourcePortFiltered, Certainty::Certain, seen, "a filter knows only port 123");
    Some(found.here("use --source-port 123, or let the filter pass UDP from any port to port 123 and back"))
}

/// Whoever has to sign requests, and does not do so or with a wrong key, meets the same silence as others with noserve.
fn not_serving(silence: &str, key: Option<&Authentication>) -> Diagnosis {
    let seen = format!("{silence}, but it answers questions about itself");
    let Some(used) = key else {
        let cause = "its access rules keep the time from us: noserve, or notrust, which wants requests with a key";
        return Diagnosis::new(Code::NotServing, Certainty::Certain, seen, cause)
            .there("take `noserve` or `notrust` out of the `restrict` line that covers this client");
    };
    let key = authentication::name(used);
    let cause = format!("its access rules keep the time from us: noserve, or notrust, and it does not accept {key}");
    Diagnosis::new(Code::NotServing, Certainty::Certain, seen, cause)
        .here("compare the key with the server's: number, type, secret")
        .there(format!("look for `noserve` in its `restrict` lines, and for `trustedkey {}`", used.key))
}

fn late(silence: &str) -> Diagnosis {
    let seen = format!("{silence}; one more request was answered");
    let cause = "packets get lost, or the server has only just come up";
    Diagnosis::new(Code::SlowOrLossy, Certainty::Likely, seen, cause)
        .here("run it again; -t 5 waits longer, -p 8 asks more often")
}

fn other_address(server: &Server, from: &str) -> Diagnosis {
    let address = server.contact.address;
    let seen = format!("the reply comes from {from} instead of {address}, and so is not taken");
    Diagnosis::new(Code::OtherAddress, Certainty::Certain, seen, "a server with several addresses, or NAT on the way")
        .here(format!("ask {from} itself, if that is the server and can be reached"))
        .there("have it answer from the address that is asked (`interface`, `bindaddress`, NAT rules)")
}

fn filtered(silence: &str, signs: &Signs, server: &Server) -> Diagnosis {
    let low = match &signs.low_port {
        LowPort::NotRoot => "as root, -d also tries source port 123; ".to_owned(),
        LowPort::Busy(why) => format!("source port 123 could not be tried ({why}); "),
        LowPort::Answered | LowPort::Silent => String::new(),
    };
    let port = server.contact.address.port();
    let here =
        format!("{low}let UDP out to port {port} and its replies back in; if they are only late, -t 10 waits longer");
    let seen = format!("{silence}; the host is up, it answers {}", signs.seen());
    // A host that refuses other UDP ports aloud has no firewall that drops them all.
    let (certainty, cause) = if signs.udp == Sign::Answered {
        (
            Certainty::Likely,
            "the server ignores us (restrict ignore, notrust, chrony's allow), or a firewall drops just this port"
                .to_owned(),
        )
    } else {
        (
            Certainty::Likely,
            format!(
                "a firewall drops UDP {port}, in or back; or the server ignores us (restrict ignore, notrust, chrony's allow)"
            ),
        )
    };
    Diagnosis::new(Code::FilteredOrIgnored, certainty, seen, cause)
        .here(here)
        .there(format!("{}; check `restrict` or `allow`", fault::let_in(port)))
}

fn host_silent(silence: &str, signs: &Signs) -> Diagnosis {
    let tried = match (&signs.echo, &signs.tcp) {
        (Sign::NotTried(_), Sign::NotTried(why)) => format!("nothing else could be tried: {why}"),
        (Sign::NotTried(_), _) => "nor to TCP and other UDP ports".to_owned(),
        _ => "nor to ICMP echo, TCP and other UDP ports".to_owned(),
    };
    let seen = format!("{silence}, {tried} (within {:.2} s)", signs.waited.as_secs_f64());
    Diagnosis::new(
        Code::HostSilent,
        Certainty::Possible,
        seen,
        "the host is down, the address is wrong, or all is filtered",
    )
    .here(
        "check the address and the route: `ip route get`, `tracepath`; where the line is very slow, -t 10 waits longer",
    )
    .there("is it up and connected, and is this its address?")
}
