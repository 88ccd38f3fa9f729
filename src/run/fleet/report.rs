//! What a survey prints: for programs as it goes, for people at its end.

use std::cmp::Reverse;
use std::io::IsTerminal as _;
use std::time::Duration;

use super::names::Addresses;
use crate::check::Level;
use crate::fleet;
use crate::fleet::{Found, Judgement, Measured, Spread, Summary, Survey, Tally, Target, Trouble};
use crate::line::{Channel, Line};
use crate::linux::SystemClock;
use crate::linux::term::LineWriter;
use crate::machine::Clock as _;
use crate::plan::{FleetPlan, Plan};
use crate::report::fleet::{histogram, shown, summary_lines, summary_object, target_line, target_object};
use crate::time::{Interval, Reading};

/// Columns of the histogram.
const WIDTH: usize = 78;
/// A clock that moves by less during a survey is slewed, as it should be.
const MOVED: Interval = Interval::from_micros(1000);
/// The kernel's fastest slew and frequency correction together, in millionths.
const MOVED_PPM: i128 = 1000;

pub(super) struct Report<'a> {
    plan: &'a Plan,
    fleet: &'a FleetPlan,
    targets: &'a [Target],
    addresses: &'a Addresses,
    /// The target of each place of the survey.
    places: Vec<usize>,
    writer: &'a mut LineWriter,
    begun: Reading,
}

impl<'a> Report<'a> {
    pub(super) fn new(
        plan: &'a Plan,
        fleet: &'a FleetPlan,
        targets: &'a [Target],
        addresses: &'a Addresses,
        writer: &'a mut LineWriter,
    ) -> Report<'a> {
        Report { plan, fleet, targets, places: addresses.targets(), addresses, writer, begun: SystemClock.now() }
    }

    /// Tells programs of the targets that nobody can ask.
    pub(super) fn unresolved(&mut self) {
        let plan = self.plan;
        if plan.output.json {
            for (target, address) in self.targets.iter().zip(&self.addresses.of_targets) {
                if let Err(why) = address {
                    let found = without_address(why);
                    let judgement = fleet::judge(&found, false, &self.fleet.limits);
                    self.writer.write_object(&target_object(&self.name(target), None, &judgement));
                }
            }
        }
    }

    /// Tells programs of a clock that is done with.
    pub(super) fn finished(&mut self, survey: &Survey, place: usize) {
        let target = self.places.get(place).map(|target| &self.targets[*target]);
        if let (true, Some(target), Some(found)) = (self.plan.output.json, target, survey.found().get(place)) {
            let judgement = fleet::judge(found, target.is_of_block, &self.fleet.limits);
            self.writer.write_object(&target_object(&self.name(target), Some(found), &judgement));
        }
    }

    /// Sums up, and tells people of the clocks that are not well.
    pub(super) fn end(&mut self, survey: &Survey, took: Duration) -> Level {
        let mut found = survey.found().iter();
        let results: Vec<(&Target, Found)> = self
            .targets
            .iter()
            .zip(&self.addresses.of_targets)
            .map(|(target, address)| match address {
                Err(why) => (target, without_address(why)),
                Ok(_) => (target, found.next().cloned().unwrap_or_else(|| without_address("it was not asked"))),
            })
            .collect();
        let judged: Vec<(&Target, &Found, Judgement)> = results
            .iter()
            .map(|(target, found)| (*target, found, fleet::judge(found, target.is_of_block, &self.fleet.limits)))
            .collect();
        let summary = self.summary(&judged, took);
        if self.plan.output.json {
            self.writer.write_object(&summary_object(&summary));
        } else {
            self.print(judged, &summary);
        }
        summary.tally.level()
    }

    fn summary(&self, judged: &[(&Target, &Found, Judgement)], took: Duration) -> Summary {
        let mut tally = Tally::default();
        judged.iter().for_each(|(_, found, judgement)| tally.add(&found.result, judgement));
        let measured: Vec<(&Target, &Measured)> =
            judged.iter().filter_map(|(target, found, _)| Some((*target, found.result.as_ref().ok()?))).collect();
        let clocks: Vec<_> = measured.iter().map(|(_, measured)| (measured.offset, measured.root_distance)).collect();
        let spread = Spread::of(&clocks);
        let worst = spread.as_ref().and_then(|spread| measured.get(spread.worst)).map(|(target, _)| self.name(target));
        let mut summary =
            Summary { tally, spread, worst: worst.unwrap_or_default(), took: took.into(), warnings: Vec::new() };
        let limits = &self.fleet.limits.offset;
        let is_beyond = |offset: Interval| limits.level(offset.as_secs_f64()) != Level::Ok;
        summary.suspect_reference(self.fleet.reference.as_deref(), is_beyond);
        let moved = SystemClock.now().moved_since(&self.begun);
        let slewed = Interval::from_units(Interval::from(took).units() * MOVED_PPM / 1_000_000);
        if moved.abs() > MOVED + slewed {
            summary.warnings.push(format!("this machine's clock was moved by {moved:+.6} s meanwhile: run it again"));
        }
        summary
    }

    /// The worst first.
    fn print(&mut self, mut judged: Vec<(&Target, &Found, Judgement)>, summary: &Summary) {
        judged.sort_by_key(|(_, found, judgement)| {
            let size = found.result.as_ref().map_or(Interval::ZERO, |measured| measured.offset.abs());
            (order(judgement.level), Reverse(size))
        });
        let with_all = self.plan.output.verbose;
        let lines: Vec<String> = judged
            .iter()
            .filter(|(_, _, judgement)| judgement.level != Level::Ok || with_all)
            .map(|(target, found, judgement)| target_line(&self.name(target), &found.result, judgement))
            .collect();
        self.write(lines);
        if self.plan.output.quiet && summary.tally.level() == Level::Ok {
            return;
        }
        self.write(summary_lines(summary));
        if std::io::stdout().is_terminal() && !self.plan.output.quiet {
            let offsets = judged.iter().filter_map(|(_, found, _)| Some(found.result.as_ref().ok()?.offset));
            let bars = histogram(offsets, summary.tally.clocks - summary.tally.answered, WIDTH);
            self.write(bars);
        }
    }

    fn write(&mut self, texts: Vec<String>) {
        let at = self.begun.real;
        let lines: Vec<Line> = texts.into_iter().map(|text| Line { channel: Channel::Stdout, at, text }).collect();
        self.writer.write(&lines);
    }

    fn name(&self, target: &Target) -> String {
        shown(target, self.fleet.port)
    }
}

/// A target that could not be asked.
fn without_address(why: &str) -> Found {
    let nowhere = std::net::SocketAddr::from(([0, 0, 0, 0], 0));
    Found { address: nowhere, result: Err(Trouble::NoAddress(why.to_owned())) }
}

/// What is known to be bad comes before what is not known.
fn order(level: Level) -> u8 {
    match level {
        Level::Critical => 0,
        Level::Warning => 1,
        Level::Unknown => 2,
        Level::Ok => 3,
    }
}
