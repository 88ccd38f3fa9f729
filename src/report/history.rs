//! The history as a table, and as a plot for who would rather look.

use super::svg::{Curve, Panel, Picture};
use crate::discipline::{Break, History, Point, review};
use crate::line::Zone;
use crate::line::log_time;
use crate::plural::counted;
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
    lines.push(format!(
        "frequency {value:+.3} +/- {uncertainty:.3} ppm, from {}",
        counted(history.points.len(), "point")
    ));
    lines
}

/// Offsets and frequency over the hours since the first run, with bounds, and what happened meanwhile; nothing without runs.
pub fn history_picture(history: &History) -> Option<Picture> {
    let review = review(history)?;
    let first = history.points.first()?.raw;
    let hours = |point: &Point| point.raw.saturating_sub(first).as_secs_f64() / 3600.0;
    let residuals: Vec<(&Point, Interval)> = history.points.iter().zip(review.residuals).collect();
    let runs = residuals.chunk_by(|(a, _), (b, _)| a.run == b.run);
    let best: Vec<(&Point, Interval)> =
        runs.filter_map(|run| run.iter().min_by_key(|(point, _)| point.delay).copied()).collect();
    let offsets = Curve {
        name: "best sample, ± half of its round trip".to_owned(),
        points: best.iter().map(|(point, residual)| (hours(point), residual.as_secs_f64() * 1e3)).collect(),
        bounds: best.iter().map(|(point, _)| point.delay.as_secs_f64() / 2.0 * 1e3).collect(),
    };
    let slope = |pair: &[(&Point, Interval)]| {
        let passed = pair[1].0.raw.saturating_sub(pair[0].0.raw).as_secs_f64();
        let moved = (pair[1].0.server_minus_raw - pair[0].0.server_minus_raw).as_secs_f64();
        (passed > 0.0).then(|| (hours(pair[1].0), moved / passed * 1e6))
    };
    let frequency = Curve {
        name: "from run to run".to_owned(),
        points: best.windows(2).filter_map(slope).collect(),
        bounds: Vec::new(),
    };
    let at = |run: u32| best.iter().find(|(point, _)| point.run == run).map(|(point, _)| hours(point));
    // What was before the boot is forgotten: the raw clock began anew.
    let since_boot = first.as_secs_f64() / 3600.0;
    Some(Picture {
        panels: vec![
            Panel { title: "offset from a straight line, ms".to_owned(), curves: vec![offsets] },
            Panel { title: "frequency, ppm".to_owned(), curves: vec![frequency] },
        ],
        events: events(history, at),
        time: format!("hours since the first run, {since_boot:.2} hours after the boot"),
    })
}

/// What happened between the runs, each with its time; `at`: the time of a run that is shown.
fn events(history: &History, at: impl Fn(u32) -> Option<f64>) -> Vec<(f64, String)> {
    let event = |(run, kind): &(u32, Break)| {
        let what = match kind {
            Break::Phase => "the servers' time jumped",
            Break::Frequency(_) => "another frequency",
        };
        Some((at(*run)?, what.to_owned()))
    };
    let step =
        |(run, by): &(u32, Interval)| Some((at(*run)?, format!("the clock was stepped by {:+.3} s", by.as_secs_f64())));
    history.breaks.iter().filter_map(event).chain(history.steps.iter().filter_map(step)).collect()
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
