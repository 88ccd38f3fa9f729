//! Local time: what a chip in local time means, and what to write to it.
#![forbid(unsafe_code)]

pub mod rules;

use chrono::{DateTime, MappedLocalTime, NaiveDateTime, Offset, TimeDelta, TimeZone};

use crate::rtc::rtc_time::RtcTime;

/// The moments (seconds since 1970, UTC) at which clocks on the wall show a given local time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Moments {
    /// The usual case.
    One(i64),
    /// The clocks were put back: they showed it twice.
    Two {
        /// Summer time.
        earlier: i64,
        /// Standard time.
        later: i64,
    },
    /// The clocks were put forward over it: nobody's clock showed it but one that was left alone, at this moment.
    Skipped(i64),
}

/// What is in force in a zone at a moment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Season {
    /// What to add to UTC for local time, in seconds, positive east of Greenwich.
    pub offset: i32,
    /// Summer time?
    pub summer: bool,
    /// The zone's abbreviation, such as CEST; empty where it has none.
    pub name: String,
}

/// A time zone. Every zone of chrono is one; as an object, so that a function need not be generic to take one.
pub trait Zone {
    /// What to add to UTC for local time at `unix` (seconds since 1970), in seconds, positive east of Greenwich.
    fn offset_at(&self, unix: i64) -> i32;

    /// When clocks here show `local`.
    fn moments(&self, local: NaiveDateTime) -> Moments;

    /// What is in force at `unix` (seconds since 1970).
    fn season_at(&self, unix: i64) -> Season {
        Season { offset: self.offset_at(unix), summer: false, name: String::new() }
    }

    /// The zone that `rule` names, as TZ would; `None` where there is none or it cannot be looked up.
    fn other(&self, _rule: &str) -> Option<Box<dyn Zone>> {
        None
    }
}

impl<T: TimeZone> Zone for T {
    fn offset_at(&self, unix: i64) -> i32 {
        let utc = DateTime::from_timestamp(unix, 0).unwrap_or_default().naive_utc();
        self.offset_from_utc_datetime(&utc).fix().local_minus_utc()
    }

    fn moments(&self, local: NaiveDateTime) -> Moments {
        let moment = |offset: T::Offset| local.and_utc().timestamp() - i64::from(offset.fix().local_minus_utc());
        match self.offset_from_local_datetime(&local) {
            MappedLocalTime::Single(offset) => Moments::One(moment(offset)),
            MappedLocalTime::Ambiguous(a, b) => {
                let (a, b) = (moment(a), moment(b));
                Moments::Two { earlier: a.min(b), later: a.max(b) }
            }
            MappedLocalTime::None => {
                // No two changes are as close as a day, so a day earlier the offset from before the gap is in force.
                let before = local.checked_sub_signed(TimeDelta::days(1)).unwrap_or(local);
                Moments::Skipped(moment(self.offset_from_utc_datetime(&before)))
            }
        }
    }
}

/// What the chip keeps.
#[derive(Clone, Copy)]
pub enum Scale<'a> {
    /// UTC.
    Utc,
    /// The local time of this zone.
    Local(&'a dyn Zone),
}

impl Scale<'_> {
    /// Local time?
    pub fn is_local(&self) -> bool {
        matches!(self, Scale::Local(_))
    }

    /// What the chip shows at `unix` (seconds since 1970). `None` beyond the calendar.
    pub fn rtc_at(&self, unix: i64) -> Option<RtcTime> {
        let offset = match self {
            Scale::Utc => 0,
            Scale::Local(zone) => zone.offset_at(unix),
        };
        RtcTime::from_unix(unix.checked_add(i64::from(offset))?)
    }

    /// The moment that the chip means.
    ///
    /// In the hour that local time shows twice it is the moment nearer to `now` (the system clock) when that is within
    /// half an hour, else the later one, which is standard time. In the hour that local time leaves out, the chip was not
    /// put forward with the clocks, so that it is still in the time from before the change.
    pub fn moment_of(&self, rtc: RtcTime, now: i64) -> i64 {
        match self {
            Scale::Utc => rtc.as_unix(),
            Scale::Local(zone) => match zone.moments(rtc.naive()) {
                Moments::One(moment) | Moments::Skipped(moment) => moment,
                Moments::Two { earlier, .. } if (now - earlier).abs() <= 1800 => earlier,
                Moments::Two { later, .. } => later,
            },
        }
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use chrono::NaiveDate;
    use proptest::prelude::*;

    use super::*;

    /// Summer time by the rule of the EU since 1996, one hour east of Greenwich in winter.
    pub(crate) struct MiddleEurope;

    impl MiddleEurope {
        /// 01:00 UTC on the last Sunday of `month` (which has 31 days).
        fn change(year: i32, month: u32) -> i64 {
            use chrono::Datelike;
            let last = NaiveDate::from_ymd_opt(year, month, 31).unwrap();
            let sunday = last - TimeDelta::days(i64::from(last.weekday().num_days_from_sunday()));
            sunday.and_hms_opt(1, 0, 0).unwrap().and_utc().timestamp()
        }
    }

    impl Zone for MiddleEurope {
        fn offset_at(&self, unix: i64) -> i32 {
            use chrono::Datelike;
            let year = DateTime::from_timestamp(unix, 0).unwrap().year();
            let summer = (Self::change(year, 3)..Self::change(year, 10)).contains(&unix);
            if summer { 7200 } else { 3600 }
        }

        fn moments(&self, local: NaiveDateTime) -> Moments {
            let local = local.and_utc().timestamp();
            let (summer, winter) = (local - 7200, local - 3600);
            match (self.offset_at(summer) == 7200, self.offset_at(winter) == 3600) {
                (true, true) => Moments::Two { earlier: summer, later: winter },
                (true, false) => Moments::One(summer),
                (false, true) => Moments::One(winter),
                (false, false) => Moments::Skipped(winter),
            }
        }
    }

    fn rtc(text: &str) -> RtcTime {
        RtcTime::new(NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S").unwrap())
    }

    fn utc(text: &str) -> i64 {
        rtc(text).as_unix()
    }

    #[test]
    fn a_chip_in_local_time_follows_summer_time() {
        let scale = Scale::Local(&MiddleEurope);
        assert_eq!(scale.rtc_at(utc("2026-03-29 00:59:59")), Some(rtc("2026-03-29 01:59:59")));
        assert_eq!(scale.rtc_at(utc("2026-03-29 01:00:00")), Some(rtc("2026-03-29 03:00:00")));
        assert_eq!(scale.rtc_at(utc("2026-10-25 00:59:59")), Some(rtc("2026-10-25 02:59:59")));
        assert_eq!(scale.rtc_at(utc("2026-10-25 01:00:00")), Some(rtc("2026-10-25 02:00:00")));
    }

    #[test]
    fn the_hour_left_out_is_read_in_the_time_before_it() {
        let scale = Scale::Local(&MiddleEurope);
        assert_eq!(scale.moment_of(rtc("2026-03-29 02:30:00"), 0), utc("2026-03-29 01:30:00"));
    }

    #[test]
    fn the_hour_shown_twice_is_read_near_the_system_clock() {
        let scale = Scale::Local(&MiddleEurope);
        let shown = rtc("2026-10-25 02:30:00");
        assert_eq!(scale.moment_of(shown, utc("2026-10-25 00:31:00")), utc("2026-10-25 00:30:00"));
        assert_eq!(scale.moment_of(shown, utc("2026-10-25 01:31:00")), utc("2026-10-25 01:30:00"));
        assert_eq!(scale.moment_of(shown, utc("2019-01-01 00:00:00")), utc("2026-10-25 01:30:00"));
    }

    #[test]
    fn zones_of_chrono_are_zones() {
        let zone = chrono::FixedOffset::west_opt(5 * 3600).unwrap();
        assert_eq!(Zone::offset_at(&zone, 0), -18_000);
        assert_eq!(Scale::Local(&zone).moment_of(rtc("1970-01-01 00:00:00"), 0), 18_000);
    }

    proptest! {
        #[test]
        fn what_is_written_is_read_back(unix in 0_i64..5_869_583_999) {
            let scale = Scale::Local(&MiddleEurope);
            let rtc = scale.rtc_at(unix).unwrap();
            prop_assert_eq!(scale.moment_of(rtc, unix), unix);
            prop_assert_eq!(Scale::Utc.moment_of(Scale::Utc.rtc_at(unix).unwrap(), 0), unix);
        }
    }
}
