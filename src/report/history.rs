//! The history as a table, and as a plot for who would rather look.

use super::Zone;
use super::date::log_time;
use crate::discipline::{History, Point, review};
use crate::time::{Interval, Time};

/// Columns of the plot.
const WIDTH: usize = 33;

/// One line for each run: when, how many samples, the best round trip, and how far its best sample lies from where the
/// clock would be had its frequency always been what it is now.
pub fn history_table(history: &History, with_plot: bool, zone: Zone<'_>) -> Vec<String> {
    let Some(review) = review(history) else { return vec!["no runs are stored".to_owned()] };
    let residuals = history.points.iter().zip(review.residuals);
    let runs: Vec<Vec<(&Point, Interval)>> =
        residuals.collect::<Vec<_>>().chunk_by(|(a, _), (b, _)| a.run == b.run).map(<[_]>::to_vec).collect();
    let best: Vec<(&Point, Interval, usize)> = runs
        .iter()
        .filter_map(|run| {
            let (point, residual) = run.iter().min_by_key(|(point, _)| point.delay)?;
            Some((*point, *residual, run.len()))
        })
        .collect();
    let widest = best.iter().map(|(_, residual, _)| residual.abs()).max().unwrap_or_default();
    let heading = format!("{:<16}{:>8}{:>12}{:>14}  server", "time", "samples", "delay", "deviation");
    let mut lines = vec![heading];
    lines.extend(best.iter().map(|(point, residual, samples)| {
        let at = Time::UNIX_EPOCH + Interval::from(point.raw) + point.server_minus_raw;
        let (delay, time) = (point.delay, log_time(at, zone));
        let row = format!("{time:<16}{samples:>8}{delay:>12.6}{residual:>+14.6}  {:<15}", point.server);
        let row = if with_plot { format!("{row} {}", plot(*residual, widest)) } else { row };
        row.trim_end().to_owned()
    }));
    let (value, uncertainty) = (review.frequency.value * 1e6, review.frequency.uncertainty * 1e6);
    lines.push(format!("frequency {value:+.3} +/- {uncertainty:.3} ppm, from {} points", history.points.len()));
    lines
}

/// A star left or right of a line in the middle; the widest deviation touches the border.
fn plot(residual: Interval, widest: Interval) -> String {
    let middle = WIDTH / 2;
    let part = residual.as_secs_f64() / widest.as_secs_f64().max(1e-9);
    let place = (middle as f64 + part * middle as f64).round() as usize;
    let mut columns = vec![' '; WIDTH];
    columns[middle] = '|';
    columns[place.min(WIDTH - 1)] = '*';
    columns.into_iter().collect::<String>().trim_end().to_owned()
}
