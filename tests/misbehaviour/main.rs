//! The pipeline over real sockets against servers that misbehave in every way there is. The clock is only read.

#[path = "../support/ntpserver/mod.rs"]
mod ntpserver;

mod agreement;
mod authentication;
mod hostile;
mod packets;
mod quiet;
mod selection;
mod times;

use ntpserver::{Builder, Server};
use rntpdate::cli::rntpdate::RntpdateCli;
use rntpdate::estimate::{DropReason, Verdict};
use rntpdate::hwclock::record::Disk;
use rntpdate::outcome::{Conclusion, Outcome};
use rntpdate::plan::Plan;
use rntpdate::sync::{self, System};
use rntpdate::system::rtc_error::RtcError;
use rntpdate::system::{Clock, DryClock, NoProgress, Resolver, SystemClock, SystemResolver, UdpNetwork};
use rntpdate::time::Interval;
use rntpdate::wire::Key;

/// Runs rntpdate's pipeline against these servers, which share a port, with these options.
fn ask(servers: &[&Server], options: &[&str]) -> Outcome {
    run(&plan(servers, options))
}

fn plan(servers: &[&Server], options: &[&str]) -> Plan {
    let port = servers[0].addr().port().to_string();
    assert!(servers.iter().all(|server| server.addr().port() == servers[0].addr().port()));
    let addresses: Vec<String> = servers.iter().map(|server| server.addr().ip().to_string()).collect();
    let words = options.iter().map(ToString::to_string).chain(["--port".to_owned(), port]).chain(addresses);
    let cli: RntpdateCli = rntpdate::cli::parse("rntpdate", words.map(Into::into)).expect("a good command line");
    Plan::new("rntpdate", &cli).expect("a good plan")
}

fn run(plan: &Plan) -> Outcome {
    run_with(&mut DryClock::new(SystemClock), plan)
}

fn run_with(clock: &mut dyn Clock, plan: &Plan) -> Outcome {
    run_with_key(clock, plan, None)
}

fn run_resolving(clock: &mut dyn Clock, plan: &Plan, resolver: &dyn Resolver) -> Outcome {
    run_on(clock, plan, resolver, None)
}

fn run_with_key(clock: &mut dyn Clock, plan: &Plan, key: Option<&Key>) -> Outcome {
    run_on(clock, plan, &SystemResolver, key)
}

fn run_on(clock: &mut dyn Clock, plan: &Plan, resolver: &dyn Resolver, key: Option<&Key>) -> Outcome {
    let mut network = UdpNetwork::new().expect("sockets");
    let mut nonce = || getrandom::u64().ok();
    let mut system = System {
        clock,
        network: &mut network,
        resolver,
        nonce: &mut nonce,
        key,
        open_rtc: &mut |_| Err(RtcError::None { tried: Vec::new() }),
        shelf: &Disk,
        local: &chrono::Utc,
        progress: &mut NoProgress,
    };
    sync::run(plan, &mut system)
}

/// One server alone, two samples, waits that a busy machine does not exceed.
fn ask_one(builder: Builder) -> Outcome {
    let server = builder.start();
    ask(&[&server], &["-p2", "-t0.8", "--interval=0.02"])
}

fn verdict(outcome: &Outcome) -> Verdict {
    outcome.servers[0].verdict
}

fn dropped(outcome: &Outcome) -> Option<DropReason> {
    match verdict(outcome) {
        Verdict::Dropped(reason) => Some(reason),
        _ => None,
    }
}

/// The offset found, in nanoseconds; fails the test where there is none.
fn offset(outcome: &Outcome) -> i128 {
    match &outcome.conclusion {
        Conclusion::Decided { estimate, .. } => estimate.offset.nanos(),
        other => panic!("no offset: {other:?}"),
    }
}

/// Loopback on a busy machine.
const TOLERANCE: i128 = 5_000_000;

#[track_caller]
fn assert_offset(outcome: &Outcome, expected: i128) {
    let error = offset(outcome) - expected;
    assert!(error.abs() < TOLERANCE, "{} is off by {}", Interval::from_nanos(expected), Interval::from_nanos(error));
}

/// Several servers at one port on 127.0.0.2, 127.0.0.3 and so on.
fn start_all(builders: Vec<Builder>) -> Vec<Server> {
    let mut servers: Vec<Server> = Vec::new();
    for (place, builder) in builders.into_iter().enumerate() {
        let port = servers.first().map_or(0, |first| first.addr().port());
        servers.push(builder.bind(&format!("127.0.0.{}:{port}", place + 2)).start());
    }
    servers
}
