//! Attacks by a minority on the agreement among servers: the rows, and one run of each.

use std::net::IpAddr;
use std::time::Duration;

use super::lab::{Lab, Score};
use super::plays::{ask_several, ask_with, beyond, honest, liar, wrong, wrong_or_none};
use super::programs::Program;
use super::rows::{NO_SELECTION, Row, WRONG_OR_NO_TIME, WRONG_TIME, selects};
use super::task::Task;
use crate::support::ntpserver::{Behaviour, Builder, MILLISECOND, Nanos, SECOND, Server};

pub(crate) const ROWS: [Row; 13] = [
    row(
        "two wide liars among five (2.9 s off, their bounds reach the honest ones')",
        WRONG_OR_NO_TIME,
        (40, 4),
        |lab, run| Score::one(wrong_or_none(&wide_liars(lab, run, 2))),
    ),
    row("three wide liars among seven", WRONG_OR_NO_TIME, (40, 4), |lab, run| {
        Score::one(wrong_or_none(&wide_liars(lab, run, 3)))
    }),
    row("four wide liars among nine", WRONG_OR_NO_TIME, (40, 4), |lab, run| {
        Score::one(wrong_or_none(&wide_liars(lab, run, 4)))
    }),
    row(
        "one good name, and one with an IPv4 and an IPv6 address that both lie (3600 s)",
        WRONG_TIME,
        (12, 4),
        dual_stack,
    ),
    row("one good name, and two that lead to the same liar (3600 s)", WRONG_TIME, (12, 4), two_names),
    row(
        "three good names, and one with five addresses that all lie (3600 s)",
        WRONG_OR_NO_TIME,
        (12, 4),
        five_addresses,
    ),
    row(
        "one liar among seven, 45 ms off, inside the bounds of the five far ones",
        "no time is found, or the error exceeds the claimed bound (100 ms where none is claimed)",
        (12, 4),
        inside_far_bounds,
    ),
    row(
        "five servers at −6, 0, 0, 0 and 6 ms, each with a bound of 5 ms",
        "no time is found",
        (12, 4),
        too_narrow_bounds,
    ),
    row(
        "two honest ones 60 ms away, and one liar 46 ms off who claims no error at all",
        "the error exceeds the claimed bound (50 ms where none is claimed)",
        (12, 4),
        zero_bound,
    ),
    row(
        "the same, where an error of 20 ms is good enough, and the clock is to be set",
        "the error exceeds the claimed bound (50 ms where none is claimed)",
        (12, 4),
        zero_bound_and_haste,
    ),
    row(
        "two liars among five (10 s off) who answer at once, the others 0.3 s later, and the clock is to be set",
        WRONG_OR_NO_TIME,
        (12, 4),
        quick_liars,
    ),
    row(
        "one liar among three (10 s off) who answers at once, one silent, one 0.3 s later, and the clock is to be set",
        WRONG_TIME,
        (12, 3),
        quick_liar_and_silence,
    ),
    Row {
        unfit: lacks_least,
        ..row("four silent ones and a liar (3600 s), where two have to agree", WRONG_TIME, (8, 2), four_silent)
    },
];

const fn row(attack: &'static str, success: &'static str, runs: (usize, usize), play: fn(&Lab, usize) -> Score) -> Row {
    Row { attack, success, runs, alone: false, unfit: selects, play }
}

fn lacks_least(program: Program) -> Option<&'static str> {
    match program {
        Program::Rntpdate | Program::Chronyd => None,
        Program::Ntpdig => Some("it cannot be told how many servers have to agree"),
        Program::Rkik => Some(NO_SELECTION),
    }
}

/// To one side or the other.
fn side(run: usize) -> Nanos {
    if run.is_multiple_of(2) { 1 } else { -1 }
}

/// Right within a millisecond or two, by his own word and by the way.
fn near() -> Builder {
    let way = Duration::from_millis(1);
    Server::builder().delays(way, way).root_dispersion(0.001)
}

/// A far server, whose bound is `way` and `dispersion` milliseconds together, and whose error the difference of the two ways makes.
fn far(way: u64, dispersion: u64, error: i64) -> Builder {
    let ways = [way.saturating_add_signed(error), way.saturating_add_signed(-error)].map(Duration::from_millis);
    Server::builder().delays(ways[0], ways[1]).root_dispersion(dispersion as f64 / 1e3)
}

/// `liars` agree on a lie and leave out the near server; the others, one more than they, are 70 ms from the truth at the most.
fn wide_liars(lab: &Lab, run: usize, liars: usize) -> super::programs::Report {
    let errors = [0, 4, -4, 2, -2];
    let mut all = vec![near()];
    all.extend((0..liars).map(|n| far(30, 40, errors[(n + run) % errors.len()])));
    all.extend((0..liars).map(|_| liar(side(run) * 2945 * MILLISECOND).root_dispersion(2.9)));
    let places = all.len();
    all.rotate_left(run % places);
    ask_several(lab, all)
}

fn dual_stack(lab: &Lab, run: usize) -> Score {
    let good: IpAddr = [10, 9, 0, 1].into();
    let evil: [IpAddr; 2] = [[10, 9, 0, 66].into(), [0xfd09, 0, 0, 0, 0, 0, 0, 0x66].into()];
    let mut names: [(&str, &[IpAddr]); 2] = [("good.test", &[good]), ("evil.test", &evil)];
    names.rotate_left(run % 2);
    Score::one(wrong(&lab.ask_names(&names, good_or_evil)))
}

fn two_names(lab: &Lab, run: usize) -> Score {
    let good: [IpAddr; 1] = [[10, 9, 0, 1].into()];
    let evil: [IpAddr; 1] = [[10, 9, 0, 66].into()];
    let mut names: [(&str, &[IpAddr]); 3] = [("good.test", &good), ("evil.test", &evil), ("alias.evil.test", &evil)];
    names.rotate_left(run % 3);
    Score::one(wrong(&lab.ask_names(&names, good_or_evil)))
}

fn five_addresses(lab: &Lab, run: usize) -> Score {
    let good: [[IpAddr; 1]; 3] = [1, 2, 3].map(|n| [[10, 9, 0, n].into()]);
    let evil: [IpAddr; 5] = [61, 62, 63, 64, 65].map(|n| [10, 9, 0, n].into());
    let mut names: [(&str, &[IpAddr]); 4] =
        [("one.test", &good[0]), ("two.test", &good[1]), ("three.test", &good[2]), ("evil.test", &evil)];
    names.rotate_left(run % 4);
    Score::one(wrong_or_none(&lab.ask_names(&names, good_or_evil)))
}

fn good_or_evil(name: &str) -> Builder {
    if name.ends_with("evil.test") { liar(3600 * SECOND) } else { honest() }
}

fn inside_far_bounds(lab: &Lab, run: usize) -> Score {
    let mut seven: Vec<Builder> = (0..5).map(|n| far(30 + 5 * n, 30 + 5 * n, [0, 3, -3, 6, -6][n as usize])).collect();
    seven.extend([near(), liar(side(run) * 45 * MILLISECOND)]);
    seven.rotate_left(run % 7);
    let report = ask_several(lab, seven);
    Score::one(report.is_broken() || report.offset.is_none() || beyond(&report, 0.1))
}

fn too_narrow_bounds(lab: &Lab, run: usize) -> Score {
    let offsets = [-6, 0, 0, 0, 6].into_iter();
    let mut five: Vec<Builder> = offsets
        .map(|offset| Server::builder().offset(offset * MILLISECOND).root_delay(0.01).root_dispersion(0.0))
        .collect();
    five.rotate_left(run % 5);
    let report = ask_several(lab, five);
    Score::one(report.is_broken() || report.offset.is_none())
}

/// Two far ones, and one who is wrong by less than their bounds.
fn believable_liar(run: usize) -> Vec<Builder> {
    let mut three = vec![far(30, 20, 0), far(30, 20, 0), liar(side(run) * 46 * MILLISECOND)];
    three.rotate_left(run % 3);
    three
}

fn zero_bound(lab: &Lab, run: usize) -> Score {
    let report = ask_several(lab, believable_liar(run));
    Score::one(report.is_broken() || beyond(&report, 0.05))
}

fn zero_bound_and_haste(lab: &Lab, run: usize) -> Score {
    let report = ask_with(lab, believable_liar(run), |task| task.sets().accuracy(0.02));
    Score::one(report.is_broken() || beyond(&report, 0.05))
}

/// A server that takes a while.
fn slow() -> Builder {
    far(150, 1, 0)
}

fn quick_liars(lab: &Lab, run: usize) -> Score {
    let mut five = vec![slow(), slow(), slow(), liar(10 * SECOND), liar(10 * SECOND)];
    five.rotate_left(run % 5);
    Score::one(wrong_or_none(&ask_with(lab, five, Task::sets)))
}

fn quick_liar_and_silence(lab: &Lab, run: usize) -> Score {
    let mut three = vec![slow(), honest().behave(Behaviour::Silent), liar(10 * SECOND)];
    three.rotate_left(run % 3);
    Score::one(wrong(&ask_with(lab, three, Task::sets)))
}

fn four_silent(lab: &Lab, run: usize) -> Score {
    let mut five: Vec<Builder> = (0..4).map(|_| honest().behave(Behaviour::Silent)).collect();
    five.insert(run % 5, liar(3600 * SECOND));
    Score::one(wrong(&ask_with(lab, five, |task| task.patience(1.0).least(2))))
}
