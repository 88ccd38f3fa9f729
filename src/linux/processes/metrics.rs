//! The process that writes the file for monitoring after a run that sets nothing, and so speaks with servers itself. It takes no path
//! by message, and nothing but metrics.

use std::io;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::time::{Duration, Instant};

use nix::unistd::Pid;

use super::channel::{receive, send};
use super::child::{Child, die_with};
use crate::linux::files::metrics;
use crate::linux::sandbox::invoker::for_invoker;
use crate::linux::sandbox::rights::Identity;

/// What it may take for the file. A slow disk is not to keep a run for longer.
const LONGEST: Duration = Duration::from_secs(5);

/// What became of it: the system's number and words, where it failed.
type Done = Result<(), (Option<i32>, String)>;

/// Writes what it is told to this file, until nobody tells it anything any more.
pub(super) fn live(stream: &UnixStream, parent: Pid, user: Option<&Identity>, path: &Path) {
    // Without the user's rights it must not go on with root's; the run fails at the same, and says so.
    if user.is_some_and(|user| user.assume(&[]).is_err()) {
        return;
    }
    die_with(parent);
    serve(stream, path);
}

fn serve(stream: &UnixStream, path: &Path) {
    while let Ok(Some(text)) = receive::<String>(stream, None) {
        let done: Done = for_invoker(true, || metrics::replace(path, &text))
            .and_then(|done| done)
            .map_err(|error| (error.raw_os_error(), error.to_string()));
        if send(stream, &done, None).is_err() {
            return;
        }
    }
}

/// The way to it.
#[derive(Debug)]
pub(super) struct MetricsProcess {
    child: Child,
}

impl MetricsProcess {
    pub(super) fn new(child: Child) -> MetricsProcess {
        MetricsProcess { child }
    }

    /// Replaces the file.
    pub(super) fn replace(&self, text: &str) -> io::Result<()> {
        let asked = self.child.stream().and_then(|stream| ask(stream, text, Instant::now() + LONGEST));
        let done = asked.map_err(|error| {
            self.child.give_up();
            of_no_use(&error)
        })?;
        done.map_err(|(number, text)| number.map_or_else(|| io::Error::other(text), io::Error::from_raw_os_error))
    }
}

fn ask(stream: &UnixStream, text: &str, end: Instant) -> io::Result<Done> {
    send(stream, &text, Some(end))?;
    receive::<Done>(stream, Some(end))?.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
}

fn of_no_use(error: &io::Error) -> io::Error {
    use io::ErrorKind::{BrokenPipe, ConnectionReset, TimedOut, UnexpectedEof};
    io::Error::other(match error.kind() {
        TimedOut => "timed out: the process that keeps the files does not answer".to_owned(),
        BrokenPipe | ConnectionReset | UnexpectedEof => "the process that keeps the files has ended".to_owned(),
        _ => format!("the process that keeps the files cannot be used any more: {error}"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn metrics_are_written_and_nothing_else() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("a.prom");
        let (ours, theirs) = UnixStream::pair().unwrap();
        let ask = |text: &str| ask(&ours, text, Instant::now() + Duration::from_secs(60)).unwrap();
        std::thread::scope(|scope| {
            scope.spawn(|| serve(&theirs, &path));
            assert_eq!(ask("rntpdate_a 1\n"), Ok(()));
            assert!(ask("root::0:0::/:/bin/sh\n").is_err());
            assert_eq!(std::fs::read_to_string(&path).unwrap(), "rntpdate_a 1\n");
            ours.shutdown(std::net::Shutdown::Both).unwrap();
        });
    }

    #[test]
    fn a_process_that_hangs_or_has_ended_is_not_waited_for() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let why = || of_no_use(&ask(&ours, "", Instant::now()).unwrap_err()).to_string();
        assert!(why().starts_with("timed out"), "{}", why());
        drop(theirs);
        assert!(why().ends_with("has ended"), "{}", why());
    }
}
