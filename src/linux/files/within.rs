//! Writing files within a time: a disk that does not answer is not to keep a run, which holds the lock, for ever.

use std::io::{self, Write as _};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use crate::linux::ffi;

/// What the files of a run may take. They are small, and a disk that has to wake up needs a few seconds.
const LIMIT: Duration = Duration::from_secs(10);

/// What the thread that watches has room in.
const STACK: usize = 64 * 1024;

/// Does `work`, which writes `what`; where it takes more than ten seconds, says so on standard error and ends the process with
/// status 1: the clock may be set, but not all is done that was asked for. Where no thread can be had nobody watches. What waits for a disk inside the kernel ends with the process if the kernel
/// lets it: on network file systems it does.
pub fn within<T>(what: &str, work: impl FnOnce() -> T) -> T {
    within_limit(LIMIT, what, work)
}

fn within_limit<T>(limit: Duration, what: &str, work: impl FnOnce() -> T) -> T {
    let (done, awaited) = mpsc::channel::<()>();
    let text =
        format!("{what}: the disk does not answer in {} s; what would follow is not done\n", limit.as_secs_f64());
    let watch = move || {
        if awaited.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
            let _ = io::stderr().write_all(text.as_bytes());
            ffi::exit_at_once(1);
        }
    };
    let watcher = thread::Builder::new().stack_size(STACK).spawn(watch);
    let result = work();
    drop(done);
    if let Ok(watcher) = watcher {
        // A thread that still runs would be in the way of a fork.
        let _ = watcher.join();
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    /// In a process of its own, which is ended.
    #[test]
    fn a_disk_that_does_not_answer_is_not_waited_for() {
        const PLACE: &str = "RNTPDATE_TEST_HANGING_DISK";
        if std::env::var_os(PLACE).is_some() {
            assert_eq!(within_limit(Duration::from_secs(60), "the notes", || 5), 5);
            return within_limit(Duration::from_millis(50), "the history", || {
                thread::sleep(Duration::from_secs(60));
            });
        }
        let name = "linux::files::within::tests::a_disk_that_does_not_answer_is_not_waited_for";
        let output = std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", name, "--nocapture"])
            .env(PLACE, "1")
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{said}");
        assert!(said.contains("the history: the disk does not answer"), "{said}");
    }
}
