//! /etc/adjtime: what has been read is written so that it reads the same, to the byte.

use rntpdate::internals::rtc::adjtime::{Adjtime, Kept};

pub(crate) fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let (adjtime, problems) = Adjtime::parse(&text);
    assert!(adjtime.factor.is_finite() && adjtime.not_adjusted.is_finite());
    // Each problem is a part of the file, so that nothing is reported twice.
    assert!(problems.len() <= text.lines().count() + 2, "{problems:?}");

    let written = adjtime.to_string();
    let (again, none) = Adjtime::parse(&written);
    assert_eq!(none, [], "{written}");
    assert_eq!(again.to_string(), written);
    let exact = |read: &Adjtime| (read.last_adjust, read.last_calibration, read.kept == Some(Kept::Local));
    assert_eq!(exact(&again), exact(&adjtime));
    for (read, meant) in [(again.factor, adjtime.factor), (again.not_adjusted, adjtime.not_adjusted)] {
        // Six decimals are written; a number that needs all its digits before the point loses none.
        assert!((read - meant).abs() <= 5.1e-7_f64.max(meant.abs() * f64::EPSILON), "{read} {meant}");
    }
    // A file that is as hwclock writes it stays as it is.
    if problems.is_empty() && adjtime.kept.is_some() && is_canonical(&text) {
        assert_eq!(written, text);
    }
}

/// Whether the numbers have the form that `%f %ld %f` and `%ld` give them.
fn is_canonical(text: &str) -> bool {
    let Some(text) = text.strip_suffix('\n') else { return false };
    let [first, second, "UTC" | "LOCAL"] = text.split('\n').collect::<Vec<_>>()[..] else { return false };
    let [factor, seconds, rest] = first.split(' ').collect::<Vec<_>>()[..] else { return false };
    is_real(factor) && is_real(rest) && is_whole(seconds) && is_whole(second)
}

/// With at most nine digits before the point, all of which a double has room for.
fn is_real(word: &str) -> bool {
    let Some((whole, decimals)) = word.split_once('.') else { return false };
    let digits = whole.strip_prefix('-').unwrap_or(whole);
    let plain = digits.len() <= 9 && (digits == "0" || !digits.starts_with('0'));
    plain
        && !digits.is_empty()
        && decimals.len() == 6
        && (digits.bytes().chain(decimals.bytes())).all(|b| b.is_ascii_digit())
}

fn is_whole(word: &str) -> bool {
    let digits = word.strip_prefix('-').unwrap_or(word);
    let plain = word == "0" || (!digits.is_empty() && !digits.starts_with('0'));
    plain && digits.bytes().all(|byte| byte.is_ascii_digit())
}
