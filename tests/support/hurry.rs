//! The right of way for measurements in a guest on a machine that is busy with other things.

use std::fs;
use std::process::Command;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// How many have the right of way now.
static AHEAD: Mutex<usize> = Mutex::new(0);
static GONE: Condvar = Condvar::new();

/// Makes the calling thread, and the emulators that it starts while the result lives, go before most else, one test for each
/// processor at a time. It takes root's rights; without them a busy machine spoils the measurement. Real-time scheduling would
/// starve the emulator's own helper threads, whose timers the guest's kernel needs.
pub(crate) fn right_of_way() -> RightOfWay {
    let processors = std::thread::available_parallelism().map_or(1, usize::from);
    let mut ahead = count();
    while *ahead >= processors {
        ahead = GONE.wait(ahead).unwrap_or_else(PoisonError::into_inner);
    }
    *ahead += 1;
    set_nice(-15);
    RightOfWay(())
}

fn count() -> MutexGuard<'static, usize> {
    AHEAD.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Until it goes.
pub(crate) struct RightOfWay(());

impl Drop for RightOfWay {
    fn drop(&mut self) {
        let mut ahead = count();
        *ahead -= 1;
        set_thread_nice(0);
        if *ahead == 0 {
            set_group_nice(0);
        }
        GONE.notify_one();
    }
}

fn set_nice(nice: i32) {
    set_group_nice(nice);
    set_thread_nice(nice);
}

/// Where the kernel groups processes by session, the group's value counts beside other sessions (sched(7)).
fn set_group_nice(nice: i32) {
    let _ = fs::write("/proc/self/autogroup", nice.to_string());
}

fn set_thread_nice(nice: i32) {
    let thread = nix::unistd::gettid().to_string();
    let _ = Command::new("renice").args(["-n", &nice.to_string(), "-p", &thread]).output();
}
