//! How far many clocks are off, in one line.

use crate::fleet::Spread;

/// The sizes of offsets within which half, nine tenths and nearly all clocks lie, and the worst, which is `worst`'s.
pub(in crate::report) fn spread_line(spread: &Spread, worst: &str) -> String {
    format!(
        "|offset|: half within {:.6}, 90 % within {:.6}, 99 % within {:.6}, worst {:+.6} sec ({worst})",
        spread.median, spread.p90, spread.p99, spread.worst_offset
    )
}
