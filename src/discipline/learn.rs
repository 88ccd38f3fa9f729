//! From a history and a run to what both teach.

use std::time::Duration;

use super::bounds::{KNOWN, limited};
use super::dropped::Dropped;
use super::history::{Frequency, History, Point, Run};
use super::replay::{Prospect, Replay};
use super::trust::reconcile;
use crate::time::{Interval, Reading};

/// What a boot may change of the frequency: the kernel measures its clock source anew.
const REBOOT: f64 = 3e-6;
/// What a suspension may change: the machine cooled down.
const SUSPENSION: f64 = 1e-6;
/// Two clocks of the kernel are read one after the other, and a busy machine may come in between. No suspension is so short.
const SUSPENDED_TOLERANCE: Duration = Duration::from_millis(50);
/// Runs are regular if so many times between them are alike, and between these two.
const REGULAR_GAPS: usize = 3;
const REGULAR: (Duration, Duration) = (Duration::from_secs(55), Duration::from_secs(90_000));

/// What a run teaches, in the light of those before it.
#[derive(Clone, Debug, PartialEq)]
pub struct Update {
    /// To be kept for the next run.
    pub history: History,
    /// The frequency correction that the kernel should have.
    pub frequency: Frequency,
    /// Whether the data support it; if not, the kernel's is to be left alone.
    pub is_known: bool,
    /// One standard deviation of the offset, above 0.
    pub offset_uncertainty: Interval,
    /// Points behind the estimate, those of the present run included.
    pub points: usize,
    /// Runs behind the estimate, the present one included.
    pub runs: usize,
    /// What this run contradicts, if it does.
    pub dropped: Option<Dropped>,
    /// The usual time between runs (median), from the second run on.
    pub interval: Option<Duration>,
    /// Whether the last runs have come at regular times.
    pub is_regular: bool,
    /// The error to be expected when the next run comes after that time: one standard deviation.
    pub expected_error: Option<Interval>,
    /// When `server_minus_raw` held, by the raw clock.
    raw: Duration,
    server_minus_raw: Interval,
}

impl Update {
    /// The estimate of the servers' time minus the raw clock, carried on to a raw time at the estimated frequency.
    pub fn server_minus_raw_at(&self, raw: Duration) -> Interval {
        let passed = (Interval::from(raw) - Interval::from(self.raw)).as_secs_f64();
        self.server_minus_raw + Interval::from_secs_f64(passed * self.frequency.value)
    }

    /// What has to be added to the clock when it reads `now`.
    pub fn offset_at(&self, now: &Reading) -> Interval {
        self.server_minus_raw_at(now.raw) - now.real_minus_raw()
    }
}

/// Takes a run in. A run without points teaches nothing.
pub fn learn(history: &History, run: &Run) -> Option<Update> {
    let (earlier, dropped) = carry_over(history, run);
    let mut points = run.points.clone();
    // Points of equal time in one order, so that the result does not depend on the order in which servers were named.
    points.sort_by_key(|point| (point.raw, point.server, point.server_minus_raw, point.delay, point.root_distance));
    let settled = History { settling: false, ..earlier.clone() }.with_room_for(points.len());
    let prospect = Prospect::of(&settled, &points);
    let contradiction = prospect.as_ref().filter(|_| !earlier.settling).and_then(Prospect::contradiction);
    let update = conclude(&settled, &points, prospect, dropped)?;
    // Whatever the filters say, the clock is not set to what the servers' own error bounds exclude.
    let excluded = || {
        let error = run.server_minus_raw - update.server_minus_raw_at(run.raw);
        (error.abs() > run.bound && !settled.points.is_empty()).then_some(error)
    };
    let Some(error) = contradiction.map(Interval::from_secs_f64).or_else(excluded) else { return Some(update) };
    let (mended, why) = reconcile(&settled, run, &points, error);
    conclude(&mended, &points, Prospect::of(&mended, &points), Some(why))
}

/// What of the history is still comparable to the run.
fn carry_over(history: &History, run: &Run) -> (History, Option<Dropped>) {
    let suspended = run.boot.suspended.abs_diff(history.boot.suspended);
    let first = run.points.iter().map(|point| point.raw).min();
    let last = history.points.last().map(|point| point.raw);
    let (reason, doubt) = if last.is_none() {
        (None, 0.0)
    } else if history.boot.id != run.boot.id {
        (Some(Dropped::Reboot), REBOOT)
    } else if suspended > SUSPENDED_TOLERANCE {
        (Some(Dropped::Suspension(suspended)), SUSPENSION)
    } else if first < last {
        (Some(Dropped::RawClock), REBOOT)
    } else {
        return (History { boot: run.boot.clone(), ..history.clone() }, None);
    };
    let learned = Replay::of(history, &[]).map(|replay| replay.mixture().frequency);
    let start = learned.or(history.start).map(|frequency| frequency.widened(doubt));
    let (told, tuned) = (history.told, history.tuned);
    (History { boot: run.boot.clone(), start, told, tuned, ..History::default() }, reason)
}

/// Takes the run in, and draws the sum.
fn conclude(
    earlier: &History,
    points: &[Point],
    prospect: Option<Prospect>,
    dropped: Option<Dropped>,
) -> Option<Update> {
    let mut history = earlier.clone();
    history.append(points);
    let (replay, lead) = match prospect {
        Some(prospect) => prospect.take(),
        None => (Replay::of(&history, &[])?, 0.0),
    };
    let mixture = replay.mixture();
    let runs = history.runs();
    let interval = usual_interval(&history.points);
    let expected_error =
        interval.map(|interval| Interval::from_secs_f64(replay.bank.error_after(interval.as_secs_f64())));
    // What the kernel is to have until the next run is the frequency in the middle of that time.
    let ahead = interval.map_or(0.0, |interval| interval.as_secs_f64() / 2.0);
    let value = limited(mixture.frequency.value + mixture.drift * ahead, &history);
    let frequency = Frequency { value, ..mixture.frequency };
    let is_known = (runs > 1 || history.start.is_some()) && frequency.uncertainty <= KNOWN;
    history.told = if is_known { Some(frequency) } else { history.told };
    Some(Update {
        frequency,
        is_known,
        offset_uncertainty: Interval::from_secs_f64(mixture.offset_variance.sqrt()).max(Interval::from_nanos(1)),
        points: history.points.len(),
        runs,
        dropped,
        interval,
        is_regular: is_regular(&history.points),
        expected_error,
        raw: history.points.last()?.raw,
        server_minus_raw: replay.server_minus_raw(mixture.offset + lead),
        history,
    })
}

/// The times between runs.
fn gaps(points: &[Point]) -> Vec<Duration> {
    let starts: Vec<Duration> = points.chunk_by(|a, b| a.run == b.run).map(|run| run[0].raw).collect();
    starts.windows(2).map(|pair| pair[1].saturating_sub(pair[0])).collect()
}

/// Whether the last four runs, at least, came one after the other as a timer's do: a minute to a day apart, and none twice as
/// long after the one before as another. Who types has no such rhythm.
fn is_regular(points: &[Point]) -> bool {
    let gaps = gaps(points);
    let last = gaps.len().checked_sub(REGULAR_GAPS).map(|from| &gaps[from..]);
    let ends = last.and_then(|last| Some((last.iter().min()?, last.iter().max()?)));
    ends.is_some_and(|(least, most)| *least >= REGULAR.0 && *most <= REGULAR.1 && *most <= *least * 3 / 2)
}

/// The median of the times between runs.
fn usual_interval(points: &[Point]) -> Option<Duration> {
    let mut gaps = gaps(points);
    gaps.sort_unstable();
    gaps.get(gaps.len() / 2).copied()
}
