use proptest::prelude::*;

use chrono::DateTime;

use super::*;
use crate::zone::tests::MiddleEurope;

/// 2026-11-23 03:14:46.25 in the middle of Europe.
const NOW: i64 = 1_795_400_086;

fn parsed(text: &str) -> Result<String, DateError> {
    let now = Time::from_unix(NOW, 250_000_000);
    parse(text, now, &MiddleEurope).map(|time| {
        let (seconds, nanos) = time.to_unix();
        DateTime::from_timestamp(seconds, nanos).unwrap().format("%F %T%.f").to_string()
    })
}

#[test]
fn local_time_is_meant_unless_a_zone_is_written() {
    for text in [
        "2026-11-23 10:00:00",
        "2026-11-23 10:00",
        "2026-11-23T10:00:00",
        "  2026-11-23   10:00:00 ",
        "26-11-23 10:00:00",
        "10:00:00",
        "10:00",
        "Mon 2026-11-23 10:00:00",
        "Monday, 2026-11-23 10:00:00",
        "20261123100000",
        "2026/11/23 10:00",
        "11/23/2026 10:00:00",
        "23 Nov 2026 10:00:00",
        "Nov 23 2026 10:00:00",
        "Mon Nov 23 10:00:00 2026",
        "2026-11-23 10:00:00 AM",
        "10:00 AM",
        "23 november 2026 10:00",
        "11/23/26 10:00:00",
        "2026-11-23 10:00:00,000",
        "10:00 (by the wall) 23 Nov 2026",
    ] {
        assert_eq!(parsed(text).as_deref(), Ok("2026-11-23 09:00:00"), "{text}");
    }
    for text in ["2026-07-01 10:00:00", "07/01/2026 10:00"] {
        assert_eq!(parsed(text).as_deref(), Ok("2026-07-01 08:00:00"), "{text}");
    }
}

#[test]
fn a_zone_of_its_own_is_taken() {
    for text in [
        "2026-11-23 10:00:00Z",
        "2026-11-23T10:00:00Z",
        "2026-11-23 10:00:00 UTC",
        "2026-11-23 12:00:00+02:00",
        "2026-11-23 12:00:00 +0200",
        "2026-11-23T12:00:00+02",
        "2026-11-23T04:30:00-05:30",
        "2026-11-23 10:00 GMT",
        "Mon Nov 23 10:00:00 UTC 2026",
        "Mon Nov 23 11:00:00 CET 2026",
        "Mon Nov 23 05:00:00 EST 2026",
        "Mon Nov 23 05:00:00 AM EST 2026",
        "2026-11-23 12:00:00 +2",
        "Mon, 23 Nov 2026 10:00:00 +0000",
        "@1795428000",
        "@1795428000.0",
    ] {
        assert_eq!(parsed(text).as_deref(), Ok("2026-11-23 10:00:00"), "{text}");
    }
}

#[test]
fn fractions_are_kept() {
    assert_eq!(parsed("2026-11-23 10:00:00.25Z").as_deref(), Ok("2026-11-23 10:00:00.250"));
    assert_eq!(parsed("@1795428000.123456789").as_deref(), Ok("2026-11-23 10:00:00.123456789"));
    assert_eq!(parsed("@-0.5").as_deref(), Ok("1969-12-31 23:59:59.500"));
}

#[test]
fn words_and_spans_count_from_now() {
    for (text, expected) in [
        ("now", "2026-11-23 02:14:46.250"),
        ("today", "2026-11-22 23:00:00"),
        ("yesterday", "2026-11-21 23:00:00"),
        ("Tomorrow", "2026-11-23 23:00:00"),
        ("today 1 hour", "2026-11-23 03:14:46.250"),
        ("tomorrow 0:00", "2026-11-23 23:00:00"),
        ("2026-11-23", "2026-11-22 23:00:00"),
        ("+5min", "2026-11-23 02:19:46.250"),
        ("+5 minutes", "2026-11-23 02:19:46.250"),
        ("-1 day", "2026-11-22 02:14:46.250"),
        ("5 minutes ago", "2026-11-23 02:09:46.250"),
        ("+5 h", "2026-11-23 07:14:46.250"),
        ("1 year ago", "2025-11-23 02:14:46.250"),
        ("next monday", "2026-11-29 23:00:00"),
        ("next tuesday", "2026-11-23 23:00:00"),
        ("last friday 10:00", "2026-11-20 09:00:00"),
        ("2026-01-31 10:00 next month", "2026-03-03 09:00:00"),
        ("2026-03-28 12:00 1 day", "2026-03-29 10:00:00"),
        ("2026-03-28 12:00 24 hours", "2026-03-29 11:00:00"),
        ("2026-11-23 1 day", "2026-11-23 23:00:00"),
    ] {
        assert_eq!(parsed(text).as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn bad_dates_are_named() {
    for text in [
        "",
        "xx",
        "@",
        "@x",
        "@1.2.3",
        "@1.",
        "2026-02-30 10:00:00",
        "2026-13-01",
        "2026-11-23 24:00:00",
        "2026-11-23 10:00:60",
        "2026-11-23 10:00:00 NOPE",
        "2026-11-23 10:00:00+25:00",
        "2026-11-23 10:00:00 garbage",
        "+5 parsecs",
        "23:59:60",
        "99999-01-01x",
        "9999999-01-01",
        "monday tuesday",
        "TZ=\"UTC\" 10:00",
        "TZ=\"UTC",
        "2147483647 days",
        "9223372036854775807 hours",
        "9223372036854775807 seconds",
        "-9223372036854775808 months ago",
        "@99999999999999999999",
        "@-9223372036854775808",
    ] {
        let error = parsed(text).expect_err(text);
        assert!(matches!(&error, DateError::Invalid(_) | DateError::NotInCalendar(..)), "{text}: {error}");
        assert!(error.to_string().starts_with(&format!("invalid date '{text}'")), "{error}");
    }
}

#[test]
fn both_sides_of_a_change_of_the_clocks() {
    assert_eq!(parsed("2026-03-29 02:30:00"), Err(DateError::Skipped("2026-03-29 02:30:00".into())));
    assert_eq!(parsed("2026-03-29 01:59:59").as_deref(), Ok("2026-03-29 00:59:59"));
    assert_eq!(parsed("2026-03-29 03:00:00").as_deref(), Ok("2026-03-29 01:00:00"));
    assert_eq!(parsed("2026-10-25 01:59:59").as_deref(), Ok("2026-10-24 23:59:59"));
    assert_eq!(parsed("2026-10-25 02:30:00").as_deref(), Ok("2026-10-25 01:30:00"));
}

#[test]
fn a_day_of_the_week_has_to_be_the_right_one() {
    assert_eq!(
        parsed("Tue 2026-11-23 10:00:00").unwrap_err().to_string(),
        "invalid date 'Tue 2026-11-23 10:00:00': that day is a Monday"
    );
}

#[test]
fn a_signed_number_behind_a_time_is_an_offset() {
    assert_eq!(parsed("2026-11-23 10:00 +1 day").as_deref(), Ok("2026-11-24 09:00:00"));
    assert_eq!(parsed("2026-11-23 +1 day 10:00").as_deref(), Ok("2026-11-24 09:00:00"));
    assert_eq!(parsed("2026-11-23 10:00 -2 days").as_deref(), Ok("2026-11-24 12:00:00"));
    for text in ["10:00 +1 day", "2026-11-23 10:00:00.5 - 2 days"] {
        assert!(has_span_read_as_offset(text), "{text}");
    }
    for text in ["+1 day 10:00", "10:00 1 day", "10:00 +1", "2026-11-23 +1 day", "10:00 UTC +1 day", "x"] {
        assert!(!has_span_read_as_offset(text), "{text}");
    }
}

proptest! {
    #[test]
    fn no_text_panics(text in ".*") {
        let _ = parsed(&text);
    }

    #[test]
    fn no_near_miss_panics(text in "[-+@:. 0-9TZUCMona/]{0,24}") {
        let _ = parsed(&text);
    }

    #[test]
    fn no_sequence_of_items_panics(
        items in proptest::collection::vec(
            proptest::sample::select(vec![
                "2026-11-23", "T", "10:00", "10:00:00.5", "23:59:60", "+1", "-01:30", "9223372036854775807", "-9223372036854775808",
                "year", "months", "day", "hours", "seconds", "ago", "hence", "next", "last", "monday", "mon,", "nov", "UTC", "CET",
                "dst", "J", "@", "/", ":", ",", "pm", "tomorrow", "now", "8/25/19", "20261123", "1.5", "-0.5", "(", ")", "TZ=\"x\"",
                "99999999", "262142-12-31", "0", "13", "é",
            ]),
            0..9,
        ),
        blanks in any::<bool>(),
    ) {
        let _ = parsed(&items.join(if blanks { " " } else { "" }));
    }
}

#[test]
fn what_the_calendar_lacks_is_told() {
    for (text, why) in [
        ("2026-02-30", "February 2026 has 28 days"),
        ("2024-02-30", "February 2024 has 29 days"),
        ("2026-13-01", "there is no month 13 in 2026"),
        ("2026-11-23 23:59:60", "the times of a day are 00:00:00 to 23:59:59"),
    ] {
        let error = parse(text, Time::from_unix(1_795_428_000, 0), &chrono::Utc).unwrap_err().to_string();
        assert_eq!(error, format!("invalid date '{text}': {why}"));
    }
}
