use proptest::prelude::*;

use super::*;
use crate::hwclock::zone::tests::MiddleEurope;

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
        ("tomorrow", "2026-11-23 23:00:00"),
        ("2026-11-23", "2026-11-22 23:00:00"),
        ("+5min", "2026-11-23 02:19:46.250"),
        ("+5 minutes", "2026-11-23 02:19:46.250"),
        ("-1 day", "2026-11-22 02:14:46.250"),
        ("5 minutes ago", "2026-11-23 02:09:46.250"),
    ] {
        assert_eq!(parsed(text).as_deref(), Ok(expected), "{text}");
    }
}

#[test]
fn bad_dates_are_named() {
    for text in [
        "",
        "x",
        "@",
        "@x",
        "@1.2.3",
        "@1.",
        "2026-02-30 10:00:00",
        "2026-13-01",
        "2026-11-23 24:00:00",
        "2026-11-23 10:00:60",
        "2026-11-23 10:00:00 NOPE",
        "2026-11-23 10:00:00+1",
        "2026-11-23 10:00:00+25:00",
        "2026-11-23 10:00:00 garbage",
        "Tue 2026-11-23 10:00:00",
        "+5 parsecs",
        "0026-11-23",
        "99999-01-01",
        "@99999999999999999999",
        "@-9223372036854775808",
    ] {
        let error = parsed(text).unwrap_err();
        assert!(matches!(&error, DateError::Invalid(_)), "{text}: {error}");
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

proptest! {
    #[test]
    fn no_text_panics(text in ".*") {
        let _ = parsed(&text);
    }

    #[test]
    fn no_near_miss_panics(text in "[-+@:. 0-9TZUCMona/]{0,24}") {
        let _ = parsed(&text);
    }
}
