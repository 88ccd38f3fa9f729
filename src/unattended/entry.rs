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
use crate::system::privilege::Identity;
use crate::system::state::{Lock, Note, StateDir, boot_id, machine_identity, rtc_is_local, since_boot};
use crate::system::{daemons, may_set_clock};

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

/// Waits for the machine's own moment, and completes the plan by what earlier runs left. Queries are always let in.
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
    if plan.is_dry() || !may_set_clock() {
        return Entry::Go(pass);
    }
    if let Some(daemon) = daemons::running().into_iter().find(|daemon| daemon.sets_clock)
        && !plan.unattended.force
    {
        let text = format!(
            "clock not set: {} (pid {}) is running and sets it; stop it, or ask with -q, or insist with --force",
            daemon.name, daemon.pid
        );
        return Entry::Leave(vec![log(Priority::Error, text)], ExitStatus::Refused);
    }
    let wait = plan.unattended.wait.unwrap_or_default().min(plan.deadline);
    let locked = StateDir::open(&plan.unattended.state_dir).and_then(|state| Ok((lock_within(&state, wait)?, state)));
    match locked {
        Ok((None, _)) => return already_running(plan, wait),
        Ok((lock, state)) => {
            pass._lock = lock;
            take_off(plan, &mut pass);
            use_notes(plan, &state, &mut pass);
            if let Some(user) = user {
                // Only the notes suffer where that fails.
                let _ = state.give_to(user.uid(), &[Note::Set.name(), Note::Rate.name()]);
            }
            pass.has_state = true;
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

/// The lock, if no other run holds it for longer than `wait`. The kernel cannot be asked to wait for so long only.
fn lock_within(state: &StateDir, wait: Duration) -> io::Result<Option<Lock>> {
    let began = Instant::now();
    loop {
        let left = wait.saturating_sub(began.elapsed());
        match state.lock()? {
            None if !left.is_zero() => thread::sleep(LOOK.min(left)),
            lock => return Ok(lock),
        }
    }
}

/// The wait for the lock is part of the run's time.
fn take_off(plan: &mut Plan, pass: &mut Pass) {
    let waited = pass.began.elapsed();
    pass.began += waited;
    plan.deadline = plan.deadline.saturating_sub(waited);
    plan.unattended.wait = plan.unattended.wait.map(|wait| wait.saturating_sub(waited));
}

/// Who asked for a set clock, by --wait, is not to take this for one.
fn already_running(plan: &Plan, waited: Duration) -> Entry {
    if plan.unattended.wait.is_some() {
        let text = format!("clock not set: another run is still under way after {:.0} s", waited.as_secs_f64());
        return Entry::Leave(vec![log(Priority::Error, text)], ExitStatus::NotDone);
    }
    let text = "another run is under way, leaving it the clock".to_owned();
    let lines = if plan.output.verbose { vec![log(Priority::Info, text)] } else { Vec::new() };
    Entry::Leave(lines, ExitStatus::Done)
}

/// A read-only or missing /run is no reason not to set the clock.
fn without_state(plan: &Plan, error: &io::Error) -> Option<Line> {
    let text = format!("no lock and no notes: {}: {error}", plan.unattended.state_dir.display());
    plan.output.verbose.then(|| log(Priority::Info, text))
}

fn use_notes(plan: &mut Plan, state: &StateDir, pass: &mut Pass) {
    let boot = boot_id();
    // Without an identity each run would be the first.
    pass.is_noted = state.read(Note::Set.name()).is_some_and(|note| note == boot);
    let is_first = (!boot.is_empty()).then_some(!pass.is_noted);
    limit_step(plan, is_first);
    let now = since_boot();
    if let Some(text) = state.read(Note::Rate.name()) {
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
        let held = state.lock().unwrap();
        assert!(held.is_some());
        let begun = Instant::now();
        assert!(lock_within(&state, Duration::ZERO).unwrap().is_none());
        assert!(lock_within(&state, Duration::from_millis(250)).unwrap().is_none());
        assert!(begun.elapsed() >= Duration::from_millis(250));
        let other = thread::spawn(move || {
            thread::sleep(Duration::from_millis(50));
            drop(held);
        });
        assert!(lock_within(&state, Duration::from_secs(60)).unwrap().is_some());
        other.join().unwrap();
    }

    #[test]
    fn who_waited_in_vain_has_not_set_the_clock() {
        let left = |words: &[&str]| match already_running(&plan(words), Duration::from_secs(5)) {
            Entry::Leave(lines, status) => (lines.len(), status),
            Entry::Go(_) => panic!("it may not begin"),
        };
        assert_eq!(left(&[]), (0, ExitStatus::Done));
        assert_eq!(left(&["-v"]), (1, ExitStatus::Done));
        assert_eq!(left(&["--wait", "5"]), (1, ExitStatus::NotDone));
    }
}
