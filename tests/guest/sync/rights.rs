//! The right to set the clock: without it, and with nothing else.

use super::{Lab, assert_set, guest, line, lines, moved, result};
use crate::support::guest::GuestRun;

/// CAP_SYS_TIME and CAP_NET_BIND_SERVICE, as bits.
const SYS_TIME: u64 = 1 << 25;
const BIND: u64 = 1 << 10;

#[test]
fn without_the_right_it_says_so_and_fails() {
    let Some(lab) = Lab::new() else { return };
    let script = "
        probe query $host >/dev/null; clocks a
        run bounded setpriv --bounding-set -sys_time --inh-caps -sys_time rntpdate -b $host
        run nobody setpriv --reuid 65534 --regid 65534 --clear-groups rntpdate $host
        run namespace unshare -r rntpdate -b $host
        run slew setpriv --bounding-set -sys_time --inh-caps -sys_time rntpdate -B $host
        run dry setpriv --reuid 65534 --regid 65534 --clear-groups rntpdate -q $host
        run user rntpdate -U nosuch $host
        run climb setpriv --reuid 65534 --regid 65534 --clear-groups rntpdate -U ntp $host
        clocks b";
    let run = guest(&lab, script).run();
    for name in ["bounded", "nobody", "namespace", "slew"] {
        assert_eq!(run.value(&format!("{name}-status")), "1", "{}", run.console);
        let message = line(&run, &format!("{name}-err"), "cannot set the clock: Operation not permitted");
        println!("{name}: {message}");
        for part in ["CAP_SYS_TIME", "run as root", "container"] {
            assert!(message.contains(part), "{message}");
        }
        assert!(lines(&run, &format!("{name}-out")).is_empty(), "nothing was set: {}", run.console);
    }
    result(&run, "dry");
    for (name, part) in [("user", "there is no user nosuch"), ("climb", "cannot become user ntp")] {
        assert_eq!(run.value(&format!("{name}-status")), "1", "{}", run.console);
        println!("{name}: {}", line(&run, &format!("{name}-err"), part));
    }
    assert!(moved(&run, "a", "b").abs() < 0.0002, "{}", run.console);
}

/// A set of capabilities from /proc/PID/status.
fn capabilities(run: &GuestRun, name: &str, set: &str) -> u64 {
    let value = run.value(&format!("{name}-{set}:"));
    u64::from_str_radix(value.trim(), 16).unwrap_or_else(|_| panic!("{set} is {value:?}"))
}

#[test]
fn another_user_keeps_nothing_but_the_right_to_set_the_clock() {
    let Some(lab) = Lab::new() else { return };
    let script = r#"
        look() {
            name=$1
            shift
            rntpdate -U ntp -p 1 -t 3 --port 9 "$@" $host >/dev/null 2>&1 &
            tries=0
            until grep -q '^Uid:.*101' /proc/$!/status || [ $((tries += 1)) -gt 50 ]; do sleep 0.05; done
            grep -E '^(Uid|Gid|Groups|Cap...):' /proc/$!/status | tr '\t' ' ' | sed "s/^/$name-/"
            wait $!
        }
        look plain; look low --source-port 123
        run set rntpdate -U ntp -s -b $host; residual set
        probe step 7; run low rntpdate -U ntp -b --source-port 123 $host; residual low
        probe step -0.2; run slew rntpdate -U ntp $host; state slew"#;
    let run = guest(&lab, script).run();
    for (name, keeps) in [("plain", SYS_TIME), ("low", SYS_TIME | BIND)] {
        for set in ["CapEff", "CapPrm"] {
            println!("{name}: {set} {:#x}", capabilities(&run, name, set));
            assert_eq!(capabilities(&run, name, set), keeps, "{}", run.console);
        }
        assert_eq!(capabilities(&run, name, "CapInh"), 0, "{}", run.console);
        println!("{name}: Uid {} Gid {}", run.value(&format!("{name}-Uid:")), run.value(&format!("{name}-Gid:")));
        for set in ["Uid", "Gid"] {
            assert_eq!(run.value(&format!("{name}-{set}:")).trim(), "101 101 101 101", "{}", run.console);
        }
        assert!(run.value(&format!("{name}-Groups:")).split_whitespace().all(|group| group == "101"));
    }
    assert_eq!(run.value("set-status"), "0", "{}", run.console);
    assert_set(&run, "set");
    assert_eq!(result(&run, "low").0, "step");
    assert_set(&run, "low");
    assert_eq!(result(&run, "slew").0, "adjust");
    assert!((run.number("slew-adjtime_us") - 200_000.0).abs() < 5000.0, "{}", run.console);
}
