//! --metrics of runs that set the clock and the RTC.

use super::guest;
use crate::support::lab::{Lab, lines};

#[test]
fn steps_slews_and_the_rtc_are_in_the_metrics() {
    let Some(lab) = Lab::new() else { return };
    let script = "
        metrics() { sed -e '/^#/d' -e \"s/^/$1-metrics /\" /tmp/rntpdate.prom; }
        options='--discipline --history /tmp/history --metrics /tmp/rntpdate.prom'
        run stepped rntpdate -w --utc --adjfile /tmp/adjtime $options $host; metrics stepped
        probe step 0.02; run slewed rntpdate $options $host; metrics slewed
        run failed rntpdate -t 0.2 -p 1 --port 9 $options $host; metrics failed
        probe step 10; run refused rntpdate -p 1 --max-step 1 $options $host; metrics refused
        echo 'local stratum 8' >/etc/chrony.conf; mkdir -p /run/chrony; chronyd -f /etc/chrony.conf -u root -n & await name $! chronyd
        run kept rntpdate $options $host; metrics kept";
    let run = guest(&lab, script).run();
    let value = |name: &str, metric: &str| -> Option<f64> {
        let metric = format!("rntpdate_{metric} ");
        let lines = lines(&run, &format!("{name}-metrics"));
        lines.into_iter().find_map(|line| line.strip_prefix(&metric)?.parse().ok())
    };
    let number =
        |name, metric| value(name, metric).unwrap_or_else(|| panic!("no {metric} after {name}:\n{}", run.console));
    for (name, status) in [("stepped", 0.0), ("slewed", 0.0), ("failed", 1.0), ("refused", 4.0), ("kept", 4.0)] {
        assert_eq!(number(name, "exit_status"), status, "{}", run.console);
        assert_eq!(run.value(&format!("{name}-status")), status.to_string());
    }
    // Years are stepped; the end of the run is told by the clock as it is set.
    let (offset, step) =
        (number("stepped", "offset_seconds"), number("stepped", "correction_seconds{manner=\"step\"}"));
    assert!(offset > 86_400.0 && offset == step, "{offset} {step}");
    let stepped = number("stepped", "last_run_timestamp_seconds");
    assert!(stepped > 1_735_689_600.0, "{stepped} is before 2025");
    assert_eq!(number("stepped", "last_step_timestamp_seconds"), stepped);
    assert_eq!(number("stepped", "rtc_success"), 1.0, "{}", run.console);
    let difference = number("stepped", "rtc_difference_seconds");
    assert!(difference.abs() < 1.0, "{difference}");
    // Later runs keep the time of the step, and a failure that of the success.
    let slew = number("slewed", "correction_seconds{manner=\"slew\"}");
    assert!((slew + 0.02).abs() < 0.005, "{slew}");
    assert_eq!(number("slewed", "correction_seconds{manner=\"step\"}"), 0.0);
    let kept = |name, metric, of: f64| -> bool { (number(name, metric) - of).abs() < 1e-5 };
    assert!(
        kept("slewed", "last_step_timestamp_seconds", stepped)
            && kept("failed", "last_step_timestamp_seconds", stepped)
    );
    let success = number("slewed", "last_run_timestamp_seconds");
    assert!(kept("failed", "last_success_timestamp_seconds", success), "{}", run.console);
    assert_eq!(value("failed", "offset_seconds"), None);
    assert_eq!(value("kept", "offset_seconds"), None, "nobody was asked where a daemon keeps the clock");
    // What a limit forbids was measured, and not done.
    let (offset, step) =
        (number("refused", "offset_seconds"), number("refused", "correction_seconds{manner=\"step\"}"));
    assert!((offset + 10.0).abs() < 0.5 && step == 0.0, "{offset} {step}");
    assert!(kept("refused", "last_success_timestamp_seconds", success), "{}", run.console);
}
