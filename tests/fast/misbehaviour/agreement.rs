//! Who agrees with whom, and when that is enough: names and their addresses, how many have to agree, and the end of a run.

use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::time::{Duration, Instant};

use rntpdate::internals::estimate::{DistancePart, DropReason, NoEstimate, Verdict};
use rntpdate::internals::linux::SystemClock;
use rntpdate::internals::machine::{DryClock, Resolver};
use rntpdate::internals::net::{Family, ResolveError, Resolved};
use rntpdate::internals::outcome::{Conclusion, Outcome};

use super::{ask, assert_offset, dropped, offset, plan, run_resolving, start_all};
use crate::support::ntpserver::{Behaviour, Builder, DAY, MILLISECOND, Nanos, ReceivedRequest, SECOND, Server};

pub(crate) const HOUR: Nanos = 3600 * SECOND;

/// Names that lead to some of the test's servers.
struct Names(HashMap<&'static str, Vec<IpAddr>>);

impl Resolver for Names {
    fn resolve(&self, names: &[String], _: Family, _: Duration) -> Vec<Resolved> {
        let unknown = || ResolveError::NoAddress { text: "no such name".to_owned(), code: -2 };
        let addresses =
            |name: &String| Some(self.0.get(name.as_str())?.iter().map(|ip| SocketAddr::new(*ip, 0)).collect());
        names.iter().map(|name| addresses(name).ok_or_else(unknown)).collect()
    }

    fn reverse(&self, addresses: &[IpAddr], _: Duration) -> Vec<Option<String>> {
        vec![None; addresses.len()]
    }
}

/// Asks names, each of which leads to the servers in these places.
pub(crate) fn ask_names(servers: &[Server], names: &[(&'static str, &[usize])], options: &[&str]) -> Outcome {
    let mut plan = plan(&servers.iter().collect::<Vec<_>>(), options);
    plan.servers = names.iter().map(|(name, _)| (*name).to_owned()).collect();
    plan.ports = vec![None; names.len()];
    plan.rules.lone_name = names.len() == 1;
    let address = |place: &usize| servers[*place].addr().ip();
    let names = Names(names.iter().map(|(name, places)| (*name, places.iter().map(address).collect())).collect());
    run_resolving(&mut DryClock::new(SystemClock), &plan, &names)
}

fn liar() -> Builder {
    Server::builder().offset(HOUR).root_dispersion(0.0)
}

fn verdicts(outcome: &Outcome) -> Vec<Verdict> {
    outcome.servers.iter().map(|server| server.verdict).collect()
}

#[track_caller]
pub(crate) fn assert_no_majority(outcome: &Outcome) {
    assert!(
        matches!(outcome.conclusion, Conclusion::NoEstimate(NoEstimate::NoMajority(_))),
        "{:?}",
        outcome.conclusion
    );
}

#[test]
fn a_name_with_many_addresses_has_one_vote() {
    let servers = start_all(vec![Server::builder(), liar(), liar(), liar(), liar(), liar()]);
    assert_no_majority(&ask_names(&servers, &[("good", &[0]), ("evil", &[1, 2])], &["-q"]));
    assert_no_majority(&ask_names(&servers, &[("good", &[0]), ("evil", &[1, 2, 3, 4, 5])], &["-q"]));
    assert_no_majority(&ask_names(
        &servers,
        &[("good", &[0]), ("evil", &[1, 2]), ("evil.", &[3]), ("EVIL", &[4])],
        &["-q"],
    ));
    let servers =
        start_all(vec![Server::builder(), Server::builder(), Server::builder(), liar(), liar(), liar(), liar()]);
    let outcome = ask_names(&servers, &[("a", &[0]), ("evil", &[3, 4, 5, 6]), ("b", &[1]), ("c", &[2])], &["-q"]);
    assert_offset(&outcome, 0);
    assert_eq!(verdicts(&outcome).iter().filter(|verdict| **verdict == Verdict::Falseticker).count(), 4);
}

#[test]
fn a_name_cannot_take_anothers_vote_by_pointing_at_its_server() {
    let servers = start_all(vec![Server::builder(), liar(), liar(), liar()]);
    let outcome = ask_names(&servers, &[("evil", &[0, 1, 2, 3]), ("good", &[0])], &["-q"]);
    assert_offset(&outcome, 0);
}

#[test]
fn fewer_names_than_have_to_agree_set_nothing() {
    let silent = || Server::builder().behave(Behaviour::Silent);
    let servers = start_all(vec![silent(), silent(), silent(), silent(), liar()]);
    let all: Vec<&Server> = servers.iter().collect();
    let too_few = |outcome: &Outcome, agreeing, wanted| match &outcome.conclusion {
        Conclusion::NoEstimate(NoEstimate::TooFew { agreeing: found, wanted: least }) => {
            assert_eq!((*found, *least), (agreeing, wanted));
            assert_eq!(outcome.exit_status() as u8, 1);
        }
        other => panic!("{other:?}"),
    };
    too_few(&ask(&all, &["-t0.3", "--min-servers=2"]), 1, 2);
    // Without the option the one is believed.
    assert_offset(&ask(&all, &["-t0.3", "-q"]), HOUR);
    let servers = start_all(vec![Server::builder(), liar(), liar(), Server::builder()]);
    let one_name = [("good", &[0][..]), ("gone", &[]), ("liar", &[1, 2])];
    assert_no_majority(&ask_names(&servers, &one_name, &["-q", "--min-servers=2"]));
    too_few(&ask_names(&servers, &[("gone", &[]), ("liar", &[1, 2])], &["-q", "--min-servers=2"]), 1, 2);
    too_few(&ask_names(&servers, &[("a", &[0]), ("b", &[0]), ("c", &[0])], &["-q", "--min-servers=2"]), 1, 2);
    assert_offset(&ask_names(&servers, &[("pool", &[0, 3])], &["-q", "--min-servers=2"]), 0);
}

#[test]
fn what_cannot_change_the_result_is_not_waited_for() {
    let silent = || Server::builder().behave(Behaviour::Silent);
    let servers = start_all(vec![Server::builder(), silent(), Server::builder()]);
    let all: Vec<&Server> = servers.iter().collect();
    let started = Instant::now();
    let outcome = ask(&all, &["-t10", "-p2"]);
    assert!(started.elapsed() < Duration::from_secs(3), "{:?}", started.elapsed());
    assert_offset(&outcome, 0);
    assert_eq!(verdicts(&outcome), [Verdict::Truechimer, Verdict::NotAwaited, Verdict::Truechimer]);
    // A query waits for everybody, and so does whoever has no majority yet.
    let outcome = ask(&all, &["-t0.3", "-q"]);
    assert_eq!(outcome.servers[1].verdict, Verdict::Dropped(DropReason::NoData));
    let outcome = ask(&all[..2], &["-t0.3", "-p2"]);
    assert_eq!(outcome.servers[1].verdict, Verdict::Dropped(DropReason::NoData));
    assert_offset(&outcome, 0);
    let outcome = ask(&all, &["-t0.3", "-p2", "--min-servers=3"]);
    assert!(matches!(outcome.conclusion, Conclusion::NoEstimate(NoEstimate::TooFew { agreeing: 2, wanted: 3 })));
}

#[test]
fn liars_who_answer_first_cannot_end_a_run() {
    let late = || Server::builder().delay(Duration::from_millis(300));
    let servers = start_all(vec![liar(), late(), late(), liar(), late()]);
    let outcome = ask(&servers.iter().collect::<Vec<_>>(), &["-p2"]);
    let (found, Conclusion::Decided { estimate, .. }) = (offset(&outcome), &outcome.conclusion) else {
        panic!("{outcome:?}")
    };
    assert!(found.abs() < 200 * MILLISECOND && found.abs() <= estimate.bound.nanos(), "{found} ± {:?}", estimate.bound);
}

#[test]
fn a_server_alone_whose_samples_contradict_each_other_is_not_fit() {
    let by_turns = Server::builder().matching(|n, _| n % 2 == 0, Behaviour::Shift(3 * SECOND)).start();
    let outcome = ask(&[&by_turns], &["-p4"]);
    assert!(matches!(dropped(&outcome), Some(DropReason::Contradiction { .. })), "{outcome:?}");
    assert_eq!(by_turns.requests().len(), 8, "four more were asked for");
    let jumps_late = Server::builder().since(8, Behaviour::Shift(3 * SECOND)).start();
    assert!(matches!(dropped(&ask(&[&jumps_late], &["-p8"])), Some(DropReason::Contradiction { .. })));
}

#[test]
fn the_newest_samples_count_where_only_older_ones_differ() {
    // As it looks from a machine that stood still for two seconds before the fourth sample.
    let server = Server::builder().since(4, Behaviour::Shift(2 * SECOND)).start();
    let outcome = ask(&[&server], &["-p4"]);
    assert_offset(&outcome, 2 * SECOND);
    let peer = outcome.servers[0].peer.as_ref().expect("samples");
    assert_eq!((peer.counted, server.requests().len()), (5, 8));
}

#[test]
fn a_large_root_dispersion_is_named_and_can_be_permitted() {
    let server = Server::builder().root_dispersion(10.7).start();
    let Some(DropReason::RootDistance(found)) = dropped(&ask(&[&server], &["-q"])) else { panic!("it is fit") };
    assert_eq!((found.part, (found.value.as_secs_f64() * 10.0).round()), (DistancePart::RootDispersion, 107.0));
    let outcome = ask(&[&server], &["-q", "--max-distance=12"]);
    assert_offset(&outcome, 0);
    let Conclusion::Decided { estimate, .. } = &outcome.conclusion else { panic!("{outcome:?}") };
    assert!(estimate.bound.as_secs_f64() > 10.7, "what is believed is still not exact");
}

/// Cuts a time stamp of the reply to whole seconds.
fn cut(at: usize) -> impl Fn(&ReceivedRequest, &mut Vec<u8>) + Send + Sync {
    move |_, reply| reply[at + 4..at + 8].fill(0)
}

const RECEIVE: usize = 32;
const TRANSMIT: usize = 40;

#[test]
fn stamps_are_good_to_the_announced_precision() {
    let coarse = || Server::builder().precision(0);
    for builder in
        [coarse().edit(cut(RECEIVE)), coarse().edit(cut(RECEIVE)).edit(cut(TRANSMIT)), coarse().edit(cut(TRANSMIT))]
    {
        let server = builder.start();
        let outcome = ask(&[&server], &["-q"]);
        let Conclusion::Decided { estimate, .. } = &outcome.conclusion else { panic!("{outcome:?}") };
        assert!(estimate.offset.abs() <= estimate.bound && estimate.bound.as_secs_f64() >= 1.0, "{estimate:?}");
    }
    // Impossible by 2 µs, at a precision of 4 µs.
    let server = Server::builder().precision(-18).behave(Behaviour::TransmitBeforeReceive(2_000)).start();
    assert_offset(&ask(&[&server], &["-q"]), 0);
    let finer = Server::builder().precision(-20).behave(Behaviour::TransmitBeforeReceive(2 * MILLISECOND)).start();
    assert_eq!(dropped(&ask(&[&finer], &["-q", "-t0.3"])), Some(DropReason::NoData));
}

#[test]
fn three_standings_are_told_apart() {
    let near = || Server::builder().root_dispersion(0.001);
    let vague = Server::builder().offset(60 * MILLISECOND).root_dispersion(0.2);
    let servers = start_all(vec![near(), near(), vague, Server::builder().offset(DAY)]);
    let outcome = ask(&servers.iter().collect::<Vec<_>>(), &["-q"]);
    assert_eq!(verdicts(&outcome), [Verdict::Truechimer, Verdict::Truechimer, Verdict::Outlier, Verdict::Falseticker]);
    assert_offset(&outcome, 0);
}
