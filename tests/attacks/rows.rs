//! The attacks: what the attacker does, and what he wins by.

use super::lab::{Lab, Score};
use super::programs::Program;
use super::{agreement, nts, one_server, plays};

/// One line of the table.
pub(crate) struct Row {
    /// What the attacker does.
    pub(crate) attack: &'static str,
    /// What counts as his success.
    pub(crate) success: &'static str,
    /// Runs of each program for the table, and for the tests.
    pub(crate) runs: (usize, usize),
    /// Runs go side by side, unless they load the machine.
    pub(crate) alone: bool,
    /// Why a program cannot be tried.
    pub(crate) unfit: fn(Program) -> Option<&'static str>,
    /// One run; the number is its own.
    pub(crate) play: fn(&Lab, usize) -> Score,
}

pub(crate) const WRONG_TIME: &str = "a wrong time is accepted";
pub(crate) const WRONG_OR_NO_TIME: &str = "a wrong time is accepted, or none is found";
pub(crate) const NO_SELECTION: &str = "it compares servers and selects none";

/// All of them.
pub(crate) fn all() -> impl Iterator<Item = &'static Row> {
    ROWS.iter().chain(&agreement::ROWS).chain(&one_server::ROWS).chain(&nts::ROWS)
}

/// Attacks that whoever is not the server can try, and servers that lie, once more with servers that have NTS: all that attackers have
/// left then. A thousand addresses are none of its matter: keys are exchanged with three at the most.
pub(crate) fn by_nts() -> impl Iterator<Item = &'static Row> {
    let rest = ROWS.iter().filter(|row| !row.attack.starts_with("a name that resolves"));
    rest.chain(&agreement::ROWS).chain(&one_server::ROWS)
}

const ROWS: [Row; 21] = [
    Row {
        attack: "up to 10⁶ forged replies per run to the client's port, random origin",
        success: "packets that make a wrong time accepted",
        runs: (3, 1),
        alone: true,
        unfit: anybody,
        play: plays::forged_at_the_port,
    },
    Row {
        attack: "the same, to guessed ports",
        success: "packets that make a wrong time accepted",
        runs: (3, 1),
        alone: true,
        unfit: anybody,
        play: plays::forged_at_guessed_ports,
    },
    Row {
        attack: "100,000 junk packets per run at the client's port",
        success: "another result than 0 ± 0.1 s, or 1 s later than without",
        runs: (5, 2),
        alone: true,
        unfit: anybody,
        play: plays::junk,
    },
    Row {
        attack: "100,000 junk packets, and the server is silent",
        success: "ends 1 s later than without",
        runs: (3, 1),
        alone: true,
        unfit: anybody,
        play: plays::junk_and_silence,
    },
    Row {
        attack: "an old reply replayed before each right one",
        success: WRONG_OR_NO_TIME,
        runs: (12, 2),
        alone: false,
        unfit: anybody,
        play: plays::replay,
    },
    Row {
        attack: "origin zero, before each right reply",
        success: WRONG_OR_NO_TIME,
        runs: (12, 2),
        alone: false,
        unfit: anybody,
        play: plays::origin_zero,
    },
    Row {
        attack: "replies lie in wait before the request (origin: zero, guessed)",
        success: WRONG_OR_NO_TIME,
        runs: (12, 2),
        alone: false,
        unfit: anybody,
        play: plays::reply_before_request,
    },
    Row {
        attack: "another time under the last request's random number, after the right reply, by whoever sees requests",
        success: WRONG_TIME,
        runs: (12, 2),
        alone: false,
        unfit: anybody,
        play: plays::second_answer,
    },
    Row {
        attack: "kiss codes DENY, RSTR and RATE forged without the origin, before each right reply",
        success: "no time is found",
        runs: (12, 3),
        alone: false,
        unfit: anybody,
        play: plays::forged_kiss,
    },
    Row {
        attack: "ICMP unreachable and time exceeded forged every 5 ms for the client's port",
        success: "no time is found",
        runs: (12, 2),
        alone: false,
        unfit: anybody,
        play: plays::forged_icmp,
    },
    Row {
        attack: "replies held back 6.5 s (beyond a root distance of 3 s)",
        success: WRONG_TIME,
        runs: (5, 1),
        alone: false,
        unfit: anybody,
        play: plays::delay_beyond,
    },
    Row {
        attack: "replies held back 0.4 s",
        success: "the error exceeds the bound that the program claims",
        runs: (12, 2),
        alone: false,
        unfit: claims_bound,
        play: plays::delay_below,
    },
    Row {
        attack: "one liar among four (10 s off, claims to be the best)",
        success: WRONG_OR_NO_TIME,
        runs: (12, 4),
        alone: false,
        unfit: selects,
        play: plays::one_liar,
    },
    Row {
        attack: "two liars among four, who agree",
        success: WRONG_TIME,
        runs: (12, 2),
        alone: false,
        unfit: selects,
        play: plays::two_liars,
    },
    Row {
        attack: "two liars among four, who differ",
        success: WRONG_TIME,
        runs: (12, 2),
        alone: false,
        unfit: selects,
        play: plays::two_liars_apart,
    },
    Row {
        attack: "four liars, who all differ",
        success: WRONG_TIME,
        runs: (12, 2),
        alone: false,
        unfit: selects,
        play: plays::all_liars,
    },
    Row {
        attack: "one server alone, right at first, that jumps by 2 s at the fourth sample, and back at the sixth",
        success: WRONG_TIME,
        runs: (12, 4),
        alone: false,
        unfit: anybody,
        play: plays::jump_alone,
    },
    Row {
        attack: "the same, among three",
        success: WRONG_OR_NO_TIME,
        runs: (12, 2),
        alone: false,
        unfit: selects,
        play: plays::jump_among_three,
    },
    Row {
        attack: "root delay and dispersion huge or negative, from a server 10 s off",
        success: "its time is accepted",
        runs: (14, 7),
        alone: false,
        unfit: anybody,
        play: plays::root_distance,
    },
    Row {
        attack: "leap bits flipped to \"not synchronised\" in one of four samples",
        success: WRONG_OR_NO_TIME,
        runs: (12, 4),
        alone: false,
        unfit: anybody,
        play: plays::leap_flipped,
    },
    Row {
        attack: "a name that resolves to 1,000 addresses",
        success: "more than 64 of them are asked, no time is found, or 30 s pass",
        runs: (5, 1),
        alone: false,
        unfit: anybody,
        play: plays::crowd,
    },
];

pub(crate) fn anybody(_: Program) -> Option<&'static str> {
    None
}

pub(crate) fn selects(program: Program) -> Option<&'static str> {
    (program == Program::Rkik).then_some(NO_SELECTION)
}

fn claims_bound(program: Program) -> Option<&'static str> {
    matches!(program, Program::Rkik | Program::Chronyd).then_some("it prints no bound of the error")
}
