//! Values of options as people type them by mistake, and what to type instead.
#![forbid(unsafe_code)]

use std::net::IpAddr;

/// Units that people write behind a time, in seconds.
const UNITS: [(&str, f64); 12] = [
    ("ms", 0.001),
    ("us", 1e-6),
    ("msec", 0.001),
    ("sec", 1.0),
    ("secs", 1.0),
    ("s", 1.0),
    ("min", 60.0),
    ("m", 60.0),
    ("hours", 3600.0),
    ("h", 3600.0),
    ("days", 86_400.0),
    ("d", 86_400.0),
];

/// What to say of a value besides what it may be; nothing where that says it all.
pub(super) fn hint(value: &str, is_seconds: bool) -> String {
    let host = value.trim_start_matches('[').split([']', '/']).next().unwrap_or_default();
    let is_option = value.starts_with('-') && value.chars().any(|c| c.is_ascii_alphabetic());
    let is_name = value.contains('.') && value.chars().filter(char::is_ascii_alphabetic).count() > 2;
    if is_option || is_name || host.parse::<IpAddr>().is_ok() {
        return format!("; the value is missing before {value}");
    }
    match is_seconds.then(|| seconds(value)).flatten() {
        Some(seconds) => format!(", without a unit: write {seconds}"),
        None => String::new(),
    }
}

/// The seconds that a number with a unit or with a decimal comma stands for.
fn seconds(value: &str) -> Option<f64> {
    let end = value.find(|c: char| !c.is_ascii_digit() && c != '.' && c != ',').unwrap_or(value.len());
    let (number, unit) = value.split_at(end);
    let number: f64 = number.replace(',', ".").parse().ok()?;
    let (_, factor) = UNITS.iter().find(|(name, _)| *name == unit.trim()).or((unit.is_empty()).then_some(&("", 1.0)))?;
    // A plain number is out of its range.
    (value.contains(',') || !unit.is_empty()).then(|| (number * factor * 1e6).round() / 1e6)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_with_a_unit_and_a_value_that_is_none_are_seen() {
        for (value, said) in [
            ("500ms", ", without a unit: write 0.5"),
            ("5m", ", without a unit: write 300"),
            ("2 s", ", without a unit: write 2"),
            ("0,05", ", without a unit: write 0.05"),
            ("127.0.0.2", "; the value is missing before 127.0.0.2"),
            ("[::1]:123", "; the value is missing before [::1]:123"),
            ("ntp.example", "; the value is missing before ntp.example"),
            ("-q", "; the value is missing before -q"),
            ("--query", "; the value is missing before --query"),
            ("-1", ""),
            ("0", ""),
            ("1e999", ""),
            ("5 parsecs", ""),
            ("nonsense", ""),
            ("", ""),
        ] {
            assert_eq!(hint(value, true), said, "{value}");
        }
        assert_eq!(hint("5m", false), "", "no time");
    }
}
