//! One run at a time sets the clock.

use std::fs::File;
use std::thread;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::{Flock, FlockArg};

/// Setting the clock takes microseconds: who holds the lock for so long does something else.
const PATIENCE: Duration = Duration::from_secs(1);
const PAUSE: Duration = Duration::from_millis(1);

/// While it lives, no other run of this program sets the clock.
#[derive(Debug)]
pub struct Claim {
    _lock: Flock<File>,
}

impl Claim {
    /// Waits for another run that is about to set the clock. `None` where the lock is not to be had, within a second:
    /// it makes a rare accident impossible, and its lack is no reason to leave the clock wrong.
    pub fn take() -> Option<Claim> {
        // The program itself is what all runs have in common, whoever they run as, and leaves no file behind.
        let mut file = File::open("/proc/self/exe").ok()?;
        let end = Instant::now() + PATIENCE;
        loop {
            file = match Flock::lock(file, FlockArg::LockExclusiveNonblock) {
                Ok(lock) => return Some(Claim { _lock: lock }),
                Err((file, Errno::EWOULDBLOCK | Errno::EINTR)) if Instant::now() < end => file,
                Err(_) => return None,
            };
            thread::sleep(PAUSE);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_one_at_a_time() {
        let first = Claim::take().expect("nobody else has it");
        let started = Instant::now();
        assert!(Claim::take().is_none());
        assert!(started.elapsed() >= PATIENCE);
        let waiting = thread::spawn(Claim::take);
        thread::sleep(Duration::from_millis(50));
        drop(first);
        assert!(waiting.join().is_ok_and(|second| second.is_some()));
    }
}
