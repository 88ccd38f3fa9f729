//! Runs that are killed at any moment: what they leave of cookies on a disk.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::process::{Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

use rntpdate::internals::nts::jar::parse;

use super::folder::cookies;
use super::setting::Runs;
use super::stage::Stage;
use crate::support::nts::time_server::{Play, TimeServer};
use crate::support::require;

/// Two requests, so that a run may end before its cookies are used up, and soon.
const WORDS: [&str; 2] = ["-p2", "--interval=0.02"];
/// The calls by which files are written, read and locked; of each kind some are the jar's.
const CALLS: [&str; 8] = ["write", "fsync", "fchmod", "rename", "renameat", "renameat2", "flock", "unlink"];
/// Cookies that a run takes along.
const TAKEN: usize = 2;

/// The cookies in the folder, as text; the file is whole, or there is none.
#[track_caller]
fn kept(runs: &Runs<'_>) -> BTreeSet<String> {
    let Some(text) = runs.text() else { return BTreeSet::new() };
    if let Err(error) = parse(&text) {
        panic!("the file is no jar: {error}\n{text}");
    }
    text.lines().filter_map(|line| line.strip_prefix("cookie ")).map(str::to_owned).collect()
}

/// The cookies that the server saw, as text.
fn sent(stage: &Stage) -> BTreeSet<String> {
    let seen = stage.time.as_ref().map(TimeServer::cookies).unwrap_or_default();
    seen.iter().map(|cookie| cookie.iter().map(|byte| format!("{byte:02x}")).collect()).collect()
}

/// Checks what a killed run has left, then what the next one makes of it.
#[track_caller]
fn assert_sound(stage: &Stage, runs: &Runs<'_>, before: &BTreeSet<String>, when: &str) {
    let left = kept(runs);
    // A helper that has outlived it for a moment sends no cookie that is in the file.
    let again: Vec<&String> = left.iter().filter(|cookie| sent(stage).contains(*cookie)).collect();
    assert!(again.is_empty(), "{when}: sent already: {again:?}");
    let lost = before.difference(&left).count();
    // A server that was silent for long, as on a busy machine, has its keys exchanged anew; then all cookies are others.
    let is_renewed = left.len() == before.len() && left.is_disjoint(before);
    assert!(lost <= TAKEN || is_renewed, "{when}: {lost} cookies are lost, these are left: {left:?}");
    let report = runs.report(&WORDS);
    assert_eq!(report["servers"][0]["nts"]["passed"], 2, "{when}: {report:#}");
    let files = fs::read_dir(runs.cookies()).expect("the folder");
    let files: BTreeSet<String> =
        files.map(|file| file.expect("a file").file_name().to_string_lossy().into_owned()).collect();
    assert_eq!(files, ["cookies", "lock"].map(str::to_owned).into(), "{when}: what is left for ever");
    assert_eq!(kept(runs).len(), 8, "{when}: what was lost comes back");
}

/// Ends at this moment by SIGKILL, if it has not ended.
fn kill_after(mut command: Command, delay: Duration) -> bool {
    let begun = Instant::now();
    let mut process = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().expect("a run");
    sleep(delay.saturating_sub(begun.elapsed()));
    let has_ended = process.try_wait().expect("a process").is_some();
    let _ = process.kill();
    let _ = process.wait();
    !has_ended
}

#[test]
fn at_any_moment() {
    let Some(_) = require::servers() else { return };
    let stage = Stage::of_time(Play::Honest);
    let runs = Runs::on_disk(&stage.network, &stage.authority);
    runs.report(&WORDS);
    let begun = Instant::now();
    runs.report(&WORDS);
    let mut whole = begun.elapsed();
    let (mut killed, mut taken) = (0, 0);
    for step in 0..60 {
        let before = kept(&runs);
        assert_eq!(before.len(), 8);
        let delay = whole * (step % 30) / 25;
        let is_killed = kill_after(runs.command(&WORDS), delay);
        killed += usize::from(is_killed);
        if !is_killed {
            // A machine that was busy a moment ago made the first run a long one.
            whole = whole * 9 / 10;
        }
        taken += usize::from(kept(&runs).len() < before.len());
        assert_sound(&stage, &runs, &before, &format!("killed after {delay:?} of {whole:?}"));
    }
    println!("{killed} of 60 killed, {taken} of them between taking cookies and putting back; a run takes {whole:?}");
    assert!(killed >= 10, "{killed} were killed");
    cookies(&stage);
}

/// How often a run makes each call, as strace counts them.
fn calls(runs: &Runs<'_>) -> BTreeMap<String, usize> {
    let trace = runs.path("trace");
    let program = ["strace".as_ref(), "-qq".as_ref(), "-o".as_ref(), trace.as_os_str(), "-e".as_ref()];
    let what = format!("trace={}", CALLS.join(","));
    let rest = [what.as_ref(), env!("CARGO_BIN_EXE_rntpdate").as_ref()];
    let status =
        runs.command_by(&[&program[..], &rest].concat(), &WORDS).stdout(Stdio::null()).stderr(Stdio::null()).status();
    assert_eq!(status.expect("strace").code(), Some(1));
    let mut counts = BTreeMap::new();
    for line in fs::read_to_string(&trace).expect("a trace").lines() {
        if let Some((name, _)) = line.split_once('(') {
            *counts.entry(name.to_owned()).or_default() += 1;
        }
    }
    counts
}

/// Before each single call by which a run writes, from the first to the last: with cookies in the folder, and in one that is not there
/// yet.
#[test]
fn before_each_call_that_writes() {
    let (Some(_), true) = (require::servers(), require::present("strace")) else { return };
    let stage = Stage::of_time(Play::Honest);
    let runs = Runs::on_disk(&stage.network, &stage.authority);
    runs.report(&WORDS);
    let counts = calls(&runs);
    println!("{counts:?}");
    assert!(counts.keys().any(|name| name.starts_with("rename")) && counts.get("fsync") >= Some(&4), "{counts:?}");
    let mut killed = 0;
    for (name, count) in &counts {
        for number in 1..=*count {
            for is_empty in [false, true] {
                if is_empty {
                    fs::remove_dir_all(runs.cookies()).expect("the folder");
                }
                let before = kept(&runs);
                let what = format!("inject={name}:signal=KILL:when={number}");
                let program = ["strace", "-qq", "-o/dev/null", "-e", &what, env!("CARGO_BIN_EXE_rntpdate")];
                let mut command = runs.command_by(&program.map(str::as_ref), &WORDS);
                let output = command.output().expect("strace");
                killed += usize::from(output.status.code().is_none());
                // Where nothing is kept yet nothing is taken: these runs make fewer calls.
                assert!(output.status.code().is_none() || is_empty, "{what} has not killed it: {output:#?}");
                assert_sound(&stage, &runs, &before, &format!("{what}, {is_empty}"));
            }
        }
    }
    println!("{killed} killed");
    cookies(&stage);
}
