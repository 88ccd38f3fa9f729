//! The process that runs the user's command after a step. It keeps the rights that the run began with, for nobody knows what the
//! command needs, and never speaks with anybody but the run: it takes the step's size and a server's address by message, and no
//! command, which it has from the start.

use std::io;
use std::net::IpAddr;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use nix::unistd::Pid;
use serde::{Deserialize, Serialize};

use super::channel::{receive, send};
use super::child::{Child, die_with};
use super::command_log::{Origin, catch_output};
use crate::linux::host::after_step;
use crate::linux::sandbox::rights::Identity;
use crate::time::Interval;

/// What the command gets, however little of the run's time is left.
const LEAST: Duration = Duration::from_secs(10);
/// How much longer than the command its end is waited for.
const GRACE: Duration = Duration::from_secs(3);

/// Where what a command prints goes.
#[derive(Clone, Debug, Default)]
pub struct Output {
    /// Into syslog, as this program's.
    pub syslog: Option<Origin>,
    /// Standard output is for an object: to standard error.
    pub stdout_is_taken: bool,
}

/// A command after a step.
#[derive(Clone, Debug, Default)]
pub struct AfterStep {
    /// What the shell is given.
    pub text: String,
    /// Where its output goes.
    pub output: Output,
}

/// What the process is told of a step.
#[derive(Debug, Serialize, Deserialize)]
struct Step {
    offset: Interval,
    server: Option<IpAddr>,
    /// How long the command is waited for.
    timeout: Duration,
}

/// Runs this command at each step that it is told of, until nobody tells it anything any more.
pub(super) fn live(stream: &UnixStream, parent: Pid, user: Option<&Identity>, command: &AfterStep) {
    // Without the user's rights it must not go on with root's; the run fails at the same, and says so. What the command starts may be
    // what gets rights when it is started: that is left to it.
    if user.is_some_and(|user| user.assume(&[]).is_err()) {
        return;
    }
    die_with(parent);
    while let Ok(Some(step)) = receive::<Step>(stream, None) {
        if send(stream, &run(command, &step), None).is_err() {
            return;
        }
    }
}

/// Fails with the reason why the command failed, or is not waited for any longer.
fn run(AfterStep { text, output }: &AfterStep, step: &Step) -> Result<(), String> {
    let end = Instant::now() + step.timeout;
    let mut command = after_step::command(text, step.offset, step.server);
    let is_caught = output.syslog.as_ref().is_some_and(|origin| catch_output(&mut command, origin).is_ok());
    if output.stdout_is_taken && !is_caught {
        command.stdout(io::stderr());
    }
    after_step::run(command, end)
}

/// The way to it.
#[derive(Debug)]
pub struct CommandProcess {
    pub(super) child: Child,
}

impl CommandProcess {
    /// Has the command run after a step by `offset`, and waits for it until `end`, or 10 s. Fails with the reason why it failed, or is
    /// not waited for any longer.
    pub fn run(&self, offset: Interval, server: Option<IpAddr>, end: Instant) -> Result<(), String> {
        let timeout = end.saturating_duration_since(Instant::now()).max(LEAST);
        let ended = self.ask(&Step { offset, server, timeout }, timeout + GRACE);
        ended.unwrap_or_else(|error| {
            self.child.give_up();
            Err(format!("the process that runs it cannot be heard: {error}"))
        })
    }

    fn ask(&self, step: &Step, timeout: Duration) -> io::Result<Result<(), String>> {
        let stream = self.child.stream()?;
        send(stream, step, Some(Instant::now() + GRACE))?;
        receive(stream, Some(Instant::now() + timeout))?.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }
}

#[cfg(test)]
mod tests {
    use std::io::Write as _;

    use super::*;

    #[test]
    fn a_process_that_ends_or_talks_nonsense_is_no_success() {
        for said in [&b""[..], b"\0\0\0\x02{}", b"\xff\xff\xff\xff"] {
            let (ours, theirs) = UnixStream::pair().unwrap();
            (&theirs).write_all(said).unwrap();
            theirs.shutdown(std::net::Shutdown::Write).unwrap();
            let process = CommandProcess { child: Child::played(ours) };
            let why = process.run(Interval::from_secs(1), None, Instant::now()).unwrap_err();
            assert!(why.starts_with("the process that runs it cannot be heard: "), "{said:?}: {why}");
        }
    }

    #[test]
    fn the_process_runs_the_command_that_it_began_with() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let command =
            AfterStep { text: "test $RNTPDATE_OFFSET = 1.000000000 || exit 7".to_owned(), ..AfterStep::default() };
        let process = CommandProcess { child: Child::played(ours) };
        let played = std::thread::spawn(move || {
            while let Ok(Some(step)) = receive::<Step>(&theirs, None) {
                send(&theirs, &run(&command, &step), None).unwrap();
            }
        });
        let ended = |seconds| process.run(Interval::from_secs(seconds), None, Instant::now());
        assert_eq!((ended(1), ended(2)), (Ok(()), Err("exit status: 7".to_owned())));
        drop(process);
        played.join().unwrap();
    }
}
