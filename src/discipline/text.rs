//! The history as text: lines of words, times in seconds, frequencies in parts per million.

use std::fmt::Write as _;
use std::time::Duration;

use super::history::{Frequency, History, Point};
use crate::time::Interval;

/// The first line; a number other than this one's is from another version of the program.
pub(super) const TITLE: &str = "rntpdate-history 1";

/// What [`parse`](super::parse) reads.
pub fn render(history: &History) -> String {
    let mut text = format!("{TITLE}\n");
    // Writing to a string cannot fail.
    let _ = writeln!(text, "boot {} suspended {}", boot_id(&history.boot.id), duration(history.boot.suspended));
    if let Some(Frequency { value, uncertainty }) = history.start {
        let _ = writeln!(text, "start {:.6} {:.6} ppm", value * 1e6, (uncertainty * 1e6).max(1e-6));
    }
    if history.settling {
        text.push_str("settling\n");
    }
    text.push_str("# run, raw clock, server minus raw clock, delay, spread, server\n");
    for Point { run, raw, server_minus_raw, delay, spread, server } in &history.points {
        let _ = writeln!(text, "point {run} {} {server_minus_raw:.9} {delay:.9} {spread:.9} {server}", duration(*raw));
    }
    let _ = writeln!(text, "end {:016x}", checksum(&text));
    text
}

fn duration(span: Duration) -> String {
    format!("{:.9}", Interval::from(span))
}

/// A dash where there is none.
fn boot_id(id: &str) -> &str {
    if id.is_empty() { "-" } else { id }
}

/// FNV-1a: finds what a bad disk or a lost end of file does, not what a person means to do.
pub(super) fn checksum(text: &str) -> u64 {
    text.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}
