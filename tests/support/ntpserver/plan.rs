//! From a request and the behaviours that hold for it: what to send, when, and from where.

use super::behaviour::Behaviour;
use super::time::{Nanos, fraction};
use std::net::IpAddr;
use std::time::Duration;

/// The socket a datagram leaves from.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) enum Source {
    /// The one the request came to.
    #[default]
    Own,
    /// Another port of the same address.
    OtherPort,
    /// The same port of another address.
    Address(IpAddr),
}

/// One datagram to send.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Item {
    /// The reply, such as the behaviours make it.
    Reply,
    /// The reply made for the previous request.
    Replay,
    /// The reply such as the closures of `Decoy` change it.
    Decoy,
    /// A reply with a guessed origin and this much added to its clock.
    Forged(Nanos),
    /// What the closure of this one of the behaviours makes of an honest reply.
    Made(usize),
}

/// All that is to be done about one request.
#[derive(Default)]
pub(super) struct Plan {
    pub(super) items: Vec<Item>,
    pub(super) source: Source,
    /// On the way to the server.
    pub(super) request_delay: Duration,
    /// Between the receive and transmit timestamps.
    pub(super) processing: Duration,
    /// On the way back.
    pub(super) reply_delay: Duration,
}

impl Plan {
    /// For request number `n`, counted from 1.
    pub(super) fn new(n: usize, active: &[Behaviour]) -> Self {
        let mut plan = Plan::default();
        let (mut before, mut after, mut copies) = (Vec::new(), Vec::new(), 1);
        let mut item = Item::Reply;
        for (index, behaviour) in active.iter().enumerate() {
            match *behaviour {
                Behaviour::RequestDelay(delay) => plan.request_delay += delay,
                Behaviour::Processing(delay) => plan.processing += delay,
                Behaviour::ReplyDelay(delay) => plan.reply_delay += delay,
                Behaviour::Jitter { max, seed } => {
                    plan.reply_delay += max.mul_f64(fraction(seed, n as u64));
                }
                Behaviour::Decoy(_) => before.push(Item::Decoy),
                Behaviour::Duplicate(more) => copies += more,
                Behaviour::Replay => item = Item::Replay,
                Behaviour::FromOtherPort => plan.source = Source::OtherPort,
                Behaviour::FromAddress(ip) => plan.source = Source::Address(ip),
                Behaviour::Unsolicited(count) => before.extend(vec![Item::Forged(0); count]),
                Behaviour::Forged { count, shift } => {
                    before.extend(vec![Item::Forged(shift); count]);
                }
                Behaviour::Before(count, _) => before.extend(vec![Item::Made(index); count]),
                Behaviour::After(count, _) => after.extend(vec![Item::Made(index); count]),
                Behaviour::Premature(count) => after.extend(vec![Item::Forged(0); count]),
                _ => {}
            }
        }
        if active.iter().any(|behaviour| loses(behaviour, n)) {
            copies = 0;
        }
        plan.items = [before, vec![item; copies], after].concat();
        plan
    }

    /// How long after the request's arrival the datagrams leave.
    pub(super) fn wait(&self) -> Duration {
        self.request_delay + self.processing + self.reply_delay
    }
}

/// Whether this behaviour keeps back the reply to request number `n`.
fn loses(behaviour: &Behaviour, n: usize) -> bool {
    match *behaviour {
        Behaviour::Silent => true,
        Behaviour::Lossy { probability, seed } => fraction(seed, n as u64) < probability,
        Behaviour::LossPattern(pattern) => pattern.as_bytes()[(n - 1) % pattern.len()] == b'x',
        _ => false,
    }
}
