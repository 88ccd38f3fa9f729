//! The pipeline over real sockets against servers that misbehave in every way there is. The clock is only read.

mod agreement;
mod authentication;
mod hostile;
mod packets;
mod quiet;
mod selection;
mod times;

use crate::support::ntpserver::{Builder, Server};
use rntpdate::internals::cli::rntpdate::RntpdateCli;
use rntpdate::internals::estimate::{DropReason, Verdict};
use rntpdate::internals::exchange::Keyring;
use rntpdate::internals::linux::SystemClock;
use rntpdate::internals::linux::files::adjtime::Disk;
use rntpdate::internals::linux::net::{SystemResolver, UdpNetwork};
use rntpdate::internals::machine::rtc_error::RtcError;
use rntpdate::internals::machine::{Clock, DryClock, Here, NoProgress, Resolver};
use rntpdate::internals::outcome::{Conclusion, Outcome};
use rntpdate::internals::plan::{KeyPlan, Plan};
use rntpdate::internals::run::sync;
use rntpdate::internals::run::sync::System;
use rntpdate::internals::time::Interval;
use rntpdate::internals::wire::Key;

/// Runs rntpdate's pipeline against these servers, which share a port, with these options.
fn ask(servers: &[&Server], options: &[&str]) -> Outcome {
    run(&plan(servers, options))
}

fn plan(servers: &[&Server], options: &[&str]) -> Plan {
    let port = servers[0].addr().port().to_string();
    assert!(servers.iter().all(|server| server.addr().port() == servers[0].addr().port()));
    let addresses: Vec<String> = servers.iter().map(|server| server.addr().ip().to_string()).collect();
    let words = options.iter().map(ToString::to_string).chain(["--port".to_owned(), port]).chain(addresses);
    let cli: RntpdateCli =
        rntpdate::internals::cli::parse("rntpdate", words.map(Into::into)).expect("a good command line");
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
    let keys = key.map_or_else(Keyring::default, |key| Keyring::of(key.clone()));
    let from = key.map(|key| KeyPlan { id: key.id(), file: "/etc/ntp.keys".into() });
    let plan = &Plan { key: from, ..plan.clone() };
    let mut nonce = || getrandom::u64().ok();
    let mut here =
        Here { network: &mut network, nonce: &mut nonce, keys: &keys, source_port: plan.source_port, exchanges: None };
    let mut system = System {
        clock,
        servers: &mut here,
        resolver,
        keys: &keys,
        nts: rntpdate::internals::machine::NtsState::default(),
        open_rtc: &mut |_| Err(RtcError::None { tried: Vec::new() }),
        store: &Disk::default(),
        local: &chrono::Utc,
        progress: &mut NoProgress,
    };
    sync::run(plan, &mut system).expect("the servers are asked here")
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
