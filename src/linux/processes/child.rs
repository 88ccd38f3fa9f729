//! A process beside the run, forked from it before it had a thread, a lock or a socket.

use std::cell::Cell;
use std::ffi::CStr;
use std::fs::OpenOptions;
use std::io;
use std::net::Shutdown;
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::{Duration, Instant};

use nix::sys::prctl;
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, dup2_stderr, dup2_stdin, dup2_stdout, getpid, getppid};

use crate::linux::ffi;
use crate::linux::sandbox::rights::hide_memory;

/// Longer than a process takes to end that has nothing left to do.
const END_TIMEOUT: Duration = Duration::from_secs(1);
/// The same for one that nobody may end, and that has to find out by itself.
const SHORT_END_TIMEOUT: Duration = Duration::from_millis(100);
/// How often is looked whether it has: soon, as one that is killed is gone in less than this, and then each time half as often.
const FIRST_LOOK: Duration = Duration::from_micros(50);
const LAST_LOOK: Duration = Duration::from_millis(5);

/// The process, and our end of the line to it. It is gone soon after this is, or hangs.
#[derive(Debug)]
pub(super) struct Child {
    pid: Pid,
    stream: Option<UnixStream>,
    /// The process is killed at the end: it may be in the middle of something that nobody wants any more.
    kill: bool,
    /// The process hangs: its end is not waited for.
    hangs: Cell<bool>,
    /// The process has been ended, and its number may be another one's by now.
    has_ended: Cell<bool>,
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
                has_ended: Cell::new(false),
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
        Child {
            pid: Pid::from_raw(i32::MAX),
            stream: None,
            kill: false,
            hangs: Cell::new(true),
            has_ended: Cell::new(false),
        }
    }

    /// Somebody else at the other end of the line, in the place of a process.
    #[cfg(test)]
    pub(super) fn played(ours: UnixStream) -> Child {
        let mut child = Child::none();
        child.stream = Some(ours);
        child
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

    /// Ends the process now, in the middle of whatever it does, and waits until it is gone, a second at the most. Nobody speaks
    /// with it from here on.
    pub(super) fn end(&self) {
        if self.has_ended.replace(true) {
            return;
        }
        if let Some(stream) = &self.stream {
            // What it notices of itself, should this process have no right to end it.
            let _ = stream.shutdown(Shutdown::Both);
        }
        let is_killed = self.kill && kill(self.pid, Signal::SIGKILL).is_ok();
        let timeout = if is_killed || !self.kill { END_TIMEOUT } else { SHORT_END_TIMEOUT };
        let end = Instant::now() + timeout;
        let is_alive = || waitpid(self.pid, Some(WaitPidFlag::WNOHANG)) == Ok(WaitStatus::StillAlive);
        let mut look = FIRST_LOOK;
        while is_alive() && !self.hangs.get() && Instant::now() < end {
            thread::sleep(look);
            look = LAST_LOOK.min(look * 2);
        }
    }

    /// In another child, which is not to speak to this one: closes what it has inherited.
    pub(super) fn disown(&mut self) {
        self.stream = None;
    }
}

impl Drop for Child {
    fn drop(&mut self) {
        self.end();
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

/// In the child: gives the streams back, so that whoever waits for the end of the run's output does not wait for this process.
pub(super) fn leave_streams() {
    if let Ok(null) = OpenOptions::new().read(true).write(true).open("/dev/null") {
        let _ = dup2_stdin(&null).and_then(|()| dup2_stdout(&null)).and_then(|()| dup2_stderr(&null));
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
