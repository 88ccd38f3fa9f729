//! Somebody else sets the clock, too.

use super::{Lab, TOLERANCE, assert_set, assert_within, guest, line, lines, offset_in};

/// How often several runs are started at once.
const ROUNDS: usize = 8;

#[test]
fn a_step_by_somebody_else_during_the_run_does_no_harm() {
    let Some(lab) = Lab::new() else { return };
    let script = "
        rntpdate -b $host >/dev/null; residual start
        for by in 100 -0.2; do
            rntpdate -v -p 8 --interval 0.4 $host >/tmp/out 2>/tmp/err &
            sleep 1.5; probe step $by; wait $!
            echo \"during$by-status $?\"; sed \"s/^/during$by-out /\" /tmp/out; sed \"s/^/during$by-err /\" /tmp/err
            run after$by rntpdate -b $host; residual after$by
        done";
    let run = guest(&lab, script).run();
    assert_set(&run, "start");
    for (by, verb) in [("100", "step"), ("-0.2", "adjust")] {
        let done = line(&run, &format!("during{by}-out"), " time server ");
        println!("{done}");
        assert_eq!(run.value(&format!("during{by}-status")), "0", "{}", run.console);
        assert!(done.contains(&format!("{verb} time server")), "{done}");
        let stepped: f64 = by.parse().expect("a number");
        assert!((offset_in(done) + stepped).abs() < TOLERANCE, "{done}");
        assert_set(&run, &format!("after{by}"));
    }
}

/// Runs that start in the same moment measure the same offset; if each of them set the clock, it would be wrong by the
/// offset again. Those that come late leave it to the first, or say why they did not set it.
#[test]
fn several_runs_at_once_do_no_harm() {
    let Some(lab) = Lab::new() else { return };
    let script = format!(
        "rntpdate -b $host >/dev/null; residual start
        for n in $(seq {ROUNDS}); do
            probe step 3
            for k in a b c d; do
                (rntpdate -b -p 6 $host >/tmp/$k.out 2>&1; echo \"status $?\" >>/tmp/$k.out) &
            done
            wait
            sed \"s/^/together$n /\" /tmp/?.out; residual together$n
        done"
    );
    let run = guest(&lab, &script).run();
    assert_within(&run, "start", 0.1);
    let (mut set, mut late) = (0, 0);
    for round in 1..=ROUNDS {
        let name = format!("together{round}");
        let said = lines(&run, &name);
        println!("{said:#?}");
        // Several programs in one slow guest measure badly; harm would be three seconds.
        assert_within(&run, &name, 0.1);
        set += said.iter().filter(|line| **line == "status 0").count();
        late += said.iter().filter(|line| **line == "status 1").count();
        let moved = said.iter().filter(|line| line.contains("moved ")).count();
        assert_eq!(said.iter().filter(|line| **line == "status 1").count(), moved, "{said:#?}");
        assert!(said.contains(&"status 0"), "nobody set the clock: {said:#?}");
    }
    println!("{set} set the clock, found it right or left it to another run, {late} failed and said why");
    assert_eq!(set + late, 4 * ROUNDS);
}
