//! How many guests run at once.

use std::fs::File;
use std::time::Duration;

use nix::fcntl::{Flock, FlockArg};

use super::super::require::Cache;

/// How many guests run at once: one more than there are processors, as they wait for much of the time. More would make each other
/// late.
fn slots() -> usize {
    1 + std::thread::available_parallelism().map_or(1, std::num::NonZero::get)
}

/// One of the places for running guests, shared by all test processes that share a cache.
pub(super) struct Slot(#[allow(dead_code, reason = "held for its lock")] Flock<File>);

impl Slot {
    pub(super) fn take(cache: &Cache) -> Self {
        loop {
            for number in 0..slots() {
                let path = cache.path(&format!(".slot{number}"));
                let file = File::create(path).expect("cannot write to the test cache");
                if let Ok(lock) = Flock::lock(file, FlockArg::LockExclusiveNonblock) {
                    return Self(lock);
                }
            }
            std::thread::sleep(Duration::from_millis(20));
        }
    }
}
