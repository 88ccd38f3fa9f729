//! A machine that stands still for a while, as one does that is paused, saved, or moved to another host.
//!
//! What the emulator does between `stop` and `cont`, as measured here: CLOCK_REALTIME, CLOCK_MONOTONIC and
//! CLOCK_MONOTONIC_RAW stand still in the guest, to the millisecond, and nothing tells it afterwards. Its RTC stands still
//! too with `-rtc clock=vm`, the option of these guests; with `clock=host` the RTC goes on, but the kernel reads it at
//! boot only, and the clock is behind all the same. So only a server can tell.

use std::time::Duration;

use super::{Lab, assert_within, guest, line};
use crate::support::guest::GuestRun;
use crate::support::ntpserver::{Behaviour, Server};

/// Long enough for a reply to come back, and short beside the interval between samples.
const AFTER_REQUEST: Duration = Duration::from_millis(200);
/// How long the guest may take to ask.
const LIMIT: Duration = Duration::from_secs(90);

/// A server whose clock is this machine's.
fn server(lab: &Lab, address: &str) -> Server {
    lab.network.enter(|| Server::builder().bind(address).start())
}

#[test]
fn a_stopped_machine_does_not_know_of_it() {
    let Some(lab) = Lab::empty() else { return };
    let (_truth, signal) = (server(&lab, "127.0.0.1:123"), server(&lab, "127.0.0.1:9000"));
    let script = "
        rntpdate -b $host >/dev/null; residual before
        clocks a; probe query $host 9000 >/dev/null; sleep 1; clocks b; residual after";
    let run = guest(&lab, script).run_beside(|monitor| {
        assert!(signal.wait_for_requests(1, LIMIT), "the guest does not ask");
        std::thread::sleep(AFTER_REQUEST);
        monitor.stop_for(Duration::from_secs(5));
    });
    assert_within(&run, "before", 0.1);
    let seconds = |clock: &str| (run.number(&format!("b-{clock}")) - run.number(&format!("a-{clock}"))) / 1e9;
    let [real, monotonic, raw] = ["realtime", "monotonic", "raw"].map(seconds);
    let behind = run.number("after-residual") - run.number("before-residual");
    println!(
        "in the guest {real:.3} s passed ({monotonic:.3} s monotonic, {raw:.3} s raw); it is {behind:.3} s behind"
    );
    assert!([real, monotonic, raw].iter().all(|passed| (1.0..4.0).contains(passed)), "{}", run.console);
    assert!((behind - 5.0).abs() < 0.1, "{}", run.console);
}

#[test]
fn a_machine_stopped_before_the_last_sample_is_set_right_or_told_that_it_is_not() {
    let Some(lab) = Lab::empty() else { return };
    let _truth = server(&lab, "[::1]:123");
    let stops = [(server(&lab, "127.0.0.1:9002"), 2), (server(&lab, "127.0.0.1:9020"), 20)];
    let script = "
        for stop in 2 20; do
            rntpdate -b fec0::2 >/dev/null; residual before$stop fec0::2
            run stop$stop rntpdate -bv -p 4 --interval 0.6 --port $((9000 + stop)) $host; residual after$stop fec0::2
        done";
    let run = guest(&lab, script).run_beside(|monitor| {
        for (server, seconds) in &stops {
            assert!(server.wait_for_requests(3, LIMIT), "the guest does not ask");
            std::thread::sleep(AFTER_REQUEST);
            monitor.stop_for(Duration::from_secs(*seconds));
        }
    });
    for (server, seconds) in stops {
        let requests = server.requests();
        let pause = requests[3].at - requests[2].at;
        assert!(pause >= Duration::from_secs(seconds), "it was not stopped before the fourth sample: {pause:?}");
        println!("stopped for {seconds} s, {} samples", requests.len());
        judge(&run, &seconds.to_string());
    }
}

/// Runs as those of several servers with one that is slow or silent: the others have long given all of their samples when the
/// machine stands still, and the run has not ended yet.
#[test]
fn a_machine_stopped_while_it_waits_for_another_server_is_set_right_or_told_that_it_is_not() {
    let Some(lab) = Lab::empty() else { return };
    let _truth = server(&lab, "[::1]:123");
    let way = Duration::from_millis(100);
    let at = |port: u16| Server::builder().bind(&format!("127.0.0.1:{port}"));
    let start = |builder: crate::support::ntpserver::Builder| lab.network.enter(|| builder.start());
    let cases = [
        (
            "silent",
            [start(at(9211)), start(at(9212).behave(Behaviour::Silent)), start(at(9213).behave(Behaviour::Silent))],
        ),
        ("slow", [start(at(9221)), start(at(9222)), start(at(9223).delays(way, way))]),
    ];
    let script = "
        try() {
            printf 'server 10.0.2.2 port %s iburst\n' $2 $3 $4 >/tmp/chrony.conf
            rntpdate -b fec0::2 >/dev/null; residual before$1 fec0::2
            run stop$1 rntpdate -bv -p 4 --from /tmp/chrony.conf; residual after$1 fec0::2
        }
        try silent 9211 9212 9213; try slow 9221 9222 9223";
    let run = guest(&lab, script).run_beside(|monitor| {
        for (_, servers) in &cases {
            assert!(servers[0].wait_for_requests(4, LIMIT), "the guest does not ask");
            std::thread::sleep(Duration::from_millis(30));
            monitor.stop_for(Duration::from_secs(3));
        }
    });
    cases.iter().for_each(|(name, _)| judge(&run, name));
}

/// Samples in a slow guest: harm would be seconds.
fn judge(run: &GuestRun, name: &str) {
    assert_within(run, &format!("before{name}"), 0.1);
    let status = run.value(&format!("stop{name}-status"));
    if status == "0" {
        println!("{}", line(run, &format!("stop{name}-out"), " time server "));
        assert_within(run, &format!("after{name}"), 0.1);
    } else {
        println!("status {status}: {}", line(run, &format!("stop{name}-err"), "rntpdate["));
        assert_eq!(status, "1", "{}", run.console);
    }
}
