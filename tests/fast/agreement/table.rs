//! What rules come to over many cases.

use super::cases::Case;
use super::judged::{self, Found, assessed, found};
use super::rules;

/// The rules, in the order of the columns.
const NAMES: [&str; 3] = ["rntpdate", "first edition", "RFC 5905"];

/// One rule's results.
#[derive(Default)]
pub(crate) struct Tally {
    pub(crate) runs: usize,
    /// Runs without an answer.
    pub(crate) refused: usize,
    /// Runs whose error exceeds the claimed bound.
    pub(crate) bound_broken: usize,
    /// Runs whose error exceeds the widest honest bound, and those that exceed twice that.
    pub(crate) beyond: usize,
    pub(crate) beyond_twice: usize,
    /// The greatest error, in widest honest bounds.
    pub(crate) worst: f64,
    /// Errors in narrowest honest bounds.
    errors: Vec<f64>,
}

impl Tally {
    fn add(&mut self, case: &Case, found: Found) {
        // So that rounding, and the microseconds that the program adds to what is claimed, break no promise.
        let (widest, slack) = (judged::widened(case.widest_honest()), 1e-5);
        self.runs += 1;
        let Some((offset, bound)) = found else {
            self.refused += 1;
            return;
        };
        let error = offset.abs();
        self.bound_broken += usize::from(error > bound + slack);
        self.beyond += usize::from(error > widest + slack);
        self.beyond_twice += usize::from(error > 2.0 * widest + slack);
        self.worst = self.worst.max(error / widest);
        self.errors.push(error / case.narrowest_honest());
    }

    pub(crate) fn percentile(&self, percent: usize) -> f64 {
        self.errors.get(self.errors.len() * percent / 100).copied().unwrap_or(f64::NAN)
    }

    pub(crate) fn median(&self) -> f64 {
        self.percentile(50)
    }
}

/// One kind of case under all rules.
pub(crate) struct Row {
    pub(crate) what: String,
    tallies: [Tally; 3],
}

impl Row {
    pub(crate) fn played(what: String, runs: usize, mut case: impl FnMut() -> Case) -> Row {
        let mut tallies: [Tally; 3] = Default::default();
        for _ in 0..runs {
            let case = case();
            let ours = found(&assessed(&case, &[]));
            let all = [ours, rules::first_edition(&case.claims), rules::rfc_5905(&case.claims)];
            tallies.iter_mut().zip(all).for_each(|(tally, found)| tally.add(&case, found));
        }
        tallies.iter_mut().for_each(|tally| tally.errors.sort_by(f64::total_cmp));
        Row { what, tallies }
    }

    pub(crate) fn ours(&self) -> &Tally {
        &self.tallies[0]
    }

    pub(crate) fn first_edition(&self) -> &Tally {
        &self.tallies[1]
    }
}

pub(crate) fn print(title: &str, rows: &[Row]) {
    println!("\n{title}, {} runs a row", rows.first().map_or(0, |row| row.tallies[0].runs));
    println!(
        "| servers | rule | refused | bound broken | beyond the widest honest bound (twice) | worst | error ÷ best bound: median (p95) |"
    );
    println!("|---|---|---|---|---|---|---|");
    for row in rows {
        for (tally, name) in row.tallies.iter().zip(NAMES) {
            let percent = |count: usize| 100.0 * count as f64 / tally.runs as f64;
            println!(
                "| {} | {name} | {:.1} % | {:.1} % | {} ({}) | {:.2} × | {:.3} ({:.2}) |",
                row.what,
                percent(tally.refused),
                percent(tally.bound_broken),
                tally.beyond,
                tally.beyond_twice,
                tally.worst,
                tally.median(),
                tally.percentile(95),
            );
        }
    }
}
