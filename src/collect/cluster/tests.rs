use super::*;
use crate::check::Thresholds;
use proptest::prelude::*;

const NOW: i64 = 1_800_000_000;

fn s(seconds: f64) -> Interval {
    Interval::from_secs_f64(seconds)
}

fn limits() -> Limits {
    let of = |size: &str| size.parse().ok();
    Limits { offset: Thresholds { warning: of("0.1"), critical: of("0.5") }, stratum: Thresholds::default() }
}

/// A node that had to add `offset`, by an estimate that is good to 20 ms and a server that is good to 1 ms.
fn node(name: &str, offset: f64, done: Done) -> Delivered {
    let server = ("192.0.2.1:123".parse().unwrap(), Measured { offset: s(offset), bound: s(0.001) });
    let estimate = Some(Measured { offset: s(offset), bound: s(0.02) });
    let run = Run { finished: s(NOW as f64), estimate, servers: vec![server], done, error: None, exit_status: 0 };
    Delivered { node: name.to_owned(), result: Ok(run) }
}

fn change(mut one: Delivered, change: impl FnOnce(&mut Run)) -> Delivered {
    change(one.result.as_mut().unwrap());
    one
}

fn at(delivered: &[Delivered], later: i64) -> Cluster {
    compare(delivered, Vec::new(), &limits(), Time::from_unix(NOW + later, 0))
}

fn of<'a>(cluster: &'a Cluster, name: &str) -> &'a Node {
    cluster.nodes.iter().find(|node| node.name == name).unwrap()
}

#[test]
fn clocks_are_compared_by_the_server_that_all_of_them_asked() {
    let cluster = at(&[node("a", 0.01, Done::Nothing), node("b", -0.02, Done::Nothing)], 0);
    assert_eq!(cluster.reference, Some("192.0.2.1:123".parse().unwrap()));
    assert_eq!((of(&cluster, "a").offset, of(&cluster, "a").bound), (Some(s(-0.01)), Some(s(0.001))));
    let pair = cluster.widest.unwrap();
    assert_eq!((pair.ahead.as_str(), pair.behind.as_str()), ("b", "a"));
    assert!((pair.difference - s(0.032)).abs() < s(1e-6), "{pair:?}");
    // One that asked others is a reason to compare by true time, with what that costs.
    let other = change(node("c", 0.0, Done::Nothing), |run| run.servers[0].0 = "192.0.2.2:123".parse().unwrap());
    let cluster = at(&[node("a", 0.01, Done::Nothing), other], 0);
    assert_eq!((cluster.reference, of(&cluster, "a").bound), (None, Some(s(0.02))));
}

#[test]
fn what_a_run_has_done_counts_as_far_as_it_is_done() {
    let steps = [node("a", 3.0, Done::Step), node("b", 0.25, Done::Slew), node("c", 3.0, Done::Nothing)];
    let cluster = at(&steps, 100);
    assert_eq!((of(&cluster, "a").state, of(&cluster, "a").offset), (State::Stepped, Some(s(0.0))));
    let slewing = of(&cluster, "b");
    // 100 s of 500 ppm are 50 ms.
    assert!((slewing.offset.unwrap() - s(-0.2)).abs() < s(1e-6), "{slewing:?}");
    assert!(matches!(slewing.state, State::Slewing(left) if (left - s(400.0)).abs() < s(0.01)), "{slewing:?}");
    assert_eq!((slewing.level, of(&cluster, "c").level), (Level::Warning, Level::Critical));
    assert_eq!((of(&cluster, "c").offset, of(&cluster, "c").before), (Some(s(-3.0)), Some(s(3.0))));
    let later = at(&steps, 600);
    assert_eq!((of(&later, "b").state, of(&later, "b").offset), (State::Measured, Some(s(0.0))));
    let earlier = at(&steps, -1_000_000);
    assert!(matches!(of(&earlier, "b").state, State::Slewing(_)), "a clock of ours that is behind undoes nothing");
}

#[test]
fn who_failed_and_who_is_missing_is_critical_with_the_error() {
    let failed = change(node("a", 0.0, Done::Nothing), |run| {
        (run.estimate, run.error, run.exit_status) = (None, Some("no server".to_owned()), 1);
    });
    let refused =
        change(node("b", 0.0, Done::Nothing), |run| (run.error, run.exit_status) = (Some("a daemon".to_owned()), 4));
    let silent = Delivered { node: "c".to_owned(), result: Err("No route to host".to_owned()) };
    let cluster = compare(&[failed, refused, silent], vec!["d".to_owned()], &limits(), Time::from_unix(NOW, 0));
    let told = |name: &str| (of(&cluster, name).level, of(&cluster, name).cause.clone().unwrap());
    assert_eq!(told("a"), (Level::Critical, "no server".to_owned()));
    assert_eq!(told("b"), (Level::Warning, "a daemon".to_owned()), "its clock is known, and right");
    assert_eq!(told("c"), (Level::Critical, "no result: No route to host".to_owned()));
    assert_eq!((told("d").0, of(&cluster, "d").state), (Level::Critical, State::Missing));
    assert_eq!((cluster.level, cluster.widest), (Level::Critical, None));
    assert_eq!(at(&[], 0).level, Level::Unknown);
}

#[test]
fn two_clocks_within_the_limits_may_be_too_far_from_each_other() {
    let cluster = at(&[node("a", 0.09, Done::Nothing), node("b", -0.09, Done::Nothing)], 0);
    assert!(cluster.nodes.iter().all(|node| node.level == Level::Ok));
    assert_eq!(cluster.level, Level::Warning);
}

#[test]
fn old_measurements_count_for_less_and_very_old_ones_are_told() {
    let old = change(node("a", 0.0, Done::Nothing), |run| run.finished = s((NOW - 1000) as f64));
    let cluster = at(&[old, node("b", 0.0, Done::Nothing)], 0);
    assert!((of(&cluster, "a").bound.unwrap() - s(0.016)).abs() < s(1e-6), "15 ppm of 1000 s");
    let ancient = change(node("a", 0.0, Done::Nothing), |run| run.finished = s(0.0));
    let cluster = at(&[ancient, node("b", 0.0, Done::Nothing)], 0);
    assert!(cluster.warnings[0].contains("57.0 years apart"), "{:?}", cluster.warnings);
    // A clock that was in 1970 was measured when the others were.
    let woken = change(node("a", NOW as f64, Done::Nothing), |run| run.finished = s(0.0));
    assert!(at(&[woken, node("b", 0.0, Done::Nothing)], 0).warnings.is_empty());
}

proptest! {
    #[test]
    fn no_pair_can_be_further_apart_than_is_said(
        clocks in prop::collection::vec((-100_i64..100, 0_i64..50), 2..12),
        true_in in prop::collection::vec(-1.0_f64..=1.0, 12),
    ) {
        let nodes: Vec<Delivered> = clocks.iter().enumerate().map(|(place, (offset, bound))| {
            change(node(&place.to_string(), *offset as f64, Done::Nothing), |run| {
                run.servers[0].1.bound = Interval::from_secs(*bound);
                // All at the same moment.
                run.finished = Interval::from_secs(NOW - offset);
            })
        }).collect();
        let pair = at(&nodes, 0).widest.unwrap();
        // Wherever within its bound each clock is.
        let truth: Vec<f64> = clocks.iter().zip(&true_in).map(|((o, b), t)| -(*o as f64) + *b as f64 * t).collect();
        for (place, one) in truth.iter().enumerate() {
            for other in &truth[..place] {
                prop_assert!((one - other).abs() <= pair.difference.as_secs_f64() + 1e-6);
            }
        }
        // And it can be so far: no more is said than is possible.
        let ends = |sign: i64| clocks.iter().map(move |(o, b)| -o + sign * b);
        let possible = ends(1).enumerate().flat_map(|(i, high)| {
            ends(-1).enumerate().filter(move |(j, _)| *j != i).map(move |(_, low)| high - low)
        }).max().unwrap();
        prop_assert!((pair.difference - Interval::from_secs(possible)).abs() < s(1e-6));
    }
}
