//! Several servers, of which some lie.

use std::time::Duration;

use rntpdate::internals::estimate::{NoEstimate, Verdict};
use rntpdate::internals::outcome::Conclusion;
use rntpdate::internals::time::Interval;

use super::{ask, assert_offset, start_all};
use crate::support::ntpserver::{Behaviour, DAY, MILLISECOND, SECOND, Server, When, YEAR};

fn verdicts(outcome: &rntpdate::internals::outcome::Outcome) -> Vec<Verdict> {
    outcome.servers.iter().map(|server| server.verdict).collect()
}

#[test]
fn a_falseticker_among_three_good_is_never_chosen() {
    let quick = ["-q", "-p1"];
    for (round, lie) in [10 * SECOND, DAY, 50 * YEAR, -50 * YEAR].into_iter().cycle().take(100).enumerate() {
        let mut builders: Vec<_> = (0..4).map(|_| Server::builder()).collect();
        let liar = round % 4;
        builders[liar] = Server::builder().offset(lie).root_dispersion(0.0);
        let servers = start_all(builders);
        let outcome = ask(&servers.iter().collect::<Vec<_>>(), &quick);
        assert_eq!(verdicts(&outcome)[liar], Verdict::Falseticker, "round {round}");
        assert_offset(&outcome, 0);
    }
}

#[test]
fn one_good_and_one_bad_are_refused_with_both_offsets() {
    for lie in [10 * SECOND, DAY, 50 * YEAR] {
        let servers = start_all(vec![Server::builder(), Server::builder().offset(lie)]);
        let outcome = ask(&[&servers[0], &servers[1]], &["-p2"]);
        let Conclusion::NoEstimate(NoEstimate::NoMajority(split)) = &outcome.conclusion else {
            panic!("{:?}", outcome.conclusion)
        };
        let offsets: Vec<(usize, i128)> =
            split.offsets.iter().map(|(server, offset)| (*server, offset.nanos())).collect();
        assert_eq!((offsets[0].0, offsets[1].0), (0, 1));
        assert!(offsets[0].1.abs() < 5 * MILLISECOND && (offsets[1].1 - lie).abs() < 5 * MILLISECOND);
    }
}

#[test]
fn two_liars_among_four_who_disagree_are_outvoted_by_none() {
    let builders =
        vec![Server::builder(), Server::builder(), Server::builder().offset(SECOND), Server::builder().offset(-SECOND)];
    let servers = start_all(builders);
    let outcome = ask(&servers.iter().collect::<Vec<_>>(), &["-p2"]);
    assert!(
        matches!(outcome.conclusion, Conclusion::NoEstimate(NoEstimate::NoMajority(_))),
        "two of four are no majority"
    );
}

#[test]
fn a_liar_who_is_right_at_first_is_judged_by_his_best_sample() {
    let jumps = Server::builder().since(4, Behaviour::Shift(5 * SECOND));
    let servers = start_all(vec![Server::builder(), Server::builder(), jumps]);
    assert_offset(&ask(&servers.iter().collect::<Vec<_>>(), &["-p4"]), 0);
}

#[test]
fn a_server_alone_is_judged_by_what_most_of_its_samples_say() {
    let way = Duration::from_millis(20);
    for odd in [1, 3, 4] {
        // The wrong one comes back the soonest.
        let slow = When::Matching(std::sync::Arc::new(move |n, _| n != odd));
        let jumps = Server::builder().nth(odd, Behaviour::Shift(2 * SECOND));
        let jumps = jumps.when(slow.clone(), Behaviour::RequestDelay(way)).when(slow, Behaviour::ReplyDelay(way));
        let outcome = ask(&[&jumps.start()], &["-p4"]);
        assert_offset(&outcome, 0);
        let peer = outcome.servers[0].peer.as_ref().unwrap();
        assert!(peer.root_distance < Interval::from_secs(1), "one reply spoils no others: {}", peer.root_distance);
    }
}

#[test]
fn dead_and_unsynchronised_servers_do_not_vote() {
    let builders = vec![
        Server::builder().offset(SECOND),
        Server::builder().behave(Behaviour::Silent),
        Server::builder().leap(3).offset(DAY),
        Server::builder().stratum(16).offset(DAY),
    ];
    let servers = start_all(builders);
    let started = std::time::Instant::now();
    assert_offset(&ask(&servers.iter().collect::<Vec<_>>(), &["-p4"]), SECOND);
    assert!(started.elapsed() < Duration::from_secs(3), "the silent one costs one time-out");
}

#[test]
fn leap_bits_flipped_in_one_sample_do_not_drop_the_server() {
    for damaged in [1, 4] {
        let server = Server::builder().nth(damaged, Behaviour::Leap(3)).start();
        assert_offset(&ask(&[&server], &["-p4"]), 0);
    }
}

#[test]
fn one_false_reply_of_eight_silences_no_server() {
    for shift in [3 * SECOND, 1000 * SECOND, YEAR] {
        let server = Server::builder().nth(5, Behaviour::Shift(shift)).start();
        assert_offset(&ask(&[&server], &["-p8"]), 0);
    }
}
