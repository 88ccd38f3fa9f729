//! -q and -d leave the clock alone.

use super::{Lab, guest, moved, result};

#[test]
fn queries_change_nothing() {
    let Some(lab) = Lab::new() else { return };
    let script = "
        probe query $host >/dev/null; state a; clocks a
        run query rntpdate -q $host; run queries rntpdate -qp4 $host fec0::2
        run debug rntpdate -d $host; run both rntpdate -bqd $host; run test rntpdate --self-test
        clocks b; state b
        rntpdate -b $host >/dev/null; probe adjtime 2; probe phase 0.1; state c
        run slewing rntpdate -d $host; state d";
    let run = guest(&lab, script).run();
    for (name, verb) in [("query", "step"), ("queries", "step"), ("debug", "step"), ("both", "step")] {
        let (said, offset) = result(&run, name);
        assert!(said == verb && offset > 1e8, "{name}: {said} {offset}");
    }
    assert_eq!((run.value("test-status"), run.value("slewing-status")), ("0", "0"), "{}", run.console);
    println!("five dry runs moved the clock against the raw one by {:+.9} s", moved(&run, "a", "b"));
    assert!(moved(&run, "a", "b").abs() < 0.0002, "{}", run.console);
    for value in ["offset_us", "frequency_ppm", "status", "adjtime_us", "tick_us", "tai_s"] {
        assert_eq!(run.value(&format!("a-{value}")), run.value(&format!("b-{value}")), "{}", run.console);
    }
    // What somebody else has begun goes on.
    for value in ["offset_us", "adjtime_us"] {
        let [before, after] = ["c", "d"].map(|name| run.number(&format!("{name}-{value}")));
        println!("{value} of somebody else's slew: {before}, then {after}");
        assert!(after > before * 0.7 && after <= before, "{}", run.console);
    }
    assert_eq!(run.value("c-status"), run.value("d-status"));
}
