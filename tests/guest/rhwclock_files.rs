//! The adjtime file in a guest, where it cannot simply be replaced.

use crate::support::guest::{Guest, GuestRun};
use crate::support::require;

/// `w NAME FILE` sets the chip with this adjtime file, and prints status, text and the file's last line.
const PRELUDE: &str = "
w() {
    rhwclock -w -u --adjfile $2 >/tmp/out 2>&1
    echo \"$1-status $?\"
    sed \"s/^/$1-text /\" /tmp/out
    tail -n 1 $2 | sed \"s/^/$1-last /\"
}
old() { printf '0.5 7 0.0\\n7\\nLOCAL\\n' >$1; }
echo 1 >/proc/sys/fs/protected_symlinks
mkdir /a /b; mount -t tmpfs tmpfs /a; mount -t tmpfs tmpfs /b
";

fn run(script: &str) -> Option<GuestRun> {
    let cache = require::guest()?;
    let guest = Guest::new(&cache).program(env!("CARGO_BIN_EXE_rhwclock"));
    let run = guest.script(&format!("{PRELUDE}{script}")).run();
    assert_eq!(run.status, 0, "{}", run.console);
    Some(run)
}

#[track_caller]
fn written(run: &GuestRun, name: &str) {
    assert_eq!(run.value(&format!("{name}-status")), "0", "{}", run.console);
    assert_eq!(run.value(&format!("{name}-last")), "UTC", "{}", run.console);
}

#[test]
fn what_cannot_be_renamed_over_is_written_in_place() {
    let script = "
        old /b/bound; touch /a/bound; mount --bind /b/bound /a/bound
        w busy /a/bound
        ln -s /b/yet /a/link; ln -s /b/there /a/other; old /b/there
        mount -o remount,ro /a
        old /b/bound
        w readonly /a/bound
        w link /a/link; w other /a/other
        ls -l /a | grep -c -e '-> /b' | sed 's/^/links /'
        tail -n 1 /b/yet | sed 's/^/yet /'
        w null /dev/null; test -c /dev/null && echo device there
        w refused /a/none
        ls -A /a /b | sed 's/^/left /'";
    let Some(run) = run(script) else { return };
    for name in ["busy", "readonly", "link", "other"] {
        written(&run, name);
    }
    assert_eq!((run.value("links"), run.value("yet")), ("2", "UTC"));
    assert_eq!((run.value("null-status"), run.value("device")), ("0", "there"));
    assert_eq!(run.value("refused-status"), "1");
    assert_eq!(
        run.value("refused-text"),
        "rhwclock: cannot write /a/none: Read-only file system (os error 30) (the RTC was set all the same)"
    );
    assert!(!run.console.contains("left .rntpdate"), "{}", run.console);
}

#[test]
fn a_full_disk_keeps_the_old_text_or_takes_the_new_one() {
    let script = "
        mkdir /full; mount -t tmpfs -o size=16k tmpfs /full
        old /full/adjtime
        dd if=/dev/zero of=/full/rest bs=1k count=64 2>/dev/null
        w there /full/adjtime
        w none /full/none
        ls -A /full | sed 's/^/left /'
        mkdir /names; mount -t tmpfs -o nr_inodes=2 tmpfs /names
        old /names/adjtime
        w names /names/adjtime";
    let Some(run) = run(script) else { return };
    written(&run, "there");
    written(&run, "names");
    assert_eq!(run.value("none-status"), "1");
    assert!(run.value("none-text").starts_with("rhwclock: cannot write /full/none: No space left on device"));
    let left: Vec<&str> = run.console.lines().filter_map(|line| line.strip_prefix("left ")).collect();
    assert_eq!(left, ["adjtime", "rest"], "{}", run.console);
}

#[test]
fn what_cannot_be_read_is_not_overwritten() {
    let script = "
        mkdir -m 1777 /sticky; mkdir -m 777 /open
        echo secret >/a/secret; chmod 600 /a/secret
        setpriv --reuid 1000 --clear-groups ln -s /a/secret /sticky/adjtime
        setpriv --reuid 1000 --clear-groups ln -s /a/yet /sticky/yet
        w sticky /sticky/adjtime; w yet /sticky/yet
        cat /a/secret | sed 's/^/secret /'
        ls /a | sed 's/^/left /'
        echo secret >/a/shadow; chmod 640 /a/shadow; chown 0:42 /a/shadow
        w shadow /a/shadow
        stat -c 'copy %a %u %g' /a/shadow.malformed
        stat -c 'file %a %u %g' /a/shadow";
    let Some(run) = run(script) else { return };
    assert_eq!((run.value("sticky-status"), run.value("secret")), ("1", "secret"), "{}", run.console);
    assert!(run.console.contains("cannot read /sticky/adjtime: Permission denied"), "{}", run.console);
    assert_eq!(run.value("yet-status"), "1", "{}", run.console);
    assert!(!run.console.contains("left yet"), "{}", run.console);
    written(&run, "shadow");
    assert_eq!((run.value("copy"), run.value("file")), ("640 0 42", "640 0 42"));
}

#[test]
fn what_a_system_has_made_fast_stays_and_labels_go_along() {
    let script = "
        mount -t tmpfs tmpfs /tmp
        old /b/labelled; chmod 640 /b/labelled; chown 7:8 /b/labelled
        probe label /b/labelled security.selinux system_u:object_r:adjtime_t:s0
        probe label /b/labelled trusted.note kept
        w labelled /b/labelled; probe labels /b/labelled; stat -c 'mode %a %u %g' /b/labelled
        old /b/fixed; probe immutable /b/fixed yes; w fixed /b/fixed; probe immutable /b/fixed no
        old /etc/adjtime; old /b/adjtime; mount -o remount,ro /
        w root /etc/adjtime
        mount --bind /b/adjtime /etc/adjtime; w bound /etc/adjtime; tail -n 1 /b/adjtime | sed 's/^/behind /'
        umount /etc/adjtime; mount -o remount,rw /
        ls -A /b /etc | grep -e rntpdate -e malformed | sed 's/^/left /'";
    let Some(run) = run(script) else { return };
    written(&run, "labelled");
    for label in ["label security.selinux system_u:object_r:adjtime_t:s0\n", "label trusted.note kept\n"] {
        assert!(run.console.contains(label), "{label}: {}", run.console);
    }
    assert_eq!(run.value("mode"), "640 7 8", "{}", run.console);
    for (name, why) in [("fixed", "/b/fixed: Operation not permitted"), ("root", "/etc/adjtime: Read-only file system")]
    {
        let found = [format!("{name}-status"), format!("{name}-last")];
        assert_eq!(found.each_ref().map(|key| run.value(key)), ["1", "LOCAL"], "{name}: {}", run.console);
        let text = run.value(&format!("{name}-text"));
        assert!(text.starts_with(&format!("rhwclock: cannot write {why}")), "{text}");
        assert!(text.ends_with("(the RTC was set all the same)"), "{text}");
    }
    written(&run, "bound");
    assert_eq!(run.value("behind"), "UTC", "{}", run.console);
    assert!(!run.console.contains("left "), "{}", run.console);
}
