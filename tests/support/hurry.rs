//! The right of way for measurements in a guest on a machine that is busy with other things.

use std::fs;
use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};

static ONE: Mutex<()> = Mutex::new(());

/// Makes the calling thread, and the emulators that it starts while the result lives, go before most else, one test at a
/// time. It takes root's rights; without them a busy machine spoils the measurement. Real-time scheduling would starve the
/// emulator's own helper threads, whose timers the guest's kernel needs.
pub(crate) fn right_of_way() -> RightOfWay {
    let guard = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    set_nice(-15);
    RightOfWay(guard)
}

/// Until it goes.
pub(crate) struct RightOfWay(#[allow(dead_code, reason = "held for its lock")] MutexGuard<'static, ()>);

impl Drop for RightOfWay {
    fn drop(&mut self) {
        set_nice(0);
    }
}

/// Where the kernel groups processes by session, the group's value counts beside other sessions (sched(7)).
fn set_nice(nice: i32) {
    let _ = fs::write("/proc/self/autogroup", nice.to_string());
    let thread = nix::unistd::gettid().to_string();
    let _ = Command::new("renice").args(["-n", &nice.to_string(), "-p", &thread]).output();
}
