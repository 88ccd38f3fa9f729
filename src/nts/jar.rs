//! What is kept of NTS between runs, so that a run of cron needs no key exchange: keys and cookies of each server, when key
//! exchanges failed, and the last time that was obtained.

mod parse;
#[cfg(test)]
mod tests;
mod text;

use std::net::SocketAddr;

use crate::time::{Interval, Time};
use crate::wire::nts::{Association, Cookie, MOST_COOKIES};

pub use parse::parse;
pub use text::render;

/// Servers that are kept at the most.
pub const MOST_ENTRIES: usize = 256;
/// The longest text, in bytes: more than the most servers with the longest cookies that were seen take.
pub const MOST_BYTES: usize = 1 << 20;
/// The age from which keys are exchanged anew. The old ones are used on where that fails (RFC 8915 §5.7).
pub const OLD: Interval = Interval::from_secs(4 * 7 * 86_400);
/// How long after its first failure a key exchange is not tried again, by how much more after each further one, and how long at the
/// most (RFC 8915 §4.2).
const FIRST_PAUSE: f64 = 10.0;
const GROWTH: f64 = 1.5;
const LONGEST_PAUSE: f64 = 5.0 * 86_400.0;
/// So many cookies a run takes along: each reply brings another, and one is for a packet that is lost.
pub const TAKEN: usize = 2;

/// What is kept of all servers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Jar {
    /// The last time that was obtained.
    pub floor: Option<Time>,
    entries: Vec<Entry>,
}

/// A server, as the user names it, and who has to vouch for it: with other trusted roots it is another server.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Peer {
    /// The name of the server.
    pub name: String,
    /// The port of its key exchanges.
    pub port: u16,
    /// The trusted roots: what tells them from others.
    pub trust: String,
}

/// What is kept of one server.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Entry {
    peer: Peer,
    failures: Failures,
    kept: Option<Kept>,
}

/// Key exchanges that failed, in a row.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Failures {
    count: u32,
    last: Option<Time>,
}

/// Keys and cookies, and what belongs to them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Kept {
    /// Keys and unused cookies.
    pub association: Association,
    /// Where the NTP server is.
    pub server: SocketAddr,
    /// Whether the key exchange was made with that address: then it is this server's own, and not merely one that it names.
    pub is_own: bool,
    /// When the keys were exchanged.
    pub made: Time,
}

/// What a run takes out of the jar: from then on the cookies are not in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Taken {
    /// Keys and cookies.
    pub kept: Kept,
    /// So many cookies fewer than there could be are left altogether.
    pub missing: usize,
    /// The keys are so old that others should be exchanged.
    pub is_old: bool,
}

impl Jar {
    /// Takes cookies for one run, the oldest first, if there are any.
    pub fn take(&mut self, peer: &Peer, now: Time) -> Option<Taken> {
        let kept = self.find(peer)?.kept.as_mut()?;
        let count = kept.association.cookies.len().min(TAKEN);
        if count == 0 {
            return None;
        }
        let left = kept.association.cookies.split_off(count);
        let cookies = std::mem::replace(&mut kept.association.cookies, left);
        let missing = MOST_COOKIES.saturating_sub(kept.association.cookies.len() + cookies.len());
        let association = Association { cookies, is_saved: true, ..kept.association.clone() };
        let taken = Kept { association, server: kept.server, is_own: kept.is_own, made: kept.made };
        // A clock that was behind when they were exchanged, or is now, makes them younger than they are: the server knows.
        Some(Taken { is_old: now - taken.made > OLD, kept: taken, missing })
    }

    /// Puts back the cookies that a run has not sent, and those that it got, behind those that are still there.
    pub fn put_back(&mut self, peer: &Peer, cookies: Vec<Cookie>) {
        if let Some(kept) = self.find(peer).and_then(|entry| entry.kept.as_mut()) {
            let known = &mut kept.association.cookies;
            for cookie in cookies {
                if known.len() < MOST_COOKIES && !known.contains(&cookie) {
                    known.push(cookie);
                }
            }
        }
    }

    /// Keeps what a new key exchange has led to, in place of what there was.
    pub fn keep(&mut self, peer: &Peer, kept: Kept) {
        let mut kept = kept;
        kept.association.is_saved = true;
        kept.association.cookies.truncate(MOST_COOKIES);
        self.entry(peer).kept = Some(kept);
    }

    /// Forgets keys and cookies that the server does not know any more.
    pub fn drop_keys(&mut self, peer: &Peer) {
        if let Some(entry) = self.find(peer) {
            entry.kept = None;
        }
    }

    /// Notes that a key exchange failed.
    pub fn note_failure(&mut self, peer: &Peer, now: Time) {
        let failures = &mut self.entry(peer).failures;
        *failures = Failures { count: failures.count.saturating_add(1), last: Some(now) };
    }

    /// Notes that a server has proved itself by keys that were exchanged: nothing less ends the pauses (RFC 8915 §4.2).
    pub fn note_success(&mut self, peer: &Peer) {
        if let Some(entry) = self.find(peer) {
            entry.failures = Failures::default();
        }
    }

    /// When a key exchange may be tried again; nothing where it may be tried now. A failure in the clock's future is no reason to
    /// wait: the clock was wrong then.
    pub fn again(&self, peer: &Peer, now: Time) -> Option<Time> {
        let failures = self.entries.iter().find(|entry| entry.peer == *peer)?.failures;
        let last = failures.last.filter(|last| *last <= now)?;
        let exponent = i32::try_from(failures.count.saturating_sub(1)).unwrap_or(i32::MAX);
        let pause = (FIRST_PAUSE * GROWTH.powi(exponent)).min(LONGEST_PAUSE);
        let again = last + Interval::from_secs_f64(pause);
        (failures.count > 0 && again > now).then_some(again)
    }

    /// The jar as its text has it: times in whole seconds.
    #[must_use]
    pub fn in_whole_seconds(mut self) -> Jar {
        let whole = |time: Time| Time::from_unix(time.to_unix().0, 0);
        self.floor = self.floor.map(whole);
        for entry in &mut self.entries {
            entry.failures.last = entry.failures.last.map(whole);
            if let Some(kept) = &mut entry.kept {
                kept.made = whole(kept.made);
            }
        }
        self
    }

    /// Whether nothing is kept.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty() && self.floor.is_none()
    }

    /// How many cookies of a server there are.
    pub fn cookies(&self, peer: &Peer) -> usize {
        let entry = self.entries.iter().find(|entry| entry.peer == *peer);
        entry.and_then(|entry| entry.kept.as_ref()).map_or(0, |kept| kept.association.cookies.len())
    }

    fn find(&mut self, peer: &Peer) -> Option<&mut Entry> {
        self.entries.iter_mut().find(|entry| entry.peer == *peer)
    }

    /// The entry of a server, made if need be; where there are too many the first goes, which is the one that was made first.
    fn entry(&mut self, peer: &Peer) -> &mut Entry {
        let place = self.entries.iter().position(|entry| entry.peer == *peer).unwrap_or_else(|| {
            if self.entries.len() >= MOST_ENTRIES {
                self.entries.remove(0);
            }
            self.entries.push(Entry { peer: peer.clone(), failures: Failures::default(), kept: None });
            self.entries.len() - 1
        });
        &mut self.entries[place]
    }
}
