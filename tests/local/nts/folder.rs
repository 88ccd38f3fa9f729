//! The folder of cookies: who may use it, and what is said where it cannot be used.

use std::fs::{self, Permissions};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::path::Path;
use std::process::{Output, Stdio};

use super::SERVER;
use super::setting::Runs;
use super::stage::Stage;
use crate::support::nts::certificates::{Authority, Validity};
use crate::support::nts::time_server::{Play, TimeServer};
use crate::support::require;

/// The user of runs with -U, as Debian numbers it.
const NOBODY: u32 = 65534;

/// The lines on standard error, but for that of the clock that cannot be set.
fn said(output: &Output) -> Vec<String> {
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    text.lines().filter(|line| !line.contains("annot set the clock")).map(str::to_owned).collect()
}

/// The cookies that the server saw, none of them twice.
#[track_caller]
pub(super) fn cookies(stage: &Stage) -> usize {
    let mut cookies = stage.time.as_ref().map(TimeServer::cookies).unwrap_or_default();
    let count = cookies.len();
    cookies.sort_unstable();
    cookies.dedup();
    assert_eq!(cookies.len(), count, "a cookie was used twice");
    count
}

/// Runs with notes of their own and one folder of cookies, many at once: each exchanges keys or has saved ones, and no cookie comes
/// twice.
#[test]
fn runs_at_once_never_use_a_cookie_twice() {
    let Some(_) = require::servers() else { return };
    let stage = Stage::of_time(Play::Honest);
    let runs = Runs::new(&stage.network, &stage.authority);
    let (mut used, mut own) = (0, 0);
    for round in 0..6 {
        let start = |number: usize| {
            let mut command = runs.command_beside(number, &["--json", "-p2", "--interval=0.1"]);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("a run")
        };
        let processes: Vec<_> = (0..3).map(start).collect();
        for process in processes {
            let output = process.wait_with_output().expect("a run's end");
            let report: serde_json::Value =
                serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {output:#?}"));
            assert_eq!(report["servers"][0]["nts"]["passed"], 2, "{round}: {report:#}");
            let is_saved = report["hosts"][0]["nts"]["keys"] == "saved";
            if is_saved { used += 1 } else { own += 1 }
        }
    }
    println!("{used} runs with saved keys, {own} with keys of their own");
    assert_eq!(cookies(&stage), 6 * 3 * 2);
    assert!(used >= 2 && own >= 2, "{used} and {own}: nobody met anybody");
}

/// A jar that cannot be written is told in one line, without -v, and changes no status; nothing of what could not be taken out is
/// sent.
#[test]
fn a_folder_of_no_use_is_said_and_costs_a_key_exchange() {
    let Some(_) = require::servers() else { return };
    let stage = Stage::of_time(Play::Honest);
    let keys = stage.keys.as_ref().expect("a server for keys");
    let runs = Runs::new(&stage.network, &stage.authority);
    let run = |words: &[&str]| {
        let output = runs.command(&[&["-p2"], words].concat()).output().expect("a run");
        assert_eq!(output.status.code(), Some(1), "{output:#?}");
        said(&output)
    };
    assert_eq!((run(&[]), keys.connections()), (Vec::new(), 1));
    assert_eq!((run(&[]), keys.connections()), (Vec::new(), 1), "saved keys");
    // The file's new text has no room: a write of more than this many bytes fails.
    let before = runs.text();
    let limited = |words: &[&str]| {
        let program = ["prlimit", "--fsize=200", env!("CARGO_BIN_EXE_rntpdate")].map(str::as_ref);
        let output = runs.command_by(&program, &[&["-p2"], words].concat()).output().expect("a run");
        assert_eq!(output.status.code(), Some(1), "{output:#?}");
        said(&output)
    };
    let lines: Vec<String> = limited(&[]).into_iter().filter(|line| !line.contains("the metrics")).collect();
    assert!(lines.len() == 1 && lines[0].contains("cookies cannot be written: File too large"), "{lines:#?}");
    assert_eq!((runs.text(), keys.connections()), (before, 2));
    for (mode, words) in [(0o755, "is not a directory of this user's alone"), (0o700, "")] {
        fs::set_permissions(runs.cookies(), Permissions::from_mode(mode)).expect("a mode");
        let lines = run(&[]);
        assert!(lines.len() == usize::from(!words.is_empty()) && lines.concat().contains(words), "{lines:#?}");
    }
    assert_eq!(keys.connections(), 3);
    fs::write(runs.cookies().join("cookies"), "rntpdate nts 1\nserver").expect("a file");
    let lines = run(&[]);
    assert!(lines.len() == 1 && lines[0].contains("is of no use: line 2 is not understood"), "{lines:#?}");
    assert_eq!((run(&[]), keys.connections()), (Vec::new(), 4));
    cookies(&stage);
}

/// Whoever shows a certificate that is not valid at the time obtained is not believed, nor are its keys in the next run, though by them
/// the server would prove itself. Where nothing keeps the clock, as on most machines of tests, the keys were exchanged and used.
#[test]
fn keys_of_a_refused_certificate_are_not_kept() {
    let Some(_) = require::servers() else { return };
    let authority = Authority::new("Test Root");
    for validity in [Validity::expired(), Validity::future()] {
        let stage = Stage::of_certificate(&authority, &authority.issue(&[SERVER], validity));
        let keys = stage.keys.as_ref().expect("a server for keys");
        let runs = Runs::new(&stage.network, &stage.authority);
        for run in 1..=2 {
            let report = runs.report(&["-p2", "--nts-first"]);
            assert!(report["estimate"].is_null() && report["done"] == "nothing", "{report:#}");
            println!("{}, {} cookies sent", report["hosts"][0]["nts"], cookies(&stage));
            assert_eq!(keys.connections(), run, "keys are exchanged anew");
            let text = runs.text().unwrap_or_default();
            assert!(["\nkeys ", "\ncookie ", "\ntime "].iter().all(|word| !text.contains(word)), "{text}");
        }
    }
}

/// The owner of a file or folder.
fn owner(path: &Path) -> u32 {
    fs::metadata(path).expect("a file").uid()
}

/// The folder of a run with -U is that user's, made if need be; another's is not used, and a line says so.
#[test]
fn another_user_has_a_folder_too() {
    let Some(_) = require::servers() else { return };
    let stage = Stage::of_time(Play::Honest);
    let keys = stage.keys.as_ref().expect("a server for keys");
    let runs = Runs::new(&stage.network, &stage.authority);
    fs::set_permissions(runs.path(""), Permissions::from_mode(0o755)).expect("a mode");
    let run = |words: &[&str]| said(&runs.command(&[&["-p2"], words].concat()).output().expect("a run"));
    let as_nobody = || run(&["-U", "nobody"]).into_iter().filter(|line| line.contains("NTS")).collect::<Vec<_>>();
    assert_eq!((as_nobody(), keys.connections()), (Vec::new(), 1));
    assert_eq!((owner(&runs.cookies()), owner(&runs.cookies().join("cookies"))), (NOBODY, NOBODY));
    assert_eq!((as_nobody(), keys.connections()), (Vec::new(), 1), "saved keys");
    let lines = run(&[]);
    assert!(lines.concat().contains("is not a directory of this user's alone"), "{lines:#?}");
    chown(runs.cookies(), Some(0), None).expect("an owner");
    let lines = as_nobody();
    assert!(lines.len() == 1 && lines[0].contains("nothing is kept of NTS in"), "{lines:#?}");
    assert_eq!(keys.connections(), 3);
    cookies(&stage);
}
