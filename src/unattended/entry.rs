//! Whether, and when, a run may begin.

use std::net::IpAddr;
use std::thread;
use std::time::{Duration, Instant};

use caps::{CapSet, Capability};
use nix::unistd::User;

use super::penalties::Penalties;
use super::{log, splay};
use crate::outcome::ExitStatus;
use crate::plan::Plan;
use crate::report::{Line, Priority};
use crate::system::daemons;
use crate::system::state::{Lock, StateDir, boot_id, machine_identity, rtc_is_local, since_boot};

/// The note that the clock has been set since the boot whose identity it holds.
pub(super) const SET: &str = "set";
/// The note of servers that want to be left alone.
pub(super) const PENALTIES: &str = "rate";

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
    pub(super) state: Option<StateDir>,
    pub(super) penalties: Penalties,
    pub(super) began: Instant,
    _lock: Option<Lock>,
}

/// Waits for the machine's own moment, and completes the plan by what earlier runs left. Queries are always let in.
pub fn enter(plan: &mut Plan) -> Entry {
    if let Some(most) = plan.unattended.splay {
        thread::sleep(splay::delay(&machine_identity(), most));
    }
    let mut pass =
        Pass { lines: Vec::new(), state: None, penalties: Penalties::default(), began: Instant::now(), _lock: None };
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
    match StateDir::open(&plan.unattended.state_dir) {
        Ok(state) => match state.lock() {
            Ok(None) => return Entry::Leave(already_running(plan), ExitStatus::Done),
            Ok(lock) => {
                pass._lock = lock;
                use_notes(plan, &state, &mut pass);
                pass.state = Some(state);
            }
            Err(error) => pass.lines.extend(without_state(plan, &error)),
        },
        Err(error) => pass.lines.extend(without_state(plan, &error)),
    }
    if plan.unattended.mark_synced && rtc_is_local() {
        plan.unattended.mark_synced = false;
        let text = "the clock is not marked as synchronised: /etc/adjtime says that the RTC is in local time, and the kernel \
                    would write UTC into it";
        pass.lines.push(log(Priority::Warning, text.to_owned()));
    }
    Entry::Go(pass)
}

fn may_set_clock() -> bool {
    caps::has_cap(None, CapSet::Effective, Capability::CAP_SYS_TIME).unwrap_or(true)
}

fn already_running(plan: &Plan) -> Vec<Line> {
    let text = "another run is under way, leaving it the clock".to_owned();
    if plan.output.verbose { vec![log(Priority::Info, text)] } else { Vec::new() }
}

/// A read-only or missing /run is no reason not to set the clock.
fn without_state(plan: &Plan, error: &std::io::Error) -> Option<Line> {
    let text = format!("no lock and no notes: {}: {error}", plan.unattended.state_dir.display());
    plan.output.verbose.then(|| log(Priority::Info, text))
}

fn use_notes(plan: &mut Plan, state: &StateDir, pass: &mut Pass) {
    let boot = boot_id();
    // Without an identity each run would be the first.
    if !boot.is_empty()
        && state.read(SET).is_none_or(|note| note != boot)
        && let Some(limit) = plan.unattended.max_first_step
    {
        plan.policy.max_step = Some((limit, "--max-first-step"));
    }
    let now = since_boot();
    if let Some(text) = state.read(PENALTIES) {
        pass.penalties = Penalties::parse(&text, &boot, now);
    }
    if !plan.unattended.force {
        pass.lines.extend(pass.penalties.0.iter().map(|(address, until)| left_alone(*address, *until - now)));
        plan.spared = pass.penalties.0.iter().map(|(address, _)| *address).collect();
    }
    if let Some(user) = plan.user.as_deref().and_then(|name| User::from_name(name).ok().flatten()) {
        // Only the notes suffer where that fails.
        let _ = state.give_to(user.uid.as_raw(), &[SET, PENALTIES]);
    }
}

fn left_alone(address: IpAddr, rest: Duration) -> Line {
    let seconds = rest.as_secs() + 1;
    log(
        Priority::Notice,
        format!("{address} is left alone for another {seconds} s, as it asked (RATE); --force asks it"),
    )
}
