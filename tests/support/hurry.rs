//! The right of way for measurements in a guest on a machine that is busy with other things.

use std::process::Command;
use std::sync::{Mutex, MutexGuard, PoisonError};

static ONE: Mutex<()> = Mutex::new(());

/// Makes the calling thread, and the emulators that it starts while the result lives, go before everything else, one test
/// at a time: two emulators that do would starve each other's helper threads on two CPUs. It takes root's rights; without them a busy machine spoils the measurement. The nice value would not do:
/// where the kernel groups processes by session, it counts within a session only.
pub(crate) fn right_of_way() -> RightOfWay {
    let guard = ONE.lock().unwrap_or_else(PoisonError::into_inner);
    schedule("--rr", "1");
    RightOfWay(guard)
}

/// Until it goes.
pub(crate) struct RightOfWay(#[allow(dead_code, reason = "held for its lock")] MutexGuard<'static, ()>);

impl Drop for RightOfWay {
    fn drop(&mut self) {
        schedule("--other", "0");
    }
}

fn schedule(policy: &str, priority: &str) {
    let thread = nix::unistd::gettid().to_string();
    let _ = Command::new("chrt").args([policy, "-p", priority, &thread]).output();
}
