//! Servers that asked to be left alone for a while (RFC 5905 §7.4, RATE), as text between runs. Pure.
//!
//! The first line is the boot's identity, for times count from the boot; each other an address and a second.
#![forbid(unsafe_code)]

use std::net::IpAddr;
use std::time::Duration;

use crate::estimate::Kiss;
use crate::exchange::Contact;

/// More servers than a run asks need no memory.
const MAX: usize = 256;
/// What a server means that gives no time.
const USUAL: Duration = Duration::from_secs(64);
/// The least exponent of two that is a time between polls, and the greatest that is believed: it is one packet's word, which
/// without a key somebody on the way may have written.
const POLL: std::ops::RangeInclusive<i8> = 4..=12;

/// Whom to leave alone until when, in time since boot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Penalties(pub(super) Vec<(IpAddr, Duration)>);

impl Penalties {
    /// Those that still hold at `now`. What another boot or another program wrote is passed over.
    pub(super) fn parse(text: &str, boot: &str, now: Duration) -> Penalties {
        let mut lines = text.lines();
        if lines.next() != Some(boot) {
            return Penalties::default();
        }
        let entry = |line: &str| {
            let (address, until) = line.split_once(' ')?;
            Some((address.parse().ok()?, Duration::from_secs(until.parse().ok()?)))
        };
        // A time further away than any server may ask for is damage.
        let holds = |until: &Duration| *until > now && *until <= now + Duration::from_secs(1 << POLL.end());
        Penalties(lines.filter_map(entry).filter(|(_, until)| holds(until)).take(MAX).collect())
    }

    pub(super) fn to_text(&self, boot: &str) -> String {
        let lines = self.0.iter().map(|(address, until)| format!("{address} {}\n", until.as_secs() + 1));
        format!("{boot}\n{}", lines.collect::<String>())
    }

    /// Adds what the servers of a run asked for; whether there was anything.
    pub(super) fn learn<'a>(&mut self, contacts: impl Iterator<Item = &'a Contact>, now: Duration) -> bool {
        let before = self.clone();
        for contact in contacts.filter(|contact| contact.candidate.kiss == Some(Kiss::Rate)) {
            let address = contact.address.ip();
            let poll = contact.last_reply.as_ref().map_or(0, |reply| reply.poll);
            self.0.retain(|(known, _)| *known != address);
            self.0.push((address, now + asked_for(poll)));
        }
        self.0.truncate(MAX);
        *self != before
    }
}

fn asked_for(poll: i8) -> Duration {
    if poll < *POLL.start() { USUAL } else { Duration::from_secs(1 << poll.min(*POLL.end())) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn what_is_written_is_read_until_it_is_over() {
        let penalties =
            Penalties(vec![("192.0.2.1".parse().unwrap(), secs(1000)), ("2001:db8::1".parse().unwrap(), secs(2000))]);
        let text = penalties.to_text("boot");
        assert_eq!(text, "boot\n192.0.2.1 1001\n2001:db8::1 2001\n");
        let at = |now| Penalties::parse(&text, "boot", secs(now)).0.len();
        assert_eq!([at(999), at(1001), at(2001)], [2, 1, 0]);
        assert_eq!(Penalties::parse(&text, "other boot", secs(0)), Penalties::default());
    }

    #[test]
    fn damage_is_no_penalty() {
        for text in ["", "boot", "boot\nx 9\n192.0.2.1\n192.0.2.1 x\n\0\n", "boot\n192.0.2.1 99999999999\n"] {
            assert_eq!(Penalties::parse(text, "boot", secs(0)), Penalties::default(), "{text:?}");
        }
    }

    #[test]
    fn the_time_is_what_the_server_asks_for_up_to_an_hour() {
        assert_eq!(
            [0, 3, 4, 10, 12, 17, 127, -5].map(|poll| asked_for(poll).as_secs()),
            [64, 64, 16, 1024, 4096, 4096, 4096, 64]
        );
    }
}
