//! What is kept between runs: the history of the clock's frequency, and the drift files of daemons.

use std::time::Duration;

use rntpdate::internals::discipline::{
    History, MAX_FREQUENCY, MAX_POINTS, MAX_POINTS_OF_RUN, MAX_RUNS, Point, Run, judge, learn, parse, parse_drift_file,
    render,
};
use rntpdate::internals::time::Interval;

const TITLE: &str = "rntpdate-history 1";
/// No machine runs for longer: 100 years.
const MAX_RAW: Duration = Duration::from_secs(3_155_760_000);

pub(crate) fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    for text in [text.clone(), sealed(&text).into()] {
        match parse(&text) {
            Ok(history) => {
                good(&history);
                taught(&history);
            }
            Err(reason) => assert_eq!(judge(&text), reason),
        }
    }
    if let Ok(frequency) = parse_drift_file(&text) {
        assert!(frequency.value.abs() <= MAX_FREQUENCY);
        assert!(frequency.uncertainty > 0.0 && frequency.uncertainty <= MAX_FREQUENCY);
        good(&History::from_frequency(frequency));
    }
}

/// One more run of the same servers, later: whatever the history says, what is learned stays within its limits, and can be
/// kept.
fn taught(history: &History) {
    let later = |point: &Point| Point { raw: point.raw + Duration::from_secs(1000), ..*point };
    let points: Vec<Point> = history.points.iter().rev().take(MAX_POINTS_OF_RUN).map(later).collect();
    let Some(last) = points.iter().map(|point| point.raw).max().filter(|raw| *raw <= MAX_RAW) else { return };
    let run = Run {
        boot: history.boot.clone(),
        raw: last,
        server_minus_raw: points[0].server_minus_raw,
        bound: Interval::from_micros(10_000),
        points,
    };
    let Some(update) = learn(history, &run) else { return };
    assert!(update.frequency.value.abs() <= MAX_FREQUENCY);
    assert!(update.frequency.uncertainty > 0.0 && update.frequency.uncertainty.is_finite());
    assert!(update.offset_uncertainty > Interval::ZERO);
    assert!(update.expected_error.is_none_or(|error| error > Interval::ZERO));
    assert!(update.points <= MAX_POINTS && update.runs <= MAX_RUNS);
    good(&update.history);
}

/// With the first line and the checksum that it needs to be read at all.
fn sealed(body: &str) -> String {
    let text = format!("{TITLE}\n{}\n", body.trim_end_matches('\n'));
    let sum = text
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |sum, byte| (sum ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    format!("{text}end {sum:016x}\n")
}

/// Every value within its bounds, and what is written reads the same, to the byte.
fn good(history: &History) {
    assert!(history.points.len() <= MAX_POINTS);
    if let Some(frequency) = history.start {
        assert!(frequency.value.abs() <= MAX_FREQUENCY);
        assert!(frequency.uncertainty > 0.0 && frequency.uncertainty <= MAX_FREQUENCY);
    }
    assert!(history.points.is_sorted_by_key(|point| point.raw) && history.points.is_sorted_by_key(|point| point.run));
    let written = render(history);
    let again = parse(&written).unwrap_or_else(|error| panic!("{error}: {written}"));
    assert_eq!(render(&again), written);
    assert_eq!((&again.boot, again.settling, &again.points), (&history.boot, history.settling, &history.points));
}
