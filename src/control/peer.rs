//! One source of a server, as the server sees it.

use crate::time::Interval;
use crate::wire::{NtpTimestamp, Variables};

/// How often ntpd polls at the most, as a power of two of seconds; what a negative number on the wire means.
const MIN_POLL: i64 = 3;
/// The longest interval, for a shift that cannot overflow.
const MAX_POLL: i64 = 17;
/// What ntpq shows for a source that tells no stratum.
const NO_STRATUM: u8 = 20;
/// ntpq's signs for the selection status (RFC 9327 §3.2): rejected, false ticker, excess, outlier, candidate, backup, system
/// peer, PPS peer.
const TALLY: [char; 8] = [' ', 'x', '.', '-', '+', '#', '*', 'o'];

/// What a source is, as ntpq's column t has it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// A server asked by its address.
    Unicast,
    /// A server asked with NTS; so many cookies are left.
    Secured(u8),
    /// A receiver or another clock at the server itself.
    Clock,
    /// A name that stands for many servers.
    Pool,
    /// Servers found by multicast.
    Manycast,
    /// A symmetric peer, its side (active) or the other's (passive).
    Symmetric {
        /// Configured at this server.
        active: bool,
    },
    /// The source sends broadcasts or, to a multicast address, multicasts.
    Broadcast {
        /// To a multicast address.
        multicast: bool,
    },
    /// The server listens to its broadcasts.
    BroadcastClient,
    /// Something else.
    Other,
}

impl Kind {
    fn of(variables: &Variables, address: &str) -> Kind {
        let multicast = address.starts_with("224.");
        match variables.integer("hmode") {
            Some(1) => Kind::Symmetric { active: true },
            Some(2) => Kind::Symmetric { active: false },
            Some(3) if variables.text("srchost").is_some_and(|name| name.contains('(')) => Kind::Clock,
            Some(3) if variables.text("refid") == Some("POOL") => Kind::Pool,
            Some(3) if multicast => Kind::Manycast,
            Some(3) => match variables.integer("ntscookies") {
                Some(cookies @ 0..=9) => Kind::Secured(cookies as u8),
                _ => Kind::Unicast,
            },
            Some(5) => Kind::Broadcast { multicast },
            Some(6) => Kind::BroadcastClient,
            _ => Kind::Other,
        }
    }

    /// ntpq's letter.
    pub const fn letter(self) -> char {
        match self {
            Kind::Unicast => 'u',
            Kind::Secured(cookies) => (b'0' + cookies % 10) as char,
            Kind::Clock => 'l',
            Kind::Pool => 'p',
            Kind::Manycast => 'a',
            Kind::Symmetric { active: true } => 's',
            Kind::Symmetric { active: false } => 'S',
            Kind::Broadcast { multicast: true } => 'M',
            Kind::Broadcast { multicast: false } => 'B',
            Kind::BroadcastClient => 'b',
            Kind::Other => '?',
        }
    }
}

/// A source of a server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PeerRow {
    /// The association's number at the server.
    pub association: u16,
    /// What the server's selection thinks of it: `*` is the one it follows.
    pub tally: char,
    /// The address or, for a clock and a pool, the name.
    pub remote: String,
    /// What it is synchronised to itself, or a word on its state.
    pub refid: String,
    /// The source's stratum.
    pub stratum: u8,
    /// What it is.
    pub kind: Kind,
    /// Whole seconds since its last packet; 0 or less: no packet yet.
    pub when: i64,
    /// Seconds between packets to it.
    pub poll: u64,
    /// The last eight polls as bits, the newest lowest: set if it answered.
    pub reach: u8,
    /// Polls in a row that it left unanswered.
    pub unanswered: u64,
    /// Milliseconds, as the server writes them.
    pub delay: String,
    /// Milliseconds, as the server writes them; positive: the source is ahead of the server.
    pub offset: String,
    /// Milliseconds, as the server writes them.
    pub jitter: String,
}

impl PeerRow {
    /// Reads the variables of an association; `now` is the server's clock.
    pub(super) fn new(association: u16, status: u16, variables: &Variables, now: NtpTimestamp) -> PeerRow {
        let text = |name| variables.text(name).unwrap_or_default().to_owned();
        let address = text("srcadr");
        let poll = |name| match variables.integer(name) {
            Some(poll) if poll < 0 => MIN_POLL,
            Some(poll) => poll.min(MAX_POLL),
            None => 0,
        };
        PeerRow {
            association,
            tally: TALLY[usize::from(status >> 8 & 7)],
            remote: remote(&address, variables),
            refid: text("refid"),
            stratum: variables.integer("stratum").and_then(|n| u8::try_from(n).ok()).unwrap_or(NO_STRATUM),
            kind: Kind::of(variables, &address),
            when: when(variables, now),
            poll: 1 << poll("hpoll").min(poll("ppoll")),
            reach: variables.integer("reach").and_then(|n| u8::try_from(n).ok()).unwrap_or_default(),
            unanswered: variables.integer("unreach").and_then(|n| u64::try_from(n).ok()).unwrap_or_default(),
            delay: text("delay"),
            offset: text("offset"),
            jitter: text("jitter"),
        }
    }
}

/// A clock (127.127.…) and a pool (0.0.0.0, ::) have an address that says nothing.
fn remote(address: &str, variables: &Variables) -> String {
    let says_nothing = matches!(address, "" | "0.0.0.0" | "::") || address.starts_with("127.127");
    let name = variables.text("srchost").filter(|_| says_nothing);
    name.unwrap_or(address).to_owned()
}

/// By the server's own clock: ours may be wrong, which is why it is asked.
fn when(variables: &Variables, now: NtpTimestamp) -> i64 {
    let last = variables.timestamp("rec").filter(|bits| *bits != 0).or_else(|| variables.timestamp("reftime"));
    match last {
        Some(bits) if bits != 0 && !now.is_zero() => {
            let passed: Interval = now.since(NtpTimestamp::from_bits(bits));
            i64::try_from(passed.units() / Interval::from_secs(1).units()).unwrap_or_default()
        }
        _ => 0,
    }
}
