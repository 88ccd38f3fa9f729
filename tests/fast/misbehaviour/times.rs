//! Offsets of every size, and times that cannot be.

use std::time::Duration;

use rntpdate::internals::estimate::{DropReason, Rejection};
use rntpdate::internals::time::Interval;

use super::{ask, ask_one, assert_offset, dropped};
use crate::support::ntpserver::{Behaviour, DAY, MILLISECOND, SECOND, Server, YEAR, unix_now};

#[test]
fn offsets_from_nothing_to_the_ends_of_the_range() {
    // Servers' times lie in 1970 to 2106: as far back as 1970, and 60 years ahead, across the end of the era in 2036.
    let back_to_1970 = -(unix_now() - DAY);
    for offset in [0, MILLISECOND, -MILLISECOND, SECOND, -SECOND, DAY, -DAY, 10 * YEAR, 60 * YEAR, back_to_1970] {
        assert_offset(&ask_one(Server::builder().offset(offset)), offset);
    }
}

#[test]
fn zero_and_absurd_times_never_count() {
    for (behaviour, rejection) in [
        (Behaviour::ZeroReceive, Rejection::NoTime),
        (Behaviour::ZeroTransmit, Rejection::NoTime),
        (Behaviour::TransmitBeforeReceive(SECOND), Rejection::Order),
    ] {
        let outcome = ask_one(Server::builder().behave(behaviour));
        assert_eq!(dropped(&outcome), Some(DropReason::NoData));
        assert_eq!(outcome.servers[0].contact.rejected.1, Some(rejection));
    }
}

#[test]
fn times_on_both_sides_of_the_eras_end_do_no_harm() {
    // Receive in the last instant of an era, transmit in the first: 2036, and two seconds apart at the most.
    let outcome = ask_one(Server::builder().behave(Behaviour::AbsurdTimestamps));
    let in_2036 = 2_085_978_496 * SECOND - unix_now();
    match dropped(&outcome) {
        None => assert_offset(&outcome, in_2036),
        Some(reason) => assert_ne!(reason, DropReason::NoData, "{outcome:?}"),
    }
}

#[test]
fn a_server_that_claims_more_time_than_there_was_is_not_believed() {
    let liar = Behaviour::Edit(std::sync::Arc::new(|_, reply: &mut Vec<u8>| {
        // Ten seconds later than it is sent.
        reply[43] = reply[43].wrapping_add(10);
    }));
    let outcome = ask_one(Server::builder().behave(liar));
    assert!(matches!(
        outcome.servers[0].contact.rejected.1,
        Some(Rejection::NegativeDelay(_)) | Some(Rejection::Order)
    ));
}

#[test]
fn strata_leap_and_reference_times_are_judged() {
    for (builder, reason) in [
        (Server::builder().stratum(0), DropReason::StrataTooHigh),
        (Server::builder().stratum(16), DropReason::StrataTooHigh),
        (Server::builder().stratum(17), DropReason::StrataTooHigh),
        (Server::builder().stratum(255), DropReason::StrataTooHigh),
        (Server::builder().leap(3), DropReason::LeapNotInSync),
        (Server::builder().future_reftime(SECOND), DropReason::VeryBroken),
        (Server::builder().ref_age(DAY), DropReason::TooLongWithoutSync),
        (Server::builder().zero_reftime(), DropReason::TooLongWithoutSync),
    ] {
        assert_eq!(dropped(&ask_one(builder)), Some(reason));
    }
    assert_offset(&ask_one(Server::builder().stratum(15).leap(1).ref_age(DAY - SECOND)), 0);
}

#[test]
fn the_first_reason_in_ntpdates_order_counts() {
    let all = || Server::builder().stratum(16).leap(3).future_reftime(SECOND).root_dispersion(9.0);
    assert_eq!(dropped(&ask_one(all())), Some(DropReason::StrataTooHigh));
    assert_eq!(dropped(&ask_one(all().stratum(2))), Some(DropReason::LeapNotInSync));
    assert_eq!(dropped(&ask_one(all().stratum(2).leap(0))), Some(DropReason::VeryBroken));
}

#[test]
fn root_distance_is_bounded() {
    for builder in [
        Server::builder().root_dispersion(4.0),
        Server::builder().root_delay(7.0),
        Server::builder().root_delay(-1.0),
        Server::builder().behave(Behaviour::RootDelay(u32::MAX)),
        Server::builder().behave(Behaviour::RootDispersion(u32::MAX)),
    ] {
        let outcome = ask_one(builder);
        assert!(
            matches!(dropped(&outcome), Some(DropReason::RootDistance(found)) if found.distance > Interval::from_secs(3))
        );
    }
    assert_offset(&ask_one(Server::builder().root_dispersion(2.5)), 0);
}

#[test]
fn a_server_too_far_away_is_dropped() {
    let server = Server::builder().delay(Duration::from_millis(8200)).start();
    let outcome = ask(&[&server], &["-p1", "-t12"]);
    assert_eq!(dropped(&outcome), Some(DropReason::TooFarAway));
}

#[test]
fn the_sample_with_the_least_delay_is_taken() {
    let slow = Behaviour::ReplyDelay(Duration::from_millis(60));
    let server = Server::builder().offset(SECOND).when(crate::support::ntpserver::When::Every(2), slow).start();
    let outcome = ask(&[&server], &["-p4"]);
    assert_offset(&outcome, SECOND);
    let contact = &outcome.servers[0].contact;
    let skewed = contact.candidate.samples.iter().filter(|sample| sample.delay.micros() > 50_000);
    assert_eq!(skewed.count(), 2);
}

#[test]
fn an_asymmetric_path_costs_half_its_asymmetry() {
    let server = Server::builder().delays(Duration::from_millis(100), Duration::ZERO).start();
    assert_offset(&ask(&[&server], &["-p2"]), 50 * MILLISECOND);
}
