//! A clock that cannot be read, from whichever reading on: an error, and nothing wrong is written to the RTC or the clock.

use std::process::Command;
use std::time::Duration;

use crate::support::lab::Lab;
use crate::support::require;

/// Stands before the C library: from the reading number `UNREADABLE_FROM` on, the system clock fails as it does where its seconds do
/// not fit, and says so.
const LIBRARY: &str = r#"
#define _GNU_SOURCE
#include <errno.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>
int clock_gettime(clockid_t clock, struct timespec *time) {
    static long readings;
    const char *from = getenv("UNREADABLE_FROM");
    if (clock == CLOCK_REALTIME && from && ++readings >= atol(from)) {
        if (write(2, "made to fail\n", 13)) {}
        errno = EOVERFLOW;
        return -1;
    }
    return syscall(SYS_clock_gettime, clock, time);
}
"#;

/// One line for each run: what, from which reading on, its status, how often the clock failed, and how far the RTC and the clock are
/// from the server's time. The RTC counts whole seconds.
const SCRIPT: &str = r#"
measure() {
    probe query 10.0.2.2 >/tmp/query
    local offset chip
    offset=$(sed -n 's/^offset_s //p' /tmp/query)
    chip=$(cat /sys/class/rtc/rtc0/since_epoch)
    awk -v o="$offset" -v r="$chip" -v t="$(probe clocks | sed -n 's/^realtime //p')" 'BEGIN { printf "%.3f %.3f\n", r - t / 1e9 - o, -o }'
}
rntpdate -b -w --utc 10.0.2.2 >/dev/null || exit
for from in 1 2 3 4 6 8 11 15 20 30; do
    for command in 'rhwclock -w -u' 'rhwclock -s -u' 'rhwclock -w -u --verify' 'rhwclock --systz -u' 'rntpdate -b -w --utc 10.0.2.2' \
        'rntpdate -b -w --utc -p 1 ntp.test'; do
        UNREADABLE_FROM=$from LD_PRELOAD=/usr/lib/unreadable.so timeout 30 $command >/tmp/out 2>&1
        status=$?
        echo "run $from $status $(grep -c '^made to fail' /tmp/out) $(measure) $command"
        grep -v '^made to fail' /tmp/out | sed 's/^/text /'
        rm -f /var/lib/rntpdate/*
    done
done
# And the right time again, without it.
rhwclock -w -u; echo "last $?"
"#;

#[test]
fn a_clock_that_fails_leads_to_an_error_and_to_no_wrong_write() {
    let Some(lab) = Lab::new() else { return };
    if !require::present("cc") {
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let (source, library) = (folder.path().join("unreadable.c"), folder.path().join("unreadable.so"));
    std::fs::write(&source, LIBRARY).unwrap();
    let built = Command::new("cc").args(["-shared", "-fPIC", "-O1", "-o"]).arg(&library).arg(&source).status();
    assert!(built.is_ok_and(|status| status.success()), "cannot build the library");
    let guest = lab.guest(SCRIPT).program(env!("CARGO_BIN_EXE_rhwclock"));
    let guest = guest.text("/etc/hosts", "127.0.0.1 localhost\n10.0.2.2 ntp.test\n");
    let guest = guest.file(&library, "/usr/lib/unreadable.so", 0o755).timeout(Duration::from_secs(400));
    let run = guest.run().success();
    let mut failed = 0;
    for line in run.lines().filter_map(|line| line.strip_prefix("run ")) {
        let words: Vec<&str> = line.split(' ').collect();
        let number = |at: usize| words[at].parse::<f64>().unwrap_or_else(|_| panic!("{line}\n{run}"));
        failed += usize::from(number(2) > 0.0);
        assert!(number(2) == 0.0 || number(1) != 0.0, "the clock failed, and the run did not: {line}\n{run}");
        assert!((-1.7..=0.7).contains(&number(3)), "the RTC is wrong: {line}\n{run}");
        assert!(number(4).abs() < 1.2, "the clock is wrong: {line}\n{run}");
    }
    assert!(failed >= 20, "{failed}\n{run}");
    assert!(run.contains("last 0") && run.contains("cannot read this machine's clock"), "{run}");
}
