//! This machine's clock, NTP timestamps, and repeatable pseudo-random numbers.

use nix::time::{ClockId, clock_gettime};

/// Nanoseconds, absolute (since 1970-01-01 UTC) or a difference; wide enough for any era.
pub type Nanos = i128;

/// 1 us.
pub const MICROSECOND: Nanos = 1_000;
/// 1 ms.
pub const MILLISECOND: Nanos = 1_000_000;
/// 1 s.
pub const SECOND: Nanos = 1_000_000_000;
/// 86400 s.
pub const DAY: Nanos = 86_400 * SECOND;
/// 365.25 days.
pub const YEAR: Nanos = 31_557_600 * SECOND;

/// 1900-01-01 to 1970-01-01 (RFC 5905 §6, figure 4).
const NTP_TO_UNIX_SECONDS: Nanos = 2_208_988_800;

/// This machine's CLOCK_REALTIME; it is read, never set.
pub fn unix_now() -> Nanos {
    let now = clock_gettime(ClockId::CLOCK_REALTIME).expect("read the clock");
    Nanos::from(now.tv_sec()) * SECOND + Nanos::from(now.tv_nsec())
}

/// The 64-bit NTP timestamp of `time` in network order: seconds modulo 2³² since 1900 and a fraction of 2⁻³² s.
pub fn ntp_bytes(time: Nanos) -> [u8; 8] {
    let since_1900 = time + NTP_TO_UNIX_SECONDS * SECOND;
    // Round to nearest, as 32.32 fixed point; the era is what falls off at the top.
    let fixed = ((since_1900 << 32) + SECOND / 2).div_euclid(SECOND);
    let low = fixed.rem_euclid(1 << 64);
    u64::try_from(low).expect("reduced modulo 2^64").to_be_bytes()
}

/// Seconds as the 16.16 fixed point of root delay and dispersion; saturates at both ends of 32 bits, and a
/// negative value comes out in two's complement (which is what old servers send as a negative root delay).
pub(super) fn short_format(seconds: f64) -> [u8; 4] {
    let fixed = (seconds * 65536.0).round();
    if fixed < 0.0 {
        // `as` saturates for floats.
        return (fixed as i32).to_be_bytes();
    }
    (fixed as u32).to_be_bytes()
}

/// SplitMix64: the same number for the same seed, on every run.
pub(super) fn hash(seed: u64, index: u64) -> u64 {
    let mut z = seed.wrapping_add(index.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

/// A number in 0..1 from [`hash`].
pub(super) fn fraction(seed: u64, index: u64) -> f64 {
    (hash(seed, index) >> 11) as f64 / (1u64 << 53) as f64
}
