//! A process beside the run, forked from it before it had a thread, a lock or a socket.

use std::cell::Cell;
use std::ffi::CStr;
use std::io;
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::prctl;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, getpid, getppid};

use super::super::ffi;
use super::super::privilege::hide_memory;

/// Longer than a process takes to end that has nothing left to do.
const FAREWELL: Duration = Duration::from_secs(1);
const LOOK: Duration = Duration::from_millis(1);

/// The process, and our end of the line to it. It is gone soon after this is, or hangs.
#[derive(Debug)]
pub(super) struct Child {
    pid: Pid,
    stream: Option<UnixStream>,
    /// It may be in the middle of something that nobody wants any more.
    kill: bool,
    /// It hangs: its end is not waited for.
    hangs: Cell<bool>,
}

/// In the child: whatever happens, it does not return into what its parent does.
struct Exit;

impl Drop for Exit {
    fn drop(&mut self) {
        ffi::exit_at_once(1);
    }
}

impl Child {
    /// Forks, and lets the new process work until its end of the line is closed. `work` is given that end, and the number
    /// of the process that it is for.
    pub(super) fn start(name: &CStr, kill: bool, work: impl FnOnce(UnixStream, Pid)) -> io::Result<Child> {
        // Where it fails a command's end cannot be told from its failure, and is reported so.
        let _ = ffi::keep_ends_of_children();
        let (ours, theirs) = UnixStream::pair()?;
        let parent = getpid();
        if let Some(pid) = ffi::fork().map_err(advise)? {
            return Ok(Child {
                pid: Pid::from_raw(pid.cast_signed()),
                stream: Some(ours),
                kill,
                hangs: Cell::new(false),
            });
        }
        let _exit = Exit;
        drop(ours);
        // Only a name for ps(1).
        let _ = prctl::set_name(name);
        work(theirs, parent);
        ffi::exit_at_once(0)
    }

    /// A process that has ended before it began.
    #[cfg(test)]
    pub(super) fn none() -> Child {
        Child { pid: Pid::from_raw(i32::MAX), stream: None, kill: false, hangs: Cell::new(true) }
    }

    pub(super) fn pid(&self) -> u32 {
        self.pid.as_raw().cast_unsigned()
    }

    pub(super) fn stream(&self) -> io::Result<&UnixStream> {
        self.stream.as_ref().ok_or_else(|| io::ErrorKind::NotConnected.into())
    }

    /// Does not answer: leaves it to itself. It ends when it finds that nobody speaks to it any more.
    pub(super) fn give_up(&self) {
        self.hangs.set(true);
    }

    /// In another child, which is not to speak to this one: closes what it has inherited.
    pub(super) fn disown(&mut self) {
        self.stream = None;
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.stream = None;
        if self.kill && kill(self.pid, Signal::SIGKILL).is_err() {
            // It is another user's by now: the kernel ends it with this process.
            self.give_up();
        }
        let end = Instant::now() + FAREWELL;
        let is_alive = || waitpid(self.pid, Some(WaitPidFlag::WNOHANG)) == Ok(WaitStatus::StillAlive);
        while is_alive() && !self.hangs.get() && Instant::now() < end {
            thread::sleep(LOOK);
        }
    }
}

fn advise(error: io::Error) -> io::Error {
    match error.kind() {
        io::ErrorKind::WouldBlock => io::Error::new(
            error.kind(),
            format!("{error}: too few processes are allowed (ulimit -u, LimitNPROC=, TasksMax=)"),
        ),
        _ => error,
    }
}

/// In the child: dies with the process that it is for, however that ends. To be called when its rights are final, for the
/// kernel forgets this when they grow or change hands (prctl(2)).
pub(super) fn die_with(parent: Pid) {
    hide_memory();
    // Where it is forbidden the end of the line has to do; so it has where the run has become a user who may not end this one,
    // for it is by the run's rights that the kernel does it.
    let _ = prctl::set_pdeathsig(Signal::SIGKILL);
    // It may have ended already. In a process namespace of our own it has the number 0.
    if getppid() != parent && getppid().as_raw() != 0 {
        ffi::exit_at_once(1);
    }
}
