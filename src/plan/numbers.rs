//! Numbers of the command line, within their ranges.
#![forbid(unsafe_code)]

use std::time::Duration;

use super::defaults::MAX_SECONDS;
use super::usage::UsageError;

pub(super) fn number(text: &str, least: u16, most: u16) -> Option<u16> {
    text.parse().ok().filter(|number| (least..=most).contains(number))
}

pub(super) fn port(name: &'static str, text: Option<&str>) -> Result<Option<u16>, UsageError> {
    let Some(text) = text else { return Ok(None) };
    let range = "1 to 65535";
    number(text, 1, u16::MAX).map(Some).ok_or_else(|| UsageError::Value { name, value: text.to_owned(), range })
}

pub(super) fn seconds(name: &'static str, text: Option<&str>, default: Duration) -> Result<Duration, UsageError> {
    let Some(text) = text else { return Ok(default) };
    match text.parse::<f64>() {
        Ok(seconds) if (0.001..=MAX_SECONDS).contains(&seconds) => Ok(Duration::from_secs_f64(seconds)),
        _ => Err(UsageError::Value { name, value: text.to_owned(), range: "0.001 to 86400 seconds" }),
    }
}
