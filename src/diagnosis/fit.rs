//! A server that is fit, and what is worth a word all the same.

use super::code::Code;
use super::found::{Certainty, Diagnosis};
use super::{authentication, nts, reply};
use crate::exchange::Contact;
use crate::outcome::Server;
use crate::plural::counted;

/// The server takes part in the result.
pub(super) fn fit(server: &Server) -> Diagnosis {
    if let Some(moved) = reply::clock_moved(server) {
        return moved;
    }
    let contact = &server.contact;
    let (sent, answered) = (contact.sent, contact.answered);
    let unproven = contact.authentication.as_ref().filter(|used| used.failed > 0);
    let seen = answers(server);
    if server.contact.candidate.kiss.is_some() {
        return reply::rate(format!("{seen}, then kiss code RATE"));
    }
    if contact.late > 0 {
        return late(&seen, contact);
    }
    // What a report explains is no bad line.
    if answered + contact.failed < sent {
        let lost = 100 * (sent - answered) / sent;
        let cause = match unproven {
            Some(_) => format!("{lost} % of its replies get lost or are changed on the way: a bad line, or a forger"),
            None => format!("{lost} % of the packets get lost: a bad line, or the server drops what it finds too much"),
        };
        return Diagnosis::new(Code::Loss, Certainty::Likely, format!("fit, and {seen}"), cause)
            .here("more samples help (-p 8); --interval 2 asks no faster than servers with `limited` allow");
    }
    let by_key = contact.authentication.as_ref().map(|used| authentication::proven(server, used));
    let proven = by_key.or(contact.nts.as_ref().map(nts::proven)).unwrap_or_default();
    Diagnosis::new(Code::Fit, Certainty::Certain, format!("fit{proven}, {seen}"), "")
}

/// Replies that take longer than the time-out: the way is slow and loses nothing.
fn late(seen: &str, contact: &Contact) -> Diagnosis {
    let longest = contact.candidate.samples.iter().map(|sample| sample.delay).max().unwrap_or_default();
    let words = counted(contact.late, "reply");
    let cause = format!("the way is slow: {words} came after the time-out of -t, the slowest after {longest:.3} s");
    let enough = longest.as_secs_f64().ceil() + 1.0;
    Diagnosis::new(Code::Late, Certainty::Likely, format!("fit, and {seen}, {words} of them late"), cause)
        .here(format!("-t {enough:.0} waits long enough; a nearer server is better"))
}

/// How many of our requests it answered.
pub(super) fn answers(server: &Server) -> String {
    let contact = &server.contact;
    let unproven = contact.authentication.as_ref().filter(|used| used.failed > 0);
    let unsealed = contact.nts.as_ref().filter(|record| record.failed > 0);
    let others = unproven.map(authentication::also_came).or(unsealed.map(nts::also_came)).unwrap_or_default();
    let requests = counted(contact.sent, "request");
    format!("{} of {requests} answered (reach {:03o}){others}", contact.answered, contact.reach)
}
