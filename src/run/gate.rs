//! Whether, and when, a run may begin.

use std::io;
use std::net::IpAddr;
use std::path::Path;
use std::thread;
use std::time::{Duration, Instant};

use super::lines::log;
use super::splay;
use crate::line::{Line, Priority};
use crate::linux::files::lock::{Holder, LOCK, Lock, Taken};
use crate::linux::files::state::{Note, StateDir, boot_id, machine_identity, rtc_is_local, since_boot};
use crate::linux::host::daemons;
use crate::linux::host::daemons::{Daemon, Search};
use crate::linux::sandbox::invoker::for_invoker;
use crate::linux::sandbox::may_set_clock;
use crate::linux::sandbox::rights::Identity;
use crate::outcome::{ExitStatus, Outcome};
use crate::plan::{HistoryPlan, Plan};
use crate::rtc::write_effect::NOTES_DIR;
use crate::run::rate_hold::RateHolds;

/// How often a lock that is taken is tried again.
const LOOK: Duration = Duration::from_millis(100);

/// The answer to a run that wants to begin.
#[derive(Debug)]
pub(crate) enum Entry {
    /// The run may begin.
    Go(Admitted),
    /// The run has to end, with this to say.
    Leave(Vec<Line>, ExitStatus),
}

/// What a run holds until its end.
#[derive(Debug)]
pub(crate) struct Admitted {
    /// What there is to say already.
    pub lines: Vec<Line>,
    /// Whether notes can be left.
    pub(super) has_state: bool,
    /// Whether it is noted already that the clock has been set.
    pub(super) is_noted: bool,
    pub(super) rate_holds: RateHolds,
    pub(super) began: Instant,
    _lock: Option<Lock>,
}

impl Admitted {
    /// A run that holds nothing yet.
    fn now() -> Admitted {
        Admitted {
            lines: Vec::new(),
            has_state: false,
            is_noted: false,
            rate_holds: RateHolds::default(),
            began: Instant::now(),
            _lock: None,
        }
    }
}

/// Waits for the machine's own moment, and completes the plan by what earlier runs left. Queries are always let in: what would
/// keep a run from setting the clock is in their plan then. `user`: who writes notes after this run.
pub(crate) fn enter(plan: &mut Plan, user: Option<&Identity>) -> Entry {
    wait_for_moment(plan);
    let mut admitted = Admitted::now();
    // Who cannot set the clock fights with nobody, and hears of it when trying.
    if !plan.is_dry() && !may_set_clock() {
        leave_unasked(plan);
        return Entry::Go(admitted);
    }
    if let Some(leave) = leave_to_daemon(plan) {
        return leave;
    }
    if plan.is_dry() {
        let state = StateDir::at(&plan.unattended.state_dir);
        // Without them this run knows of no earlier one.
        let _ = for_invoker(true, || use_notes(plan, &state, &mut admitted));
        return Entry::Go(admitted);
    }
    if let Some(leave) = hold_lock(plan, user, &mut admitted) {
        return leave;
    }
    leave_local_rtc_unmarked(plan, &mut admitted);
    Entry::Go(admitted)
}

/// Waits as long as --splay and --slot say.
fn wait_for_moment(plan: &Plan) {
    if let Some(most) = plan.unattended.splay {
        thread::sleep(match plan.unattended.slot {
            Some(slot) => splay::delay_of_slot(slot, most),
            None => splay::delay(&machine_identity(), most),
        });
    }
}

/// Looks for a time daemon, which the clock is left to: the end of a run that would set it; a dry one says so in the end.
fn leave_to_daemon(plan: &mut Plan) -> Option<Entry> {
    let search = if plan.is_dry() { Search::Quick } else { Search::Whole };
    let daemon = daemons::running(search).into_iter().find(|daemon| daemon.sets_clock && !plan.unattended.force);
    match daemon {
        Some(daemon) if plan.is_dry() => plan.policy.daemon = Some((daemon.name, daemon.pid)),
        Some(daemon) => return Some(kept_by(&daemon)),
        None if plan.unattended.force => leave_unasked(plan),
        None => {}
    }
    None
}

/// Takes the lock, and takes in what earlier runs left; the end of the run where another one has it for longer than this one may last.
fn hold_lock(plan: &mut Plan, user: Option<&Identity>, admitted: &mut Admitted) -> Option<Entry> {
    let opened = StateDir::open(&plan.unattended.state_dir);
    match opened.and_then(|state| Ok((lock_within(&state, plan.deadline, settling(plan), admitted.began)?, state))) {
        Ok(((Taken::By(holder), _), _)) => return Some(already_running(plan, holder, since_boot())),
        Ok(((Taken::Ours(lock), was_held), state)) => {
            take_off(plan, admitted, was_held);
            use_notes(plan, &state, admitted);
            if let Some(user) = user {
                // Only the notes suffer where that fails.
                let _ = state.give_to(user.uid()).and_then(|()| lock.give_to(user.uid()));
            }
            (admitted.has_state, admitted._lock) = (true, Some(lock));
        }
        Err(error) => {
            admitted.lines.push(without_state(plan, &error));
            limit_step(plan, None);
        }
    }
    None
}

/// A clock chip in local time must not be written to by the kernel, which would write UTC.
fn leave_local_rtc_unmarked(plan: &mut Plan, admitted: &mut Admitted) {
    if plan.unattended.mark_synced && rtc_is_local() {
        plan.unattended.mark_synced = false;
        let text = "the clock is not marked as synchronised: /etc/adjtime says that the RTC is in local time, and the kernel \
                    would write UTC into it";
        admitted.lines.push(log(Priority::Warning, text.to_owned()));
    }
}

/// What nobody asked for is not done where the clock may be somebody else's.
fn leave_unasked(plan: &mut Plan) {
    plan.history = plan.history.take().filter(HistoryPlan::is_asked);
}

fn kept_by(daemon: &Daemon) -> Entry {
    let text = format!(
        "clock not set: {} (pid {}) is running and sets it; stop it, or ask with -q, or insist with --force",
        daemon.name, daemon.pid
    );
    Entry::Leave(vec![log(Priority::Error, text)], ExitStatus::Refused)
}

/// How much longer than its deadline a run may take that measures twice.
fn settling(plan: &Plan) -> Duration {
    let settle = plan.history.as_ref().and_then(|history| history.settle);
    settle.map_or(Duration::ZERO, |settle| settle + plan.deadline)
}

/// The lock of a run that began at `began` and ends `longer` after its deadline at the latest, and whether another run had it; or who
/// still has it at the deadline. The kernel cannot be asked to wait for so long only.
fn lock_within(state: &StateDir, deadline: Duration, longer: Duration, began: Instant) -> io::Result<(Taken, bool)> {
    let mut was_held = false;
    loop {
        let left = deadline.saturating_sub(began.elapsed());
        match state.lock(left + longer)? {
            Taken::By(_) if !left.is_zero() => thread::sleep(LOOK.min(left)),
            taken => return Ok((taken, was_held)),
        }
        was_held = true;
    }
}

/// The time until the lock was there is part of the run's time.
fn take_off(plan: &mut Plan, admitted: &mut Admitted, was_held: bool) {
    let waited = admitted.began.elapsed();
    admitted.began += waited;
    plan.take_off(waited);
    if plan.output.verbose && was_held {
        let text = format!("waited {:.1} s for another run to end", waited.as_secs_f64());
        admitted.lines.push(log(Priority::Info, text));
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
        None => format!(
            "clock not set: another program still has the lock after {waited:.0} s; \"fuser -v {}\" shows which",
            plan.unattended.state_dir.join(LOCK).display()
        ),
    };
    Entry::Leave(vec![log(Priority::Error, text)], ExitStatus::NotDone)
}

/// A read-only or missing /run is no reason not to set the clock. That nothing keeps two runs apart then is said; with --quiet only
/// where the place is the user's word, perhaps mistyped.
fn without_state(plan: &Plan, error: &io::Error) -> Line {
    let place = &plan.unattended.state_dir;
    let priority = if *place == Path::new(NOTES_DIR) { Priority::Warning } else { Priority::Error };
    log(priority, format!("no lock and no notes: {}: {error}", place.display()))
}

fn use_notes(plan: &mut Plan, state: &StateDir, admitted: &mut Admitted) {
    let boot = boot_id();
    let set = state.read(Note::Set);
    admitted.is_noted = set.as_ref().is_ok_and(|note| note.as_ref() == Some(&boot));
    // Without an identity each run would be the first.
    let is_first = (!boot.is_empty() && set.is_ok()).then_some(!admitted.is_noted);
    limit_step(plan, is_first);
    let now = since_boot();
    if let Ok(Some(text)) = state.read(Note::Rate) {
        admitted.rate_holds = RateHolds::parse(&text, &boot, now);
    }
    if !plan.unattended.force {
        plan.spared = admitted.rate_holds.0.iter().map(|(address, _)| *address).collect();
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

/// What is to be said of servers that the run would have asked, had they not asked to be left alone. Which addresses its names have is
/// known at the end.
pub(super) fn left_alone(plan: &Plan, holds: &RateHolds, outcome: &Outcome) -> Vec<Line> {
    let now = since_boot();
    let wanted = |address: &IpAddr| {
        let mut known = outcome.hosts.iter().flat_map(|host| host.addresses.iter().flatten());
        plan.spared.contains(address) && known.any(|known| known.ip() == *address)
    };
    let line = |(address, until): &(IpAddr, Duration)| {
        let seconds = until.saturating_sub(now).as_secs() + 1;
        let text = format!("{address} is left alone for another {seconds} s, as it asked (RATE); --force asks it");
        log(Priority::Notice, text)
    };
    holds.0.iter().filter(|(address, _)| wanted(address)).map(line).collect()
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
        std::fs::write(
            folder.path().join("rate"),
            format!("{}\n192.0.2.1 {}\n", boot_id(), since_boot().as_secs() + 60),
        )
        .unwrap();
        for (words, spared) in [(&["-d"][..], 1), (&["-d", "--force"], 0)] {
            let mut plan = plan(&[words, &["--state-dir", state]].concat());
            assert!(matches!(enter(&mut plan, None), Entry::Go(_)), "queries are let in");
            assert_eq!(plan.spared.len(), spared);
        }
        let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        assert!(!left.iter().any(|name| name == "lock"), "{left:?}");
    }
}
