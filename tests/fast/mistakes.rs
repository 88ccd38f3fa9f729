//! What people type by mistake, and whether the message says what to type instead.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

use std::process::{Command, Output};

use crate::support::ntpserver::Server;
use crate::support::schema;

/// Never without an option that keeps the clock as it is, should the mistake be taken for something else.
fn rntpdate(words: &[&str]) -> Output {
    assert!(words.iter().any(|word| ["-q", "--doctor", "--peers", "--self-test", "-qt"].contains(word)), "{words:?}");
    Command::new(env!("CARGO_BIN_EXE_rntpdate")).args(words).output().unwrap()
}

/// Command lines of modes that go without a -q, each of which says what is wrong before it asks anybody.
const MISTAKES_ELSEWHERE: &[(&str, &str, i32)] = &[
    ("--check pool.ntp.org -w 0.1", "-w sets the RTC; the threshold is --warning", 3),
    ("--check pool.ntp.org --warning 1 --critical 0.5", "--warning 1 is wider than --critical 0.5", 3),
    ("--check pool.ntp.org --warning 1 --critical 0.5", "exchange them", 3),
    (
        "--check pool.ntp.org --warning 1",
        "is wider than --critical 0.5, so that nothing would be a WARNING: give both",
        3,
    ),
    ("--check pool.ntp.org --warning-stratum 5 --critical-stratum 3", "--warning-stratum 5 is wider", 3),
    ("--check pool.ntp.org --svg x.svg", "--svg is of use with --history-show only", 3),
    ("--check pool.ntp.org --after-step true", "--after-step changes nothing with --check", 3),
    ("--fleet /dev/null --max-step 1", "--max-step changes nothing with --fleet", 3),
    ("--fleet /dev/null --after-step true", "--after-step changes nothing with --fleet", 3),
    ("--fleet /dev/null --force", "--force changes nothing with --fleet", 3),
    ("--fleet /dev/null --accuracy 1", "--accuracy changes nothing with --fleet", 3),
    ("--fleet /dev/null --svg x.svg", "--svg is of use with --history-show only", 3),
    ("--fleet /dev/null --fleet a", "--fleet is given twice, with /dev/null and with a: leave one of them out", 3),
    ("--fleet 127.0.0.0/24", "echo 127.0.0.0/24 | rntpdate --fleet -", 3),
    ("--collect --warning-stratum 1", "--warning-stratum changes nothing with --collect", 3),
    ("--collect file.json", "write --collect <FILE", 3),
    ("--doctor --after-step true", "--after-step changes nothing with --doctor", 2),
    ("--peers --after-step true pool.ntp.org", "--after-step changes nothing with --peers", 2),
    ("--self-test -w", "-w changes nothing with --self-test: leave -w out", 2),
];

#[test]
fn what_would_be_passed_over_is_told() {
    for (line, answer, status) in MISTAKES_ELSEWHERE {
        let output = Command::new(env!("CARGO_BIN_EXE_rntpdate")).args(line.split(' ')).output().unwrap();
        let text = String::from_utf8([output.stdout, output.stderr].concat()).unwrap();
        assert!(text.contains(answer) && text.lines().count() == 1, "{line}: {text}");
        assert_eq!(output.status.code(), Some(*status), "{line}: {text}");
    }
}

/// What hwclock once had is not taken for what sets the chip.
#[test]
fn rhwclock_says_what_there_is_not() {
    for (line, answer) in [
        ("--setepoch", "unknown option --setepoch: it is not supported"),
        ("--getepoch", "unknown option --getepoch: it is not supported"),
        ("-r now", "\"now\" stands alone, and belongs to no option"),
        ("--show --date now", "--date requires --set or --predict"),
        ("-show", "write --show"),
    ] {
        let output = Command::new(env!("CARGO_BIN_EXE_rhwclock")).args(line.split(' ')).output().unwrap();
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(text.contains(answer) && text.lines().count() == 1 && output.stdout.is_empty(), "{line}: {text}");
        assert_eq!(output.status.code(), Some(1), "{line}");
    }
}

/// Also where no syslog daemon takes it.
#[test]
fn a_reason_is_told_once_where_it_was_typed() {
    let output = rntpdate(&["-q", "-s", "--querry", "pool.ntp.org"]);
    let text = String::from_utf8(output.stderr).unwrap();
    assert_eq!(text.matches("--querry").count(), 1, "{text}");
}

/// An alert on the exit status in the file is not silenced by a slip of the fingers in the command line.
#[test]
fn a_command_line_that_cannot_be_parsed_is_in_the_metrics_too() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("m.prom");
    let server = Server::builder().start();
    let run = |more: &str| {
        let metrics = file.to_str().unwrap();
        let words = ["-q", "--metrics", metrics, more, &server.addr().to_string()];
        let status = rntpdate(&words).status.code();
        let text = std::fs::read_to_string(&file).unwrap();
        (status, text.lines().find(|line| line.starts_with("rntpdate_exit_status")).unwrap().to_owned())
    };
    let (status, line) = run("-4");
    assert!(status == Some(0) && line.ends_with(" 0"), "{line}");
    let (status, line) = run("--querry");
    assert!(status == Some(2) && line.ends_with(" 2"), "{line}");
}

/// The command line, and what the one line that comes of it says.
const MISTAKES: &[(&[&str], &str)] = &[
    (&["-q", "ntp://pool.ntp.org"], "write pool.ntp.org"),
    (&["-q", "a.example,b.example"], "write a.example b.example"),
    (&["-q", " pool.ntp.org"], "write pool.ntp.org"),
    (&["-q", ""], "write a name or an address"),
    (&["-q", "pool.ntp.org:99999"], "write pool.ntp.org:123, or pool.ntp.org alone"),
    (&["-q", "z\u{fc}rich.example"], "\"idn2 z\u{fc}rich.example\" prints"),
    (&["-q", "\u{2013}b", "pool.ntp.org"], "write -b"),
    (&["-q", "-b=1", "pool.ntp.org"], "write -b"),
    (&["-q", "--json=yes", "pool.ntp.org"], "write --json"),
    (&["-q", "-x", "pool.ntp.org"], "unknown option -x: -B slews"),
    (&["-q", "-gx", "pool.ntp.org"], "unknown option -g: leave it out"),
    (&["-q", "--qeury", "pool.ntp.org"], "unknown option --qeury: write --query?"),
    (&["-q", "-Z", "pool.ntp.org"], "unknown option -Z (all options: --help)"),
    (
        &["-q", "-query", "pool.ntp.org"],
        "-query has one hyphen, so its letters are options by themselves: write --query",
    ),
    (&["-q", "--server", "pool.ntp.org"], "unknown option --server: write the server alone, without an option"),
    (&["-q", "--hosts=pool.ntp.org"], "unknown option --hosts (all options: --help)"),
    (&["-q", "--set", "pool.ntp.org"], "unknown option --set: leave it out: without -q the clock is set"),
    (&["-q", "--tries", "3", "pool.ntp.org"], "-p N takes N samples"),
    (&["-q", "--date", "now"], "rhwclock --set --date TIME"),
    (&["-q", "--setepoch"], "unknown option --setepoch (all options: --help)"),
    (&["-q", "-H", "pool.ntp.org"], "a link named check_ntp_time"),
    (&["-q", "--after-step", "true", "pool.ntp.org"], "--after-step changes nothing with -q: leave --after-step out"),
    (&["-q", "--svg", "x.svg", "pool.ntp.org"], "--svg is of use with --history-show only"),
    (&["-q", "--warning", "1", "pool.ntp.org"], "--warning is of use with --check, --fleet and --collect only"),
    (&["-q", "--warning-stratum", "1", "pool.ntp.org"], "--warning-stratum is of use with --check and --fleet only"),
    (
        &["-q", "--history", "x", "pool.ntp.org"],
        "--history is of use where the clock is set, and with --discipline and --history-show",
    ),
    (
        &["--quiet", "-v", "-q", "pool.ntp.org"],
        "--quiet does not go with --verbose or --query: leave out --quiet, or --verbose and --query",
    ),
    (
        &["-q", "--from", "/etc/ntp.conf", "pool.ntp.org"],
        "--from does not go with servers: leave out --from, or servers",
    ),
    (
        &["-q", "--from", "a.conf", "--from=b.conf"],
        "--from is given twice, with a.conf and with b.conf: leave one of them out",
    ),
    (
        &["-q", "--source-address", "::1", "--source-address", "127.0.0.1", "pool.ntp.org"],
        "--source-address is given twice, with ::1 and with 127.0.0.1",
    ),
    (&["-q", "--nts-ca", "a", "--nts-ca", "b", "nts:pool.ntp.org"], "--nts-ca is given twice"),
    (&["-q", "server", "pool.ntp.org", "iburst"], "write pool.ntp.org alone, or --from FILE"),
    (&["-q", "::1:11123"], "write [::1]:11123"),
    (&["-q", "nts:nts:pool.ntp.org"], "write nts:pool.ntp.org"),
    (&["-q", "nts:"], "write nts:NAME"),
    (&["-q", "127.0.0.256"], "(256 is more than 255)"),
    (&["-q", "0x7f000001"], "is a number and no address"),
    (&["-q", "0x7f.1"], "is a number and no address"),
    (&["-q", "127.0.0.2#1123"], "write 127.0.0.2:1123"),
    (&["-q", "127.0.0.0/24"], "list it for --fleet"),
    (&["-q", "-w", "1"], "if it belongs to an option, that one takes no value"),
    (&["-q", "-t", "500ms", "pool.ntp.org"], "0.001 to 86400 seconds, without a unit: write 0.5"),
    (&["-q", "-p", "127.0.0.2"], "it is 1 to 8; the value is missing before 127.0.0.2"),
    (&["--wait", "-q", "pool.ntp.org"], "the value is missing before -q"),
    (&["--doctor", "-t", "nonsense"], "time to wait (nonsense) is invalid: it is 0.001 to 86400 seconds"),
    (&["-qt"], "a value is required for '--timeout <SECONDS>'"),
    (&["-q", "-6", "--source-address", "192.0.2.1", "pool.ntp.org"], "leave -6 out"),
    (&["-q", "--source-address", "eth0", "pool.ntp.org"], "an address of this machine, which \"ip address\" shows"),
];

#[test]
fn each_mistake_is_answered_by_what_to_type() {
    for (words, answer) in MISTAKES {
        let output = rntpdate(words);
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(text.contains(answer) && text.lines().count() == 1, "{words:?}: {text}");
        assert_eq!((output.status.code(), output.stdout.len()), (Some(2), 0), "{words:?}: {text}");
    }
}

/// What looks only sets no RTC, and does not pass over the wish.
#[test]
fn what_sets_the_rtc_does_not_go_with_what_only_looks() {
    for words in [&["--peers", "-w", "127.0.0.1"][..], &["--doctor", "-w"]] {
        let output = rntpdate(words);
        let text = String::from_utf8(output.stderr).unwrap();
        assert!(
            output.status.code() == Some(2) && text.contains("-w") | text.contains("--systohc"),
            "{words:?}: {text}"
        );
    }
}

/// A program that reads the object reads why there is nothing in it, also where the command line cannot be parsed.
#[test]
fn each_mistake_is_in_the_object_where_one_is_wanted() {
    for (words, answer) in MISTAKES.iter().filter(|(words, _)| !words.contains(&"--doctor")) {
        let output = rntpdate(&[&["--json"], *words].concat());
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        schema::check(&report);
        assert!(report["error"].as_str().is_some_and(|error| error.contains(answer)), "{words:?}: {report}");
        assert_eq!((output.status.code(), &report["exit_status"]), (Some(2), &2.into()), "{words:?}");
        assert_eq!(String::from_utf8(output.stderr).unwrap().lines().count(), 1);
    }
}

#[test]
fn packets_leave_from_the_address_that_is_asked_for() {
    let server = Server::builder().start();
    let word = server.addr().to_string();
    for (mode, status) in [("-q", Some(0)), ("--peers", Some(1))] {
        let output = rntpdate(&[mode, "-t", "0.2", "--source-address", "127.0.0.77", &word]);
        assert_eq!(output.status.code(), status, "{output:?}");
    }
    let from: Vec<String> = server.requests().iter().map(|request| request.from.ip().to_string()).collect();
    assert!(!from.is_empty() && from.iter().all(|address| address == "127.0.0.77"), "{from:?}");
    let output = rntpdate(&["-q", "--source-address", "192.0.2.1", &word]);
    let text = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("--source-address 192.0.2.1 cannot be used"), "{text}");
}

#[test]
fn a_user_is_a_number_too() {
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    let server = Server::builder().start();
    let output = rntpdate(&["-q", "-U", "65534", &server.addr().to_string()]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
}
