//! Runs that nobody watches, on a machine whose clock may be set.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

mod support;

use support::guest::{Guest, GuestRun};
use support::netns::Netns;
use support::peers::Peer;
use support::require::{self, Cache};

/// A namespace with a server in it, and guests that reach it at 10.0.2.2.
struct Lab {
    cache: Cache,
    network: Netns,
    _server: Peer,
}

impl Lab {
    fn new() -> Option<Lab> {
        let cache = require::guest()?;
        require::servers()?;
        let network = Netns::new();
        let server = Peer::chronyd(&cache, &network, "local stratum 5\nallow all");
        server.wait_synchronised(&network, "127.0.0.1");
        Some(Lab { cache, network, _server: server })
    }

    fn guest(&self, script: &str) -> Guest<'_> {
        Guest::new(&self.cache)
            .program(env!("CARGO_BIN_EXE_rntpdate"))
            .network(&self.network)
            .script(&format!("run() {{ rntpdate \"$@\"; echo \"status $?\"; }}\n{script}"))
    }

    fn run(&self, script: &str) -> GuestRun {
        let run = self.guest(script).run();
        assert_eq!(run.status, 0, "{}", run.console);
        run
    }
}

/// The statuses that `run` printed, in order.
fn statuses(run: &GuestRun) -> Vec<&str> {
    run.console.lines().filter_map(|line| line.strip_prefix("status ")).collect()
}

#[test]
fn of_two_runs_at_once_one_works() {
    let Some(lab) = Lab::new() else { return };
    let run = lab.run(
        "(run --splay 0.001 -p4 --interval 1 10.0.2.2) & sleep 0.7; run 10.0.2.2 2>&1 | sed 's/^/second: /'
        run -q 10.0.2.2 | sed 's/^/query: /'; wait",
    );
    let seconds: Vec<&str> = run.console.lines().filter(|line| line.starts_with("second: ")).collect();
    assert_eq!(seconds, ["second: status 0"], "{}", run.console);
    assert!(run.console.contains("query: server 10.0.2.2"), "queries are free: {}", run.console);
    assert_eq!(run.console.matches("step time server").count(), 2, "the run's and the query's: {}", run.console);
    assert_eq!(statuses(&run), ["0"], "{}", run.console);
}

#[test]
fn a_running_chronyd_keeps_its_clock() {
    let Some(lab) = Lab::new() else { return };
    let run = lab.run(
        "echo 'local stratum 8' >/etc/chrony.conf; mkdir -p /run/chrony
        chronyd -f /etc/chrony.conf -u root -n & pid=$!; sleep 1; echo \"pid $pid\"
        run 10.0.2.2; run -q 10.0.2.2 | grep status
        date +'before %Y'; run --force 10.0.2.2; date +'after %Y'
        kill $pid; wait $pid; run 10.0.2.2",
    );
    assert_eq!(statuses(&run), ["4", "0", "0", "0"], "{}", run.console);
    let expected = format!("clock not set: chronyd (pid {}) is running and sets it", run.value("pid"));
    assert!(run.console.contains(&expected), "{}", run.console);
    assert_eq!(run.value("before"), "2019");
    assert_ne!(run.value("after"), "2019");
}

#[test]
fn each_limit_lets_through_and_refuses() {
    let Some(lab) = Lab::new() else { return };
    let run = lab.run(
        "run -b 10.0.2.2
        probe step -20; run --max-step 10 10.0.2.2; run --max-step 30 10.0.2.2
        probe step 20; run --forward-only 10.0.2.2; run 10.0.2.2
        probe step -20; run --forward-only 10.0.2.2
        probe step 0.1; run --forward-only --max-step 0.01 10.0.2.2",
    );
    assert_eq!(statuses(&run), ["0", "4", "0", "4", "0", "0", "0"], "{}", run.console);
    let refusals: Vec<&str> = run.console.lines().filter(|line| line.contains("clock not set")).collect();
    let expected = [
        ("offset +20.0", " sec: larger than --max-step 10.000 allows"),
        ("offset -20.0", " sec: --forward-only forbids a step back"),
    ];
    assert_eq!(refusals.len(), expected.len(), "{}", run.console);
    for (line, (offset, reason)) in refusals.iter().zip(expected) {
        assert!(line.contains(offset) && line.ends_with(reason), "{line}");
    }
    assert!(
        run.console.trim_end().ends_with("status 0")
            && run.console.contains("adjust time server 10.0.2.2 offset -0.09")
    );
}

#[test]
fn the_first_run_after_boot_may_step_further() {
    let Some(lab) = Lab::new() else { return };
    let limits = "--max-step 10 --max-first-step 1e9";
    let run = lab.run(&format!(
        "run {limits} 10.0.2.2; probe step -20; run {limits} 10.0.2.2; cat /run/rntpdate/set /proc/sys/kernel/random/boot_id
        echo other >/run/rntpdate/set; run {limits} 10.0.2.2; probe step -20; run --max-first-step 10 10.0.2.2
        rm /run/rntpdate/set; run --max-first-step 10 10.0.2.2",
    ));
    assert_eq!(statuses(&run), ["0", "4", "0", "0", "0"], "{}", run.console);
}

#[test]
fn a_time_before_the_release_is_refused() {
    let Some(cache) = require::guest() else { return };
    // The server is the guest's own and believes in 2019, as does the guest.
    let run = Guest::new(&cache)
        .program(env!("CARGO_BIN_EXE_rntpdate"))
        .script(
            "printf 'local stratum 8\\nallow all\\ncmdport 0\\npidfile /run/c.pid\\n' >/etc/chrony.conf
            chronyd -x -f /etc/chrony.conf -u root -n & sleep 2
            rntpdate 127.0.0.1; echo \"status $?\"; rntpdate --allow-past 127.0.0.1; echo \"status $?\"",
        )
        .run();
    assert_eq!(statuses(&run), ["4", "0"], "{}", run.console);
    assert!(run.console.contains("before this program's release; --allow-past lets it"), "{}", run.console);
}

#[test]
fn nothing_is_said_unless_it_matters() {
    let Some(lab) = Lab::new() else { return };
    let run = lab.run(
        "count() { run \"$@\" >/tmp/out 2>/tmp/err; echo \"lines $(cat /tmp/out /tmp/err | grep -vc ^status)\"; grep -h status /tmp/out; cat /tmp/err; }
        count --quiet 10.0.2.2; count --quiet 10.0.2.2; probe step -20; count --quiet --max-step 1 10.0.2.2
        count --quiet -t 0.2 10.0.2.2 --port 9",
    );
    let lines: Vec<&str> = run.console.lines().filter(|line| line.starts_with("lines ")).collect();
    assert_eq!(lines, ["lines 1", "lines 0", "lines 1", "lines 1"], "{}", run.console);
    assert_eq!(statuses(&run), ["0", "0", "4", "1"], "{}", run.console);
    let wanted = "no server suitable for synchronization found: 10.0.2.2: no data: ";
    assert!(run.console.contains(wanted), "{}", run.console);
}

#[test]
fn a_step_is_told_to_the_users_command() {
    let Some(lab) = Lab::new() else { return };
    let run = lab.run(
        "run --after-step 'echo told $RNTPDATE_OFFSET $RNTPDATE_SERVER' 10.0.2.2
        run --after-step 'echo told again' 10.0.2.2
        probe step 20; run --after-step 'echo back $RNTPDATE_OFFSET; exit 5' 10.0.2.2
        probe step 20; run -q --after-step 'echo never' 10.0.2.2 >/dev/null",
    );
    let told: Vec<&str> = run.value("told").split(' ').collect();
    assert!(told[0].parse::<f64>().unwrap() > 2e8 && told[1] == "10.0.2.2", "{told:?}");
    assert!((run.number("back") + 20.0).abs() < 0.1, "{}", run.console);
    assert!(!run.console.contains("again") && !run.console.contains("never"), "{}", run.console);
    assert!(run.console.contains("exit 5: exit status: 5"), "{}", run.console);
    assert_eq!(statuses(&run), ["0", "0", "0"], "{}", run.console);
}

#[test]
fn the_kernel_is_told_how_good_the_clock_is() {
    let Some(lab) = Lab::new() else { return };
    let run = lab.run(
        "probe adjtimex | sed 's/^/before_/'
        run --mark-synced 10.0.2.2; probe adjtimex | sed 's/^/step_/'
        probe step 0.2; probe adjtimex | sed 's/^/other_/'; run --mark-synced 10.0.2.2; probe adjtimex | sed 's/^/slew_/'
        probe step 20; run 10.0.2.2; probe adjtimex | sed 's/^/plain_/'
        printf '0.0 0 0.0\\n0\\nLOCAL\\n' >/etc/adjtime; run --mark-synced 10.0.2.2; probe adjtimex | sed 's/^/local_/'",
    );
    let unsynchronised =
        ["before", "step", "other", "slew", "plain", "local"].map(|when| run.number(&format!("{when}_unsynchronised")));
    assert_eq!(unsynchronised, [1.0, 0.0, 1.0, 0.0, 1.0, 1.0], "{}", run.console);
    let error = |when: &str| run.number(&format!("{when}_maxerror_us"));
    assert!((5_000.0..200_000.0).contains(&error("step")), "{}", run.console);
    assert!((200_000.0..400_000.0).contains(&error("slew")), "0.2 s are still to be slewed: {}", run.console);
    assert!(run.console.contains("not marked as synchronised: /etc/adjtime says that the RTC is in local time"));
    assert_eq!(statuses(&run), ["0"; 4], "{}", run.console);
}
