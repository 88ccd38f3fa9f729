//! The file for cron that comes with the program, at work.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

use std::time::Duration;

use crate::support::hurry::right_of_way;
use crate::support::lab::{Lab, RUN, say};

/// Five minutes, for what only time shows.
#[test]
#[ignore = "takes five minutes"]
fn cron_keeps_a_clock_that_runs_100_ppm_fast() {
    let Some(lab) = Lab::new() else { return };
    let cron = include_str!("../../contrib/rntpdate.cron");
    let job = cron.lines().find_map(|line| line.strip_prefix("*/15 * * * * root ")).unwrap();
    // Each minute, with its words and its log, without the delay that only keeps machines apart, and without learning, which
    // has a test of its own.
    let job = job
        .replace(" --quiet", " -v")
        .replace(" --splay 120", "")
        .replace(" --discipline --settle 120", " --no-discipline");
    let script = format!(
        "{RUN}mkdir -p /var/spool/cron/crontabs
        echo '* * * * * PATH=/usr/bin {job} 10.0.2.2 >>/tmp/log 2>&1' >/var/spool/cron/crontabs/root
        run 10.0.2.2 >/dev/null; probe setfreq 100
        crond -f -l 8 -L /tmp/crond & sleep 310; cat /tmp/crond /tmp/log; probe query 10.0.2.2"
    );
    let _way = right_of_way();
    let run = lab.guest(&script).timeout(Duration::from_secs(400)).run();
    say(&run.console);
    let offsets: Vec<f64> = run
        .console
        .lines()
        .filter_map(|line| line.split("adjust time server 10.0.2.2 offset ").nth(1)?.split(' ').next()?.parse().ok())
        .collect();
    assert!(offsets.len() >= 5, "{}", run.console);
    // 60 s at 100 ppm are 6 ms.
    assert!(offsets[1..].iter().all(|offset| (-0.0075..-0.0045).contains(offset)), "{offsets:?}");
    // By a client of its own, one packet of which is as good as its round trip.
    assert!(run.number("offset_s").abs() < 0.0075 + run.number("delay_s") / 2.0, "{}", run.console);
}
