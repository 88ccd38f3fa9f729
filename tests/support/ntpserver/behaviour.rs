//! What the server does other than answer correctly, and to which requests.

use super::{Nanos, ReceivedRequest};
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

/// A free change to a reply's bytes, after everything else.
pub type Edit = Arc<dyn Fn(&ReceivedRequest, &mut Vec<u8>) + Send + Sync>;

/// Picks requests by number (from 1) and content.
pub type Pick = Arc<dyn Fn(usize, &ReceivedRequest) -> bool + Send + Sync>;

/// One deviation. Several may hold for one request; those that change the packet are applied in the order given.
#[derive(Clone)]
pub enum Behaviour {
    // --- What the packet says ---
    /// Leap indicator (3: not synchronised).
    Leap(u8),
    /// Version number, 0 to 7.
    Version(u8),
    /// Mode, 0 to 7.
    Mode(u8),
    /// Stratum (0: unspecified, 16: not synchronised, more: invalid).
    Stratum(u8),
    /// Reference identifier.
    RefId([u8; 4]),
    /// Kiss of death with proper timestamps: leap 3, stratum 0 and the code (`*b"RATE"`, `*b"DENY"`, …).
    Kiss([u8; 4]),
    /// Kiss of death the way ntpd 4.2.8 sends it: receive and transmit repeat the request's transmit timestamp.
    KissEcho([u8; 4]),
    /// Root delay, as the raw 16.16 field (negative: the top bit set).
    RootDelay(u32),
    /// Root dispersion, as the raw 16.16 field.
    RootDispersion(u32),
    /// Reference timestamp, as it goes on the wire.
    ReferenceTime([u8; 8]),
    /// The request's transmit timestamp with one bit changed.
    WrongOrigin,
    /// Origin 0.
    ZeroOrigin,
    /// Receive timestamp 0.
    ZeroReceive,
    /// Transmit timestamp 0.
    ZeroTransmit,
    /// Receive timestamp, as it goes on the wire.
    Receive([u8; 8]),
    /// Transmit timestamp, as it goes on the wire.
    Transmit([u8; 8]),
    /// Receive the last instant of an era, transmit the first but one, reference in between.
    AbsurdTimestamps,
    /// The transmit timestamp this long before the receive timestamp.
    TransmitBeforeReceive(Nanos),
    /// The server's clock further ahead by this much, for this request (with `since`: the clock jumps).
    Shift(Nanos),
    // --- How long it is ---
    /// Only the first bytes of the reply (0: an empty datagram).
    Short(usize),
    /// So many bytes of 0xA5 after the reply.
    Long(usize),
    /// Bytes after the reply.
    Trailing(Vec<u8>),
    /// So many pseudo-random bytes instead of the reply.
    Garbage(usize),
    /// Whatever the closure makes of it.
    Edit(Edit),
    // --- When, how often and from where it is sent ---
    /// No reply.
    Silent,
    /// The reply lost with this probability (0 to 1); which ones depends on the seed alone.
    Lossy {
        /// 0 (never) to 1 (always).
        probability: f64,
        /// The same seed loses the same replies.
        seed: u64,
    },
    /// Request 1, 2, … lost where the pattern has an `x`, answered where it has another sign; repeats at its end.
    LossPattern(&'static str),
    /// The request takes this much longer on its way (the measured offset grows by half of it).
    RequestDelay(Duration),
    /// The server takes this long between receive and transmit timestamps.
    Processing(Duration),
    /// The reply takes this much longer on its way (the measured offset shrinks by half of it).
    ReplyDelay(Duration),
    /// As `ReplyDelay`, evenly distributed from 0 to `max`, by the seed.
    Jitter {
        /// The longest delay.
        max: Duration,
        /// The same seed gives the same delays.
        seed: u64,
    },
    /// Before the reply a copy of it, with the request's true timestamp, and whatever the closure makes of it.
    Decoy(Edit),
    /// The same reply so many times more.
    Duplicate(usize),
    /// Instead of this request's reply, the one made for the request before (nothing for the first).
    Replay,
    /// From another port of the same address.
    FromOtherPort,
    /// From another address of this machine (such as 127.0.0.9), at the same port.
    FromAddress(IpAddr),
    /// So many replies nobody asked for, before the right one.
    Unsolicited(usize),
    /// So many replies nobody asked for, after the right one: they lie in wait for the next request.
    Premature(usize),
    /// So many of what the closure makes of an honest reply, just before the right one.
    Before(usize, Edit),
    /// As `Before`, but just after the right one: they lie in wait for the next request.
    After(usize, Edit),
    /// So many replies from the right address and port, with a guessed origin and a clock wrong by `shift`, before
    /// the right one.
    Forged {
        /// How many.
        count: usize,
        /// How much further ahead their clock is.
        shift: Nanos,
    },
}

/// To which requests a behaviour applies; they count from 1 as they arrive, over all clients.
#[derive(Clone)]
pub enum When {
    /// All.
    Always,
    /// The n-th.
    Nth(usize),
    /// The n-th and all later ones.
    From(usize),
    /// The first n.
    First(usize),
    /// The n-th, the 2n-th, …
    Every(usize),
    /// Requests for which the closure says so; it gets the number and the request.
    Matching(Pick),
}

impl When {
    /// Whether request number `n` is meant.
    pub(super) fn holds(&self, n: usize, request: &ReceivedRequest) -> bool {
        match self {
            When::Always => true,
            When::Nth(k) => n == *k,
            When::From(k) => n >= *k,
            When::First(k) => n <= *k,
            When::Every(k) => n.is_multiple_of(*k),
            When::Matching(says) => says(n, request),
        }
    }
}
