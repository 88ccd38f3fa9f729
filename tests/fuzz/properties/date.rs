//! What users write after `--date`, in a zone whose clocks are put forward and back.

use chrono::{DateTime, NaiveDateTime};
use rntpdate::internals::rhwclock::date::parse;
use rntpdate::internals::time::Time;
use rntpdate::internals::zone::{Moments, Zone};

/// 2026-11-23 03:14:46.25 UTC.
const NOW: Time = Time::from_unix(1_795_403_686, 250_000_000);
/// A span of time may lead further than a count of seconds.
const COUNTED: i64 = (1 << 40) - 1;
/// The years in which dates are written with four digits.
const FOUR_DIGITS: std::ops::Range<i64> = -30_610_224_000..253_402_300_800;

pub(crate) fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let time = match parse(&text, NOW, &Seasons) {
        Ok(time) => time,
        Err(error) => return assert!(error.to_string().contains(&*text)),
    };
    let (seconds, nanos) = time.to_unix();
    if seconds.abs() < COUNTED {
        let counted = count(seconds, nanos);
        assert_eq!(parse(&counted, NOW, &Seasons), Ok(time), "{counted}");
    }
    if FOUR_DIGITS.contains(&seconds) {
        let moment = DateTime::from_timestamp(seconds, nanos).unwrap();
        for form in ["%Y-%m-%d %H:%M:%S%.9fZ", "%Y-%m-%dT%H:%M:%S%.9f+00:00", "%a %Y-%m-%d %H:%M:%S%.9f UTC"] {
            let written = moment.format(form).to_string();
            assert_eq!(parse(&written, NOW, &Seasons), Ok(time), "{written}");
        }
    }
}

/// With the sign in front of the whole.
fn count(seconds: i64, nanos: u32) -> String {
    match (seconds, nanos) {
        (0.., _) | (_, 0) => format!("@{seconds}.{nanos:09}"),
        _ => format!("@-{}.{:09}", -(seconds + 1), 1_000_000_000 - nanos),
    }
}

/// Half a year, seconds.
const SEASON: i64 = 15_778_800;
const WINTER: i64 = 3600;
const SUMMER: i64 = 7200;

/// Winter and summer of the same length, one hour and two hours east of Greenwich.
struct Seasons;

impl Seasons {
    fn offset(unix: i64) -> i64 {
        if unix.div_euclid(SEASON) % 2 == 0 { WINTER } else { SUMMER }
    }
}

impl Zone for Seasons {
    fn offset_at(&self, unix: i64) -> i32 {
        Seasons::offset(unix) as i32
    }

    fn moments(&self, local: NaiveDateTime) -> Moments {
        let local = local.and_utc().timestamp();
        let shows = |offset| (Seasons::offset(local - offset) == offset).then_some(local - offset);
        match (shows(SUMMER), shows(WINTER)) {
            (Some(earlier), Some(later)) => Moments::Two { earlier, later },
            (Some(moment), None) | (None, Some(moment)) => Moments::One(moment),
            (None, None) => Moments::Skipped(local - WINTER),
        }
    }
}
