//! Words, streams and limits that somebody else chose for the programs.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, Output};

use crate::support::ntpserver::Server;

const RNTPDATE: &str = env!("CARGO_BIN_EXE_rntpdate");
const RHWCLOCK: &str = env!("CARGO_BIN_EXE_rhwclock");
/// Clears a screen, turns the direction of writing, ends a line in two ways.
const HOSTILE: &str = "a\u{1b}[2J\u{202e}b\u{2028}c\nd";

fn both(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

#[track_caller]
fn assert_plain(what: &str, output: &Output) {
    let text = both(output);
    let is_obeyed = |c: char| c == '\u{1b}' || c == '\u{202e}' || c == '\u{2028}';
    assert!(!text.contains(is_obeyed) && text.contains("a\\u{1b}[2J\\u{202e}b"), "{what}: {text:?}");
}

#[test]
fn words_of_others_are_shown_and_not_obeyed() {
    let run = |program: &str, words: &[&str]| Command::new(program).args(words).output().unwrap();
    let option = format!("--{HOSTILE}");
    for words in [&["-q", HOSTILE][..], &["-q", &option, "h"], &["-q", "-t", HOSTILE, "h"], &["-q", "--from", HOSTILE]]
    {
        assert_plain("rntpdate", &run(RNTPDATE, words));
    }
    assert_plain("--history-show", &run(RNTPDATE, &["--history-show", "--history", HOSTILE]));
    for words in [
        &["--test", "--set", "--date", HOSTILE][..],
        &["--rtc", HOSTILE],
        &["--predict", "--date", HOSTILE],
        &[&option],
        &["--param-get", HOSTILE],
    ] {
        assert_plain("rhwclock", &run(RHWCLOCK, words));
    }
    for program in [RNTPDATE, RHWCLOCK] {
        for word in ["--no-such-option", "--help"] {
            assert_plain(word, &Command::new(program).arg0(HOSTILE).arg(word).output().unwrap());
        }
    }
}

#[test]
fn a_json_object_holds_the_same_words_as_escapes() {
    let output = Command::new(RNTPDATE).args(["-q", "--json", "--from", HOSTILE]).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    assert!(text.contains("\\u202e") && !text.contains('\u{202e}') && text.lines().count() == 1, "{text:?}");
    let object: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert!(object["error"].as_str().unwrap().contains(HOSTILE), "{object}");
}

#[test]
fn a_file_that_may_not_grow_costs_an_error_line() {
    let server = Server::builder().start();
    let folder = tempfile::tempdir().unwrap();
    for program in
        [format!("{RNTPDATE} -q {}", server.addr()), format!("{RHWCLOCK} --predict --date=now -u --noadjfile")]
    {
        let out = folder.path().join("out");
        let script = format!("ulimit -f 0; {program} >{}", out.display());
        let output = Command::new("sh").args(["-c", &script]).output().unwrap();
        assert_eq!(output.status.code(), Some(1), "{program}: {output:?}");
        assert!(both(&output).contains("cannot write the "), "{program}: {}", both(&output));
    }
}

#[test]
fn closed_streams_without_dev_null_end_nothing() {
    let mounts = Command::new("unshare").args(["-m", "mount", "-t", "tmpfs", "none", "/mnt"]).output();
    if !mounts.is_ok_and(|output| output.status.success()) {
        let _ = std::io::stderr().write_all(b"skipped: no file system can be mounted here\n");
        return;
    }
    let server = Server::builder().start();
    for (streams, program) in [
        ("<&- >&-", format!("{RNTPDATE} -q {}", server.addr())),
        ("<&- >&- 2>&-", format!("{RNTPDATE} -q {}", server.addr())),
        ("<&- >&-", format!("{RHWCLOCK} -V")),
    ] {
        let script = format!("mount -t tmpfs none /dev; exec {program} {streams}");
        let output = Command::new("unshare").args(["-m", "sh", "-c", &script]).output().unwrap();
        assert_eq!(output.status.code(), Some(0), "{script}: {output:?}");
    }
}

fn with_mode(path: &Path, mode: u32) {
    fs::set_permissions(path, fs::Permissions::from_mode(mode)).unwrap();
}

#[test]
fn an_adjtime_file_is_quoted_to_those_who_may_read_it() {
    let folder = tempfile::tempdir().unwrap();
    with_mode(folder.path(), 0o755);
    let file = folder.path().join("adjtime");
    fs::write(&file, "root:SECRET:19000\ndaemon:SECRET\nbin:SECRET\nsys:SECRET\n").unwrap();
    let shown = |mode| {
        with_mode(&file, mode);
        let output = Command::new(RHWCLOCK).args(["--predict", "--date=now", "--adjfile"]).arg(&file).output().unwrap();
        both(&output)
    };
    assert!(shown(0o644).contains("SECRET"), "{}", shown(0o644));
    let hidden = shown(0o640);
    let places = ["the first line", "the second line", "the third line", "more than is expected"];
    assert!(!hidden.contains("SECRET") && places.iter().all(|place| hidden.contains(place)), "{hidden}");
    assert!(hidden.contains(&file.display().to_string()), "{hidden}");
    with_mode(folder.path(), 0o700);
    assert!(!shown(0o644).contains("SECRET"), "a folder that is closed: {}", shown(0o644));
}
