//! Liars who use time, names and other servers' misfortunes. In each of these a first version of the rules was wrong.

use std::sync::Arc;
use std::time::Duration;

use rntpdate::internals::cli::rntpdate::RntpdateCli;
use rntpdate::internals::estimate::{NoEstimate, Verdict};
use rntpdate::internals::outcome::{Conclusion, Outcome};
use rntpdate::internals::plan::Plan;
use rntpdate::internals::report::{Context, render};

use super::agreement::{HOUR, ask_names, assert_no_majority};
use super::{ask, assert_offset, offset, plan, run, start_all};
use crate::support::ntpserver::{Behaviour, Builder, MILLISECOND, Nanos, SECOND, Server};

fn ms(n: u64) -> Duration {
    Duration::from_millis(n)
}

fn liar() -> Builder {
    Server::builder().offset(HOUR).root_dispersion(0.0)
}

fn ask_all(builders: Vec<Builder>, options: &[&str]) -> Outcome {
    let servers = start_all(builders);
    ask(&servers.iter().collect::<Vec<_>>(), options)
}

/// A run that finds nothing is no win for a liar; a wrong time is.
#[track_caller]
fn assert_not_led(outcome: &Outcome) {
    if let Conclusion::Decided { .. } = outcome.conclusion {
        assert!(offset(outcome).abs() < SECOND, "{:?}", outcome.conclusion);
    }
}

#[test]
fn quick_liars_with_wide_claims_do_not_end_a_run() {
    let lie = |offset: Nanos, bound: f64| Server::builder().offset(offset).root_dispersion(bound);
    let late = || Server::builder().root_dispersion(0.0).delays(ms(1), ms(300));
    let near = || Server::builder().root_dispersion(0.0);
    let three = || [lie(-2450 * MILLISECOND, 2.445), lie(-2450 * MILLISECOND, 2.445), lie(-4150 * MILLISECOND, 1.0)];
    let mut seven = vec![near(), near(), late(), late()];
    seven.extend(three());
    assert_offset(&ask_all(seven, &[]), 0);
}

#[test]
fn a_lost_packet_does_not_decide_who_is_heard() {
    let lossy = || Server::builder().nth(1, Behaviour::Silent);
    let quick = ["-p2", "-t0.3", "--interval=0.1"];
    assert_offset(&ask_all(vec![liar(), Server::builder(), lossy()], &quick), 0);
    assert_offset(&ask_all(vec![liar(), lossy(), lossy()], &quick), 0);
}

#[test]
fn a_vote_taken_back_at_the_last_moment_changes_nothing() {
    for taken_back in [Behaviour::Kiss(*b"DENY"), Behaviour::Shift(HOUR)] {
        let turncoat = Server::builder().nth(1, Behaviour::ReplyDelay(ms(130))).nth(1, taken_back);
        let slow = Server::builder().nth(1, Behaviour::Silent).since(2, Behaviour::ReplyDelay(ms(400)));
        assert_offset(&ask_all(vec![Server::builder(), turncoat, slow], &["-p2", "-t0.6", "--interval=0.1"]), 0);
    }
    let given_up = Server::builder().offset(HOUR).delay(ms(450));
    let far = Server::builder().delays(ms(100), ms(100));
    let four = vec![Server::builder(), Server::builder(), far, given_up];
    assert_offset(&ask_all(four, &["-p4", "-t0.3", "--interval=0.1"]), 0);
}

#[test]
fn one_server_spelled_twice_is_one() {
    let servers = start_all(vec![Server::builder(), liar()]);
    let port = servers[0].addr().port().to_string();
    let (with_port, padded) = (format!("127.0.0.3:{port}"), format!("127.0.0.3:0{port}"));
    for second in ["127.0.0.3", &with_port, &padded, "::ffff:127.0.0.3", "::ffff:7f00:3", "127.3", "2130706435"] {
        let words = ["-q", "-t0.3", "--port", &port, "127.0.0.2", "127.0.0.3", second];
        let words = words.iter().map(|word| (*word).into());
        let cli: RntpdateCli = rntpdate::internals::cli::parse("rntpdate", words).expect("a good command line");
        assert_no_majority(&run(&Plan::new("rntpdate", &cli).expect("a good plan")));
    }
}

#[test]
fn names_of_one_server_count_once() {
    let servers = start_all(vec![liar(), liar(), Server::builder(), Server::builder()]);
    assert_no_majority(&ask_names(&servers, &[("evil", &[0, 1]), ("alias", &[1, 0]), ("good", &[2])], &["-q"]));
    let five: [(&str, &[usize]); 5] = [("a", &[0]), ("b", &[0]), ("c", &[0]), ("d", &[2]), ("e", &[3])];
    assert_offset(&ask_names(&servers, &five, &["-q", "--min-servers=2"]), 0);
    let two_parties: [(&str, &[usize]); 3] = [("a", &[2]), ("b", &[2]), ("c", &[2, 3])];
    let outcome = ask_names(&servers, &two_parties, &["-q", "--min-servers=3"]);
    assert!(matches!(outcome.conclusion, Conclusion::NoEstimate(NoEstimate::TooFew { agreeing: 2, wanted: 3 })));
}

#[test]
fn who_is_left_over_when_all_others_stumble_is_not_believed() {
    let stumbles = |at: usize| Server::builder().since(at, Behaviour::Shift(2 * SECOND));
    let quiet = liar().since(2, Behaviour::Kiss(*b"RATE"));
    assert_not_led(&ask_all(vec![stumbles(6), stumbles(6), quiet], &["-p8", "--interval=0.05", "-t0.5"]));
    let vague = || stumbles(3).root_dispersion(0.2);
    let outcome = ask_all(vec![vague(), vague(), liar()], &["--accuracy=0.1", "-p4"]);
    assert_offset(&outcome, 2 * SECOND);
    assert_eq!(outcome.servers[2].verdict, Verdict::Falseticker);
}

#[test]
fn many_far_servers_on_one_bad_line_make_a_near_one_no_worse() {
    for count in [1, 3, 7] {
        let mut servers = vec![Server::builder().root_dispersion(0.0)];
        servers.extend((0..count).map(|_| Server::builder().root_dispersion(0.001).delays(ms(50), ms(10))));
        let found = offset(&ask_all(servers, &["-q", "-p2"]));
        assert!(found.abs() < MILLISECOND, "{count} far ones: {found} ns");
    }
}

#[test]
fn a_jump_is_told_with_quiet_too() {
    let server = Server::builder().since(4, Behaviour::Shift(300 * MILLISECOND)).start();
    let plan = plan(&[&server], &["--quiet"]);
    let zone = |_| chrono::DateTime::default();
    let lines = render(&run(&plan), &Context { plan: &plan, zone: &zone });
    assert!(lines.len() == 1 && lines[0].text.contains("its offset jumped from"), "{lines:?}");
}

/// Whoever sees the only request answers before the server does, whose own answer comes when all that was asked for is there.
#[test]
fn a_faster_liar_is_not_followed_though_one_sample_is_enough() {
    let liar = Behaviour::Before(
        1,
        Arc::new(|_, reply: &mut Vec<u8>| {
            for place in [32, 40] {
                let field: [u8; 4] = reply[place..place + 4].try_into().unwrap();
                reply[place..place + 4].copy_from_slice(&(u32::from_be_bytes(field) + 3600).to_be_bytes());
            }
        }),
    );
    let slow =
        |_: &crate::support::ntpserver::ReceivedRequest, _: &mut Vec<u8>| std::thread::sleep(Duration::from_millis(30));
    let server = Server::builder().behave(liar).edit(slow).start();
    let outcome = ask(&[&server], &["-p1"]);
    assert!(matches!(outcome.conclusion, Conclusion::NoEstimate(_)), "{:?}", outcome.conclusion);
    assert!(outcome.servers[0].contact.candidate.contested.is_some());
    let honest = Server::builder().start();
    let outcome = ask(&[&honest], &["-p1"]);
    assert!(matches!(outcome.conclusion, Conclusion::Decided { .. }), "{:?}", outcome.conclusion);
}
