//! How right the RTC is after a write, in a guest: rhwclock beside Debian's hwclock.

mod support;

use std::time::Duration;

use support::guest::{Cpu, Guest};
use support::require;

/// Writes per program: what the medians below are taken from.
const WRITES: usize = 30;

/// Runs `command` at random moments of a second and gives the RTC's errors at the tick that follows, in milliseconds,
/// sorted by size.
fn errors(cpu: Cpu, program: &str, command: &str, writes: usize) -> Option<Vec<f64>> {
    // The edge is measured again where the measurement itself was interrupted.
    let script = format!(
        "i=0
        while [ $i -lt {writes} ]; do
            sleep 0.$(tr -dc 0-9 </dev/urandom | head -c 3)
            {command} || exit
            for try in 1 2 3; do
                set -- $(probe rtc-edge /dev/rtc0)
                [ $6 -lt 1000000 ] && break
            done
            echo error $4 $6
            i=$((i + 1))
        done"
    );
    let run = Guest::new(&require::guest()?)
        .cpu(cpu)
        .program(program)
        .timeout(Duration::from_secs(240))
        .script(&script)
        .run();
    let console = run.success();
    let number = |word: Option<&str>| word.and_then(|word| word.parse().ok()).unwrap_or(f64::NAN);
    let mut errors: Vec<f64> = console
        .lines()
        .filter_map(|line| line.strip_prefix("error "))
        .map(|line| {
            let mut words = line.split(' ');
            let (error, bound): (f64, f64) = (number(words.next()), number(words.next()));
            assert!(bound < 2e6, "a tick was not measured well enough:\n{console}");
            error / 1e6
        })
        .collect();
    assert_eq!(errors.len(), writes, "{console}");
    errors.sort_by(|a, b| a.abs().total_cmp(&b.abs()));
    Some(errors)
}

/// Prints a line of the table past the harness's capture, and gives median and maximum of the sizes.
fn report(name: &str, errors: &[f64]) -> (f64, f64) {
    use std::io::Write as _;
    let (median, max) = (errors[errors.len() / 2], errors[errors.len() - 1]);
    let line = format!("RTC - true time at the tick, {name}: median {median:+.3} ms, max {max:+.3} ms\n");
    let _ = std::io::stderr().write_all(line.as_bytes());
    (median.abs(), max.abs())
}

const RHWCLOCK: &str = env!("CARGO_BIN_EXE_rhwclock");

#[test]
fn rhwclock_is_within_milliseconds_on_an_intel_cpu() {
    let Some(errors) = errors(Cpu::Intel, RHWCLOCK, "rhwclock -w", WRITES) else { return };
    let (median, max) = report("rhwclock -w, Intel", &errors);
    assert!(median < 1.0 && max < 5.0, "{errors:?}");
}

#[test]
fn rhwclock_is_within_half_a_second_on_an_amd_cpu() {
    let Some(errors) = errors(Cpu::Amd, RHWCLOCK, "rhwclock -w", WRITES) else { return };
    let (_, max) = report("rhwclock -w, AMD", &errors);
    assert!(max < 505.0, "{errors:?}");
}

/// The control: what the measurement shows of a program that is known to err (it rounds up where it should round).
#[test]
fn debians_hwclock_is_a_second_wrong_in_many_writes() {
    let Some(errors) = errors(Cpu::Intel, RHWCLOCK, "hwclock -w", WRITES) else { return };
    let (_, max) = report("hwclock -w of util-linux 2.38.1, Intel", &errors);
    assert!(max > 900.0, "{errors:?}");
}
