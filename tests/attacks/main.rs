//! Attacks on real runs, with few tries each: `tests/attacks/run` prints the whole table, with many, and with the peers.
#![allow(dead_code, reason = "the table, which shares the modules, uses the rest")]

mod agreement;
mod crowd;
mod forger;
mod lab;
mod names;
#[path = "../support/ntpserver/mod.rs"]
mod ntpserver;
mod one_server;
mod plays;
mod programs;
mod rows;
#[path = "../support/mod.rs"]
mod support;
mod task;

use lab::{Lab, Score};
use programs::Program;

/// None of the attacks whose names begin like this may succeed.
#[track_caller]
fn withstand(attacks: &[&str]) {
    let Some(cache) = support::require::servers() else { return };
    for attack in attacks {
        let row = rows::all().find(|row| row.attack.starts_with(attack)).expect("an attack of this name");
        for run in 0..row.runs.1 {
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
fn every_attack_is_tried() {
    let tested = include_str!("main.rs");
    for row in rows::all() {
        let named = tested.split('"').any(|words| words.len() > 3 && row.attack.starts_with(words));
        assert!(named, "{}", row.attack);
    }
}
