//! Whoever is to read what a run says, and does not: a pipe that is full or closed, a logger that has hung.

use super::{Lab, assert_set, guest, line, lines};

/// `took NAME COMMAND…` prints a command's status and how long it took, in seconds; what it wrote is kept by `run`, or went where
/// the command says. The pipe has room for no byte more.
const PRELUDE: &str = r#"
took() {
    local name=$1 begun
    begun=$(cut -d' ' -f1 /proc/uptime)
    run "$@"
    echo "$name-seconds $(awk -v a="$begun" '{ printf "%.2f", $1 - a }' /proc/uptime)"
}
mkfifo /tmp/pipe; exec 3<>/tmp/pipe; head -c 65536 /dev/zero >&3
"#;

#[test]
fn who_reads_nothing_keeps_no_run_from_its_end() {
    let Some(lab) = Lab::new() else { return };
    let script = r#"
        residual warm
        probe step 9; took full sh -c "exec rntpdate -v -b $host >/tmp/pipe 2>&1"; residual full
        probe step 9; took object sh -c "exec rntpdate --json -b $host >/tmp/pipe 2>&1"; residual object
        probe step 9; took nolog sh -c "exec rntpdate -s -b $host >/tmp/pipe 2>&1"; residual nolog
        probe rtc-set /dev/rtc0 0; took chip sh -c "exec rhwclock -v -w >/tmp/pipe 2>&1"; probe rtc /dev/rtc0 | sed 's/^/chip-/'
        probe step 9; took closed sh -c "(rntpdate -v -b $host 2>&1; echo \$? >/tmp/status) | true"; residual closed
        echo "closed-own $(cat /tmp/status)"
        echo 1 >/proc/sys/net/unix/max_dgram_qlen
        probe deaf datagrams /dev/log & deaf=$!
        until [ -e /dev/log ]; do sleep 0.05; done
        for _ in 1 2 3; do timeout 1 logger full; done
        probe step 9; took datagrams rntpdate -s -b $host; residual datagrams
        kill $deaf; wait $deaf; rm /dev/log
        probe deaf stream /dev/log & deaf=$!
        until [ -e /dev/log ]; do sleep 0.05; done
        probe step 9; took stream rntpdate -s -b $host; residual stream
        kill $deaf; wait $deaf; rm /dev/log
        echo 4608 >/proc/sys/net/core/wmem_default
        probe deaf accepted /dev/log & deaf=$!
        until [ -e /dev/log ]; do sleep 0.05; done
        servers=; for n in $(seq 1 40); do servers="$servers 127.0.1.$n:9"; done
        probe step 9; took accepted rntpdate -s -v -b --max-distance 9 $host $servers
        kill $deaf; wait $deaf
        echo "left $(ls /proc/[0-9]*/comm | xargs cat 2>/dev/null | grep -c '^rntpdate')""#;
    let run = guest(&lab, &format!("{PRELUDE}{script}")).program(env!("CARGO_BIN_EXE_rhwclock")).run();
    for name in ["full", "object", "nolog", "chip", "closed", "datagrams", "stream", "accepted"] {
        let seconds = run.number(&format!("{name}-seconds"));
        println!("{name}: {seconds} s");
        assert!(seconds < 20.0, "{name}: {}", run.console);
    }
    for name in ["full", "object", "nolog", "datagrams", "stream"] {
        assert_eq!(run.value(&format!("{name}-status")), "0", "{}", run.console);
    }
    assert_eq!(run.value("closed-own"), "0", "{}", run.console);
    for name in ["full", "object", "nolog", "closed", "datagrams", "stream"] {
        assert_set(&run, name);
    }
    // What it was asked to say is lost, and the status tells; the chip is set.
    assert_eq!((run.value("chip-status"), &run.value("chip-rtc")[..3]), ("1", "202"), "{}", run.console);
    // What the logger did not take is to be read all the same.
    line(&run, "datagrams-err", "step time server 10.0.2.2");
    assert!(!lines(&run, "accepted-err").is_empty(), "{}", run.console);
    assert_eq!(run.value("left"), "0", "{}", run.console);
}
