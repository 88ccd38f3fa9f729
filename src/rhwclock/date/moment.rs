//! Moments, and why a date has none.

use chrono::{DateTime, NaiveDateTime};

use crate::time::Time;
use crate::zone::Zone;

/// Why there is no moment; the text is added later.
#[derive(Debug)]
pub(super) enum NoMoment {
    Invalid,
    NotInCalendar(String),
    Skipped,
    OtherWeekday(&'static str),
}

/// Seconds beyond 1970 that a date may be away from it, 34 865 years: everything can be added without overflow.
pub(super) const MAX_SECONDS: i64 = 1 << 40;

/// Local time at `now`.
pub(super) fn local_at(now: Time, zone: &dyn Zone) -> Option<NaiveDateTime> {
    let (seconds, nanos) = now.to_unix();
    let local = seconds.checked_add(i64::from(zone.offset_at(seconds)))?;
    DateTime::from_timestamp(local, nanos).map(|time| time.naive_utc())
}
