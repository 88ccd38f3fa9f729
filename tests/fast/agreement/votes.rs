//! Names that share servers, servers of several samples, kisses and votes that are open: what is promised holds for all of them.

use std::time::Duration;

use rntpdate::internals::estimate::{
    Assessment, Candidate, Consistency, Contender, DropReason, Kiss, Peer, Rules, Sample, Verdict, assess,
};
use rntpdate::internals::time::{Interval, Reading, Time};
use rntpdate::internals::wire::{Header, Mode, NtpShort, NtpTimestamp, Stratum};

use super::judged::RULES;
use crate::support::random::Random;

const NOW: Duration = Duration::from_secs(200);

/// A sample with offset, round trip and root dispersion in milliseconds, taken so many seconds after the first.
fn sample([offset, delay, dispersion]: [f64; 3], after: f64, precision: i8) -> Sample {
    let now = Time::from_unix(1_800_000_000, 0);
    let stamp = NtpTimestamp::from_time(now);
    Sample {
        offset: Interval::from_secs_f64(offset / 1000.0),
        delay: Interval::from_secs_f64(delay / 1000.0),
        dispersion: Interval::from_secs_f64(2_f64.powi(precision.into()).min(65_536.0)) + Interval::from_micros(1),
        sent: now,
        taken: Reading { real: now, raw: Duration::from_secs_f64(100.0 + after) },
        header: Header {
            mode: Mode::SERVER,
            stratum: Stratum(2),
            precision,
            root_dispersion: NtpShort::from_bits((dispersion / 1000.0 * 65_536.0).ceil() as u32),
            reference: stamp,
            receive: stamp,
            transmit: stamp,
            ..Header::request(4, NtpTimestamp::ZERO)
        },
    }
}

/// The server's own error lies within its dispersion, the ways' asymmetry within the round trip.
fn honest(random: &mut Random) -> Candidate {
    let (dispersion, delay) = (random.power(-1.0, 2.0), random.power(-1.0, 2.0));
    let own = random.between(-1.0, 1.0) * dispersion;
    let mut one = |place: usize| {
        let delay = delay * random.between(1.0, 3.0);
        sample([own + random.between(-0.5, 0.5) * delay, delay, dispersion], place as f64 * 2.0, -20)
    };
    let samples = (0..4).map(&mut one).collect();
    Candidate { samples, ..Candidate::default() }
}

/// Whatever may come: lies that grow, jump and scatter, up to 50 years, with bounds of nothing, or up to the lie, or of hours.
fn liar(random: &mut Random, lie: f64) -> Candidate {
    let style = random.below(6);
    let one = |random: &mut Random, place: usize| {
        let offset = match style {
            0 => lie,
            1 => lie * place as f64,
            2 => random.sign() * random.power(0.0, 12.2),
            3 => lie + random.power(-2.0, 1.0),
            4 => 1.5e12 + random.power(0.0, 3.0),
            _ => random.between(-1.0, 1.0) * lie,
        };
        let bound = match random.below(4) {
            0 => offset.abs() * random.between(0.9, 1.1),
            1 => 0.0,
            2 => random.power(-2.0, 4.0),
            _ => 6.5e7,
        };
        let precision = [-20, -6, 0, 6, 16, -128, 127][random.below(7)];
        sample([offset, random.power(-3.0, 3.8), bound.min(6.5e7)], place as f64 * random.between(0.0, 10.0), precision)
    };
    let samples = (0..random.below(5)).map(|place| one(random, place)).collect();
    let kiss = [None, None, None, Some(Kiss::Deny), Some(Kiss::Rate)][random.below(5)];
    Candidate {
        samples,
        kiss,
        untrusted: random.below(8) == 0,
        is_overtaken: random.below(8) == 0,
        contested: None,
        wrong_time: None,
    }
}

/// Servers, and the names that lead to each.
struct World {
    servers: Vec<Candidate>,
    names: Vec<Vec<usize>>,
}

impl World {
    fn any(random: &mut Random) -> World {
        let (names, servers) = (1 + random.below(7), 1 + random.below(9));
        let lie = random.sign() * random.power(0.0, 5.0);
        let server = |_| if random.below(5) > 1 { honest(random) } else { liar(random, lie) };
        let mut world = World { servers: (0..servers).map(server).collect(), names: vec![Vec::new(); servers] };
        for name in 0..names {
            for _ in 0..1 + random.below(4) {
                let names = &mut world.names[random.below(servers)];
                if !names.contains(&name) {
                    names.push(name);
                }
            }
        }
        world
    }

    fn assess(&self, is_open: impl Fn(usize) -> bool) -> Assessment {
        self.assess_without(is_open, |_| false)
    }

    /// Some votes are open, and some servers are never heard.
    fn assess_without(&self, is_open: impl Fn(usize) -> bool, is_silent: impl Fn(usize) -> bool) -> Assessment {
        let silent = Candidate::default();
        let contender = |(place, (candidate, names))| Contender {
            candidate: if is_silent(place) { &silent } else { candidate },
            names,
            is_open: is_open(place),
        };
        let all: Vec<Contender<'_>> =
            self.servers.iter().zip(self.names.iter().map(Vec::as_slice)).enumerate().map(contender).collect();
        assess(&all, &Rules { lone_name: false, ..RULES }, NOW)
    }

    /// The votes of each server, as fractions, of those that have one.
    fn votes(&self, has_vote: &[bool]) -> Vec<f64> {
        let size = |name: usize| {
            (0..has_vote.len()).filter(|server| has_vote[*server] && self.names[*server].contains(&name)).count()
        };
        let votes =
            |server: usize| self.names[server].iter().map(|name| 1.0 / size(*name) as f64).sum::<f64>().min(1.0);
        (0..has_vote.len()).map(|server| if has_vote[server] { votes(server) } else { 0.0 }).collect()
    }
}

/// Whether the truth, which is 0, lies within what the server claims.
fn keeps_its_bound(peer: &Option<Peer>) -> bool {
    peer.as_ref().is_some_and(|peer| {
        peer.offset.abs() <= peer.root_distance && !matches!(peer.consistency, Consistency::Contradict { .. })
    })
}

fn has_vote(world: &World, assessment: &Assessment) -> Vec<bool> {
    let votes = |(verdict, candidate): (&Verdict, &Candidate)| match verdict {
        Verdict::Dropped(DropReason::Contradiction { .. }) => true,
        Verdict::Dropped(DropReason::NoData) => candidate.is_overtaken,
        Verdict::Dropped(_) => false,
        _ => true,
    };
    assessment.verdicts.iter().zip(&world.servers).map(votes).collect()
}

#[test]
fn whoever_votes_in_whatever_way_the_promises_hold() {
    let mut random = Random::new(99);
    let (mut majorities, mut ended_early) = (0, 0);
    for _ in 0..20_000 {
        let world = World::any(&mut random);
        let complete = world.assess(|_| false);
        let votes = world.votes(&has_vote(&world, &complete));
        let honest: f64 =
            complete.peers.iter().zip(&votes).filter(|(peer, _)| keeps_its_bound(peer)).map(|(_, votes)| votes).sum();
        if honest <= votes.iter().sum::<f64>() / 2.0 + 1e-6 {
            continue;
        }
        majorities += 1;
        let estimate = complete.estimate.as_ref().expect("an honest majority is heard");
        assert!(estimate.offset.abs() <= estimate.bound, "{estimate:?}");
        let bounds =
            complete.peers.iter().filter(|peer| keeps_its_bound(peer)).flatten().map(|peer| peer.root_distance);
        let widest = bounds.max().expect("somebody is honest");
        // Samples are carried to one moment, up to 40 s away, at 600 ppm.
        assert!(estimate.offset.abs() <= (widest + Interval::from_micros(24_000)) * 2, "{estimate:?} {widest:?}");
        // Some votes are open when a run could end, and are cast later, or never.
        let open: Vec<bool> = world.servers.iter().map(|_| random.below(3) == 0).collect();
        let Ok(early) = world.assess(|place| open[place]).estimate else { continue };
        ended_early += 1;
        assert!(early.offset.abs() <= early.bound, "{early:?}");
        assert!((estimate.offset - early.offset).abs() <= early.bound, "{early:?}, and at last {estimate:?}");
        let never =
            world.assess_without(|_| false, |place| open[place]).estimate.expect("a majority that is sure stays");
        assert!((never.offset - early.offset).abs() <= early.bound, "{early:?}, and at last {never:?}");
    }
    println!("{majorities} honest majorities, of which {ended_early} could end early");
    assert!(majorities > 10_000 && ended_early > 3_000);
}
