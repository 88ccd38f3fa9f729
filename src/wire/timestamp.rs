//! The two time formats of RFC 5905 §6.

use serde::{Deserialize, Serialize};

use crate::time::{Interval, Time};

/// Seconds from 1900-01-01, the start of NTP's era 0, to 1970-01-01.
const EPOCH_1900_TO_1970: i128 = 2_208_988_800;
/// Seconds in an era.
const ERA: i128 = 1 << 32;

/// A point in time within an era of 2³² s: 32 bits of seconds since 1900, 32 bits of fraction.
///
/// All zero means "unknown".
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct NtpTimestamp(u64);

impl NtpTimestamp {
    /// "Unknown".
    pub const ZERO: NtpTimestamp = NtpTimestamp(0);

    /// From the 64 bits on the wire.
    pub const fn from_bits(bits: u64) -> NtpTimestamp {
        NtpTimestamp(bits)
    }

    /// The 64 bits on the wire.
    pub const fn to_bits(self) -> u64 {
        self.0
    }

    /// Whether this means "unknown".
    pub const fn is_zero(self) -> bool {
        self.0 == 0
    }

    /// The low 64 bits of a time; the era is lost, as the format wants.
    pub const fn from_time(time: Time) -> NtpTimestamp {
        NtpTimestamp((time.units() + (EPOCH_1900_TO_1970 << 32)) as u64)
    }

    /// The time with these bits that is not before `pivot` and less than an era (136 years) after it.
    ///
    /// With 1970 as pivot that is 1970-01-01 to 2106-02-07, whatever the local clock says.
    pub const fn unfold(self, pivot: Time) -> Time {
        let from_1970 = self.0 as i128 - (EPOCH_1900_TO_1970 << 32);
        let ahead = (from_1970 - pivot.units()).rem_euclid(ERA << 32);
        Time::from_units(pivot.units() + ahead)
    }

    /// Subtracts `earlier`, for two that lie less than 68 years apart: right across the change of an era.
    pub const fn since(self, earlier: NtpTimestamp) -> Interval {
        Interval::from_units(self.0.wrapping_sub(earlier.0).cast_signed() as i128)
    }
}

/// A length of time: 16 bits of seconds, 16 bits of fraction, unsigned (0 to 65535.99998 s).
///
/// What a sender meant as negative comes out huge, and so fails every limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct NtpShort(u32);

impl NtpShort {
    /// From the 32 bits on the wire.
    pub const fn from_bits(bits: u32) -> NtpShort {
        NtpShort(bits)
    }

    /// The 32 bits on the wire.
    pub const fn to_bits(self) -> u32 {
        self.0
    }

    /// As an interval, exactly.
    pub const fn to_interval(self) -> Interval {
        Interval::from_units((self.0 as i128) << 16)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn unfolds_into_1970_to_2106() {
        let last_of_era_0 = NtpTimestamp::from_bits(u64::MAX).unfold(Time::UNIX_EPOCH);
        assert_eq!(last_of_era_0.to_unix().0, 2_085_978_496, "2036-02-07 06:28:16, rounded up from the last fraction");
        let first_of_era_1 = NtpTimestamp::from_bits(1).unfold(Time::UNIX_EPOCH);
        assert_eq!(first_of_era_1.to_unix().0, 2_085_978_496);
        assert!(first_of_era_1 > last_of_era_0);
        let epoch = NtpTimestamp::from_bits((EPOCH_1900_TO_1970 as u64) << 32);
        assert_eq!(epoch.unfold(Time::UNIX_EPOCH), Time::UNIX_EPOCH);
        let before = NtpTimestamp::from_bits(((EPOCH_1900_TO_1970 as u64) << 32) - 1);
        assert_eq!(before.unfold(Time::UNIX_EPOCH).to_unix().0, 4_294_967_296, "2106-02-07 06:28:16, rounded up");
    }

    #[test]
    fn differences_cross_the_era() {
        let (before, after) = (NtpTimestamp::from_bits(u64::MAX), NtpTimestamp::from_bits(1));
        assert_eq!(after.since(before), Interval::from_units(2));
        assert_eq!(before.since(after), Interval::from_units(-2));
    }

    #[test]
    fn short_format_is_exact() {
        assert_eq!(NtpShort::from_bits(0x0001_8000).to_interval(), Interval::from_nanos(1_500_000_000));
        assert_eq!(NtpShort::from_bits(u32::MAX).to_interval().nanos(), 65_535_999_984_741);
    }

    proptest! {
        #[test]
        fn the_short_format_loses_no_bit(bits in any::<u32>()) {
            let units = NtpShort::from_bits(bits).to_interval().units();
            prop_assert_eq!((units >> 16, units & 0xffff), (i128::from(bits), 0));
            prop_assert_eq!(NtpShort::from_bits(bits).to_bits(), bits);
        }

        #[test]
        fn unfolding_undoes_folding(units in 0_i128..(1 << 64)) {
            let time = Time::from_units(units);
            prop_assert_eq!(NtpTimestamp::from_time(time).unfold(Time::UNIX_EPOCH), time);
        }

        #[test]
        fn unfolds_after_any_pivot(bits in any::<u64>(), pivot in any::<i64>()) {
            let pivot = Time::from_units(i128::from(pivot) << 8);
            let time = NtpTimestamp::from_bits(bits).unfold(pivot);
            prop_assert!(time >= pivot && time - pivot < Interval::from_secs(1 << 32));
            prop_assert_eq!(NtpTimestamp::from_time(time).to_bits(), bits);
        }
    }
}
