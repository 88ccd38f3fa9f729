//! The clocks of a survey as bars, for who would rather look.

use crate::time::Interval;

/// The upper ends of the bars in microseconds, and how they are written.
const ENDS: [(i64, &str); 15] = [
    (10, "10 us"),
    (30, "30 us"),
    (100, "100 us"),
    (300, "300 us"),
    (1_000, "1 ms"),
    (3_000, "3 ms"),
    (10_000, "10 ms"),
    (30_000, "30 ms"),
    (100_000, "100 ms"),
    (300_000, "300 ms"),
    (1_000_000, "1 s"),
    (10_000_000, "10 s"),
    (60_000_000, "1 min"),
    (3_600_000_000, "1 h"),
    (86_400_000_000, "1 day"),
];

/// One line for each size of |offset| from the least that occurs to the largest, a bar as long as its share of the clocks, and one
/// for those without an offset. The longest fills `width` columns, 40 at the least.
pub fn histogram(offsets: impl Iterator<Item = Interval>, without: usize, width: usize) -> Vec<String> {
    let mut counts = [0_usize; ENDS.len() + 1];
    for offset in offsets {
        let size = offset.abs();
        counts[ENDS.iter().position(|(end, _)| size < Interval::from_micros(*end)).unwrap_or(ENDS.len())] += 1;
    }
    let is_used = |count: &usize| *count > 0;
    let (Some(first), Some(last)) = (counts.iter().position(is_used), counts.iter().rposition(is_used)) else {
        return Vec::new();
    };
    let most = counts.iter().copied().max().unwrap_or(0).max(without).max(1);
    let room = width.max(40) - LABEL - COUNT - 3;
    let row = |label: &str, count: usize| {
        // A single clock among thousands is what one looks for.
        let length = (count * room).div_ceil(most);
        format!("{label:>LABEL$} {count:>COUNT$} {}", "#".repeat(length)).trim_end().to_owned()
    };
    let mut lines = vec![format!("{:>LABEL$} {:>COUNT$}", "|offset|", "clocks")];
    lines.extend((first..=last).map(|place| match ENDS.get(place) {
        Some((_, end)) => row(&format!("< {end}"), counts[place]),
        None => row("1 day and more", counts[place]),
    }));
    if without > 0 {
        lines.push(row("unknown", without));
    }
    lines
}

const LABEL: usize = 14;
const COUNT: usize = 7;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_are_as_long_as_their_share_and_one_clock_is_seen() {
        let offsets = [5_i64; 1000].iter().chain(&[-20; 500]).chain(&[5_000_000]).map(|us| Interval::from_micros(*us));
        let lines = histogram(offsets, 10, 60);
        assert_eq!(lines[0], "      |offset|  clocks");
        assert_eq!(lines[1], format!("       < 10 us    1000 {}", "#".repeat(36)));
        assert_eq!(lines[2], format!("       < 30 us     500 {}", "#".repeat(18)));
        assert_eq!(lines[3], "      < 100 us       0");
        assert_eq!(lines[lines.len() - 2], "        < 10 s       1 #");
        assert_eq!(lines[lines.len() - 1], "       unknown      10 #");
        assert!(lines.iter().all(|line| line.len() <= 60));
    }

    #[test]
    fn there_is_none_of_nothing_and_the_ends_are_bars_too() {
        assert!(histogram(std::iter::empty(), 5, 80).is_empty());
        let lines = histogram([Interval::ZERO, Interval::from_secs(-1 << 40)].into_iter(), 0, 0);
        assert_eq!((lines.len(), lines.last().unwrap().trim_start()), (17, "1 day and more       1 ################"));
    }
}
