//! A thousand damaged history files: each run goes on, and none sets a wild frequency.

use std::fs;
use std::path::Path;

use rntpdate::internals::outcome::ExitStatus;
use rntpdate::internals::run::history::RunHistory;

use super::program::Program;
use super::scenarios::{NEAR, S1};
use super::world::World;
use crate::support::random::Random;

/// The text of a good history.
fn good() -> String {
    let world = World::start(S1, 5);
    let mut program = Program::new(&[], NEAR, true);
    for run in 1..=6 {
        world.0.borrow_mut().pass_until(f64::from(run) * 900.0);
        program.run(&world);
    }
    program.history.expect("a history")
}

/// Some damage, another for each number.
fn damaged(good: &str, number: usize, random: &mut Random) -> Vec<u8> {
    let mut bytes = good.as_bytes().to_vec();
    let mut place = || random.bits() as usize % good.len();
    match number % 6 {
        0 => bytes.truncate(place()),
        1 => (0..=number / 100).for_each(|_| bytes[place()] ^= 1 << (number % 8)),
        2 => bytes = good.replacen("rntpdate-history 1", &format!("rntpdate-history {number}"), 1).into_bytes(),
        3 => bytes = (0..place() * 3).map(|at| (at * number) as u8).collect(),
        4 => {
            let (from, to) = (place(), place());
            bytes.drain(from.min(to)..from.max(to).max(from.min(to) + 1).min(good.len()));
        }
        _ => {
            let half = bytes.split_off(place());
            bytes.splice(0..0, half);
        }
    }
    bytes
}

/// Runs the program in a fresh world with the history at a path; gives the lines about the file.
fn run_with(history: &Path, random: &mut Random) -> Vec<String> {
    run_with_path(history, true, random)
}

/// The same with a path that somebody named, or with the usual one.
fn run_with_path(history: &Path, is_named: bool, random: &mut Random) -> Vec<String> {
    let world = World::start(S1, random.bits());
    world.0.borrow_mut().pass_until(7200.0);
    let mut program = Program::new(&["--discipline", "--history", &history.to_string_lossy()], NEAR, false);
    let mut plan = program.plan.clone();
    plan.history.as_mut().expect("a history").is_named = is_named;
    let mut memory = RunHistory::recall(&plan);
    let outcome = program.run_after(&world, memory.earlier());
    assert_eq!(outcome.exit_status(), ExitStatus::Done);
    let set = world.0.borrow().frequency;
    assert!(set == 0.0 || (set + 20e-6).abs() < 5e-6, "{set:e}");
    memory.keep(&outcome, true).into_iter().map(|line| line.text).collect()
}

#[test]
fn a_thousand_damaged_files_neither_stop_the_run_nor_drive_the_clock() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("history");
    let (good, mut random) = (good(), Random::new(11));
    for number in 0..1000 {
        let bytes = damaged(&good, number, &mut random);
        if bytes == good.as_bytes() {
            continue;
        }
        fs::write(&path, &bytes).expect("a file");
        let is_empty = bytes.is_empty();
        let is_ours = bytes.starts_with(b"rntpdate-history ") || bytes == b"rntpdate-history";
        if !is_ours && !is_empty {
            let lines = run_with(&path, &mut random);
            assert!(lines.len() == 1 && lines[0].contains("is left alone"), "damage {number}: {lines:?}");
            assert_eq!(fs::read(&path).ok().as_ref(), Some(&bytes), "damage {number}");
        }
        let lines = run_with_path(&path, is_ours, &mut random);
        if is_empty {
            assert_eq!(lines, [""; 0], "damage {number}");
            continue;
        }
        assert_eq!(lines.len(), 1, "damage {number}: {lines:?}");
        assert!(lines[0].contains("a new one is begun"), "damage {number}: {lines:?}");
        assert_eq!(fs::read(folder.path().join("history.bad")).ok().as_ref(), Some(&bytes), "damage {number}");
        assert!(fs::read_to_string(&path).is_ok_and(|text| rntpdate::internals::discipline::parse(&text).is_ok()));
    }
    assert!(run_with(&path, &mut random).is_empty(), "the new one is good");
}

#[test]
fn a_mistyped_name_harms_no_other_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("passwd");
    let mut random = Random::new(5);
    let foreign: [&[u8]; 4] = [b"root:x:0:0::/root:/bin/sh\n", b"\n", &[0xff; 100], b"# rntpdate-history 1\n"];
    let named = |options: &[&str]| Program::new(options, NEAR, false).plan.history.is_some_and(|plan| plan.is_named);
    assert!(named(&["--discipline", "--history", "/etc/passwd"]) && !named(&["--discipline"]));
    for bytes in foreign {
        fs::write(&path, bytes).expect("a file");
        let lines = run_with(&path, &mut random);
        let left = format!("the file {} is left alone, and nothing is remembered: ", path.display());
        assert!(lines.len() == 1 && lines[0].starts_with(&left), "{lines:?}");
        assert_eq!(fs::read(&path).ok().as_deref(), Some(bytes));
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
    }
}

#[test]
fn an_empty_file_is_used() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("history");
    fs::write(&path, "").expect("a file");
    assert_eq!(run_with(&path, &mut Random::new(5)), [""; 0]);
    assert!(fs::read_to_string(&path).is_ok_and(|text| rntpdate::internals::discipline::parse(&text).is_ok()));
}

#[test]
fn what_cannot_be_set_aside_is_not_written_over() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("history");
    fs::create_dir(folder.path().join("history.bad")).expect("a folder in the way");
    for (text, is_named) in [("rntpdate-history 2\n", true), ("something else\n", false)] {
        fs::write(&path, text).expect("a file");
        let lines = run_with_path(&path, is_named, &mut Random::new(5));
        assert!(lines.len() == 1 && lines[0].contains("nor be set aside"), "{lines:?}");
        assert!(lines[0].ends_with("nothing is remembered"), "{lines:?}");
        assert_eq!(fs::read_to_string(&path).ok().as_deref(), Some(text));
    }
}

#[test]
fn what_is_no_file_or_cannot_be_written_is_said_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let mut random = Random::new(3);
    let huge = folder.path().join("huge");
    fs::File::create(&huge).and_then(|file| file.set_len(100 << 20)).expect("a sparse file");
    assert!(run_with(&huge, &mut random)[0].contains("no history of rntpdate"));
    let pipe = folder.path().join("pipe");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).expect("a pipe");
    for path in [folder.path(), &pipe, Path::new("/dev/null"), Path::new("/dev/full")] {
        let lines = run_with(path, &mut random);
        assert_eq!(lines.len(), 1, "{lines:?}");
        assert!(lines[0].contains("not a regular file"), "{lines:?}");
    }
    for path in ["/proc/no/such/folder/history", "/proc/history"] {
        let lines = run_with(Path::new(path), &mut random);
        assert!(lines.len() == 1 && lines[0].starts_with("cannot keep the history in"), "{lines:?}");
    }
}

#[test]
fn a_dry_run_touches_no_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("history");
    let old = "rntpdate-history 1\nold\n";
    fs::write(&path, old).expect("a file");
    let world = World::start(S1, 1);
    let mut program = Program::new(&["-q", "--discipline", "--history", &path.to_string_lossy()], NEAR, false);
    let plan = program.plan.clone();
    let mut memory = RunHistory::recall(&plan);
    let outcome = program.run_after(&world, memory.earlier());
    assert!(outcome.taught.is_some());
    let lines = memory.keep(&outcome, true);
    assert!(lines.len() == 1 && lines[0].text.ends_with("it would be set aside"), "{lines:?}");
    assert_eq!(fs::read_to_string(&path).ok().as_deref(), Some(old));
    assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
}

#[test]
fn a_drift_file_gives_the_first_run_its_frequency() {
    let folder = tempfile::tempdir().expect("a folder");
    let (history, drift) = (folder.path().join("history"), folder.path().join("drift"));
    // chronyd's words for a clock that gains 20 ppm.
    fs::write(&drift, "           20.100000             0.020000\n").expect("a file");
    let [history, drift] = [history, drift].map(|path| path.to_string_lossy().into_owned());
    let world = World::start(S1, 1);
    let mut program = Program::new(&["--discipline", "--history", &history, "--drift-file", &drift], NEAR, false);
    let plan = program.plan.clone();
    let memory = RunHistory::recall(&plan);
    program.run_after(&world, memory.earlier());
    assert!((world.0.borrow().frequency + 20.1e-6).abs() < 0.5e-6);
    fs::write(&drift, "nonsense").expect("a file");
    let mut memory = RunHistory::recall(&plan);
    let outcome = program.run_after(&world, memory.earlier());
    assert!(memory.keep(&outcome, true)[0].text.starts_with("cannot start from the drift file"));
}
