//! The date and time in a clock chip: whole seconds, no zone.
#![forbid(unsafe_code)]

use std::fmt;

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, Timelike};

/// What a clock chip holds. Which zone it means is not in the chip: see [`crate::zone::Scale`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RtcTime(NaiveDateTime);

/// The fields as `struct tm` counts them (mktime(3)): months from 0, years from 1900, weekdays from Sunday.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fields {
    /// 0 to 59.
    pub second: i32,
    /// 0 to 59.
    pub minute: i32,
    /// 0 to 23.
    pub hour: i32,
    /// 1 to 31.
    pub day: i32,
    /// 0 to 11.
    pub month: i32,
    /// Since 1900.
    pub year: i32,
    /// 0 (Sunday) to 6; derived, ignored on the way in.
    pub weekday: i32,
    /// 0 to 365; derived, ignored on the way in.
    pub yearday: i32,
}

impl RtcTime {
    /// From a date and time; a fraction of a second is dropped.
    pub fn new(time: NaiveDateTime) -> RtcTime {
        RtcTime(time.with_nanosecond(0).unwrap_or(time))
    }

    /// From what a chip counts when it keeps UTC: seconds since 1970. `None` beyond about ±262 000 years.
    pub fn from_unix(seconds: i64) -> Option<RtcTime> {
        DateTime::from_timestamp(seconds, 0).map(|time| RtcTime(time.naive_utc()))
    }

    /// Seconds since 1970, if this is UTC.
    pub fn as_unix(self) -> i64 {
        self.0.and_utc().timestamp()
    }

    /// From a chip's fields. `None` for what is no date, such as 30 February or a 60th second.
    pub fn from_fields(fields: &Fields) -> Option<RtcTime> {
        let unsigned = |value: i32| u32::try_from(value).ok();
        let date = NaiveDate::from_ymd_opt(
            fields.year.checked_add(1900)?,
            unsigned(fields.month.checked_add(1)?)?,
            unsigned(fields.day)?,
        )?;
        let time = date.and_hms_opt(unsigned(fields.hour)?, unsigned(fields.minute)?, unsigned(fields.second)?)?;
        Some(RtcTime(time))
    }

    /// The fields, for the kernel. The derived ones are filled in: some drivers write them to their chip.
    pub fn fields(self) -> Fields {
        Fields {
            second: self.0.second().cast_signed(),
            minute: self.0.minute().cast_signed(),
            hour: self.0.hour().cast_signed(),
            day: self.0.day().cast_signed(),
            month: self.0.month0().cast_signed(),
            year: self.0.year() - 1900,
            weekday: self.0.weekday().num_days_from_sunday().cast_signed(),
            yearday: self.0.ordinal0().cast_signed(),
        }
    }

    /// The date and time without the thought of a chip.
    pub fn naive(self) -> NaiveDateTime {
        self.0
    }
}

/// `2026/11/23 10:00:05`, as hwclock prints what it read.
impl fmt::Display for RtcTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0.format("%Y/%m/%d %H:%M:%S"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// Counted without chrono: days from the rules of the Gregorian calendar.
    fn days_in(year: i32, month: i32) -> i32 {
        let leap = (year % 4 == 0 && year % 100 != 0) || year % 400 == 0;
        match month {
            1 => 28 + i32::from(leap),
            3 | 5 | 8 | 10 => 30,
            _ => 31,
        }
    }

    #[test]
    fn every_day_from_1970_to_2155_goes_through_and_back() {
        let (mut days, mut weekday) = (0_i64, 4);
        for year in 1970..=2155 {
            let mut yearday = 0;
            for month in 0..12 {
                for day in 1..=days_in(year, month) {
                    let second_of_day = (days * 7919) % 86_400;
                    let time = RtcTime::from_unix(days * 86_400 + second_of_day).unwrap();
                    let of_day = second_of_day as i32;
                    let (hour, minute, second) = (of_day / 3600, of_day / 60 % 60, of_day % 60);
                    let expected = Fields { second, minute, hour, day, month, year: year - 1900, weekday, yearday };
                    assert_eq!(time.fields(), expected);
                    assert_eq!(RtcTime::from_fields(&expected), Some(time));
                    assert_eq!(time.as_unix(), days * 86_400 + second_of_day);
                    days += 1;
                    yearday += 1;
                    weekday = (weekday + 1) % 7;
                }
            }
        }
        assert_eq!(days, 67_935);
    }

    #[test]
    fn what_is_no_date_is_refused() {
        let good = RtcTime::from_unix(1_795_428_005).unwrap().fields();
        let bad = [
            Fields { month: 1, day: 30, ..good },
            Fields { month: 12, ..good },
            Fields { month: -1, ..good },
            Fields { day: 0, ..good },
            Fields { hour: 24, ..good },
            Fields { minute: -1, ..good },
            Fields { second: 60, ..good },
            Fields { year: i32::MAX, ..good },
        ];
        for fields in bad {
            assert_eq!(RtcTime::from_fields(&fields), None, "{fields:?}");
        }
    }

    #[test]
    fn prints_as_hwclock_does() {
        assert_eq!(RtcTime::from_unix(1_795_428_005).unwrap().to_string(), "2026/11/23 10:00:05");
    }

    proptest! {
        #[test]
        fn fields_that_are_a_date_come_back_as_they_were(
            second in -1..61, minute in -1..61, hour in -1..25, day in 0..33, month in -1..13, year in -2000..9000,
        ) {
            let given = Fields { second, minute, hour, day, month, year, weekday: -1, yearday: -1 };
            if let Some(time) = RtcTime::from_fields(&given) {
                let Fields { weekday, yearday, .. } = time.fields();
                prop_assert_eq!(time.fields(), Fields { weekday, yearday, ..given });
                prop_assert_eq!(RtcTime::from_unix(time.as_unix()), Some(time));
            }
        }
    }
}
