//! Hours of a cron job in minutes: a clock that is tuned beside a liar, through a reboot and a step by somebody else.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

use std::time::Duration;

use crate::support::guest::GuestRun;
use crate::support::hurry::right_of_way;
use crate::support::lab::{Lab, lines, say, statuses};
use crate::support::ntpserver::{MILLISECOND, Server};

/// Ten runs, one each 20 s; somebody steps the clock by two seconds after the sixth, if STEP says so.
const RUNS: &str = "
probe setfreq FREQUENCY
for run in 1 2 3 4 5 6 7 8 9 10; do
    rntpdate -v --discipline 10.0.2.2 10.9.9.2 10.9.9.3:1123
    echo \"status $?\"
    probe adjtimex | sed -n 's/^frequency_ppm /after /p'
    [ $run != STEP ] || probe step 2
    sleep 18
done
echo \"history $(tr '\\n' '|' </var/lib/rntpdate/history)\"";

/// A run moves a known frequency by this much at most, ppm; the kernel rounds.
const LIMIT: f64 = 20.001;
/// The emulator's clock runs at the true rate: right is 0. So far from it, in ppm, three minutes leave it on a busy host.
const REACHED: f64 = 1.5;

/// What the kernel's frequency was after each run, ppm.
fn frequencies(run: &GuestRun) -> Vec<f64> {
    lines(run, "after").iter().map(|text| text.parse().unwrap()).collect()
}

/// Ten runs in a guest, beside a server whose clock is 0.3 s ahead and runs away by 100 ppm.
fn boot(lab: &Lab, frequency: &str, step: &str, history: Option<&str>) -> GuestRun {
    let liar = lab.network.enter(|| Server::builder().bind("10.9.9.3:1123").offset(300 * MILLISECOND).start());
    let script = RUNS.replace("FREQUENCY", frequency).replace("STEP", step);
    let guest = lab.guest(&script).booted_anew().timeout(Duration::from_secs(480));
    let guest = match history {
        Some(text) => guest.text("/var/lib/rntpdate/history", text),
        None => guest,
    };
    let run = guest.run_beside(|_| {
        for second in 0..210 {
            liar.set_offset(300 * MILLISECOND + second * MILLISECOND / 10);
            std::thread::sleep(Duration::from_secs(1));
        }
    });
    say(&run.console);
    assert_eq!(statuses(&run), ["0"; 10], "{}", run.console);
    let outvoted = run.console.lines().filter(|line| line.contains("10.9.9.3:1123: falseticker: ")).count();
    assert_eq!(outvoted, 10, "{}", run.console);
    run
}

/// Eight minutes, for what only time shows.
#[test]
#[ignore = "takes eight minutes"]
fn a_liar_a_reboot_and_a_step_by_somebody_else_do_not_mislead_a_tuned_clock() {
    let Some(lab) = Lab::new() else { return };
    ["10.9.9.2/32", "10.9.9.3/32"].iter().for_each(|address| lab.network.add_address(address));
    let _way = right_of_way();
    let first = boot(&lab, "80", "6", None);
    let before = frequencies(&first);
    // Untouched until it is known, and then known: nothing is by chance where it was.
    let known = before.iter().position(|ppm| (ppm - 80.0).abs() > 0.01).expect("it is tuned");
    assert!(known < 8, "{before:?}");
    let stepped = first.console.lines().filter(|line| line.contains("step time server ")).count();
    assert!((1..=2).contains(&stepped), "once for the other's step, and once at first: {}", first.console);
    let history = first.value("history").replace('|', "\n");
    let second = boot(&lab, "40", "0", Some(&history));
    assert!(second.console.contains("forgotten: the machine was booted since"), "{}", second.console);
    let after = frequencies(&second);
    let tuned: Vec<f64> = before[known..].iter().chain(&after).copied().collect();
    let moves: Vec<f64> = tuned.windows(2).map(|pair| (pair[1] - pair[0]).abs()).collect();
    say(&format!("frequencies {tuned:?}\nmoves {moves:?}\n"));
    assert!(moves.iter().all(|ppm| *ppm <= LIMIT), "{moves:?} of {tuned:?}");
    assert!([&before, &after].iter().all(|boot| boot[9].abs() <= REACHED), "{tuned:?}");
}
