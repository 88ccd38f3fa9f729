//! What -d says where many servers have the same verdict: its cause once, and of each what was seen.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

use std::process::Command;

use crate::support::ntpserver::{Behaviour, Builder, SECOND, Server};

/// The paragraph of the verdicts on these servers.
fn diagnosis(builders: impl IntoIterator<Item = Builder>) -> Vec<String> {
    let mut servers: Vec<Server> = Vec::new();
    for (place, builder) in builders.into_iter().enumerate() {
        let port = servers.first().map_or(0, |first| first.addr().port());
        servers.push(builder.bind(&format!("127.0.0.{}:{port}", place + 2)).start());
    }
    let port = servers[0].addr().port().to_string();
    let addresses = servers.iter().map(|server| server.addr().ip().to_string());
    let mut command = Command::new(env!("CARGO_BIN_EXE_rntpdate"));
    let output = command.args(["-d", "-p1", "-t0.4", "--port", &port]).args(addresses).output().unwrap();
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines()
        .skip_while(|line| *line != "Diagnosis:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .map(str::to_owned)
        .collect()
}

#[test]
fn fourteen_servers_that_contradict_each_other_share_one_cause() {
    let lines = diagnosis((1..=14).map(|number| Server::builder().offset(number * 10 * SECOND)));
    let count = |part: &str| lines.iter().filter(|line| line.contains(part)).count();
    assert_eq!((count(": it stands apart from 13 others, the nearest "), count("  cause (")), (14, 1), "{lines:#?}");
    assert_eq!((count("  here: "), count("  on the server: "), lines.len()), (1, 1, 14 + 3 + 1), "{lines:#?}");
    assert!(lines.iter().all(|line| line.len() < 400), "{lines:#?}");
}

#[test]
fn each_verdict_has_its_own_cause_and_a_few_servers_are_named() {
    let honest = || Server::builder();
    let wrong = || Server::builder().offset(3600 * SECOND);
    let silent = || Server::builder().behave(Behaviour::Silent);
    let lines =
        diagnosis([honest(), honest(), honest(), wrong(), honest(), wrong(), honest(), honest(), silent(), silent()]);
    let count = |part: &str| lines.iter().filter(|line| line.contains(part)).count();
    assert_eq!((count("it is outvoted: "), count("  cause (likely): its clock is wrong")), (2, 1), "{lines:#?}");
    assert_eq!(count("the majority (127.0.0.2, 127.0.0.3, 127.0.0.4, 127.0.0.6, 2 more)"), 2, "{lines:#?}");
    assert_eq!((count(": no reply to 1 request"), count(": fit, ")), (2, 6), "{lines:#?}");
    assert_eq!(count("127.0.0.10, 127.0.0.11: "), 0, "what a silent server says of itself is no news: {lines:#?}");
}
