//! The metrics file: complete after every run, accepted by promtool without a word, and never broken.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::Duration;

use super::Servers;
use crate::support::random::Random;
use crate::support::require;

/// Checks that promtool has nothing to say of a text.
#[track_caller]
fn assert_accepted(tree: &Path, text: &str) {
    let mut promtool = Command::new(tree.join("usr/bin/promtool"));
    let promtool =
        promtool.args(["check", "metrics"]).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = promtool.spawn().unwrap();
    child.stdin.take().unwrap().write_all(text.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout).into_owned() + &String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.is_empty(), "{said}\n{text}");
}

/// The value of a metric, by its name and labels.
pub(crate) fn value(text: &str, name: &str) -> Option<f64> {
    text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' ')?.parse().ok())
}

struct Run {
    words: &'static str,
    status: i32,
    /// Metrics that are there, and their values where they are not measured.
    has: &'static [(&'static str, Option<f64>)],
    lacks: &'static [&'static str],
}

const RUNS: &[Run] = &[
    Run {
        words: "-q 127.0.0.1 127.0.0.10 127.0.0.2",
        status: 0,
        has: &[
            ("rntpdate_run_info{version=\"0.1.0\",mode=\"query\"}", Some(1.0)),
            ("rntpdate_offset_seconds", None),
            ("rntpdate_error_bound_seconds", None),
            ("rntpdate_correction_seconds{manner=\"step\"}", Some(0.0)),
            ("rntpdate_servers_agreeing", Some(2.0)),
            ("rntpdate_servers_voting", Some(3.0)),
            ("rntpdate_server_offset_seconds{server=\"127.0.0.2\"}", None),
            ("rntpdate_server_stratum{server=\"127.0.0.2\"}", Some(2.0)),
            ("rntpdate_server_standing_info{server=\"127.0.0.1\",standing=\"truechimer\",reason=\"fit\"}", Some(1.0)),
            (
                "rntpdate_server_standing_info{server=\"127.0.0.2\",standing=\"falseticker\",reason=\"falseticker\"}",
                Some(1.0),
            ),
        ],
        lacks: &["rntpdate_frequency_ratio", "rntpdate_rtc_success"],
    },
    Run {
        words: "-q -t 0.2 127.0.0.5 127.0.0.9 127.0.0.3",
        status: 1,
        has: &[
            (
                "rntpdate_server_standing_info{server=\"127.0.0.5\",standing=\"dropped\",reason=\"host-silent\"}",
                Some(1.0),
            ),
            (
                "rntpdate_server_standing_info{server=\"127.0.0.9\",standing=\"dropped\",reason=\"nothing-listens\"}",
                Some(1.0),
            ),
            ("rntpdate_server_stratum{server=\"127.0.0.3\"}", Some(16.0)),
        ],
        lacks: &["rntpdate_offset_seconds", "rntpdate_server_offset_seconds{server=\"127.0.0.5\"}"],
    },
    // Without the right to set the clock.
    Run {
        words: "-p 1 127.0.0.2",
        status: 1,
        has: &[("rntpdate_offset_seconds", None), ("rntpdate_correction_seconds{manner=\"step\"}", Some(0.0))],
        lacks: &[],
    },
    Run {
        words: "-q nobody.invalid",
        status: 1,
        has: &[],
        lacks: &["rntpdate_offset_seconds", "rntpdate_server_stratum"],
    },
    Run { words: "-q -p 99 127.0.0.1", status: 2, has: &[], lacks: &["rntpdate_offset_seconds"] },
    Run { words: "-q --from /nonexistent", status: 1, has: &[], lacks: &["rntpdate_offset_seconds"] },
    Run { words: "-q --source-address 192.0.2.1 127.0.0.1", status: 1, has: &[], lacks: &["rntpdate_offset_seconds"] },
    Run { words: "-q -a 1 -k /nonexistent 127.0.0.1", status: 1, has: &[], lacks: &["rntpdate_offset_seconds"] },
    Run { words: "-q -U nobody 127.0.0.1 --json", status: 0, has: &[("rntpdate_offset_seconds", None)], lacks: &[] },
];

#[test]
fn every_run_leaves_its_metrics_and_the_time_of_the_last_success() {
    if require::servers().is_none() {
        return;
    }
    let Some(tree) = require::more("monitoring") else { return };
    let servers = Servers::start();
    let (_folder, file) = open_folder();
    let name = file.to_str().unwrap();
    let mut success = 0.0;
    for Run { words, status, has, lacks } in RUNS {
        let words: Vec<&str> = words.split_whitespace().chain(["--metrics", name]).collect();
        let ran = servers.rntpdate(&words);
        assert_eq!(ran.status, *status, "{ran:?}");
        let text = fs::read_to_string(&file).unwrap();
        assert_accepted(&tree, &text);
        let number = |metric: &str| value(&text, metric).unwrap_or_else(|| panic!("{words:?}: no {metric} in\n{text}"));
        assert_eq!(number("rntpdate_exit_status"), f64::from(*status), "{words:?}");
        let now = number("rntpdate_last_run_timestamp_seconds");
        if *status == 0 {
            success = now;
        }
        assert!((number("rntpdate_last_success_timestamp_seconds") - success).abs() < 1e-5, "{words:?}:\n{text}");
        for (metric, wanted) in *has {
            let found = number(metric);
            assert!(wanted.is_none_or(|wanted| wanted == found), "{words:?}: {metric} {found}");
        }
        lacks.iter().for_each(|metric| assert_eq!(value(&text, metric), None, "{words:?}: {metric}"));
    }
    let ran = servers.rntpdate(&["-q", "--metrics", "-", "127.0.0.1"]);
    assert!(ran.status == 0 && ran.stderr.contains("server 127.0.0.1, stratum 2"), "{ran:?}");
    assert_accepted(&tree, &ran.stdout);
}

/// A folder that everybody may write to, for runs as nobody, and a file in it.
fn open_folder() -> (tempfile::TempDir, PathBuf) {
    use std::os::unix::fs::PermissionsExt as _;
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o777)).unwrap();
    let file = folder.path().join("rntpdate.prom");
    (folder, file)
}

#[test]
fn a_file_that_cannot_be_written_is_told_and_no_success() {
    if require::servers().is_none() {
        return;
    }
    let servers = Servers::start();
    let (folder, file) = open_folder();
    fs::write(&file, "node_load1 1\n").unwrap();
    let missing = folder.path().join("missing/rntpdate.prom");
    for (file, why) in [(&file, "is left alone: it has other contents"), (&missing, "No such file or directory")] {
        let ran = servers.rntpdate(&["-q", "--metrics", file.to_str().unwrap(), "127.0.0.1"]);
        assert!(ran.status == 1 && ran.stderr.contains(why) && ran.stdout.contains("offset"), "{ran:?}");
    }
    assert_eq!(fs::read_to_string(&file).unwrap(), "node_load1 1\n");
    for name in ["/etc/passwd", "ntp.example.net", "/", ".prom"] {
        let ran = servers.rntpdate(&["-q", "127.0.0.1", "--metrics", name]);
        assert!(ran.status == 2 && ran.stderr.contains("whose name ends with .prom"), "{ran:?}");
    }
}

/// A name without a folder is one in the folder where the run is.
#[test]
fn a_name_is_taken_from_where_the_run_is() {
    if require::servers().is_none() {
        return;
    }
    let servers = Servers::start();
    for (what, mode) in [("a query", "-q"), ("a run that sets the clock", "-b")] {
        let (folder, file) = open_folder();
        let mut command = servers.network.command(env!("CARGO_BIN_EXE_rntpdate"));
        command.current_dir(folder.path()).args([mode, "--force", "--metrics", "rntpdate.prom", "127.0.0.1"]);
        let output = command.output().unwrap();
        assert!(file.exists(), "{what}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

/// Whenever a run is killed, the file is that of a run that came to its end.
#[test]
fn a_killed_run_leaves_a_whole_file() {
    if require::servers().is_none() {
        return;
    }
    let Some(tree) = require::more("monitoring") else { return };
    let servers = Servers::start();
    let (_folder, file) = open_folder();
    let run = || {
        let mut command = servers.network.command(env!("CARGO_BIN_EXE_rntpdate"));
        command.args(["-q", "127.0.0.1", "127.0.0.9", "--metrics"]).arg(&file);
        command.stdout(Stdio::null()).stderr(Stdio::null());
        command
    };
    let whole = run().status().unwrap();
    assert!(whole.success());
    let mut longest = Duration::ZERO;
    for _ in 0..5 {
        let begun = std::time::Instant::now();
        run().status().unwrap();
        longest = longest.max(begun.elapsed());
    }
    let (mut random, mut killed, mut changed, mut before) = (Random::new(17), 0, 0, String::new());
    let mut tries = 0;
    while tries < 50 || (killed < 10 && tries < 400) {
        tries += 1;
        let mut child = run().spawn().unwrap();
        thread::sleep(longest.mul_f64(random.below(1000) as f64 / 1000.0));
        child.kill().unwrap();
        let is_killed = child.wait().unwrap().code().is_none();
        killed += u32::from(is_killed);
        // What was measured on a busy host is long for the runs that follow.
        longest = if is_killed { longest } else { longest.mul_f64(0.95) };
        let text = fs::read_to_string(&file).unwrap();
        assert_accepted(&tree, &text);
        assert_eq!(value(&text, "rntpdate_exit_status"), Some(0.0), "{text}");
        assert!(
            text.contains("\nrntpdate_server_standing_info{server=\"127.0.0.9\",") && text.ends_with(" 1\n"),
            "{text}"
        );
        changed += u32::from(text != before);
        before = text;
    }
    println!("{killed} of {tries} runs were killed, the file was another one {changed} times");
    assert!(killed >= 10, "only {killed} of {tries} were killed");
}
