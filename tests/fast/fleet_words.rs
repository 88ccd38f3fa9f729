//! Lists and words of `--fleet` that cannot be used: nobody is asked.

use std::process::Stdio;

const RNTPDATE: &str = env!("CARGO_BIN_EXE_rntpdate");

/// Runs the program with these words; nobody is asked.
fn refused(words: &[&str], input: &str) -> (Option<i32>, String) {
    use std::io::Write as _;
    let mut command = std::process::Command::new(RNTPDATE);
    command.args(words).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program");
    // Whoever has seen enough reads no further.
    let _ = child.stdin.take().expect("its input").write_all(input.as_bytes());
    let output = child.wait_with_output().expect("its end");
    assert!(output.stdout.is_empty(), "{output:?}");
    let complaint = String::from_utf8(output.stderr).expect("UTF-8");
    assert!(complaint.len() < 1000 && !complaint.contains('\u{1b}'), "{complaint}");
    (output.status.code(), complaint)
}

#[test]
fn a_list_that_cannot_be_used_is_unknown_and_says_where() {
    for (list, why) in [
        ("", "names no clock"),
        ("a\nb c\n", "line 2: \"b c\" is more than one word"),
        ("10.0.0.0/8\n", "/15 is the largest"),
        ("a\u{1b}[31mb\n", "is no name"),
        ("\0\0\0", "is no name"),
        ("10.0.0.0/16\n10.1.0.0/16\n10.2.0.0/16\n", "more than 131072"),
    ] {
        let (status, complaint) = refused(&["--fleet", "-"], list);
        assert_eq!(status, Some(3), "{complaint}");
        assert!(complaint.contains(why), "{complaint}");
    }
    let long = "a\n".repeat(10 << 20);
    assert!(refused(&["--fleet", "-"], &long).1.contains("longer than 16 MiB"));
    for (file, why) in [("/nonexistent", "No such file"), ("/dev/zero", "not a file"), ("/", "not a file")] {
        let (status, complaint) = refused(&["--fleet", file], "");
        assert!(status == Some(3) && complaint.contains(why), "{complaint}");
    }
}

#[test]
fn more_servers_than_a_clock_needs_are_refused_with_the_way_to_ask_them() {
    let many: Vec<String> = (0..257).map(|number| format!("127.0.{}.{}", number / 250, number % 250 + 1)).collect();
    let words: Vec<&str> = ["-q"].into_iter().chain(many.iter().map(String::as_str)).collect();
    let (status, complaint) = refused(&words, "");
    assert_eq!(status, Some(2));
    assert!(complaint.contains("257 servers are too many to set a clock by") && complaint.contains("--fleet"));
}

#[test]
fn options_of_other_runs_do_not_go_with_it() {
    for words in [
        &["--fleet", "-", "-w"][..],
        &["--fleet", "-", "server"],
        &["--fleet", "-", "--collect"],
        &["--rate", "5", "-q", "a"],
        &["--reference", "a", "-q", "a"],
        &["--expect", "a", "-q", "a"],
    ] {
        let (status, complaint) = refused(words, "");
        assert!(status == Some(2) || status == Some(3), "{words:?}: {complaint}");
    }
    for rate in ["0", "-1", "nan", "1e9", "x"] {
        let (status, complaint) = refused(&["--fleet", "-", "--rate", rate], "127.0.0.1");
        assert!(status == Some(3) && complaint.contains("--rate ("), "{complaint}");
    }
}

/// A program that reads objects reads why there are none.
#[test]
fn what_keeps_it_from_its_work_is_an_object_for_programs() {
    for (words, kind, why) in [
        ("--fleet /nonexistent", "fleet-summary", "cannot read the list of clocks /nonexistent"),
        ("--fleet -", "fleet-summary", "names no clock"),
        ("--fleet - --rate 0", "fleet-summary", "--rate (0) is invalid"),
        ("--fleet /dev/null --rate", "fleet-summary", "a value is required"),
        ("--collect --expect /nonexistent", "collect-summary", "cannot read the list /nonexistent"),
        ("--collect", "collect-summary", "in standard input: it is empty"),
        ("--collect --wait 5", "collect-summary", "does not go with"),
    ] {
        let mut command = std::process::Command::new(RNTPDATE);
        let output = command.arg("--json").args(words.split(' ')).stdin(Stdio::null()).output().expect("the program");
        let object: serde_json::Value = serde_json::from_slice(&output.stdout).expect(words);
        crate::support::schema::check_fleet(&object);
        assert_eq!((&object["kind"], &object["level"]), (&kind.into(), &"unknown".into()), "{words}");
        assert!(object["error"].as_str().is_some_and(|error| error.contains(why)), "{words}: {object}");
        assert_eq!((output.status.code(), String::from_utf8_lossy(&output.stderr).lines().count()), (Some(3), 1));
    }
}
