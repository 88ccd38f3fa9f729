//! The rules of a time zone, from a file of zoneinfo or from a text such as `CET-1CEST`, read as the C library reads them.
//!
//! The crate tz-rs evaluates them. (jiff does too and reads the same; with it each program is 330 kB larger, with tz-rs 47.)
#![forbid(unsafe_code)]

use chrono::NaiveDateTime;
use thiserror::Error;
use tz::TimeZone;
use tz::timezone::{LocalTimeType, Transition};

use crate::zone::{Moments, Season, Zone};

/// The rule of a zone with summer time and no rule (the C library's, which is that of the USA).
const DEFAULT_RULE: &str = ",M3.2.0,M11.1.0";

/// A version 3 file of zoneinfo in which nothing ever changes, up to where its rule stands. There every moment is ruled by the
/// rule, and version 3 has hours below 0 and above 24 in it.
const EMPTY_FILE: &[u8] =
    b"TZif3\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0\x04\0\0\0\0\0\0UTC\0\
    TZif3\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0\x04\0\0\0\0\0\0UTC\0";

/// Why a zone is not understood.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum ZoneError {
    /// A file that is none of zoneinfo.
    #[error("it is no time zone file ({0})")]
    File(String),
    /// A text that is no rule.
    #[error("it is no rule for a zone")]
    Rule,
}

/// The offsets from UTC of one zone at all times.
#[derive(Clone, Debug)]
pub struct ZoneRules(TimeZone);

impl ZoneRules {
    /// UTC.
    pub fn utc() -> ZoneRules {
        ZoneRules(TimeZone::utc())
    }

    /// From the content of a file of zoneinfo (RFC 8536).
    pub fn from_file(bytes: &[u8]) -> Result<ZoneRules, ZoneError> {
        TimeZone::from_tz_data(bytes).map(ZoneRules).map_err(|error| ZoneError::File(error.to_string()))
    }

    /// From a text as TZ has it: `CET-1CEST,M3.5.0,M10.5.0/3`. Without a rule the default one counts. `true`: the rule in it
    /// is not understood, and there is no summer time; that is how the C library takes it.
    pub fn from_text(text: &str) -> Result<(ZoneRules, bool), ZoneError> {
        if text.bytes().any(|byte| byte.is_ascii_control()) {
            return Err(ZoneError::Rule);
        }
        let whole = text.strip_suffix(',').unwrap_or(text);
        let found = Self::exact(whole).or_else(|| Self::exact(&format!("{whole}{DEFAULT_RULE}")));
        match found {
            Some(rules) => Ok((rules, false)),
            None => Self::exact(standard(text)).map(|rules| (rules, true)).ok_or(ZoneError::Rule),
        }
    }

    fn exact(text: &str) -> Option<ZoneRules> {
        let name = text.find(|c: char| !c.is_ascii_alphabetic());
        // The C library wants three letters or more, unless in angle brackets.
        let is_short = name.is_some_and(|length| (1..3).contains(&length));
        if text.is_empty() || is_short {
            return None;
        }
        let file = [EMPTY_FILE, b"\n", text.as_bytes(), b"\n"].concat();
        TimeZone::from_tz_data(&file).ok().map(ZoneRules)
    }

    /// What is in force at `unix`; after the last change of a file without a rule what was in force last.
    fn at(&self, unix: i64) -> Option<LocalTimeType> {
        self.0.find_local_time_type(unix).ok().copied().or_else(|| {
            let rules = self.0.as_ref();
            let last = rules.transitions().last().map_or(0, Transition::local_time_type_index);
            rules.local_time_types().get(last).copied()
        })
    }
}

/// The name and the offset that a rule begins with.
fn standard(text: &str) -> &str {
    let name = match text.strip_prefix('<').and_then(|rest| rest.find('>')) {
        Some(end) => end + 2,
        None => text.find(|c: char| !c.is_ascii_alphabetic()).unwrap_or(text.len()),
    };
    let end = text[name..].find(|c: char| !matches!(c, '+' | '-' | ':' | '0'..='9')).map(|end| name + end);
    &text[..end.unwrap_or(text.len())]
}

impl Zone for ZoneRules {
    fn offset_at(&self, unix: i64) -> i32 {
        self.at(unix).map_or(0, |found| found.ut_offset())
    }

    fn moments(&self, local: NaiveDateTime) -> Moments {
        // No offset is more than a day, and no two changes are as close as two.
        const FAR: i64 = 2 * 86_400;
        let local = local.and_utc().timestamp();
        let before = i64::from(self.offset_at(local.saturating_sub(FAR)));
        let after = i64::from(self.offset_at(local.saturating_add(FAR)));
        let shows = |offset: i64| i64::from(self.offset_at(local - offset)) == offset;
        match (shows(before), shows(after)) {
            (true, true) if before != after => {
                Moments::Two { earlier: local - before.max(after), later: local - before.min(after) }
            }
            (true, _) => Moments::One(local - before),
            (false, true) => Moments::One(local - after),
            (false, false) => Moments::Skipped(local - before),
        }
    }

    fn season_at(&self, unix: i64) -> Season {
        let Some(found) = self.at(unix) else { return Season { offset: 0, summer: false, name: String::new() } };
        Season { offset: found.ut_offset(), summer: found.is_dst(), name: found.time_zone_designation().to_owned() }
    }
}

#[cfg(test)]
mod tests {
    use chrono::NaiveDate;
    use proptest::prelude::*;

    use super::*;

    fn local(month: u32, day: u32, hour: u32) -> NaiveDateTime {
        NaiveDate::from_ymd_opt(2026, month, day).unwrap().and_hms_opt(hour, 30, 0).unwrap()
    }

    #[test]
    fn both_sides_of_a_change_of_the_clocks() {
        let (rules, in_part) = ZoneRules::from_text("CET-1CEST,M3.5.0,M10.5.0/3").unwrap();
        assert!(!in_part);
        let utc = |month, day, hour| local(month, day, hour).and_utc().timestamp();
        assert_eq!(rules.moments(local(3, 29, 1)), Moments::One(utc(3, 29, 0)));
        assert_eq!(rules.moments(local(3, 29, 2)), Moments::Skipped(utc(3, 29, 1)));
        assert_eq!(rules.moments(local(3, 29, 3)), Moments::One(utc(3, 29, 1)));
        let twice = Moments::Two { earlier: utc(10, 25, 0), later: utc(10, 25, 1) };
        assert_eq!(rules.moments(local(10, 25, 2)), twice);
        assert_eq!(rules.season_at(utc(7, 1, 0)), Season { offset: 7200, summer: true, name: "CEST".to_owned() });
    }

    #[test]
    fn summer_time_without_a_rule_has_that_of_the_c_library() {
        let (rules, in_part) = ZoneRules::from_text("CET-1CEST").unwrap();
        assert!(!in_part);
        assert_eq!(rules.moments(local(3, 8, 2)), Moments::Skipped(local(3, 8, 1).and_utc().timestamp()));
    }

    #[test]
    fn what_is_understood_in_part_is_without_summer_time() {
        for text in
            ["CET-1CEST,nonsense", "CET-1CEST,M3.5.0", "<CET>-1CEST,M13.5.0,M10.5.0", "CET-1CEST,M3.5.0,M10.5.0x"]
        {
            let (rules, in_part) = ZoneRules::from_text(text).unwrap();
            assert_eq!((in_part, rules.offset_at(1_782_900_000)), (true, 3600), "{text}");
        }
        for text in ["", "CET", "Europe/Berlin", "CE-1", "CET-1\nX", "-1"] {
            assert_eq!(ZoneRules::from_text(text).unwrap_err(), ZoneError::Rule, "{text}");
        }
    }

    proptest! {
        #[test]
        fn no_text_panics(text in "[-+<>,./:0-9A-Zé]{0,30}", unix in any::<i64>()) {
            if let Ok((rules, _)) = ZoneRules::from_text(&text) {
                rules.season_at(unix);
                rules.moments(local(3, 29, 2));
            }
        }

        #[test]
        fn no_rule_panics(text in "[A-Z]{3}-?[0-9]{1,2}[A-Z]{3}(-?[0-9]{1,2})?,[JM0-9./-]{1,12},[JM0-9./-]{1,12}", unix in any::<i64>()) {
            if let Ok((rules, _)) = ZoneRules::from_text(&text) {
                rules.season_at(unix);
                rules.moments(local(3, 29, 2));
            }
        }

        #[test]
        fn no_file_panics(mut bytes in proptest::collection::vec(any::<u8>(), 0..200), unix in any::<i64>(), whole in any::<bool>()) {
            if whole {
                bytes.splice(0..bytes.len().min(108), EMPTY_FILE.iter().copied());
            }
            if let Ok(rules) = ZoneRules::from_file(&bytes) {
                rules.season_at(unix);
                rules.moments(local(3, 29, 2));
            }
        }
    }
}
