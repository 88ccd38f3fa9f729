//! The promises of the selection, against liars of all kinds: random ones by the hundred thousand, and ones who search for what
//! harms most. The program's own judgement is asked, beside the rule of its first edition and that of RFC 5905, on the same cases.
//!
//! `RNTPDATE_AGREEMENT_RUNS=200000 cargo test --test fast agreement:: -- --nocapture` prints the tables of so many runs a row.

mod cases;
mod hostile;
mod judged;
mod rules;
mod table;
mod votes;

use crate::support::random::Random;
use cases::{Liars, honest, honest_with_broken_bounds, with_liars};
use table::Row;

/// Each row of a table has so many runs, unless the environment says otherwise; in all more than 10⁵.
fn runs() -> usize {
    std::env::var("RNTPDATE_AGREEMENT_RUNS").ok().and_then(|runs| runs.parse().ok()).unwrap_or(12_000)
}

#[test]
fn an_honest_majority_is_always_heard_and_its_bound_holds() {
    let rows: Vec<Row> = [(2, 1), (3, 1), (3, 2), (4, 3), (6, 1), (5, 4), (9, 7)]
        .into_iter()
        .map(|(good, bad)| {
            let mut random = Random::new(good as u64 * 100 + bad as u64);
            let case = || with_liars(&mut random, good, Liars::any(bad));
            Row::played(format!("{good} honest, {bad} liars"), runs(), case)
        })
        .collect();
    table::print("liars in the minority", &rows);
    for row in &rows {
        let ours = row.ours();
        assert_eq!((ours.refused, ours.bound_broken), (0, 0), "{}", row.what);
        assert!(ours.worst <= 2.0, "{}: {}", row.what, ours.worst);
        assert_eq!(ours.beyond_twice, 0, "{}", row.what);
    }
}

#[test]
fn honest_runs_lose_nothing() {
    let rows: Vec<Row> = [2, 3, 4, 5, 8, 16]
        .into_iter()
        .map(|count| {
            let mut random = Random::new(count as u64);
            Row::played(format!("{count} honest"), runs(), || honest(&mut random, count))
        })
        .collect();
    table::print("honest servers alone", &rows);
    for row in &rows {
        assert_eq!((row.ours().refused, row.ours().bound_broken), (0, 0), "{}", row.what);
    }
    let five = rows[3].ours();
    // 0.145 and 0.43 are what the mean of all parts comes to; the rest is for chance (its standard error is 0.001 and 0.005).
    assert!(five.median() < 0.149 && five.percentile(95) < 0.445, "{} {}", five.median(), five.percentile(95));
}

#[test]
fn bounds_that_are_a_little_too_small_stop_nobody() {
    let rows: Vec<Row> = [5, 16]
        .into_iter()
        .map(|count| {
            let mut random = Random::new(count as u64);
            let case = || honest_with_broken_bounds(&mut random, count);
            Row::played(format!("{count}, of which 15 % break their bounds"), runs(), case)
        })
        .collect();
    table::print("bounds broken by up to 1.6", &rows);
    for row in &rows {
        let ours = row.ours();
        assert!(ours.refused * 100 <= ours.runs, "{}: {} refused", row.what, ours.refused);
        assert!(ours.bound_broken <= row.first_edition().bound_broken, "{}", row.what);
    }
}
