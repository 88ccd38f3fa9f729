//! The exchange with up to four servers under whatever the network does: how often is asked, what counts, what comes of it.

use std::net::IpAddr;
use std::time::Duration;

use rntpdate::internals::estimate::{Assessment, Candidate, Contender, Limits, Peer, Rules, Verdict, assess};
use rntpdate::internals::exchange::{Contact, Pace};
use rntpdate::internals::time::Interval;

use super::bytes::Bytes;
use super::played::{Played, Sent};

const LIMITS: Limits = Limits {
    delay: Interval::from_secs(1),
    root_distance: Interval::from_secs(3),
    reference_age: Interval::from_secs(86_400),
};
const RULES: Rules = Rules { limits: LIMITS, min_agreeing: 1, lone_name: false };
/// What the clock may drift during a run of a minute: 600 ppm of it.
const DRIFT: Interval = Interval::from_micros(36_000);
/// After all that is played.
const NOW: Duration = Duration::from_secs(1_000_000);
/// What a trace keeps at the most.
const MAX_EVENTS: usize = 10_000;

pub(crate) fn check(data: &[u8]) {
    let mut input = Bytes(data);
    let Some(mut played) = Played::new(&mut input) else { return };
    played.act();
    while played.event(&mut input).is_some() {
        let (answered, wanted) = played.exchange.progress();
        let standings: Vec<(&Candidate, bool)> = played.exchange.standings().collect();
        assert!(
            answered <= wanted && played.exchange.active() == standings.iter().filter(|(_, active)| *active).count()
        );
        judged(&standings);
    }
    let (contacts, trace) = played.run_out();
    assert!(trace.events.len() <= MAX_EVENTS);
    for (contact, sent) in contacts.iter().zip(&played.sent) {
        polite(contact, sent, &played.pace);
        counted(contact, sent, &played.pace);
        assert_eq!(contact.authentication.is_some(), played.key.is_some());
        if played.key.is_some() {
            proved(contact, &played.proved);
        }
    }
    judged(&contacts.iter().map(|contact| (&contact.candidate, false)).collect::<Vec<_>>());
}

/// Never more requests than wanted, never faster than allowed, whatever comes back.
fn polite(contact: &Contact, sent: &[Sent], pace: &Pace) {
    assert!(contact.sent == sent.len() && contact.sent <= most_samples(pace), "{} requests", sent.len());
    let near = matches!(contact.address.ip(), IpAddr::V4(v4) if v4.is_private())
        || matches!(contact.address.ip(), IpAddr::V6(v6) if v6.is_unicast_link_local());
    let least = if near { pace.burst } else { pace.polite };
    for pair in sent.windows(2) {
        let gap: Duration = pair[1].raw.saturating_sub(pair[0].raw);
        // What never left asked nobody.
        let least = if pair[0].is_kept_back { pace.burst } else { least };
        assert!(gap >= least, "{gap:?} between two requests to {}", contact.address);
    }
}

/// Samples that contradict each other are settled by more of them.
fn most_samples(pace: &Pace) -> usize {
    if pace.samples > 1 { 8 } else { 1 }
}

/// Every sample answers one request of ours to that server, and no two the same.
fn counted(contact: &Contact, sent: &[Sent], pace: &Pace) {
    assert!(contact.answered <= contact.sent);
    assert!(contact.reach.count_ones() as usize <= contact.answered);
    let samples = &contact.candidate.samples;
    assert!(samples.len() <= contact.answered && samples.len() <= most_samples(pace));
    let mut origins: Vec<u64> = samples.iter().map(|sample| sample.header.origin.to_bits()).collect();
    assert!(origins.iter().all(|origin| sent.iter().any(|request| request.nonce.to_bits() == *origin)));
    origins.sort_unstable();
    assert!(origins.is_sorted_by(|a, b| a < b), "one sample for each request");
    for sample in samples {
        assert!(!sample.delay.is_negative() && sample.dispersion > Interval::ZERO);
    }
}

/// With a key only what was signed with it counts, orders included.
fn proved(contact: &Contact, proved: &[Vec<u8>]) {
    for sample in &contact.candidate.samples {
        assert!(proved.iter().any(|header| header[..] == sample.header.to_bytes()), "{:?}", sample.header);
    }
    let passed = contact.authentication.map_or(0, |record| record.passed);
    assert!(passed == contact.answered && passed <= proved.len());
    assert!(contact.candidate.kiss.is_none() || passed > 0);
}

/// An estimate lies in what the majority covers, and its bound reaches to the end of that, whether or not votes are open.
fn judged(standings: &[(&Candidate, bool)]) {
    let names: Vec<[usize; 1]> = (0..standings.len()).map(|name| [name / 2]).collect();
    for with_open in [false, true] {
        let contenders: Vec<Contender<'_>> = standings
            .iter()
            .zip(&names)
            .map(|((candidate, active), names)| Contender { candidate, names, is_open: *active && with_open })
            .collect();
        judged_as(&contenders);
    }
}

fn judged_as(contenders: &[Contender<'_>]) {
    let Assessment { peers, verdicts, estimate } = assess(contenders, &RULES, NOW);
    assert_eq!((peers.len(), verdicts.len()), (contenders.len(), contenders.len()));
    for peer in peers.iter().flatten() {
        assert!(peer.delay >= Interval::ZERO && peer.dispersion > Interval::ZERO);
        assert!(peer.jitter >= peer.dispersion && peer.root_distance > peer.jitter);
    }
    let of = |wanted: fn(&Verdict) -> bool| -> Vec<&Peer> {
        verdicts
            .iter()
            .zip(&peers)
            .filter(|(verdict, _)| wanted(verdict))
            .filter_map(|(_, peer)| peer.as_ref())
            .collect()
    };
    let fit = of(|verdict| !matches!(verdict, Verdict::Dropped(_) | Verdict::NotAwaited));
    assert!(fit.iter().all(|peer| peer.delay <= LIMITS.delay && peer.root_distance <= LIMITS.root_distance));
    let believed = of(|verdict| *verdict == Verdict::Truechimer);
    let Ok(estimate) = estimate else { return assert!(believed.is_empty()) };
    assert!(
        !believed.is_empty()
            && believed.iter().all(|peer| (peer.offset - estimate.offset).abs() <= peer.root_distance + DRIFT)
    );
    assert!(estimate.span.holds(estimate.offset) && estimate.bound == estimate.span.farther_end(estimate.offset));
    assert!(0 < estimate.agreeing && estimate.agreeing <= estimate.voters && estimate.voters <= fit.len());
    assert!(estimate.bound >= Interval::ZERO && estimate.jitter > Interval::ZERO);
    assert_eq!(verdicts[estimate.system_peer], Verdict::Truechimer);
}
