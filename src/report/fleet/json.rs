//! A survey for programs: one object for each clock, as it becomes known, and one at the end. Their form is in
//! contrib/rntpdate-fleet.schema.json; what is added later does not change its version.

use serde::Serialize;

use crate::fleet::{Found, Judgement, Spread, Summary, Tally};
use crate::net::bare;
use crate::report::seconds::Seconds;
use crate::time::Interval;

/// Counts changes that break readers.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct TargetObject<'a> {
    version: u32,
    kind: &'static str,
    target: &'a str,
    address: Option<String>,
    port: Option<u16>,
    level: String,
    cause: Option<&'a str>,
    absent: bool,
    offset: Option<Seconds>,
    bound: Option<Seconds>,
    delay: Option<Seconds>,
    root_distance: Option<Seconds>,
    stratum: Option<u8>,
    leap: Option<u8>,
    refid: Option<String>,
}

/// One clock. `found`: nothing where its name has no address.
pub fn target_object(target: &str, found: Option<&Found>, judgement: &Judgement) -> String {
    let measured = found.and_then(|found| found.result.as_ref().ok());
    let object = TargetObject {
        version: VERSION,
        kind: "fleet-clock",
        target,
        address: found.map(|found| bare(found.address)),
        port: found.map(|found| found.address.port()),
        level: judgement.level.to_string().to_lowercase(),
        cause: judgement.cause.as_deref(),
        absent: judgement.is_absent,
        offset: measured.map(|measured| measured.offset.into()),
        bound: measured.map(|measured| measured.bound.into()),
        delay: measured.map(|measured| measured.delay.into()),
        root_distance: measured.map(|measured| measured.root_distance.into()),
        stratum: measured.map(|measured| measured.stratum.effective()),
        leap: measured.map(|measured| measured.leap.to_bits()),
        refid: measured.map(|measured| measured.refid.display(measured.stratum).to_string()),
    };
    serde_json::to_string(&object).unwrap_or_default()
}

#[derive(Serialize)]
struct SummaryObject<'a> {
    version: u32,
    kind: &'static str,
    level: String,
    clocks: usize,
    answered: usize,
    agreeing: usize,
    ok: usize,
    warning: usize,
    critical: usize,
    unknown: usize,
    silent: usize,
    absent: usize,
    offset_median: Option<Seconds>,
    offset_p90: Option<Seconds>,
    offset_p99: Option<Seconds>,
    offset_worst: Option<Seconds>,
    worst: Option<&'a str>,
    took: Seconds,
    warnings: &'a [String],
    error: Option<&'a str>,
}

/// The whole.
pub fn summary_object(summary: &Summary) -> String {
    object_of(summary, None)
}

/// The object of a survey that could not begin, or came to nothing.
pub fn failed_object(error: &str) -> String {
    let (tally, took) = (Tally::default(), Interval::ZERO);
    object_of(&Summary { tally, spread: None, worst: String::new(), took, warnings: Vec::new() }, Some(error))
}

fn object_of(summary: &Summary, error: Option<&str>) -> String {
    let (tally, spread) = (&summary.tally, summary.spread.as_ref());
    let seconds = |of: fn(&Spread) -> Interval| spread.map(|spread| of(spread).into());
    let object = SummaryObject {
        version: VERSION,
        kind: "fleet-summary",
        level: tally.level().to_string().to_lowercase(),
        clocks: tally.clocks,
        answered: tally.answered,
        agreeing: spread.map_or(0, |spread| spread.agreeing),
        ok: tally.ok,
        warning: tally.warning,
        critical: tally.critical,
        unknown: tally.unknown,
        silent: tally.silent,
        absent: tally.absent,
        offset_median: seconds(|spread| spread.median),
        offset_p90: seconds(|spread| spread.p90),
        offset_p99: seconds(|spread| spread.p99),
        offset_worst: seconds(|spread| spread.worst_offset),
        worst: spread.map(|_| summary.worst.as_str()),
        took: summary.took.into(),
        warnings: &summary.warnings,
        error,
    };
    serde_json::to_string(&object).unwrap_or_default()
}
