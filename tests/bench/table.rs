//! Medians with least and greatest value, in columns.

use super::Measurement;

/// Prints the bare round trip, in milliseconds.
pub(crate) fn round_trip(values: &mut [f64]) {
    println!("round trip {} ms (bare UDP exchange, {} times)", summary(values, 3), values.len());
}

/// Prints the titles of the columns.
pub(crate) fn heading() {
    println!(
        "{:<22} {:>26} {:>22} {:>18} {:>20} {:>5} {:>7}",
        "", "wall ms", "CPU ms", "peak KiB", "|offset error| us", "runs", "failed"
    );
}

/// Prints one program's line. A run fails when it exits with another status than 0 or reports no offset.
pub(crate) fn row(label: &str, runs: &[Measurement]) {
    let column =
        |value: fn(&Measurement) -> f64, digits| summary(&mut runs.iter().map(value).collect::<Vec<_>>(), digits);
    let mut errors: Vec<f64> = runs.iter().filter_map(|run| run.error).collect();
    let failed = runs.iter().filter(|run| !run.success || run.error.is_none()).count();
    println!(
        "{label:<22} {:>26} {:>22} {:>18} {:>20} {:>5} {failed:>7}",
        column(|run| run.wall, 2),
        column(|run| run.cpu, 2),
        column(|run| run.memory, 0),
        summary(&mut errors, 0),
        runs.len(),
    );
}

/// `median (least–greatest)`.
fn summary(values: &mut [f64], digits: usize) -> String {
    values.sort_by(f64::total_cmp);
    let (Some(least), Some(greatest)) = (values.first(), values.last()) else {
        return "–".to_owned();
    };
    let half = values.len() / 2;
    let median = if values.len() % 2 == 1 { values[half] } else { f64::midpoint(values[half - 1], values[half]) };
    format!("{median:.digits$} ({least:.digits$}–{greatest:.digits$})")
}
