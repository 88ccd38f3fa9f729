//! The selection over whole servers. Random cases by the hundred thousand are in `tests/fast/agreement`.

use proptest::prelude::*;

use super::filter::tests::sample;
use super::*;
use crate::wire::{NtpShort, Stratum};

const RULES: Rules = Rules {
    limits: Limits {
        delay: Interval::from_secs(8),
        root_distance: Interval::from_secs(3),
        reference_age: Interval::from_secs(86_400),
    },
    min_agreeing: 1,
    lone_name: false,
};

/// When all samples are taken.
const NOW: Duration = Duration::from_secs(100);

/// A server with this offset and error bound (5 and more), both in milliseconds.
fn server(offset_ms: i64, bound_ms: i64) -> Candidate {
    let mut sample = sample(offset_ms, 0);
    sample.header.root_dispersion = NtpShort::from_bits(((bound_ms - 5) as u32 * 65_536).div_ceil(1000));
    Candidate { samples: vec![sample], ..Candidate::default() }
}

/// Judges servers of which each has a name of its own.
fn judge(servers: &[Candidate]) -> Assessment {
    let names: Vec<[usize; 1]> = (0..servers.len()).map(|name| [name]).collect();
    let with_names: Vec<(&Candidate, &[usize])> =
        servers.iter().zip(&names).map(|(server, name)| (server, &name[..])).collect();
    judge_named(&with_names, &RULES)
}

fn judge_named(servers: &[(&Candidate, &[usize])], rules: &Rules) -> Assessment {
    let contenders: Vec<Contender<'_>> =
        servers.iter().map(|(candidate, names)| Contender { candidate, names, is_open: false }).collect();
    assess(&contenders, rules, NOW)
}

/// The offset and the bound in microseconds.
fn found(assessment: &Assessment) -> (i128, i128) {
    let estimate = assessment.estimate.as_ref().expect("an estimate");
    (estimate.offset.micros(), estimate.bound.micros())
}

/// Standings by one letter each: truechimer, outlier, falseticker, undecided.
fn standings(assessment: &Assessment) -> String {
    let letter = |verdict: &Verdict| match verdict {
        Verdict::Truechimer => 'T',
        Verdict::Outlier => 'O',
        Verdict::Falseticker => 'F',
        Verdict::Undecided => 'U',
        Verdict::NotAwaited => 'N',
        Verdict::Dropped(_) => 'D',
    };
    assessment.verdicts.iter().map(letter).collect()
}

#[test]
fn one_server_is_taken_as_is_to_the_nanosecond() {
    let mut far = server(1_577_880_000_000, 10);
    far.samples[0].offset += Interval::from_nanos(1);
    let offset = far.samples[0].offset;
    let assessment = judge(&[far]);
    assert_eq!((assessment.estimate.unwrap().offset, assessment.verdicts[0]), (offset, Verdict::Truechimer));
}

#[test]
fn two_that_agree_are_taken_and_two_that_differ_are_not() {
    assert_eq!(standings(&judge(&[server(0, 10), server(8, 10)])), "TT");
    let refused = judge(&[server(10_000, 10), server(0, 10)]);
    assert_eq!(standings(&refused), "UU");
    let Err(NoEstimate::NoMajority(split)) = refused.estimate else { panic!("{refused:?}") };
    assert_eq!(split.offsets.iter().map(|(server, _)| *server).collect::<Vec<_>>(), [1, 0]);
}

#[test]
fn a_liar_among_three_is_outside_at_any_distance() {
    for lie in [10_000, 86_400_000, 50 * 31_557_600_000, -50 * 31_557_600_000] {
        assert_eq!(standings(&judge(&[server(1, 10), server(lie, 10), server(-1, 10)])), "TFT", "offset {lie} ms");
    }
}

#[test]
fn wide_liars_in_the_minority_move_nothing() {
    for (honest, liars) in [(3, 2), (4, 3), (5, 4)] {
        let mut servers: Vec<Candidate> = (0..honest).map(|one| server(one - 2, 70)).collect();
        servers.extend((0..liars).map(|_| server(2900, 2945)));
        let (offset, bound) = found(&judge(&servers));
        assert!(offset.abs() < 70_000 && offset.abs() <= bound, "{liars} liars: {offset} ± {bound}");
    }
}

#[test]
fn a_liar_within_far_bounds_stops_nobody() {
    let mut servers: Vec<Candidate> = [-30, 20, 10, -15, 25].map(|offset| server(offset, 80)).into();
    servers.extend([server(0, 6), server(45, 6)]);
    let assessment = judge(&servers);
    let (offset, bound) = found(&assessment);
    assert!(offset.abs() < 3_000 && bound >= 45_000, "{offset} ± {bound}");
    assert_eq!(standings(&assessment), "TTTTTTO", "nobody can exclude the liar, and he has no part");
}

#[test]
fn three_of_five_that_agree_are_a_majority() {
    let assessment = judge(&[server(-6, 5), server(0, 5), server(0, 5), server(0, 5), server(6, 5)]);
    assert_eq!((found(&assessment).0, standings(&assessment).as_str()), (0, "OTTTO"));
}

#[test]
fn a_sharp_liar_breaks_no_bound() {
    let (offset, bound) = found(&judge(&[server(0, 60), server(5, 60), server(46, 5)]));
    assert!(offset <= bound && bound >= 60_000, "{offset} ± {bound}");
}

#[test]
fn a_wide_interval_does_not_average_two_that_contradict_each_other() {
    let assessment = judge(&[server(0, 10), server(0, 2500), server(2000, 10)]);
    let (offset, bound) = found(&assessment);
    assert!(
        offset.abs() < 10_000 && bound >= 1_990_000,
        "near the point that most agree on, and honest: {offset} ± {bound}"
    );
    assert_eq!(standings(&assessment), "TTO");
}

#[test]
fn a_near_server_is_not_made_worse_by_far_ones() {
    let mut near = server(0, 5);
    near.samples[0].delay = Interval::from_micros(200);
    let (offset, _) = found(&judge(&[near, server(30, 60), server(25, 60), server(20, 60)]));
    assert!(offset.abs() < 100, "{offset} us");
}

#[test]
fn nobody_in_the_common_part_gives_its_nearest_point() {
    let assessment = judge(&[server(-90, 100), server(-80, 90), server(100, 100)]);
    let estimate = assessment.estimate.as_ref().unwrap();
    assert!(estimate.span.holds(estimate.offset));
    assert!(assessment.verdicts.contains(&Verdict::Truechimer), "{assessment:?}");
}

#[test]
fn the_lower_stratum_leads() {
    let (mut second, first) = (server(0, 6), server(0, 30));
    second.samples[0].header.stratum = Stratum(3);
    assert_eq!(judge(&[second, first]).estimate.unwrap().system_peer, 1);
}

#[test]
fn a_name_with_many_addresses_has_one_vote() {
    let (good, evil) = (server(0, 10), server(3_600_000, 10));
    let one_against_one: [(&Candidate, &[usize]); 6] =
        [(&good, &[0]), (&evil, &[1]), (&evil, &[1]), (&evil, &[1]), (&evil, &[1]), (&evil, &[1])];
    assert_eq!(standings(&judge_named(&one_against_one, &RULES)), "UUUUUU");
    let two_against_one: [(&Candidate, &[usize]); 5] =
        [(&good, &[0]), (&good, &[1]), (&evil, &[2]), (&evil, &[2]), (&evil, &[2])];
    assert_eq!(standings(&judge_named(&two_against_one, &RULES)), "TTFFF");
    let stolen: [(&Candidate, &[usize]); 4] = [(&good, &[0, 1]), (&evil, &[0]), (&evil, &[0]), (&evil, &[0])];
    assert_eq!(standings(&judge_named(&stolen, &RULES)), "TFFF", "a name that points at another's server");
}

#[test]
fn a_pool_votes_by_its_addresses() {
    let (good, evil) = (server(0, 10), server(3_600_000, 10));
    let pool: [(&Candidate, &[usize]); 3] = [(&good, &[0]), (&evil, &[0]), (&good, &[0])];
    let rules = Rules { min_agreeing: 2, lone_name: true, ..RULES };
    assert_eq!(standings(&judge_named(&pool, &rules)), "TFT");
    let estimate = judge_named(&pool, &rules).estimate.unwrap();
    assert_eq!((estimate.agreeing, estimate.voters), (2, 3));
}

#[test]
fn fewer_than_have_to_agree_give_nothing() {
    let (liar, rules) = (server(3_600_000, 10), Rules { min_agreeing: 2, ..RULES });
    let silent = Candidate::default();
    let servers: [(&Candidate, &[usize]); 3] = [(&silent, &[0]), (&silent, &[1]), (&liar, &[2])];
    let refused = judge_named(&servers, &rules).estimate;
    assert_eq!(refused, Err(NoEstimate::TooFew { agreeing: 1, wanted: 2 }));
    let many_addresses: [(&Candidate, &[usize]); 3] = [(&silent, &[0]), (&liar, &[2]), (&liar, &[2])];
    let refused = judge_named(&many_addresses, &rules).estimate;
    assert_eq!(refused, Err(NoEstimate::TooFew { agreeing: 1, wanted: 2 }));
}

#[test]
fn an_open_vote_counts_against_the_majority_and_for_the_bound() {
    let (near, far, silent) = (server(0, 5), server(3, 20), Candidate::default());
    let judge = |servers: &[&Candidate]| {
        let names: Vec<[usize; 1]> = (0..servers.len()).map(|name| [name]).collect();
        let contenders: Vec<Contender<'_>> = servers
            .iter()
            .zip(&names)
            .map(|(candidate, names)| Contender { candidate, names, is_open: candidate.samples.is_empty() })
            .collect();
        assess(&contenders, &RULES, NOW)
    };
    let all_heard = judge(&[&near, &far]);
    assert_eq!(found(&all_heard).1, 5_004, "the farther end of what both cover");
    let one_open = judge(&[&near, &far, &silent]);
    assert_eq!(standings(&one_open), "TTN");
    assert!((23_000..23_100).contains(&found(&one_open).1), "the farther end of what either covers: {one_open:?}");
    assert!(judge(&[&near, &silent]).estimate.is_err(), "one against one that is not heard");
    assert!(judge(&[&near, &far, &silent, &silent]).estimate.is_err(), "two against two");
}

#[test]
fn whoever_has_no_vote_moves_nothing() {
    let (proven, liar, far) = (server(0, 400), server(250, 6), server(-300, 6));
    let rules = Rules { lone_name: true, ..RULES };
    let alone = judge_named(&[(&proven, &[0])], &rules);
    for liars in [1, 4, 40] {
        let mut servers: Vec<(&Candidate, &[usize])> = vec![(&liar, &[]); liars];
        servers.push((&far, &[]));
        servers.push((&proven, &[0]));
        let found = judge_named(&servers, &rules);
        let (found_one, alone) = (found.estimate.unwrap(), alone.estimate.clone().unwrap());
        assert_eq!((found_one.offset, found_one.bound, found_one.span), (alone.offset, alone.bound, alone.span));
        assert_eq!((found_one.system_peer, found_one.agreeing, found_one.voters), (liars + 1, 1, 1));
        let (last, others) = found.verdicts.split_last().unwrap();
        assert_eq!(*last, Verdict::Truechimer);
        assert!(others.iter().all(|verdict| *verdict == Verdict::Dropped(DropReason::NoVote)), "{others:?}");
        let two = judge_named(&servers, &Rules { min_agreeing: 2, ..rules });
        assert_eq!(two.estimate, Err(NoEstimate::TooFew { agreeing: 1, wanted: 2 }));
    }
    assert_eq!(judge_named(&[(&liar, &[]), (&far, &[])], &RULES).estimate, Err(NoEstimate::NoServer));
    // The one with the vote contradicts itself: nobody takes its place.
    let split =
        Candidate { samples: [&proven, &server(9_000, 400)].map(|of| of.samples[0].clone()).to_vec(), ..proven };
    let nobody = judge_named(&[(&split, &[0]), (&liar, &[])], &RULES);
    assert_eq!(nobody.estimate, Err(NoEstimate::NoServer));
}

#[test]
fn what_was_measured_long_ago_is_less_exact() {
    let bound = |seconds| {
        let (candidate, names) = (server(0, 10), [0]);
        let contenders = [Contender { candidate: &candidate, names: &names, is_open: false }];
        assess(&contenders, &RULES, NOW + Duration::from_secs(seconds)).estimate.unwrap().bound
    };
    assert_eq!((bound(20) - bound(0)).micros(), 12_000, "600 ppm over 20 s");
    // Servers that were asked at the same time do not agree better for it, and none is dropped.
    let late = || {
        let mut late = server(0, 10);
        late.samples[0].taken.raw += Duration::from_secs(25);
        late
    };
    let (_, bound) = found(&judge(&[server(0, 5), server(20, 5), late()]));
    assert!(bound >= 20_000, "either of the two may be right: {bound} us");
    let rules = Rules { limits: Limits { root_distance: Interval::from_micros(14_000), ..RULES.limits }, ..RULES };
    let (a, b, late) = (server(0, 10), server(1, 10), late());
    let three: [(&Candidate, &[usize]); 3] = [(&a, &[0]), (&b, &[1]), (&late, &[2])];
    assert_eq!(standings(&judge_named(&three, &rules)), "TTT");
}

#[test]
fn three_far_servers_do_not_outweigh_a_near_one() {
    let mut near = server(0, 5);
    near.samples[0].delay = Interval::from_micros(200);
    for count in [3, 5, 7] {
        let mut servers = vec![near.clone()];
        servers.extend((0..count).map(|_| server(20, 36)));
        let (offset, _) = found(&judge(&servers));
        assert!(offset.abs() < 100, "{count} far ones: {offset} us");
    }
}

#[test]
fn servers_that_contradict_themselves_have_a_vote_for_nothing() {
    let mut torn = server(0, 10);
    torn.samples.push(sample(3000, 0));
    let overtaken = Candidate { is_overtaken: true, ..Candidate::default() };
    let contested = Candidate { contested: Some(Interval::from_secs(3600)), ..server(0, 10) };
    let liar = server(3_600_000, 10);
    assert_eq!(standings(&judge(&[torn.clone(), torn.clone(), liar.clone()])), "DDU");
    assert_eq!(standings(&judge(&[contested.clone(), contested, liar.clone()])), "DDU");
    assert_eq!(standings(&judge(&[overtaken.clone(), overtaken, liar])), "DDU");
    assert_eq!(standings(&judge(&[server(0, 10), server(1, 10), torn])), "TTD");
}

#[test]
fn what_is_known_better_moves_the_offset_within_the_span_alone() {
    let mut estimate = judge(&[server(0, 10), server(2, 10)]).estimate.unwrap();
    estimate.move_to(Interval::from_secs(5));
    assert_eq!(estimate.offset, estimate.span.high);
    assert_eq!(estimate.bound, estimate.span.high - estimate.span.low);
}

proptest! {
    #[test]
    fn the_order_of_the_servers_does_not_matter(offsets in prop::collection::vec((-50_i64..50, 5_i64..40), 1..8)) {
        let servers: Vec<Candidate> = offsets.iter().map(|(offset, bound)| server(*offset, *bound)).collect();
        let backwards: Vec<Candidate> = servers.iter().rev().cloned().collect();
        let there = judge(&servers).estimate.ok().map(|estimate| (estimate.span, estimate.agreeing));
        let back = judge(&backwards).estimate.ok().map(|estimate| (estimate.span, estimate.agreeing));
        prop_assert_eq!(there, back);
    }
}
