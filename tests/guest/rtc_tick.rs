//! What a write does to the RTC's tick: found out once for each boot, remembered, and said as another program measures it.

use std::time::Duration;

use crate::support::guest::{Cpu, Guest, GuestRun};
use crate::support::require;

const SCRIPT: &str = "
    edge() { for try in 1 2 3 4 5; do set -- $1 $(probe rtc-edge /dev/rtc0); [ $7 -lt 2000000 ] && break; done; echo $1-error $5; }
    t() { name=$1; shift; begun=$(cut -d' ' -f1 /proc/uptime); \"$@\" >/tmp/out 2>&1; echo \"$name-status $?\"
        awk -v a=$begun -v n=$name '{ printf \"%s-seconds %.2f\\n\", n, $1 - a }' /proc/uptime
        sed \"s/^/$name-text /\" /tmp/out; }
    probe step 0.37
    t test rhwclock -w --test; ls /run/rntpdate/tick 2>/dev/null && echo noted early
    t first rhwclock -w -v; edge first; sed 's/^/note /' /run/rntpdate/tick
    probe step 0.29
    t second rhwclock -w -v; edge second
    # Each at another moment of the second.
    for turn in $(seq $WRITES); do probe step 0.37; rhwclock -w || echo failed; edge series | sed 's/^series-error/series/'; done
    t verify rhwclock -w --verify
    # By another program, with the same note.
    probe serve 1123 >/dev/null & await port 1123
    t sync rntpdate -b -w -v --utc 127.0.0.1:1123; edge sync
    t json rntpdate --json -b -w --utc 127.0.0.1:1123
    # What is noted of another boot, or wrongly, does no harm.
    sed -i '1s/.*/another/' /run/rntpdate/tick; t boot rhwclock -w -v; sed 's/^/again /' /run/rntpdate/tick
    mkdir /run/rntpdate/tick.new; rm /run/rntpdate/tick; t unwritable rhwclock -w; edge unwritable
    # The driver anew: another chip, as far as anybody knows.
    rmdir /run/rntpdate/tick.new; rhwclock -w
    echo 00:04 >/sys/bus/pnp/drivers/rtc_cmos/unbind; echo 00:04 >/sys/bus/pnp/drivers/rtc_cmos/bind
    t other rhwclock -w -v; cat /run/rntpdate/tick | sed 's/^/notes /'
    kill $(pidof probe)";

/// How many writes there are in a series. `RNTPDATE_RTC_WRITES=20 cargo test --test guest rtc_tick -- --nocapture` gives the figures of
/// tests/machines/README.md.
fn writes() -> usize {
    std::env::var("RNTPDATE_RTC_WRITES").map_or(2, |number| number.parse().expect("RNTPDATE_RTC_WRITES is a number"))
}

/// Prints how wrong the RTC was after each write of the series, and checks it against a limit in ms.
fn check_series(run: &GuestRun, limit: f64) {
    let errors = run.console.lines().filter_map(|line| line.strip_prefix("series ")?.parse().ok());
    let mut errors: Vec<f64> = errors.map(|nanos: f64| nanos / 1e6).collect();
    assert_eq!(errors.len(), writes(), "{}", run.console);
    errors.sort_by(f64::total_cmp);
    let middle = errors.len() / 2;
    let median = f64::midpoint(errors[(errors.len() - 1) / 2], errors[middle]);
    let worst = errors.iter().copied().max_by(|a, b| a.abs().total_cmp(&b.abs())).expect("a write");
    let line = format!("{} writes: median {median:+.2} ms, worst {worst:+.2} ms\n{errors:.2?}\n", errors.len());
    let _ = std::io::Write::write_all(&mut std::io::stderr(), line.as_bytes());
    assert!(worst.abs() < limit, "{}", run.console);
}

fn run(cpu: Cpu) -> Option<GuestRun> {
    let cache = require::guest()?;
    let guest = Guest::new(&cache).cpu(cpu).timeout(Duration::from_secs(600)).rtc("2026-11-27T18:00:00");
    let guest = guest.program(env!("CARGO_BIN_EXE_rntpdate")).program(env!("CARGO_BIN_EXE_rhwclock"));
    let run = guest.kernel_arg(&format!("WRITES={}", writes())).script(SCRIPT).run();
    assert_eq!(run.status, 0, "{}", run.console);
    for name in ["test", "first", "second", "verify", "sync", "json", "boot", "unwritable", "other"] {
        assert_eq!(run.value(&format!("{name}-status")), "0", "{name}\n{}", run.console);
    }
    assert!(!run.console.contains("noted early"), "a dry run has left a note\n{}", run.console);
    assert!(run.console.contains("other-text Verified: "), "another device is looked at anew\n{}", run.console);
    assert!(!is_noted(&run) || !run.console.contains("second-text Verified: "), "looked at twice\n{}", run.console);
    assert!(run.console.contains("boot-text Verified: "), "a note of another boot was believed\n{}", run.console);
    Some(run)
}

/// Whether the first look told the two kinds apart: where the tick was right by chance, it cannot.
fn is_noted(run: &GuestRun) -> bool {
    run.console.lines().any(|line| line.starts_with("note "))
}

#[test]
fn a_tick_that_is_moved_is_noted_and_exact() {
    let Some(run) = run(Cpu::Intel) else { return };
    check_series(&run, 100.0);
    for name in ["first", "second", "sync", "unwritable"] {
        assert!(run.number(&format!("{name}-error")).abs() < 20e6, "{name}\n{}", run.console);
    }
    // A machine that is busy has not seen it so exactly, and looks once more.
    assert!(!run.console.contains("keeps: rtc0"), "{}", run.console);
    assert!(run.console.contains("\"tick\":\"moves\"") || run.console.contains("\"tick\":null"), "{}", run.console);
}

#[test]
fn a_tick_that_stays_is_noted_and_said() {
    let Some(run) = run(Cpu::Amd) else { return };
    check_series(&run, 520.0);
    for name in ["first", "second", "sync", "unwritable"] {
        assert!(run.number(&format!("{name}-error")).abs() < 520e6, "{name}\n{}", run.console);
    }
    let verified = |name: &str| {
        let text = format!("{name}-text Verified: at its next tick the Hardware Clock is ");
        let line = run.console.lines().find_map(|line| line.strip_prefix(&text)).expect("a look");
        line.split(' ').next().and_then(|number| number.parse::<f64>().ok()).expect("a number")
    };
    // What is said is what another program reads, up to a second, as the clock may have been stepped across the half of one.
    let apart = verified("first") - run.number("first-error") / 1e9;
    assert!(apart.abs() < 0.02, "{apart}\n{}", run.console);
    let words = "The chip's tick stays where it is when it is written; no write can do better than half a second.";
    for name in ["first", "second", "verify"].into_iter().skip(usize::from(!is_noted(&run))) {
        assert!(run.console.contains(&format!("{name}-text {words}")), "{name}\n{}", run.console);
    }
    assert!(!is_noted(&run) || run.console.contains("note keeps: rtc0 rtc_cmos 00:04"), "{}", run.console);
    assert!(run.console.contains("its tick stays where it is: half a second off at the most"), "{}", run.console);
    assert!(run.console.contains("\"tick\":\"stays\""), "{}", run.console);
}
