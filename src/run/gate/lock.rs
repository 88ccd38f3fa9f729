//! The lock: how long another run is waited for, and what is said where it does not end.

use std::io;
use std::thread;
use std::time::{Duration, Instant};

use super::entry::{Admitted, Entry};
use crate::line::Priority;
use crate::linux::files::lock::{Holder, LOCK, Taken};
use crate::linux::files::state::StateDir;
use crate::outcome::ExitStatus;
use crate::plan::Plan;
use crate::run::lines::log;

/// How often a lock that is taken is tried again.
const LOOK: Duration = Duration::from_millis(100);

/// How much longer than its deadline a run may take that measures twice.
pub(super) fn settling(plan: &Plan) -> Duration {
    let settle = plan.history.as_ref().and_then(|history| history.settle);
    settle.map_or(Duration::ZERO, |settle| settle + plan.deadline)
}

/// The lock of a run that began at `began` and ends `longer` after its deadline at the latest, and whether another run had it; or who
/// still has it at the deadline. The kernel cannot be asked to wait for so long only.
pub(super) fn lock_within(
    state: &StateDir,
    deadline: Duration,
    longer: Duration,
    began: Instant,
) -> io::Result<(Taken, bool)> {
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
pub(super) fn take_off(plan: &mut Plan, admitted: &mut Admitted, was_held: bool) {
    let waited = admitted.began.elapsed();
    admitted.began += waited;
    plan.take_off(waited);
    if plan.output.verbose && was_held {
        let text = format!("waited {:.1} s for another run to end", waited.as_secs_f64());
        admitted.lines.push(log(Priority::Info, text));
    }
}

/// Nothing was set, and nothing will be: who asked for a set clock is not to take the other run's for it. `now`: since boot.
pub(super) fn already_running(plan: &Plan, holder: Option<Holder>, now: Duration) -> Entry {
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
