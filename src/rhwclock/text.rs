//! The lines that `rhwclock` prints, where they are more than a format string.
#![forbid(unsafe_code)]

use chrono::{DateTime, Datelike, Timelike};

use crate::rtc::adjtime::Kept;
use crate::time::Time;
use crate::zone::Zone;

/// The line of `--version`, and the first one of `--verbose`. Where the program is taken for hwclock by its name it says both
/// names, for scripts that look for "hwclock from util-linux" and for its version at the end.
pub fn version(name: &str) -> String {
    let own = env!("CARGO_PKG_VERSION");
    match name {
        "hwclock" => format!("rhwclock {own}, in place of hwclock from util-linux 2.38.1"),
        _ => format!("{name} {own}"),
    }
}

/// `2026-11-23 00:48:39.796488+00:00`: local time with its offset, cut to the microsecond.
pub fn stamp(time: Time, zone: &dyn Zone) -> String {
    let (unix, nanos) = time.to_unix();
    let offset = zone.offset_at(unix);
    let local = unix.checked_add(i64::from(offset)).and_then(|local| DateTime::from_timestamp(local, nanos));
    let Some(local) = local else { return format!("@{unix}.{:06}", nanos / 1000) };
    let (sign, minutes) = (if offset < 0 { '-' } else { '+' }, offset.abs() / 60);
    format!(
        "{:4}-{:02}-{:02} {:02}:{:02}:{:02}.{:06}{sign}{:02}:{:02}",
        local.year(),
        local.month(),
        local.day(),
        local.hour(),
        local.minute(),
        local.second(),
        nanos / 1000,
        minutes / 60,
        minutes % 60
    )
}

/// What the chip keeps, in words.
pub fn kept_words(kept: Option<Kept>) -> &'static str {
    match kept {
        Some(Kept::Utc) => "UTC",
        Some(Kept::Local) => "local",
        None => "unknown",
    }
}

/// The bits of RTC_VL_READ (linux/rtc.h), one line each; a chip with nothing to report has one line too.
pub fn voltage_lines(bits: u32) -> Vec<String> {
    const MEANINGS: [(u32, &str); 5] = [
        (1, "voltage too low, the time is not reliable"),
        (2, "backup voltage is low"),
        (4, "backup battery empty or not there"),
        (8, "voltage low, the clock is less accurate"),
        (16, "backup supply switched over"),
    ];
    let known: u32 = MEANINGS.iter().map(|(bit, _)| bit).sum();
    let mut lines: Vec<String> = MEANINGS
        .iter()
        .filter(|(bit, _)| bits & bit != 0)
        .map(|(bit, meaning)| format!("0x{bit:02x} - {meaning}"))
        .collect();
    if bits & !known != 0 {
        lines.push(format!("0x{:02x} - unknown", bits & !known));
    }
    if lines.is_empty() {
        lines.push("0x00 - nothing to report".to_owned());
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::zone::tests::MiddleEurope;

    #[test]
    fn stamps_are_local_and_cut() {
        let time = Time::from_unix(1_795_394_919, 796_488_999);
        assert_eq!(stamp(time, &chrono::Utc), "2026-11-23 00:48:39.796488+00:00");
        assert_eq!(stamp(time, &MiddleEurope), "2026-11-23 01:48:39.796488+01:00");
        let newfoundland = chrono::FixedOffset::west_opt(3 * 3600 + 1800).unwrap();
        assert_eq!(stamp(time, &newfoundland), "2026-11-22 21:18:39.796488-03:30");
    }

    #[test]
    fn each_finding_has_its_line() {
        assert_eq!(voltage_lines(0), ["0x00 - nothing to report"]);
        assert_eq!(voltage_lines(0x103).len(), 3);
        assert_eq!(voltage_lines(0x100), ["0x100 - unknown"]);
    }
}
