//! One exchange of packets: what it measures, or why it counts for nothing.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::time::{Interval, Reading, Time};
use crate::wire::nts::NtsFault;
use crate::wire::{Header, Leap, MacFault, Malformed, Mode};

/// How fast two undisciplined clocks may drift apart: 15 ppm (RFC 5905 §7.1, PHI).
const PHI_PPM: i128 = 15;
/// A round trip may come out shorter than nothing by this much, by the rounding and drift of two clocks.
const NEGATIVE_DELAY: Interval = Interval::from_micros(-1000);
/// Two answers that differ by less are a server's own that was asked twice by the network.
const LEAST_CONTRADICTION: Interval = Interval::from_micros(1000);
/// Clock movements below this are the kernel's own slewing between two readings.
const MOVED_LIMIT: Interval = Interval::from_micros(1000);
/// The kernel's fastest slew and frequency correction together: 500 ppm each.
const MOVED_PPM: i128 = 1000;

/// A server's order, sent in place of the time (RFC 5905 §7.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error, Serialize, Deserialize)]
pub enum Kiss {
    /// The server's access rules deny us.
    #[error("kiss code DENY: access denied by the server")]
    Deny,
    /// The server's access rules restrict us.
    #[error("kiss code RSTR: access restricted by the server")]
    Restrict,
    /// We asked too often.
    #[error("kiss code RATE: the server was asked too often")]
    Rate,
}

impl Kiss {
    /// The order in a header, if it is one that a client has to follow.
    pub fn in_header(header: &Header) -> Option<Kiss> {
        match (header.stratum.0, &header.refid.0) {
            (0, b"DENY") => Some(Kiss::Deny),
            (0, b"RSTR") => Some(Kiss::Restrict),
            (0, b"RATE") => Some(Kiss::Rate),
            _ => None,
        }
    }
}

/// Why a packet counts for nothing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error, Serialize, Deserialize)]
pub enum Rejection {
    /// No NTP packet.
    #[error(transparent)]
    Malformed(#[from] Malformed),
    /// A datagram that is no server's reply; the mode and the stratum.
    #[error("mode {} stratum {}", .0.number(), .1)]
    Mode(Mode, u8),
    /// A version of the protocol that does not exist.
    #[error("version {0}")]
    Version(u8),
    /// The packet answers no request of ours: late beyond measure, forged, or replayed.
    #[error("pkt.org and peer.xmt differ")]
    Origin,
    /// The request has been answered before.
    #[error("duplicate")]
    Duplicate,
    /// The packet does not prove that its sender knows our key.
    #[error("authentication failed: {0}")]
    Unauthentic(MacFault),
    /// The packet does not prove that its sender knows the keys of NTS.
    #[error("NTS: {0}")]
    Nts(NtsFault),
    /// The server, or somebody in its place, says that it does not know the cookie (kiss code NTSN).
    #[error("NTS: the server does not know the cookie (NTSN)")]
    NtsRefused,
    /// A receive or transmit time of zero, which means "unknown".
    #[error("no receive or transmit time")]
    NoTime,
    /// The reply left before the request arrived.
    #[error("transmit time before receive time")]
    Order,
    /// The server claims to have held the request for longer than the whole exchange took.
    #[error("held for {} longer than the round trip", held(*.0))]
    NegativeDelay(Interval),
    /// Our own clock was set while the packet was on its way.
    #[error("the clock of this machine was moved by {0:+} s by something else")]
    ClockMoved(Interval),
}

/// Seconds, and years where nobody counts in seconds.
fn held(interval: Interval) -> String {
    let is_long = interval.abs() >= Interval::from_secs(2 * 86_400);
    if is_long { interval.in_words() } else { format!("{interval} s") }
}

/// One exchange with a server: four times, of which two are ours (T1 request sent, T4 reply received) and two the server's
/// (T2 request received, T3 reply sent).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// ((T2 − T1) + (T3 − T4)) / 2: what has to be added to the local clock. **Positive: the local clock is behind.**
    pub offset: Interval,
    /// (T4 − T1) − (T3 − T2): the round trip, without the time that the server took; never negative.
    pub delay: Interval,
    /// The error bound of reading both clocks and of their drift during the exchange. The server's announced precision is a
    /// part of it: a coarse clock's timestamps are cut by up to that much.
    pub dispersion: Interval,
    /// T1.
    pub sent: Time,
    /// The local clock soon after T4.
    pub taken: Reading,
    /// The reply.
    pub header: Header,
}

/// Our side of an exchange.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct LocalTimes {
    /// T1: the request left.
    pub sent: Time,
    /// T4: the reply arrived.
    pub received: Time,
    /// The clock just before the request was sent.
    pub before: Reading,
    /// The clock just after the reply was taken in.
    pub after: Reading,
    /// The local clock's precision.
    pub precision: Interval,
}

impl Sample {
    /// Measures an exchange. `era` is the first moment of the 136 years in which the server's times are taken to lie.
    ///
    /// The header has to be a reply to our own request; that is the caller's to check. Times in an impossible order are
    /// rejected where they differ by more than the server's announced precision, to which it may have cut them.
    pub fn measure(header: Header, local: &LocalTimes, era: Time) -> Result<Sample, Rejection> {
        if header.receive.is_zero() || header.transmit.is_zero() {
            return Err(Rejection::NoTime);
        }
        let tolerance = power_of_two(header.precision);
        let held = header.transmit.since(header.receive);
        if held < -tolerance {
            return Err(Rejection::Order);
        }
        let moved = local.after.moved_since(&local.before);
        if is_movement(moved, Interval::from(local.after.raw) - Interval::from(local.before.raw)) {
            return Err(Rejection::ClockMoved(moved));
        }
        let elapsed = local.received - local.sent;
        let delay = elapsed - held;
        if delay < NEGATIVE_DELAY - tolerance {
            return Err(Rejection::NegativeDelay(-delay));
        }
        let receive = header.receive.unfold(era);
        // From the receive time onwards, so that T2 and T3 on both sides of the era's end stay together.
        let transmit = receive + held;
        Ok(Sample {
            offset: ((receive - local.sent) + (transmit - local.received)) / 2,
            delay: delay.max(Interval::ZERO),
            dispersion: tolerance + local.precision + parts_per_million(elapsed, PHI_PPM),
            sent: local.sent,
            taken: local.after,
            header,
        })
    }

    /// Whether the clock was set by something else between this sample and `now`, and by how much.
    pub fn clock_moved(&self, now: &Reading) -> Option<Interval> {
        let moved = now.moved_since(&self.taken);
        is_movement(moved, Interval::from(now.raw) - Interval::from(self.taken.raw)).then_some(moved)
    }

    /// How far this sample and another one of the same moment lie apart, if they cannot both be true.
    pub fn contradicts(&self, other: &Sample) -> Option<Interval> {
        let apart = (self.offset - other.offset).abs();
        let error = (self.delay + other.delay) / 2 + self.dispersion + other.dispersion;
        (apart > error + LEAST_CONTRADICTION).then_some(apart)
    }

    /// The server's announced precision: its timestamps are good to ± so much.
    pub fn precision(&self) -> Interval {
        power_of_two(self.header.precision)
    }

    /// Whether the server itself says that it is not synchronised.
    pub fn is_unsynchronised(&self) -> bool {
        self.header.leap == Leap::Unsynchronised || self.header.stratum.effective() > 15
    }
}

fn is_movement(moved: Interval, during: Interval) -> bool {
    moved.abs() > MOVED_LIMIT + parts_per_million(during.abs(), MOVED_PPM)
}

/// So many millionths of an interval.
pub(super) fn parts_per_million(interval: Interval, ppm: i128) -> Interval {
    Interval::from_units(interval.units() * ppm / 1_000_000)
}

/// 2ᵉ seconds, at most 2¹⁶, for a precision on the wire.
fn power_of_two(exponent: i8) -> Interval {
    match 32 + i32::from(exponent) {
        shift @ 0..=48 => Interval::from_units(1 << shift),
        shift if shift < 0 => Interval::from_units(1),
        _ => Interval::from_units(1 << 48),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{NtpTimestamp, Stratum};
    use proptest::prelude::*;
    use std::time::Duration;

    const ERA: Time = Time::UNIX_EPOCH;

    /// Where the kernel tells neither when the request left nor when the reply came, the readings of the clock before and after
    /// stand in for them: the wait that this adds, to one side alone, makes the offset worse and the bound wider by as much.
    #[test]
    fn a_sample_without_the_kernels_times_is_less_exact_and_says_so() {
        let at = |micros: i64| Time::from_unix(1_800_000_000, 0) + Interval::from_micros(micros);
        let reading = |micros: u64| Reading { real: at(micros.cast_signed()), raw: Duration::from_micros(micros) };
        // The request left at 100 µs, the reply came at 300 µs and was read at 5 ms; the server's clock is this machine's.
        let header = reply(at(200), at(200));
        let local = |sent, received| LocalTimes {
            sent,
            received,
            before: reading(0),
            after: reading(5000),
            precision: Interval::from_micros(1),
        };
        let exact = Sample::measure(header.clone(), &local(at(100), at(300)), ERA).unwrap();
        let vague = Sample::measure(header, &local(at(0), at(5000)), ERA).unwrap();
        let bound = |sample: &Sample| sample.delay / 2 + sample.dispersion;
        assert!(exact.offset.abs() < Interval::from_micros(1) && bound(&exact) < Interval::from_micros(105));
        assert!(vague.offset.abs() > Interval::from_micros(2000), "{:?}", vague.offset);
        assert!(bound(&vague) >= vague.offset.abs() && bound(&vague) > bound(&exact) * 20, "{:?}", bound(&vague));
    }

    fn reply(receive: Time, transmit: Time) -> Header {
        Header {
            mode: Mode::SERVER,
            stratum: Stratum(2),
            precision: -20,
            receive: NtpTimestamp::from_time(receive),
            transmit: NtpTimestamp::from_time(transmit),
            ..Header::request(4, NtpTimestamp::ZERO)
        }
    }

    fn local(sent: Time, received: Time) -> LocalTimes {
        let before = Reading { real: sent, raw: Duration::from_secs(100) };
        let after = Reading { real: received, raw: before.raw + (received - sent).to_duration() };
        LocalTimes { sent, received, before, after, precision: Interval::from_micros(1) }
    }

    fn at(seconds: i64) -> Time {
        Time::from_unix(seconds, 0)
    }

    proptest! {
        /// A client anywhere in the kernel's range and a server in 1970 … 2106 give the exact offset, whatever the era.
        #[test]
        fn offset_is_exact_over_the_full_range(
            client in 0_i64..8_277_292_036,
            server in 1_i128 << 32..(4_294_967_295_i128 << 32),
            there in 0_i64..1 << 40,
            held in 0_i64..1 << 40,
            back in 0_i64..1 << 40,
        ) {
            let units = |n: i64| Interval::from_units(i128::from(n));
            let (t1, t2) = (at(client), Time::from_units(server));
            prop_assume!(NtpTimestamp::from_time(t2).to_bits() != 0 && NtpTimestamp::from_time(t2 + units(held)).to_bits() != 0);
            let true_offset = (t2 - t1) - units(there);
            let t4 = t1 + units(there) + units(held) + units(back);
            let sample = Sample::measure(reply(t2, t2 + units(held)), &local(t1, t4), ERA).unwrap();
            let twice_off = (sample.offset - true_offset) * 2 - (units(there) - units(back));
            prop_assert!(twice_off.abs() <= units(1), "rounded once, to 2^-32 s: {:?}", twice_off);
            prop_assert_eq!(sample.delay, units(there) + units(back));
        }
    }

    #[test]
    fn an_exchange_across_the_end_of_the_era_is_measured() {
        let end = at(2_085_978_496);
        let second = Interval::from_secs(1);
        let sample = Sample::measure(reply(end - second, end + second), &local(end - second, end + second), ERA);
        assert_eq!(sample.unwrap().offset, Interval::ZERO);
    }

    #[test]
    fn times_that_cannot_be_are_rejected() {
        let now = at(1_800_000_000);
        let tick = Interval::from_micros(10_000);
        let rejection = |header| Sample::measure(header, &local(now, now + tick), ERA).unwrap_err();
        assert_eq!(rejection(Header { transmit: NtpTimestamp::ZERO, ..reply(now, now) }), Rejection::NoTime);
        assert_eq!(rejection(Header { receive: NtpTimestamp::ZERO, ..reply(now, now) }), Rejection::NoTime);
        assert_eq!(rejection(reply(now, now - tick)), Rejection::Order);
        assert_eq!(rejection(reply(now, now + tick * 2)), Rejection::NegativeDelay(tick));
    }

    #[test]
    fn a_small_negative_delay_is_none() {
        let now = at(1_800_000_000);
        let sample = Sample::measure(reply(now, now + Interval::from_micros(500)), &local(now, now), ERA).unwrap();
        assert_eq!(sample.delay, Interval::ZERO);
    }

    #[test]
    fn a_clock_set_during_the_exchange_is_noticed() {
        let now = at(1_800_000_000);
        let mut times = local(now, now + Interval::from_secs(10));
        times.after.raw = times.before.raw + Duration::from_millis(50);
        let rejection = Sample::measure(reply(now, now), &times, ERA).unwrap_err();
        assert_eq!(rejection, Rejection::ClockMoved(Interval::from_nanos(9_950_000_000)));
    }

    #[test]
    fn slewing_is_no_movement_and_a_step_is() {
        let now = at(1_800_000_000);
        let sample = Sample::measure(reply(now, now), &local(now, now), ERA).unwrap();
        let later = |real_ms: i64| Reading {
            real: sample.taken.real + Interval::from_micros(real_ms * 1000),
            raw: sample.taken.raw + Duration::from_secs(4),
        };
        assert_eq!(sample.clock_moved(&later(4002)), None, "500 ppm over 4 s");
        assert_eq!(sample.clock_moved(&later(4010)), Some(Interval::from_micros(10_000)));
        assert_eq!(sample.clock_moved(&later(3990)), Some(Interval::from_micros(-10_000)));
    }

    #[test]
    fn kiss_codes_count_at_stratum_0_only() {
        let header = |stratum, refid: &[u8; 4]| Header {
            stratum: Stratum(stratum),
            refid: crate::wire::RefId(*refid),
            ..reply(ERA, ERA)
        };
        assert_eq!(Kiss::in_header(&header(0, b"RATE")), Some(Kiss::Rate));
        assert_eq!(Kiss::in_header(&header(0, b"INIT")), None);
        assert_eq!(Kiss::in_header(&header(1, b"RATE")), None);
    }

    #[test]
    fn no_precision_overflows() {
        assert_eq!(power_of_two(-128), Interval::from_units(1));
        assert_eq!(power_of_two(0), Interval::from_secs(1));
        assert_eq!(power_of_two(127), Interval::from_secs(65_536));
    }
}
