//! The helper that keeps the rights which the run itself gives up: it writes the files that were named before the first packet
//! was read, and runs the user's command. It takes neither paths nor commands by message.

use std::cell::OnceCell;
use std::io;
use std::net::IpAddr;
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use serde::{Deserialize, Serialize};

use super::channel::{receive, send};
use super::child::Child;
use super::log::{Origin, catch_output};
use crate::discipline;
use crate::hwclock::adjtime::Adjtime;
use crate::system::adjfile::{self, AdjfileError};
use crate::system::state::{Note, StateDir};
use crate::system::{after_step, history_file};
use crate::time::Interval;

/// What the user's command gets, however little of the run's time is left.
const COMMAND: Duration = Duration::from_secs(10);

/// What it may take for a file, and to answer besides. A slow disk is not to keep a run for longer.
const PATIENCE: Duration = Duration::from_secs(5);

/// What it may be asked for.
#[derive(Clone, Debug)]
pub(super) struct Duties {
    /// The adjtime file.
    pub(super) adjtime: Option<PathBuf>,
    /// Where the notes are.
    pub(super) state: PathBuf,
    /// The history of earlier runs.
    pub(super) history: Option<PathBuf>,
    /// The shell's command after a step.
    pub(super) command: Option<String>,
    /// What the command prints is for syslog, as this one's.
    pub(super) syslog: Option<Origin>,
    /// Standard output is for an object, and what the command prints goes to standard error.
    pub(super) stdout_is_taken: bool,
    /// The longest run; the command is waited for so long at the most.
    pub(super) deadline: Duration,
}

#[derive(Debug, Serialize, Deserialize)]
enum Task {
    /// Replace the adjtime file.
    Adjtime(String),
    /// Keep what is in it beside it.
    AdjtimeCopy,
    Note(Note, String),
    History(String),
    /// Run the command.
    Command {
        /// Nanoseconds.
        offset: i64,
        server: Option<IpAddr>,
        wait: Duration,
    },
}

/// Why something could not be done.
#[derive(Debug, Serialize, Deserialize)]
struct Failure {
    /// The system's number, which has the system's words.
    errno: Option<i32>,
    text: String,
    /// Another file than the one that was meant.
    path: Option<PathBuf>,
}

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        Failure { errno: error.raw_os_error(), text: error.to_string(), path: None }
    }
}

impl From<AdjfileError> for Failure {
    fn from(error: AdjfileError) -> Failure {
        let (path, source) = error.into_parts();
        Failure { path: Some(path), ..source.into() }
    }
}

impl From<Failure> for io::Error {
    fn from(failure: Failure) -> io::Error {
        failure.errno.map_or_else(|| io::Error::other(failure.text), io::Error::from_raw_os_error)
    }
}

/// Where something was put besides, if it was.
type Done = Result<Option<PathBuf>, Failure>;

fn refused(why: &str) -> Failure {
    io::Error::other(why).into()
}

impl Duties {
    /// What nobody writes where there is no such process.
    pub(super) fn files(&self) -> String {
        let named = |what: &str, path: &PathBuf| format!("{what} {}", path.display());
        let adjtime = self.adjtime.iter().map(|path| named("the adjtime file", path));
        let history = self.history.iter().map(|path| named("the history", path));
        let notes = named("notes for the next run in", &self.state);
        adjtime.chain(history).chain([notes]).collect::<Vec<_>>().join(", ")
    }

    /// Does what it is asked for, until nobody asks any more.
    pub(super) fn serve(&self, stream: &UnixStream) {
        // No run has more than one step.
        let mut command = self.command.as_deref();
        while let Ok(Some(task)) = receive::<Task>(stream, None) {
            if send(stream, &self.fulfil(task, &mut command, || !has_ended(stream)), None).is_err() {
                return;
            }
        }
    }

    /// `is_awaited`: whether anybody still waits for it.
    fn fulfil(&self, task: Task, command: &mut Option<&str>, is_awaited: impl Fn() -> bool) -> Done {
        let nowhere = || refused("this was not to be written");
        match task {
            // Whoever asks may be no longer what was started: nothing goes into a file that does not belong there.
            Task::Adjtime(text) if Adjtime::parse(&text).1.is_empty() => {
                adjfile::replace(self.adjtime.as_ref().ok_or_else(nowhere)?, &text)?;
            }
            Task::AdjtimeCopy => {
                let path = self.adjtime.as_ref().ok_or_else(nowhere)?;
                return match adjfile::read(path)? {
                    Some(text) => Ok(Some(adjfile::keep_copy(path, &text)?)),
                    None => Ok(None),
                };
            }
            Task::Note(note, text) if note.may_hold(&text) => StateDir::at(&self.state).write(note.name(), &text)?,
            Task::History(text) if discipline::parse(&text).is_ok() => {
                history_file::replace(self.history.as_ref().ok_or_else(nowhere)?, &text)?;
            }
            Task::Command { offset, server, wait } => {
                let command = command.take().ok_or_else(|| refused("there is no command, or it was run"))?;
                let end = Instant::now() + wait.min(self.deadline).max(COMMAND);
                let mut command = after_step::command(command, Interval::from_nanos(offset.into()), server);
                let is_caught = self.syslog.as_ref().is_some_and(|origin| catch_output(&mut command, origin).is_ok());
                if self.stdout_is_taken && !is_caught {
                    command.stdout(io::stderr());
                }
                after_step::run(command, end, is_awaited).map_err(|why| refused(&why))?;
            }
            Task::Adjtime(_) | Task::Note(..) | Task::History(_) => {
                return Err(refused("it is not in the file's form"));
            }
        }
        Ok(None)
    }
}

/// Whether the other side is gone.
fn has_ended(stream: &UnixStream) -> bool {
    let mut fds = [PollFd::new(stream.as_fd(), PollFlags::empty())];
    poll(&mut fds, PollTimeout::ZERO).is_ok_and(|count| count > 0)
}

/// The way to it.
#[derive(Debug)]
pub struct Keeper {
    child: Child,
    /// Why it is of no use any more.
    ended: OnceCell<String>,
}

impl Keeper {
    pub(super) fn new(child: Child) -> Keeper {
        Keeper { child, ended: OnceCell::new() }
    }

    fn ask(&self, task: &Task, wait: Duration) -> Done {
        if let Some(why) = self.ended.get() {
            return Err(refused(why));
        }
        self.child.stream().and_then(|stream| ask(stream, task, Instant::now() + wait)).unwrap_or_else(|error| {
            self.child.give_up();
            Err(refused(self.ended.get_or_init(|| of_no_use(&error))))
        })
    }

    /// Replaces the history.
    pub fn history(&self, text: &str) -> io::Result<()> {
        Ok(self.ask(&Task::History(text.to_owned()), PATIENCE).map(drop)?)
    }

    /// Replaces a note.
    pub fn note(&self, note: Note, text: &str) -> io::Result<()> {
        Ok(self.ask(&Task::Note(note, text.to_owned()), PATIENCE).map(drop)?)
    }

    /// Replaces the adjtime file, which has this name in the texts of errors.
    pub fn adjtime(&self, path: &std::path::Path, text: &str) -> Result<(), AdjfileError> {
        let done = self.ask(&Task::Adjtime(text.to_owned()), PATIENCE).map(drop);
        done.map_err(|failure| AdjfileError::writing(path, failure.into()))
    }

    /// Keeps what is in the adjtime file beside it; gives where.
    pub fn adjtime_copy(&self, path: &std::path::Path) -> Result<PathBuf, AdjfileError> {
        let error = |mut failure: Failure| {
            let path = failure.path.take().unwrap_or_else(|| path.to_owned());
            AdjfileError::writing(&path, failure.into())
        };
        let copy = self.ask(&Task::AdjtimeCopy, PATIENCE).map_err(error)?;
        copy.ok_or_else(|| AdjfileError::writing(path, io::ErrorKind::NotFound.into()))
    }

    /// Runs the command after a step by `offset`, and waits for it so long; why it failed, if it did.
    pub fn command(&self, offset: Interval, server: Option<IpAddr>, wait: Duration) -> Result<(), String> {
        let offset = i64::try_from(offset.nanos()).unwrap_or(if offset.is_negative() { i64::MIN } else { i64::MAX });
        let done = self.ask(&Task::Command { offset, server, wait }, wait.max(COMMAND) + PATIENCE);
        done.map(drop).map_err(|failure| failure.text)
    }
}

fn ask(stream: &UnixStream, task: &Task, end: Instant) -> io::Result<Done> {
    send(stream, task, Some(end))?;
    receive::<Done>(stream, Some(end))?.ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
}

fn of_no_use(error: &io::Error) -> String {
    use io::ErrorKind::{BrokenPipe, ConnectionReset, TimedOut, UnexpectedEof};
    match error.kind() {
        TimedOut => "timed out: the process that keeps the files does not answer".to_owned(),
        BrokenPipe | ConnectionReset | UnexpectedEof => "the process that keeps the files has ended".to_owned(),
        _ => format!("the process that keeps the files cannot be used any more: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    fn duties(folder: &std::path::Path) -> Duties {
        Duties {
            adjtime: Some(folder.join("adjtime")),
            state: folder.to_owned(),
            history: None,
            command: Some("exit 7".to_owned()),
            stdout_is_taken: false,
            syslog: None,
            deadline: Duration::from_secs(60),
        }
    }

    #[test]
    fn files_are_written_where_they_were_named_and_errors_keep_their_words() {
        let folder = tempfile::tempdir().unwrap();
        let (ours, theirs) = UnixStream::pair().unwrap();
        let duties = duties(folder.path());
        let ask = |task| ask(&ours, &task, Instant::now() + Duration::from_secs(60)).unwrap();
        std::thread::scope(|scope| {
            scope.spawn(move || duties.serve(&theirs));
            let text = Adjtime::default().to_string();
            fs::write(folder.path().join("adjtime"), "own words").unwrap();
            let copy = ask(Task::AdjtimeCopy).unwrap().unwrap();
            assert_eq!(fs::read_to_string(copy).unwrap(), "own words");
            ask(Task::Adjtime(text.clone())).unwrap();
            assert_eq!(fs::read_to_string(folder.path().join("adjtime")).unwrap(), text);
            ask(Task::Note(Note::Rate, "01-ef\n192.0.2.1 5\n".to_owned())).unwrap();
            assert_eq!(fs::read_to_string(folder.path().join("rate")).unwrap(), "01-ef\n192.0.2.1 5\n");
            let command = || Task::Command { offset: 5, server: None, wait: Duration::ZERO };
            assert_eq!(ask(command()).unwrap_err().text, "exit status: 7");
            assert!(ask(command()).unwrap_err().text.contains("it was run"));
            fs::remove_file(folder.path().join("adjtime")).unwrap();
            fs::create_dir(folder.path().join("adjtime")).unwrap();
            let error = io::Error::from(ask(Task::Adjtime(text)).unwrap_err());
            assert!(error.to_string().contains("not a regular file"), "{error}");
            ours.shutdown(std::net::Shutdown::Both).unwrap();
        });
    }

    #[test]
    fn nothing_is_written_that_was_not_named_or_has_another_form() {
        let folder = tempfile::tempdir().unwrap();
        let duties = Duties { command: None, ..duties(folder.path()) };
        let foreign = "root::0:0::/:/bin/sh\n".to_owned();
        for task in [
            Task::History(discipline::render(&discipline::History::default())),
            Task::Adjtime(foreign.clone()),
            Task::Note(Note::Set, foreign.clone()),
            Task::Note(Note::Rate, foreign),
            Task::Command { offset: 0, server: None, wait: Duration::ZERO },
        ] {
            let what = format!("{task:?}");
            assert!(duties.fulfil(task, &mut None, || true).is_err(), "{what}");
        }
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn a_process_that_hangs_or_has_ended_is_not_waited_for() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        let why = || of_no_use(&ask(&ours, &Task::AdjtimeCopy, Instant::now()).unwrap_err());
        assert!(why().starts_with("timed out"), "{}", why());
        assert!(!has_ended(&ours));
        drop(theirs);
        assert!(has_ended(&ours));
        assert!(why().ends_with("has ended"), "{}", why());
    }
}
