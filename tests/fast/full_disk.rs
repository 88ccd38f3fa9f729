//! Standard output on a full disk: nothing that could not be told is a success, and stderr says why.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

use std::fs::File;
use std::path::Path;
use std::process::{Command, Stdio};

use rntpdate::internals::discipline::{History, render};

use crate::support::ntpserver::Server;

/// The output goes where every write fails as on a full disk; gives the exit status, and what stderr says.
fn on_full_disk(program: &str, words: &str, input: &Path) -> (Option<i32>, String) {
    let mut command = Command::new(program);
    command.args(words.split(' ')).stdin(File::open(input).unwrap());
    let output = command.stdout(File::options().write(true).open("/dev/full").unwrap()).stderr(Stdio::piped()).output();
    let output = output.unwrap();
    (output.status.code(), String::from_utf8(output.stderr).unwrap())
}

#[test]
fn what_cannot_be_told_is_no_success() {
    let (server, folder) = (Server::builder().start(), tempfile::tempdir().unwrap());
    let word = server.addr().to_string();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path
    };
    let run = Command::new(env!("CARGO_BIN_EXE_rntpdate")).args(["-q", "--json", &word]).output().unwrap();
    let (list, results) = (file("list", &word), file("results", &String::from_utf8(run.stdout).unwrap()));
    let history = file("history", &render(&History::default()));
    let cases = [
        ("--help".to_owned(), 1),
        ("--version".to_owned(), 1),
        ("--doctor".to_owned(), 1),
        ("--self-test".to_owned(), 1),
        (format!("--history-show --history {}", history.display()), 1),
        (format!("-q {word}"), 1),
        (format!("-q --json {word}"), 1),
        (format!("-q --metrics - {word}"), 1),
        (format!("-d -p1 {word}"), 1),
        (format!("--check {word}"), 3),
        ("--fleet -".to_owned(), 3),
        ("--fleet - --json".to_owned(), 3),
        ("--collect".to_owned(), 3),
        ("--collect --json".to_owned(), 3),
    ];
    for (words, status) in cases {
        let input = if words.contains("--collect") { &results } else { &list };
        let (ended, text) = on_full_disk(env!("CARGO_BIN_EXE_rntpdate"), &words, input);
        assert_eq!(ended, Some(status), "{words}: {text}");
        assert_eq!(text.matches("No space left on device").count(), 1, "{words}: {text}");
    }
    for words in ["--help", "--version", "--predict --date now --utc --noadjfile", "--systz --test --utc --noadjfile"] {
        let (ended, text) = on_full_disk(env!("CARGO_BIN_EXE_rhwclock"), words, &list);
        // Without a chip one of them fails before it says anything.
        let is_told = text.contains("cannot write the") || text.contains("no RTC");
        assert!(ended == Some(1) && is_told && text.lines().count() == 1, "{words}: {text}");
    }
}
