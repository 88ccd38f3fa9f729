//! One server that contradicts itself, or whose clock is coarse: the rows, and one run of each.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::lab::{Lab, Score};
use super::plays::{HOST, beyond, honest, wrong};
use super::rows::{Row, anybody};
use super::task::Task;
use crate::support::ntpserver::{Behaviour, Builder, MICROSECOND, ReceivedRequest, SECOND, Server};

const BEYOND: &str = "the error exceeds the claimed bound (1 s where none is claimed)";

pub(crate) const ROWS: [Row; 4] = [
    row(
        "two clocks behind one address, 3 s apart (in turns, at random, by the client's port)",
        "the wrong time is accepted, and it was in half of the answers at the most",
        (16, 8),
        two_backends,
    ),
    row("receive times cut to whole seconds, and a precision of 1 s", BEYOND, (12, 4), |lab, run| {
        cut(lab, run, &[RECEIVE])
    }),
    row("receive and transmit times cut so", BEYOND, (12, 4), |lab, run| cut(lab, run, &[RECEIVE, TRANSMIT])),
    row("a precision of 4 µs, and a transmit time 2 µs before the receive time", "no time is found", (12, 2), order),
];

const fn row(attack: &'static str, success: &'static str, runs: (usize, usize), play: fn(&Lab, usize) -> Score) -> Row {
    Row { attack, success, runs, alone: false, unfit: anybody, play }
}

/// Where the fractions of a second begin in the packet.
const RECEIVE: usize = 36;
const TRANSMIT: usize = 44;

/// Whether the wrong clock answers a request.
type Choice = Arc<dyn Fn(usize, &ReceivedRequest) -> bool + Send + Sync>;

fn two_backends(lab: &Lab, run: usize) -> Score {
    let bits = getrandom::u64().expect("random numbers");
    let choice: Choice = match run % 4 {
        0 => Arc::new(|n, _| n % 2 == 0),
        1 => Arc::new(|n, _| n % 2 == 1),
        2 => Arc::new(move |n, _| bits >> (n % 64) & 1 == 1),
        _ => Arc::new(move |_, request| bits.wrapping_mul(u64::from(request.from.port()) | 1) >> 63 == 1),
    };
    let (answers, wrong_answers) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let server = backends(&choice, &answers, &wrong_answers);
    let server = lab.start(HOST, server);
    let report = lab.ask(&Task::new(&[HOST]));
    drop(server);
    let [answers, wrong_answers] = [answers, wrong_answers].map(|count| count.load(Ordering::Relaxed));
    Score::one(report.is_broken() || wrong(&report) && wrong_answers * 2 <= answers)
}

/// The wrong one is nearer, so that its samples look better.
fn backends(choice: &Choice, answers: &Arc<AtomicUsize>, wrong_answers: &Arc<AtomicUsize>) -> Builder {
    let (choose, choose_right) = (Arc::clone(choice), Arc::clone(choice));
    let (answers, wrong_answers) = (Arc::clone(answers), Arc::clone(wrong_answers));
    let count_and_choose = move |n, request: &ReceivedRequest| {
        let is_wrong = choose(n, request);
        answers.fetch_add(1, Ordering::Relaxed);
        wrong_answers.fetch_add(usize::from(is_wrong), Ordering::Relaxed);
        is_wrong
    };
    let is_right = move |n, request: &ReceivedRequest| !choose_right(n, request);
    Server::builder()
        .root_dispersion(0.001)
        .matching(count_and_choose, Behaviour::Shift(3 * SECOND))
        .matching(is_right.clone(), Behaviour::RequestDelay(Duration::from_millis(2)))
        .matching(is_right, Behaviour::ReplyDelay(Duration::from_millis(2)))
}

fn cut(lab: &Lab, run: usize, fractions: &'static [usize]) -> Score {
    // Anywhere in the second.
    std::thread::sleep(Duration::from_millis(run as u64 % 12 * 83));
    let server = honest().precision(0).edit(move |_, bytes| {
        fractions.iter().for_each(|at| bytes[*at..*at + 4].fill(0));
    });
    let _server = lab.start(HOST, server);
    let report = lab.ask(&Task::new(&[HOST]));
    Score {
        tries: 1,
        wins: usize::from(report.is_broken() || beyond(&report, 1.0)),
        kept_away: usize::from(report.offset.is_none()),
    }
}

fn order(lab: &Lab, _: usize) -> Score {
    let server = Server::builder().precision(-18).behave(Behaviour::TransmitBeforeReceive(2 * MICROSECOND));
    let _server = lab.start(HOST, server);
    let report = lab.ask(&Task::new(&[HOST]));
    Score::one(report.is_broken() || report.offset.is_none())
}
