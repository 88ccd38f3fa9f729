//! Whether, and when, a run may begin.

use std::io;
use std::net::IpAddr;
use std::thread;
use std::time::{Duration, Instant};

use super::penalties::Penalties;
use super::{log, splay};
use crate::outcome::ExitStatus;
use crate::plan::Plan;
use crate::report::{Line, Priority};
use crate::system::daemons::{self, Daemon};
use crate::system::lock::{Holder, Lock, Taken};
use crate::system::may_set_clock;
use crate::system::privilege::Identity;
use crate::system::state::{Note, StateDir, boot_id, machine_identity, rtc_is_local, since_boot};

/// How often a lock that is taken is tried again.
const LOOK: Duration = Duration::from_millis(100);

/// The answer to a run that wants to begin.
#[derive(Debug)]
pub enum Entry {
    /// It may.
    Go(Pass),
    /// It has to end, with this to say.
    Leave(Vec<Line>, ExitStatus),
}

/// What a run holds until its end.
#[derive(Debug)]
pub struct Pass {
    /// What there is to say already.
    pub lines: Vec<Line>,
    /// Whether notes can be left.
    pub(super) has_state: bool,
    /// Whether it is noted already that the clock has been set.
    pub(super) is_noted: bool,
    pub(super) penalties: Penalties,
    pub(super) began: Instant,
    _lock: Option<Lock>,
}

/// Waits for the machine's own moment, and completes the plan by what earlier runs left. Queries are always let in: what would
/// keep a run from setting the clock is in their plan then. `user`: who writes notes after this run.
pub fn enter(plan: &mut Plan, user: Option<&Identity>) -> Entry {
    if let Some(most) = plan.unattended.splay {
        thread::sleep(splay::delay(&machine_identity(), most));
    }
    let mut pass = Pass {
        lines: Vec::new(),
        has_state: false,
        is_noted: false,
        penalties: Penalties::default(),
        began: Instant::now(),
        _lock: None,
    };
    // Who cannot set the clock fights with nobody, and hears of it when trying.
    if !plan.is_dry() && !may_set_clock() {
        return Entry::Go(pass);
    }
    let daemon = daemons::running().into_iter().find(|daemon| daemon.sets_clock && !plan.unattended.force);
    match daemon {
        Some(daemon) if plan.is_dry() => plan.policy.daemon = Some((daemon.name, daemon.pid)),
        Some(daemon) => return kept_by(&daemon),
        None => {}
    }
    if plan.is_dry() {
        use_notes(plan, &StateDir::at(&plan.unattended.state_dir), &mut pass);
        return Entry::Go(pass);
    }
    let opened = StateDir::open(&plan.unattended.state_dir);
    match opened.and_then(|state| Ok((lock_within(&state, plan.deadline, pass.began)?, state))) {
        Ok((Taken::By(holder), _)) => return already_running(plan, holder, since_boot()),
        Ok((Taken::Ours(lock), state)) => {
            take_off(plan, &mut pass);
            use_notes(plan, &state, &mut pass);
            if let Some(user) = user {
                // Only the notes suffer where that fails.
                let _ = state.give_to(user.uid()).and_then(|()| lock.give_to(user.uid()));
            }
            (pass.has_state, pass._lock) = (true, Some(lock));
        }
        Err(error) => {
            pass.lines.extend(without_state(plan, &error));
            limit_step(plan, None);
        }
    }
    if plan.unattended.mark_synced && rtc_is_local() {
        plan.unattended.mark_synced = false;
        let text = "the clock is not marked as synchronised: /etc/adjtime says that the RTC is in local time, and the kernel \
                    would write UTC into it";
        pass.lines.push(log(Priority::Warning, text.to_owned()));
    }
    Entry::Go(pass)
}

fn kept_by(daemon: &Daemon) -> Entry {
    let text = format!(
        "clock not set: {} (pid {}) is running and sets it; stop it, or ask with -q, or insist with --force",
        daemon.name, daemon.pid
    );
    Entry::Leave(vec![log(Priority::Error, text)], ExitStatus::Refused)
}

/// The lock of a run that began then and ends after `deadline`, or who has it for longer. The kernel cannot be asked to wait for
/// so long only.
fn lock_within(state: &StateDir, deadline: Duration, began: Instant) -> io::Result<Taken> {
    loop {
        let left = deadline.saturating_sub(began.elapsed());
        match state.lock(left)? {
            Taken::By(_) if !left.is_zero() => thread::sleep(LOOK.min(left)),
            taken => return Ok(taken),
        }
    }
}

/// The wait for the lock is part of the run's time.
fn take_off(plan: &mut Plan, pass: &mut Pass) {
    let waited = pass.began.elapsed();
    pass.began += waited;
    plan.deadline = plan.deadline.saturating_sub(waited);
    plan.names = plan.names.min(plan.deadline / 2);
    plan.unattended.wait = plan.unattended.wait.map(|wait| wait.saturating_sub(waited));
    if plan.output.verbose && waited >= LOOK {
        let text = format!("waited {:.1} s for another run to end", waited.as_secs_f64());
        pass.lines.push(log(Priority::Info, text));
    }
}

/// Nothing was set, and nothing will be: who asked for a set clock is not to take the other run's for it. `now`: since boot.
fn already_running(plan: &Plan, holder: Option<Holder>, now: Duration) -> Entry {
    let waited = plan.deadline.as_secs_f64();
    let text = match holder {
        Some(other) if other.is_overdue(now) => format!(
            "clock not set: another run (pid {}) has held the lock for {:.0} s, though its deadline was {:.0} s: it hangs; \
             see what it waits for, and end it with \"kill {}\"",
            other.pid,
            other.age(now).as_secs_f64(),
            other.deadline.as_secs_f64(),
            other.pid
        ),
        Some(other) => {
            format!("clock not set: another run (pid {}) is still under way after {waited:.0} s", other.pid)
        }
        None => format!("clock not set: another run is still under way after {waited:.0} s"),
    };
    Entry::Leave(vec![log(Priority::Error, text)], ExitStatus::NotDone)
}

/// A read-only or missing /run is no reason not to set the clock.
fn without_state(plan: &Plan, error: &io::Error) -> Option<Line> {
    let text = format!("no lock and no notes: {}: {error}", plan.unattended.state_dir.display());
    plan.output.verbose.then(|| log(Priority::Info, text))
}

fn use_notes(plan: &mut Plan, state: &StateDir, pass: &mut Pass) {
    let boot = boot_id();
    let set = state.read(Note::Set);
    pass.is_noted = set.as_ref().is_ok_and(|note| note.as_ref() == Some(&boot));
    // Without an identity each run would be the first.
    let is_first = (!boot.is_empty() && set.is_ok()).then_some(!pass.is_noted);
    limit_step(plan, is_first);
    let now = since_boot();
    if let Ok(Some(text)) = state.read(Note::Rate) {
        pass.penalties = Penalties::parse(&text, &boot, now);
    }
    if !plan.unattended.force {
        pass.lines
            .extend(pass.penalties.0.iter().map(|(address, until)| left_alone(*address, until.saturating_sub(now))));
        plan.spared = pass.penalties.0.iter().map(|(address, _)| *address).collect();
    }
}

/// The limit of the boot's first run, where this is the first. Where nobody knows, --max-step is the safe one, but no limit at
/// all is not what the user wants.
fn limit_step(plan: &mut Plan, is_first: Option<bool>) {
    let applies = is_first.unwrap_or(plan.policy.max_step.is_none());
    if let Some(limit) = plan.unattended.max_first_step.filter(|_| applies) {
        plan.policy.max_step = Some((limit, "--max-first-step"));
    }
}

fn left_alone(address: IpAddr, rest: Duration) -> Line {
    let seconds = rest.as_secs() + 1;
    log(
        Priority::Notice,
        format!("{address} is left alone for another {seconds} s, as it asked (RATE); --force asks it"),
    )
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::rntpdate::RntpdateCli;

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
        let within = |milliseconds| lock_within(&state, Duration::from_millis(milliseconds), Instant::now()).unwrap();
        assert!(matches!((within(0), within(250)), (Taken::By(Some(_)), Taken::By(Some(_)))));
        assert!(begun.elapsed() >= Duration::from_millis(250));
        let other = thread::spawn(move || {
            thread::sleep(Duration::from_millis(50));
            drop(held);
        });
        assert!(matches!(within(60_000), Taken::Ours(_)));
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
        let text = "clock not set: another run is still under way after 9 s";
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
        std::fs::write(
            folder.path().join("rate"),
            format!("{}\n192.0.2.1 {}\n", boot_id(), since_boot().as_secs() + 60),
        )
        .unwrap();
        for (words, spared) in [(&["-d"][..], 1), (&["-d", "--force"], 0)] {
            let mut plan = plan(&[words, &["--state-dir", state]].concat());
            let Entry::Go(pass) = enter(&mut plan, None) else { panic!("queries are let in") };
            assert_eq!((plan.spared.len(), pass.lines.len()), (spared, spared));
        }
        let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert!(!left.iter().any(|name| name == "lock"), "{left:?}");
    }
}
