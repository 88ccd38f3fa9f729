use std::net::IpAddr;

use super::*;
use crate::net::FaultKind;
use crate::wire::{Leap, Stratum};

const TIMEOUT: Duration = Duration::from_secs(1);
/// How far the clocks are ahead, by the last number of their address, in seconds.
fn ahead(address: SocketAddr) -> i64 {
    match address.ip() {
        IpAddr::V4(v4) => i64::from(v4.octets()[3]),
        IpAddr::V6(_) => 0,
    }
}

fn plan(samples: usize) -> SurveyPlan {
    SurveyPlan {
        samples,
        timeout: TIMEOUT,
        gap: Duration::from_millis(10),
        version: 4,
        precision: Interval::from_micros(1),
        era: Time::UNIX_EPOCH,
    }
}

fn address(last: u8) -> SocketAddr {
    SocketAddr::new(IpAddr::from([192, 0, 2, last]), 123)
}

fn reading(raw: Duration) -> Reading {
    Reading { real: Time::from_unix(1_800_000_000, 0) + Interval::from(raw), raw }
}

/// A world in which each request is answered, or not, at once.
struct World {
    survey: Survey,
    now: Duration,
    nonce: u64,
    sent: Vec<(Duration, SocketAddr)>,
}

/// The reply to a request that arrived at `now`, from a clock that is so much ahead.
fn reply(request: &[u8], now: Duration, ahead: Interval) -> Header {
    let (request, _) = Header::parse(request).unwrap();
    let stamp = NtpTimestamp::from_time(reading(now).real + ahead);
    Header {
        mode: Mode::SERVER,
        stratum: Stratum(2),
        precision: -20,
        origin: request.transmit,
        receive: stamp,
        transmit: stamp,
        ..Header::request(4, NtpTimestamp::ZERO)
    }
}

impl World {
    fn new(samples: usize, count: u8, reference: Option<SocketAddr>) -> World {
        let addresses: Vec<SocketAddr> = (1..=count).map(address).collect();
        let survey = Survey::new(plan(samples), &addresses, reference);
        World { survey, now: Duration::from_secs(50), nonce: 1, sent: Vec::new() }
    }

    /// Runs to the end; `answer` gives what comes back for a request to an address, and from where.
    fn run(&mut self, mut answer: impl FnMut(&mut Survey, SocketAddr, &[u8], Duration)) {
        let mut steps = 0;
        while !self.survey.is_done() {
            steps += 1;
            assert!(steps < 10_000, "it does not end");
            let now = self.now;
            self.survey.expire(now);
            if let Some(due) = self.survey.due(now) {
                self.nonce = self.nonce.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let request = self.survey.request(self.nonce);
                self.survey.sent(due, self.nonce, reading(now), None);
                self.sent.push((now, due.address));
                answer(&mut self.survey, due.address, &request, now);
                continue;
            }
            if self.survey.is_done() {
                break;
            }
            self.now = self.survey.next_event().expect("something is to come").max(now + Duration::from_micros(1));
        }
    }

    fn offset(&self, place: usize) -> Interval {
        self.survey.found()[place].result.as_ref().unwrap().offset
    }
}

fn honest(survey: &mut Survey, to: SocketAddr, request: &[u8], now: Duration) {
    let header = reply(request, now, Interval::from_secs(ahead(to)));
    survey.received(&header.to_bytes(), to, None, reading(now + Duration::from_micros(100)));
}

#[test]
fn each_clock_is_asked_once_and_told_from_the_others() {
    let mut world = World::new(1, 200, None);
    world.run(honest);
    assert_eq!(world.sent.len(), 200);
    for place in 0..200 {
        let found = &world.survey.found()[place];
        let measured = found.result.as_ref().unwrap();
        let truth = Interval::from_secs(ahead(found.address));
        assert!((measured.offset - truth).abs() <= measured.bound, "{place}: {measured:?}");
        assert!(measured.bound < Interval::from_micros(60));
    }
    let mut finished = world.survey.take_finished();
    finished.sort_unstable();
    assert_eq!(finished, (0..200).collect::<Vec<_>>(), "each once");
    let took = world.sent[199].0 - world.sent[0].0;
    assert!((1.9..2.2).contains(&took.as_secs_f64()), "100 a second: {took:?}");
}

#[test]
fn nobody_else_can_answer_for_a_clock() {
    let mut world = World::new(1, 2, None);
    world.run(|survey, to, request, now| {
        let after = reading(now + Duration::from_micros(100));
        let lie = reply(request, now, Interval::from_secs(1000));
        // Who does not know the number.
        let guessed = Header { origin: NtpTimestamp::from_bits(lie.origin.to_bits() ^ 1), ..lie.clone() };
        survey.received(&guessed.to_bytes(), to, None, after);
        survey.received(&Header { origin: NtpTimestamp::ZERO, ..lie.clone() }.to_bytes(), to, None, after);
        // Who knows it and is somebody else, or another port of the same.
        survey.received(&lie.to_bytes(), address(77), None, after);
        survey.received(&lie.to_bytes(), SocketAddr::new(to.ip(), 124), None, after);
        // No server's reply.
        survey.received(request, to, None, after);
        survey.received(&Header { version: 0, ..lie.clone() }.to_bytes(), to, None, after);
        survey.received(&lie.to_bytes()[..47], to, None, after);
        honest(survey, to, request, now);
        // A second answer.
        survey.received(&lie.to_bytes(), to, None, after);
    });
    for place in 0..2 {
        assert!(
            (world.offset(place) - Interval::from_secs(ahead(address(place as u8 + 1)))).abs()
                < Interval::from_micros(100)
        );
    }
    assert_eq!(world.survey.take_finished().len(), 2);
}

#[test]
fn silence_costs_one_time_out_and_says_how_often_it_was_asked() {
    for samples in [1, 3] {
        let mut world = World::new(samples, 10, None);
        world.run(|survey, to, request, now| {
            if ahead(to) != 3 {
                honest(survey, to, request, now);
            }
        });
        assert_eq!(world.survey.found()[2].result, Err(Trouble::Silent(samples)));
        let to_it = |(_, to): &&(Duration, SocketAddr)| *to == address(3);
        let moments: Vec<Duration> = world.sent.iter().filter(to_it).map(|(at, _)| *at).collect();
        assert!(moments.windows(2).all(|pair| pair[1] - pair[0] >= LEAST_ROUND), "{moments:?}");
        let end = world.now - *moments.last().unwrap();
        assert!(end < TIMEOUT + Duration::from_millis(1), "{end:?}");
    }
}

#[test]
fn a_late_reply_counts_for_nothing() {
    let mut world = World::new(1, 1, None);
    let mut kept = None;
    world.run(|_, to, request, now| kept = Some((to, reply(request, now, Interval::ZERO))));
    let (to, late) = kept.unwrap();
    world.survey.received(&late.to_bytes(), to, None, reading(world.now));
    assert_eq!(world.survey.found()[0].result, Err(Trouble::Silent(1)));
}

#[test]
fn the_reason_of_a_failure_is_kept_where_it_is_proven_to_be_ours() {
    let mut world = World::new(1, 3, None);
    let fault = Fault { kind: FaultKind::Refused, reporter: None };
    world.run(|survey, to, request, _| match ahead(to) {
        1 => survey.failed(request, fault),
        2 => survey.failed(&request[..40], fault),
        _ => survey.failed(&[0; 48], fault),
    });
    let results: Vec<_> = world.survey.found().iter().map(|found| found.result.clone()).collect();
    assert_eq!(results, [Err(Trouble::Fault(fault)), Err(Trouble::Silent(1)), Err(Trouble::Silent(1))]);
}

#[test]
fn a_reply_from_another_address_is_told_and_not_taken() {
    let mut world = World::new(1, 1, None);
    world.run(|survey, _, request, now| {
        let header = reply(request, now, Interval::ZERO);
        survey.received(&header.to_bytes(), address(9), None, reading(now));
    });
    assert_eq!(world.survey.found()[0].result, Err(Trouble::Elsewhere(address(9).ip())));
}

#[test]
fn clocks_are_compared_with_the_reference_and_not_with_ours() {
    let reference = address(100);
    let mut world = World::new(1, 5, Some(reference));
    world.run(honest);
    assert_eq!(world.sent[0].1, reference, "nobody is asked before it has answered");
    for place in 0..5 {
        let expected = Interval::from_secs(ahead(address(place as u8 + 1)) - 100);
        let measured = world.survey.found()[place].result.as_ref().unwrap();
        assert!((measured.offset - expected).abs() <= measured.bound);
        assert!(measured.bound > Interval::from_micros(100), "both bounds count");
    }
}

#[test]
fn a_reference_that_is_silent_or_follows_nothing_ends_the_survey() {
    let reference = address(100);
    let mut silent = World::new(1, 5, Some(reference));
    silent.run(|_, _, _, _| {});
    assert_eq!(silent.survey.reference_failure(), Some(&Trouble::Silent(1)));
    let mut lost = World::new(1, 5, Some(reference));
    lost.run(|survey, to, request, now| {
        let header = Header { leap: Leap::Unsynchronised, ..reply(request, now, Interval::ZERO) };
        survey.received(&header.to_bytes(), to, None, reading(now));
    });
    assert_eq!(lost.survey.reference_failure(), Some(&Trouble::Unsynchronised));
    for world in [&silent, &lost] {
        assert!(world.sent.iter().all(|(_, to)| *to == reference) && world.sent.len() <= 5, "{:?}", world.sent);
    }
}

#[test]
fn a_run_that_stood_still_does_not_make_up_for_it() {
    let mut world = World::new(1, 100, None);
    let mut is_paused = false;
    world.run(honest);
    let whole = world.sent.len();
    let mut world = World::new(1, 100, None);
    while let Some(due) = world.survey.due(world.now) {
        world.survey.sent(due, world.sent.len() as u64 + 7, reading(world.now), None);
        world.sent.push((world.now, due.address));
        if world.sent.len() == 50 && !std::mem::replace(&mut is_paused, true) {
            world.now += Duration::from_millis(400);
        }
        world.now = world.now.max(world.survey.due_at().unwrap_or_default());
    }
    assert_eq!((world.sent.len(), is_paused), (whole, true));
    let moments: Vec<Duration> = world.sent[50..].iter().map(|(at, _)| *at).collect();
    let gaps = moments.windows(2).map(|pair| pair[1] - pair[0]);
    assert!(gaps.min().unwrap() >= Duration::from_millis(9), "the pace goes on as before");
}

#[test]
fn what_is_given_up_is_finished() {
    let mut world = World::new(1, 3, None);
    let due = world.survey.due(world.now).unwrap();
    world.survey.sent(due, 1, reading(world.now), None);
    world.survey.give_up();
    assert!(world.survey.is_done());
    let results: Vec<_> = world.survey.found().iter().map(|found| found.result.clone()).collect();
    assert_eq!(results, [Err(Trouble::Silent(1)), Err(Trouble::NotAsked), Err(Trouble::NotAsked)]);
    assert_eq!(world.survey.take_finished(), [0, 1, 2]);
}
