//! Attacks on real runs, with few tries each: `tests/attacks/run` prints the whole table, with many, and with the peers.
#![allow(dead_code, reason = "the table, which shares the modules, uses the rest")]

mod agreement;
mod crowd;
mod forger;
mod lab;
mod names;
mod nts;
mod one_server;
mod plays;
mod programs;
mod rows;
mod secured;
mod task;

use lab::{Lab, Score};
use programs::Program;

/// None of the attacks whose names begin like this may succeed.
#[track_caller]
fn withstand(attacks: &[&str]) {
    let Some(cache) = crate::support::require::servers() else { return };
    for attack in attacks {
        let mut rows = rows::all().filter(|row| row.attack.starts_with(attack)).peekable();
        assert!(rows.peek().is_some(), "an attack of this name");
        for (row, run) in rows.flat_map(|row| (0..row.runs.1).map(move |run| (row, run))) {
            let score = (row.play)(&Lab::new(&cache, Program::Rntpdate, 10), run);
            let Score { tries, wins, kept_away } = score;
            assert!(tries > 0 && wins == 0 && kept_away == 0, "{}, run {run}: {score:?}", row.attack);
        }
    }
}

#[test]
fn forged_replies_in_masses() {
    withstand(&["up to 10⁶ forged", "the same, to guessed ports"]);
}

#[test]
fn junk_in_masses() {
    withstand(&["100,000 junk packets per run", "100,000 junk packets, and"]);
}

#[test]
fn replies_to_no_request() {
    withstand(&["an old reply", "origin zero", "replies lie in wait", "another time under", "kiss codes", "ICMP"]);
}

#[test]
fn replies_held_back() {
    withstand(&["replies held back 6.5", "replies held back 0.4"]);
}

#[test]
fn liars() {
    withstand(&[
        "one liar among four",
        "two liars among four, who agree",
        "two liars among four, who differ",
        "four liars",
    ]);
}

#[test]
fn servers_that_change_their_mind() {
    withstand(&["one server alone", "the same, among three", "leap bits"]);
}

#[test]
fn root_distances_beyond_reason() {
    withstand(&["root delay"]);
}

#[test]
fn a_name_with_a_thousand_addresses() {
    withstand(&["a name that"]);
}

#[test]
fn wide_liars() {
    withstand(&["two wide liars", "three wide liars", "four wide liars"]);
}

#[test]
fn names_with_several_lying_addresses() {
    withstand(&["one good name, and one", "one good name, and two", "three good names"]);
}

#[test]
fn liars_inside_honest_bounds() {
    withstand(&["one liar among seven", "two honest ones", "the same, where an error"]);
}

#[test]
fn liars_who_are_the_first_to_answer() {
    withstand(&["two liars among five", "one liar among three"]);
}

#[test]
fn servers_that_miss_their_bounds() {
    withstand(&["five servers"]);
}

#[test]
fn a_liar_where_the_others_are_silent() {
    withstand(&["four silent"]);
}

#[test]
fn two_clocks_behind_one_address() {
    withstand(&["two clocks"]);
}

#[test]
fn coarse_clocks() {
    withstand(&["receive times", "receive and transmit", "a precision"]);
}

#[test]
#[cfg(feature = "nts")]
fn whoever_is_on_the_way_to_a_server_with_nts() {
    withstand(&["NTS: "]);
}

/// Each attack on servers without NTS once more, with servers that have it; `place` of `of` parts.
#[cfg(feature = "nts")]
fn withstand_by_nts(place: usize, of: usize) {
    let Some(cache) = crate::support::require::servers() else { return };
    for (number, row) in rows::by_nts().enumerate().filter(|(number, _)| number % of == place) {
        let run = number / of;
        let score = (row.play)(&Lab::new(&cache, Program::Rntpdate, 20).by_nts(), run);
        let Score { tries, wins, kept_away } = score;
        assert!(tries > 0 && wins == 0 && kept_away == 0, "{} by NTS, run {run}: {score:?}", row.attack);
    }
}

#[test]
#[cfg(feature = "nts")]
fn what_nts_leaves_an_attacker_one() {
    withstand_by_nts(0, 3);
}

#[test]
#[cfg(feature = "nts")]
fn what_nts_leaves_an_attacker_two() {
    withstand_by_nts(1, 3);
}

#[test]
#[cfg(feature = "nts")]
fn what_nts_leaves_an_attacker_three() {
    withstand_by_nts(2, 3);
}

#[test]
fn every_attack_is_tried() {
    let tested = include_str!("mod.rs");
    for row in rows::all() {
        let named = tested.split('"').any(|words| words.len() > 3 && row.attack.starts_with(words));
        assert!(named, "{}", row.attack);
    }
}
