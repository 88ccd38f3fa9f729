//! Whole courses of a run, played against a clock that is only counted.

use std::collections::BTreeMap;

use super::*;
use crate::estimate::{Kiss, Rejection};
use crate::net::FaultKind;
use crate::time::Interval;
use crate::wire::{Header, Mode, RefId, Stratum};

const MS: Duration = Duration::from_millis(1);
const NEAR: &str = "10.0.0.1:123";
const FAR: &str = "192.0.2.1:123";
const START: Duration = Duration::from_secs(1000);

/// What the played server does with its n-th request (from 1): replies, each so long after the request.
type Script = Box<dyn Fn(usize) -> Vec<(Duration, Play)>>;

#[derive(Clone)]
enum Play {
    Good,
    Kiss(&'static [u8; 4]),
    Stratum(u8),
    Refused,
    /// A router knows no way.
    Unreachable,
    /// A refusal, by nobody knows whom.
    QueueFull,
    /// A rule of this machine keeps the packet back.
    KeptBack,
    Rumour,
    /// A reply to nobody's request.
    Forged,
    /// This machine's clock is moved, then a good reply comes.
    ClockMoved,
}

fn pace(samples: usize) -> Pace {
    Pace {
        samples,
        timeout: 2000 * MS,
        burst: 50 * MS,
        polite: 2000 * MS,
        most_lost: 2,
        version: 4,
        precision: Interval::from_micros(1),
        era: Time::UNIX_EPOCH,
    }
}

struct Played {
    contacts: Vec<Contact>,
    /// When requests were sent, from the start, per server.
    sent: Vec<Vec<Duration>>,
    took: Duration,
}

/// The clock: true time since 2026, moved by `moved`.
fn reading(raw: Duration, moved: Interval) -> Reading {
    Reading { real: Time::from_unix(1_795_000_000, 0) + Interval::from(raw) + moved, raw }
}

fn play(servers: &[(&str, Script)], pace: Pace, deadline: Duration) -> Played {
    let addresses: Vec<SocketAddr> = servers.iter().map(|(address, _)| address.parse().unwrap()).collect();
    let mut exchange = Exchange::new(pace, START + deadline);
    addresses.iter().for_each(|address| exchange.add(*address, None, START));
    let mut sent = vec![Vec::new(); servers.len()];
    // What is on its way: (time, number) → server, play and the request's nonce.
    let mut air: BTreeMap<(Duration, usize), (usize, Play, NtpTimestamp)> = BTreeMap::new();
    let (mut now, mut count, mut moved) = (START, 0_u64, Interval::ZERO);
    loop {
        match exchange.next(now) {
            Action::Done => break,
            Action::Send(server) => {
                count += 1;
                let nonce = NtpTimestamp::from_bits(0x1000 + count);
                exchange.request(server, nonce, reading(now, moved));
                sent[server].push(now - START);
                for (delay, what) in servers[server].1(sent[server].len()) {
                    air.insert((now + delay, air.len() + count as usize * 100), (server, what, nonce));
                }
            }
            Action::Wait(until) => match air.first_key_value().map(|(key, _)| *key) {
                Some(key) if key.0 <= until => {
                    now = key.0.max(now);
                    let (server, what, nonce) = air.remove(&key).unwrap();
                    arrive(&mut exchange, server, &what, nonce, now, &mut moved);
                }
                _ => now = until,
            },
        }
    }
    let (contacts, _) = exchange.finish(&reading(now, moved));
    Played { contacts, sent, took: now - START }
}

/// What a sound server answers at that time to the request with this number.
pub(super) fn good_reply(nonce: NtpTimestamp, time: NtpTimestamp) -> Header {
    Header {
        mode: Mode::SERVER,
        stratum: Stratum(2),
        refid: RefId([192, 0, 2, 9]),
        reference: time,
        origin: nonce,
        receive: time,
        transmit: time,
        ..Header::request(4, NtpTimestamp::ZERO)
    }
}

fn arrive(
    exchange: &mut Exchange,
    server: usize,
    what: &Play,
    nonce: NtpTimestamp,
    now: Duration,
    moved: &mut Interval,
) {
    let time = NtpTimestamp::from_time(reading(now, Interval::ZERO).real);
    let mut header = good_reply(nonce, time);
    match what {
        Play::Good => {}
        Play::Kiss(code) => (header.stratum, header.refid) = (Stratum(0), RefId(**code)),
        Play::Stratum(stratum) => header.stratum = Stratum(*stratum),
        Play::Forged => header.origin = NtpTimestamp::from_bits(7),
        Play::ClockMoved => *moved += Interval::from_secs(3),
        Play::Unreachable => {
            let router = Some("192.0.2.254".parse().unwrap());
            exchange.failed(server, Fault { kind: FaultKind::HostUnreachable, reporter: router }, now);
            return;
        }
        Play::QueueFull => {
            exchange.failed(server, Fault { kind: FaultKind::NoRoom, reporter: None }, now);
            return;
        }
        Play::KeptBack => {
            exchange.failed(server, Fault { kind: FaultKind::NotPermitted, reporter: None }, now);
            return;
        }
        Play::Rumour => {
            exchange.rumoured(server, Fault { kind: FaultKind::Refused, reporter: None });
            return;
        }
        Play::Refused => {
            exchange.failed(server, Fault { kind: FaultKind::Refused, reporter: None }, now);
            return;
        }
    }
    exchange.received(server, &header.to_bytes(), None, reading(now, *moved));
}

fn one(address: &str, script: impl Fn(usize) -> Vec<(Duration, Play)> + 'static) -> Vec<(&str, Script)> {
    vec![(address, Box::new(script))]
}

fn ms(times: &[Duration]) -> Vec<u128> {
    times.iter().map(Duration::as_millis).collect()
}

const LONG: Duration = Duration::from_secs(60);

#[test]
fn a_near_server_gets_a_burst_and_a_far_one_two_seconds() {
    let good = |_| vec![(10 * MS, Play::Good)];
    let near = play(&one(NEAR, good), pace(4), LONG);
    assert_eq!(ms(&near.sent[0]), [0, 60, 120, 180]);
    assert_eq!((near.contacts[0].candidate.samples.len(), near.contacts[0].reach), (4, 0o17));
    assert_eq!(near.took, 190 * MS, "over with the last reply");
    let far = play(&one(FAR, good), pace(4), LONG);
    assert_eq!(ms(&far.sent[0]), [0, 2010, 4020, 6030], "two seconds from the reply");
}

#[test]
fn a_burst_that_loses_a_reply_becomes_polite() {
    let lossy = |n| if n == 2 { vec![] } else { vec![(10 * MS, Play::Good)] };
    let played = play(&one(NEAR, lossy), pace(4), LONG);
    assert_eq!(ms(&played.sent[0]), [0, 60, 2060, 4070]);
    assert_eq!((played.contacts[0].answered, played.contacts[0].reach), (3, 0o13));
}

#[test]
fn rate_slows_a_burst_and_ends_what_was_polite() {
    let rate_once = |n| vec![(10 * MS, if n == 2 { Play::Kiss(b"RATE") } else { Play::Good })];
    let played = play(&one(NEAR, rate_once), pace(4), LONG);
    assert_eq!(ms(&played.sent[0]), [0, 60, 2070, 4080]);
    assert_eq!(played.contacts[0].candidate.samples.len(), 3);
    let rate_always = |_| vec![(10 * MS, Play::Kiss(b"RATE"))];
    assert_eq!(ms(&play(&one(NEAR, rate_always), pace(4), LONG).sent[0]), [0, 2010]);
    assert_eq!(ms(&play(&one(FAR, rate_always), pace(4), LONG).sent[0]), [0]);
}

#[test]
fn deny_and_restrict_end_the_exchange_at_once() {
    for (code, kiss) in [(b"DENY", Kiss::Deny), (b"RSTR", Kiss::Restrict)] {
        let played = play(&one(NEAR, move |_| vec![(10 * MS, Play::Kiss(code))]), pace(4), LONG);
        assert_eq!((played.took, played.contacts[0].candidate.kiss), (10 * MS, Some(kiss)));
        assert_eq!(played.sent[0].len(), 1);
    }
}

#[test]
fn a_silent_server_is_asked_twice() {
    for address in [NEAR, FAR] {
        let played = play(&one(address, |_| vec![]), pace(4), LONG);
        assert_eq!((ms(&played.sent[0]), played.took), (vec![0, 2000], 4000 * MS));
        assert_eq!((played.contacts[0].answered, played.contacts[0].reach), (0, 0));
    }
}

#[test]
fn a_silent_server_is_asked_once_more_and_not_waited_for_long_once_the_others_are_done() {
    let servers: Vec<(&str, Script)> =
        vec![(NEAR, Box::new(|_| vec![(MS, Play::Good)])), ("10.0.0.2:123", Box::new(|_| vec![]))];
    let played = play(&servers, pace(4), LONG);
    assert_eq!((ms(&played.sent[1]), played.took), (vec![0, 2000], 2500 * MS));
    // One lost packet does not decide who is heard.
    let lossy: Vec<(&str, Script)> = vec![
        (NEAR, Box::new(|_| vec![(MS, Play::Good)])),
        ("10.0.0.2:123", Box::new(|n| if n == 1 { vec![] } else { vec![(MS, Play::Good)] })),
    ];
    assert_eq!(play(&lossy, pace(4), LONG).contacts[1].answered, 3);
}

#[test]
fn a_refused_request_ends_the_exchange_with_its_server_alone() {
    let servers: Vec<(&str, Script)> =
        vec![(NEAR, Box::new(|_| vec![(MS, Play::Good)])), ("10.0.0.2:123", Box::new(|_| vec![(MS, Play::Refused)]))];
    let played = play(&servers, pace(4), LONG);
    assert_eq!(played.contacts[1].fault.unwrap().kind, FaultKind::Refused);
    assert_eq!((played.contacts[0].answered, played.took), (4, 154 * MS));
}

#[test]
fn a_routers_word_costs_one_request_and_the_next_may_get_through() {
    let flap = |n| vec![(5 * MS, if n == 2 { Play::Unreachable } else { Play::Good })];
    let played = play(&one(NEAR, flap), pace(4), LONG);
    assert_eq!((ms(&played.sent[0]), played.contacts[0].answered), (vec![0, 55, 2055, 4060], 3));
    let always = play(&one(NEAR, |_| vec![(5 * MS, Play::Unreachable)]), pace(4), LONG);
    assert_eq!((ms(&always.sent[0]), always.took), (vec![0, 2000], 2005 * MS));
    assert_eq!(always.contacts[0].fault.unwrap().kind, FaultKind::HostUnreachable);
}

#[test]
fn a_full_queue_of_this_machine_costs_one_request() {
    let full = |n| vec![(5 * MS, if n == 1 { Play::QueueFull } else { Play::Good })];
    let played = play(&one(NEAR, full), pace(4), LONG);
    assert_eq!((played.contacts[0].sent, played.contacts[0].answered), (4, 3));
    let always = play(&one(NEAR, |_| vec![(5 * MS, Play::QueueFull)]), pace(4), LONG);
    assert_eq!((always.contacts[0].sent, always.contacts[0].answered), (2, 0));
}

#[test]
fn a_packet_that_this_machine_keeps_back_is_one_lost_packet() {
    for single in [1, 2] {
        let script = move |n| vec![(5 * MS, if n == single { Play::KeptBack } else { Play::Good })];
        for place in [NEAR, FAR] {
            let played = play(&one(place, script), pace(4), LONG);
            let contact = &played.contacts[0];
            assert_eq!((contact.sent, contact.answered, contact.failed), (4, 3, 1), "{place} {single}");
        }
    }
    // Nothing leaves: there is nobody to be polite to.
    let never = play(&one(FAR, |_| vec![(5 * MS, Play::KeptBack)]), pace(4), LONG);
    assert_eq!((ms(&never.sent[0]), never.took), (vec![0, 50], 55 * MS));
    // A server that was there and refuses now is asked on, twice at the most.
    let gone = |n| vec![(5 * MS, if n > 1 { Play::Refused } else { Play::Good })];
    let played = play(&one(NEAR, gone), pace(8), LONG);
    assert_eq!((played.contacts[0].sent, played.contacts[0].answered, played.contacts[0].failed), (3, 1, 2));
}

#[test]
fn a_rumour_explains_a_silence_and_ends_nothing() {
    let script = |_| vec![(MS, Play::Rumour), (2 * MS, Play::Rumour), (9 * MS, Play::Good)];
    let played = play(&one(NEAR, script), pace(4), LONG);
    assert_eq!((played.contacts[0].answered, played.took), (4, 186 * MS));
    let silent = play(&one(NEAR, |_| vec![(MS, Play::Rumour)]), pace(4), LONG);
    assert_eq!((silent.contacts[0].sent, silent.took), (2, 4000 * MS), "as without");
    assert_eq!(silent.contacts[0].fault.unwrap().kind, FaultKind::Refused);
}

#[test]
fn a_departure_before_the_request_was_made_is_another_packets() {
    let mut exchange = Exchange::new(pace(4), START + LONG);
    exchange.add(NEAR.parse().unwrap(), None, START);
    let before = reading(START, Interval::ZERO);
    exchange.request(0, NtpTimestamp::from_bits(7), before);
    exchange.sent(0, 0, before.real - Interval::from_micros(1));
    assert_eq!(exchange.sessions[0].last_sent(), Some(before.real));
    let left = before.real + Interval::from_micros(30);
    exchange.sent(0, 0, left);
    assert_eq!(exchange.sessions[0].last_sent(), Some(left));
}

#[test]
fn a_late_reply_counts_while_the_run_goes_on() {
    let late = |n| vec![(if n == 1 { 2500 * MS } else { 10 * MS }, Play::Good)];
    let played = play(&one(FAR, late), pace(3), LONG);
    assert_eq!(ms(&played.sent[0]), [0, 2000, 4010]);
    let delays: Vec<i128> =
        played.contacts[0].candidate.samples.iter().map(|sample| sample.delay.micros() / 1000).collect();
    assert_eq!(delays, [10, 2500, 10], "each matched to its own request");
    assert_eq!(played.contacts[0].late, 1);
}

#[test]
fn a_reply_in_time_is_not_late_for_a_report_before_it() {
    let both = |_| vec![(5 * MS, Play::Unreachable), (20 * MS, Play::Good)];
    let played = play(&one(NEAR, both), pace(4), LONG);
    let contact = &played.contacts[0];
    assert!(contact.answered >= 3 && contact.failed > 0, "{contact:?}");
    assert_eq!(contact.late, 0);
}

#[test]
fn duplicates_and_forgeries_never_count() {
    let twice = |_| vec![(5 * MS, Play::Forged), (10 * MS, Play::Good), (11 * MS, Play::Good)];
    let played = play(&one(NEAR, twice), pace(2), LONG);
    let contact = &played.contacts[0];
    assert_eq!((contact.candidate.samples.len(), contact.answered), (2, 2));
    // The last duplicate comes when all is over.
    assert_eq!(contact.rejected, (3, Some(Rejection::Origin)));
}

#[test]
fn nothing_happens_after_the_deadline() {
    let played = play(&one(FAR, |_| vec![(10 * MS, Play::Good)]), pace(8), 5000 * MS);
    assert_eq!((ms(&played.sent[0]), played.took), (vec![0, 2010, 4020], 5000 * MS));
    assert_eq!(played.contacts[0].candidate.samples.len(), 3, "what is there is used");
}

#[test]
fn samples_from_before_a_clock_movement_go() {
    let moved = |n| vec![(10 * MS, if n == 3 { Play::ClockMoved } else { Play::Good })];
    let played = play(&one(NEAR, moved), pace(4), LONG);
    let contact = &played.contacts[0];
    assert_eq!(
        contact.candidate.samples.len(),
        5,
        "those after the movement, of which four were asked for because of it"
    );
    assert_eq!((contact.sent, contact.rejected.0), (8, 3));
    assert!(matches!(contact.rejected.1, Some(Rejection::ClockMoved(by)) if by == Interval::from_secs(3)));
}

#[test]
fn an_unsynchronised_server_is_still_sampled() {
    let played = play(&one(NEAR, |_| vec![(10 * MS, Play::Stratum(16))]), pace(4), LONG);
    assert_eq!(played.contacts[0].candidate.samples.len(), 4);
}

#[test]
#[cfg_attr(miri, ignore = "takes too long")]
fn a_thousand_servers_are_served_side_by_side() {
    let names: Vec<String> = (0..1000).map(|n| format!("10.1.{}.{}:123", n / 250, n % 250 + 1)).collect();
    let servers: Vec<(&str, Script)> =
        names.iter().map(|name| (name.as_str(), Box::new(|_: usize| vec![(10 * MS, Play::Good)]) as Script)).collect();
    let played = play(&servers, pace(4), LONG);
    assert_eq!(played.took, 190 * MS);
    assert!(played.contacts.iter().all(|contact| contact.candidate.samples.len() == 4));
}
