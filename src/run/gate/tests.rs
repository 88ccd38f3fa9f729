use clap::Parser;

use std::time::Instant;

use super::*;
use crate::cli::rntpdate::RntpdateCli;
use crate::linux::files::lock::Holder;

fn plan(words: &[&str]) -> Plan {
    let cli = RntpdateCli::try_parse_from([&["rntpdate", "server"], words].concat()).unwrap();
    Plan::new("rntpdate", &cli).unwrap()
}

#[test]
fn where_the_first_run_is_not_known_some_limit_holds() {
    let limit = |words: &[&str], is_first| {
        let mut plan = plan(words);
        limit_step(&mut plan, is_first);
        plan.policy.max_step.map(|(_, name)| name)
    };
    let both = ["--max-step", "10", "--max-first-step", "1e9"];
    let (first, later) = (Some("--max-first-step"), Some("--max-step"));
    assert_eq!([Some(true), Some(false), None].map(|is_first| limit(&both, is_first)), [first, later, later]);
    assert_eq!([Some(true), Some(false), None].map(|is_first| limit(&both[2..], is_first)), [first, None, first]);
    assert_eq!([Some(true), Some(false), None].map(|is_first| limit(&both[..2], is_first)), [later; 3]);
    assert_eq!([Some(true), Some(false), None].map(|is_first| limit(&[], is_first)), [None; 3]);
}

#[test]
fn a_taken_lock_is_waited_for() {
    let folder = tempfile::tempdir().unwrap();
    let state = StateDir::open(folder.path()).unwrap();
    let Taken::Ours(held) = state.lock(Duration::ZERO).unwrap() else { panic!("it is free") };
    let begun = Instant::now();
    let within = |milliseconds| {
        lock_within(&state, Duration::from_millis(milliseconds), Duration::ZERO, Instant::now()).unwrap()
    };
    assert!(matches!((within(0), within(250)), ((Taken::By(Some(_)), _), (Taken::By(Some(_)), _))));
    assert!(begun.elapsed() >= Duration::from_millis(250));
    let other = thread::spawn(move || {
        thread::sleep(Duration::from_millis(50));
        drop(held);
    });
    assert!(matches!(within(60_000), (Taken::Ours(_), true)));
    // Free at once: nobody was waited for, however long the machine took.
    assert!(matches!(within(60_000), (Taken::Ours(_), false)));
    other.join().unwrap();
}

#[test]
fn who_waited_in_vain_has_not_set_the_clock_and_says_so() {
    let secs = Duration::from_secs;
    let left = |words: &[&str], holder| match already_running(&plan(words), holder, secs(1000)) {
        Entry::Leave(lines, status) => (lines.into_iter().map(|line| line.text).collect::<Vec<_>>(), status),
        Entry::Go(_) => panic!("it may not begin"),
    };
    let words = &["--deadline", "9"][..];
    let text =
        "clock not set: another program still has the lock after 9 s; \"fuser -v /run/rntpdate/lock\" shows which";
    for more in [&[][..], &["-v"], &["--wait", "5"], &["--quiet"], &["-w"]] {
        assert_eq!(left(&[words, more].concat(), None), (vec![text.to_owned()], ExitStatus::NotDone), "{more:?}");
    }
    let holder = |since| Some(Holder { pid: 7, since: secs(since), deadline: secs(31) });
    let (lines, _) = left(words, holder(970));
    assert_eq!(lines, ["clock not set: another run (pid 7) is still under way after 9 s"]);
    let (lines, _) = left(words, holder(900));
    assert!(lines[0].contains("(pid 7) has held the lock for 100 s, though its deadline was 31 s"), "{lines:?}");
}

#[test]
fn a_dry_run_decides_by_the_notes_of_earlier_runs() {
    let folder = tempfile::tempdir().unwrap();
    let state = folder.path().to_str().unwrap();
    let entered = || {
        let words = ["-q", "--force", "--state-dir", state, "--max-step", "10", "--max-first-step", "1000"];
        let mut plan = plan(&words);
        assert!(matches!(enter(&mut plan, None), Entry::Go(_)));
        plan.policy.max_step.map(|(_, option)| option)
    };
    assert_eq!(entered(), Some("--max-first-step"), "the clock has not been set yet");
    std::fs::write(folder.path().join("set"), boot_id()).unwrap();
    assert_eq!(entered(), Some("--max-step"));
    std::fs::write(folder.path().join("rate"), format!("{}\n192.0.2.1 {}\n", boot_id(), since_boot().as_secs() + 60))
        .unwrap();
    for (words, spared) in [(&["-d"][..], 1), (&["-d", "--force"], 0)] {
        let mut plan = plan(&[words, &["--state-dir", state]].concat());
        assert!(matches!(enter(&mut plan, None), Entry::Go(_)), "queries are let in");
        assert_eq!(plan.spared.len(), spared);
    }
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
    assert!(!left.iter().any(|name| name == "lock"), "{left:?}");
}
