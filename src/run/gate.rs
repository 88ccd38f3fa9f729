//! Whether, and when, a run may begin.

mod entry;
mod lock;
#[cfg(test)]
mod tests;

use std::io;
use std::net::IpAddr;
use std::path::Path;
use std::thread;
use std::time::Duration;

pub(crate) use entry::{Admitted, Entry};
use lock::{already_running, lock_within, settling, take_off};

use super::lines::log;
use super::splay;
use crate::line::{Line, Priority};
use crate::linux::files::lock::Taken;
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
