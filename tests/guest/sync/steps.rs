//! Steps, and when a step is due.

use super::{Lab, TOLERANCE, assert_set, guest, line, result};

#[test]
fn from_2019_to_now() {
    let Some(lab) = Lab::new() else { return };
    let script = "
        residual before
        run set rntpdate -b $host; residual set
        run query rntpdate -q -p4 $host; run query6 rntpdate -q -p4 fec0::2
        state set; date -u +'year %Y'";
    let run = guest(&lab, script).run();
    let (verb, offset) = result(&run, "set");
    println!("{verb} {offset:+.6} s; the probe had measured {:+.6} s", run.number("before-residual"));
    assert_eq!(verb, "step");
    assert!((offset - run.number("before-residual")).abs() < TOLERANCE, "{}", run.console);
    assert!(run.number("year") >= 2025.0, "{}", run.console);
    assert_set(&run, "set");
    for name in ["query", "query6"] {
        let (_, offset) = result(&run, name);
        println!("{name} afterwards: {offset:+.6} s");
        assert!(offset.abs() < TOLERANCE, "{}", run.console);
    }
    assert_eq!(run.number("set-adjtime_us"), 0.0);
}

#[test]
fn threshold_and_manner_decide() {
    let Some(lab) = Lab::new() else { return };
    let script = "
        rntpdate -b $host >/dev/null; residual start
        probe step -0.3; run slewed rntpdate $host; state slewed
        run stepped rntpdate --step-threshold 0.1 $host; state stepped; residual stepped
        probe step 0.6; run default rntpdate $host; residual default
        probe step 0.02; run forced rntpdate -b $host; residual forced
        probe step 10; run slow rntpdate -B $host; state slow; run last rntpdate -Bb $host; residual last; state last
        run link ln -s /usr/bin/rntpdate /tmp/ntpdate; run old /tmp/ntpdate -bu $host
        run usage rntpdate -p 9 $host; run silent rntpdate -t 0.2 -p 1 --port 9 $host; run help rntpdate --help";
    let run = guest(&lab, script).run();
    assert_set(&run, "start");
    for (name, verb, offset) in [
        ("slewed", "adjust", 0.3),
        ("stepped", "step", 0.3),
        ("default", "step", -0.6),
        ("forced", "step", -0.02),
        ("slow", "adjust", -10.0),
        ("last", "step", -10.0),
    ] {
        let (done, found) = result(&run, name);
        println!("{name}: {done} {found:+.6} s");
        assert_eq!(done, verb, "{name}");
        assert!((found - offset).abs() < TOLERANCE, "{name}: {found}\n{}", run.console);
    }
    for name in ["stepped", "default", "forced", "last"] {
        assert_set(&run, name);
    }
    for (name, left) in [("slewed", 300_000.0), ("stepped", 0.0), ("slow", -10_000_000.0), ("last", 0.0)] {
        let found = run.number(&format!("{name}-adjtime_us"));
        assert!((found - left).abs() < TOLERANCE * 1e6, "{name}: {found} us are left");
    }
    assert!(line(&run, "old-out", "step time server").contains(" ntpdate["), "{}", run.console);
    let statuses = ["usage", "silent", "help"].map(|name| run.number(&format!("{name}-status")));
    assert_eq!(statuses, [2.0, 1.0, 0.0], "{}", run.console);
    assert!(line(&run, "usage-err", "9").contains("number of samples (9) is invalid"), "{}", run.console);
}
