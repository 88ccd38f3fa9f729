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
/// How long such a server is left alone, whatever it asks for. A shorter time is over when cron's next run comes, and a thousand
/// machines would ask an overloaded server as often as before; a longer one is one packet's word, which without a key somebody on
/// the way may have written.
const HOLD: Duration = Duration::from_secs(4096);

/// What is written is in whole seconds, never too early, and may be read at once.
const ROUNDED_UP: Duration = Duration::from_secs(1);

/// The servers to leave alone, and until when, in time since boot.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct RateHolds(pub(super) Vec<(IpAddr, Duration)>);

impl RateHolds {
    /// Reads the holds that are still in force at `now`. What another boot or another program wrote is passed over.
    pub(super) fn parse(text: &str, boot: &str, now: Duration) -> RateHolds {
        let mut lines = text.lines();
        if lines.next() != Some(boot) {
            return RateHolds::default();
        }
        let entry = |line: &str| {
            let (address, until) = line.split_once(' ')?;
            Some((address.parse().ok()?, Duration::from_secs(until.parse().ok()?)))
        };
        // A time further away than any server may ask for is damage.
        let holds = |until: &Duration| *until > now && *until <= now + HOLD + ROUNDED_UP;
        RateHolds(lines.filter_map(entry).filter(|(_, until)| holds(until)).take(MAX).collect())
    }

    pub(super) fn to_text(&self, boot: &str) -> String {
        let lines = self.0.iter().map(|(address, until)| format!("{address} {}\n", until.as_secs() + 1));
        format!("{boot}\n{}", lines.collect::<String>())
    }

    fn hold(&mut self, address: IpAddr, now: Duration) {
        self.0.retain(|(known, _)| *known != address);
        self.0.push((address, now + HOLD));
    }

    /// Adds what the servers of a run asked for; whether there was anything.
    pub(super) fn learn<'a>(&mut self, contacts: impl Iterator<Item = &'a Contact>, now: Duration) -> bool {
        let before = self.clone();
        for contact in contacts.filter(|contact| contact.candidate.kiss == Some(Kiss::Rate)) {
            let address = contact.address.ip();
            self.hold(address, now);
        }
        self.0.truncate(MAX);
        *self != before
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secs(seconds: u64) -> Duration {
        Duration::from_secs(seconds)
    }

    #[test]
    fn what_is_written_is_read_until_it_is_over() {
        let rate_holds =
            RateHolds(vec![("192.0.2.1".parse().unwrap(), secs(1000)), ("2001:db8::1".parse().unwrap(), secs(2000))]);
        let text = rate_holds.to_text("boot");
        assert_eq!(text, "boot\n192.0.2.1 1001\n2001:db8::1 2001\n");
        let at = |now| RateHolds::parse(&text, "boot", secs(now)).0.len();
        assert_eq!([at(999), at(1001), at(2001)], [2, 1, 0]);
        assert_eq!(RateHolds::parse(&text, "other boot", secs(0)), RateHolds::default());
    }

    #[test]
    fn what_was_just_written_holds_at_once() {
        let mut rate_holds = RateHolds::default();
        for now in [Duration::ZERO, Duration::from_millis(2400), Duration::from_millis(2999)] {
            rate_holds.hold("192.0.2.1".parse().unwrap(), now);
            assert_eq!(RateHolds::parse(&rate_holds.to_text("boot"), "boot", now).0.len(), 1, "{now:?}");
        }
    }

    #[test]
    fn damage_is_no_penalty() {
        for text in ["", "boot", "boot\nx 9\n192.0.2.1\n192.0.2.1 x\n\0\n", "boot\n192.0.2.1 99999999999\n"] {
            assert_eq!(RateHolds::parse(text, "boot", secs(0)), RateHolds::default(), "{text:?}");
        }
    }

    /// A thousand nodes, each asked for by cron every 15 minutes for a day, and a server that answers RATE whenever it is asked.
    #[test]
    fn a_server_that_answers_rate_sees_each_node_once_in_4096_seconds_at_the_most() {
        let server: IpAddr = "192.0.2.1".parse().unwrap();
        for node in 0..1000_u64 {
            let (mut notes, mut asked) = (String::new(), Vec::new());
            for run in 0..96 {
                let now = secs(1_000 + node % 120 + run * 900);
                let mut rate_holds = RateHolds::parse(&notes, "boot", now);
                if rate_holds.0.is_empty() {
                    asked.push(now);
                    rate_holds.hold(server, now);
                    notes = rate_holds.to_text("boot");
                }
            }
            assert!(asked.windows(2).all(|pair| pair[1] - pair[0] >= HOLD), "{asked:?}");
            assert_eq!(asked.len(), 20, "every fifth run: it is asked again");
        }
    }
}
