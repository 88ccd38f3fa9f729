//! The history as text: lines of words, times in seconds, frequencies in parts per million.

use std::fmt::Write as _;
use std::time::Duration;

use super::history::{Break, Frequency, History, Point};
use crate::time::Interval;

/// The first line; a number other than these two is from another version of the program.
pub(super) const TITLE: &str = "rntpdate-history 2";
/// The first line that was written before there were breaks.
pub(super) const EARLIER_TITLE: &str = "rntpdate-history 1";

/// How a line begins that says that a run stepped the clock, and by how much.
pub(super) const STEP: &str = "# step";

/// What `parse` reads.
pub fn render(history: &History) -> String {
    let mut text = format!("{TITLE}\n");
    // Writing to a string cannot fail.
    let _ = writeln!(text, "boot {} suspended {}", boot_id(&history.boot.id), duration(history.boot.suspended));
    for (name, frequency) in [("start", history.start), ("told", history.told)] {
        if let Some(Frequency { value, uncertainty }) = frequency {
            let _ = writeln!(text, "{name} {:.6} {:.6} ppm", value * 1e6, (uncertainty * 1e6).max(1e-6));
        }
    }
    if history.settling {
        text.push_str("settling\n");
    }
    if history.tuned {
        text.push_str("tuned\n");
    }
    for (run, kind) in &history.breaks {
        let _ = match kind {
            Break::Phase => writeln!(text, "break {run} phase"),
            Break::Frequency(by) => writeln!(text, "break {run} frequency {:.6} ppm", by * 1e6),
        };
    }
    // Versions that know no steps pass over them.
    for (run, by) in &history.steps {
        let _ = writeln!(text, "{STEP} {run} {by:.9}");
    }
    text.push_str("# run, raw clock, server minus raw clock, delay, root distance, server\n");
    for Point { run, raw, server_minus_raw, delay, root_distance, server } in &history.points {
        let raw = duration(*raw);
        let _ = writeln!(text, "point {run} {raw} {server_minus_raw:.9} {delay:.9} {root_distance:.9} {server}");
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
