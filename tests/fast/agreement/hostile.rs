//! Liars who search: each moves its claim in small and large steps towards whatever harms most, with all honest servers in view.

use rntpdate::internals::estimate::{Assessment, Verdict};

use super::cases::{Case, Claim, Liars, honest, with_liars};
use super::judged::{Found, assessed, found, widened};
use crate::support::random::Random;

/// Steps of one search, and searches for each number of liars.
const STEPS: usize = 200;
const SEARCHES: usize = 15;

/// What a liar wants: the greatest of this.
type Aim = fn(&Case, Found) -> f64;

/// A wrong time, measured in the widest honest bound.
fn error(case: &Case, found: Found) -> f64 {
    found.map_or(0.0, |(offset, _)| offset.abs() / widened(case.widest_honest()))
}

/// A wrong time that is called exact.
fn overclaim(_: &Case, found: Found) -> f64 {
    found.map_or(0.0, |(offset, bound)| offset.abs() / bound.max(1e-9))
}

/// No time at all.
fn refusal(_: &Case, found: Found) -> f64 {
    if found.is_none() { 1.0 } else { 0.0 }
}

/// A near server's time made worse, measured in the narrowest honest bound.
fn nuisance(case: &Case, found: Found) -> f64 {
    found.map_or(0.0, |(offset, _)| offset.abs() / widened(case.narrowest_honest()))
}

fn moved(random: &mut Random, case: &Case) -> Case {
    let mut case = case.clone();
    let liars = case.claims.len() - case.honest;
    let place = case.honest + random.below(liars);
    let target = case.claims[random.below(case.claims.len())];
    let edge = target.offset + random.sign() * target.bound;
    let step = random.sign() * random.power(-3.0, 3.0);
    let claim = &mut case.claims[place];
    match random.below(5) {
        0 => claim.offset += step,
        1 => claim.bound = (claim.bound + step).clamp(0.001, 3000.0),
        2 => claim.offset = edge,
        // One end of the interval to somebody's edge, the other stays.
        3 => {
            let (low, high) = (claim.offset - claim.bound, edge.max(claim.offset - claim.bound));
            *claim = Claim { offset: f64::midpoint(low, high), bound: ((high - low) / 2.0).max(0.001) };
        }
        _ => *claim = target,
    }
    case
}

/// The worst that liars find, and the case.
fn search(seed: u64, honest_count: usize, liars: usize, aim: Aim) -> (f64, Case) {
    let mut random = Random::new(seed);
    let mut best: (f64, Case) = (0.0, honest(&mut random, honest_count));
    for _ in 0..SEARCHES {
        // From the best of some that are random.
        let mut case = (0..20)
            .map(|_| with_liars(&mut random, honest_count, Liars::any(liars)))
            .max_by(|a, b| aim(a, found(&assessed(a, &[]))).total_cmp(&aim(b, found(&assessed(b, &[])))))
            .expect("twenty");
        let mut gain = aim(&case, found(&assessed(&case, &[])));
        for _ in 0..STEPS {
            let next = moved(&mut random, &case);
            let next_gain = aim(&next, found(&assessed(&next, &[])));
            if next_gain >= gain {
                (gain, case) = (next_gain, next);
            }
        }
        if gain > best.0 {
            best = (gain, case);
        }
    }
    best
}

#[test]
fn liars_who_search_break_no_promise() {
    for (good, bad) in [(2, 1), (3, 2), (4, 3), (5, 4)] {
        let seed = (good * 10 + bad) as u64;
        let (error, case) = search(seed, good, bad, error);
        println!("{good} honest, {bad} liars: error of at most {error:.2} widest honest bounds");
        assert!(error <= 2.0 + 1e-6, "{error} {case:?}");
        let (claim, case) = search(seed, good, bad, overclaim);
        assert!(claim <= 1.0 + 1e-6, "error ÷ bound {claim} {case:?}");
        let (refused, case) = search(seed, good, bad, refusal);
        assert_eq!(refused, 0.0, "{case:?}");
        let (worse, _) = search(seed, good, bad, nuisance);
        println!("{good} honest, {bad} liars: error of at most {worse:.2} narrowest honest bounds");
    }
}

fn narrowest_agreeing(assessment: &Assessment) -> f64 {
    let agrees = |verdict: &Verdict| matches!(verdict, Verdict::Truechimer | Verdict::Outlier);
    let agreeing = assessment.peers.iter().zip(&assessment.verdicts).filter(|(_, verdict)| agrees(verdict));
    // Milliseconds of the case are seconds of the program.
    agreeing.filter_map(|(peer, _)| Some(peer.as_ref()?.root_distance.as_secs_f64())).fold(f64::INFINITY, f64::min)
}

/// Whoever answers first cannot have the run end with a bound that those who come later would break.
#[test]
fn whatever_open_votes_would_say_the_bound_holds() {
    let mut random = Random::new(7);
    let mut ended = 0;
    for round in 0..6000 {
        let (good, bad) = [(2, 1), (3, 2), (4, 3), (5, 4)][round % 4];
        let case = with_liars(&mut random, good, Liars::any(bad));
        // Of the honest ones some are late; every liar is quick.
        let open: Vec<usize> = (0..good).filter(|_| random.below(3) == 0).collect();
        let early = assessed(&case, &open);
        let Some((offset, bound)) = found(&early) else { continue };
        ended += 1;
        // A run ends early only where the bound is at most twice what the narrowest of the majority claims.
        if bound <= 2.0 * narrowest_agreeing(&early) {
            assert!(
                offset.abs() <= 2.0 * widened(case.widest_honest()) + 1e-5,
                "{offset} with {open:?} open: {case:?}"
            );
        }
        assert!(offset.abs() <= bound + 1e-5, "{offset} ± {bound} with {open:?} open: {case:?}");
        let (complete, _) = found(&assessed(&case, &[])).expect("an honest majority");
        assert!((complete - offset).abs() <= bound + 1e-5, "{offset} ± {bound}, and at last {complete}: {case:?}");
    }
    assert!(ended > 1000, "only {ended} runs could end before all was said");
}
