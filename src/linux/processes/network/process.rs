//! The process with the sockets, seen from the run: what is said to it, what is heard of it, and its end.

use std::cell::{Cell, OnceCell, RefCell};
use std::collections::BTreeSet;
use std::io::{self, ErrorKind, IoSlice};
use std::net::IpAddr;
use std::os::fd::AsRawFd;
use std::time::{Duration, Instant};

use nix::sys::socket::{ControlMessage, MsgFlags, sendmsg};
use socket2::Socket;

use crate::exchange::{Order, Report};
use crate::linux::processes::channel::{receive, send};
use crate::linux::processes::child::Child;
use crate::machine::DialogueError;

/// How long a message is sent or received, and an answer waited for that can be given at once.
pub(super) const GRACE: Duration = Duration::from_secs(3);
/// How long questions about chains of certificates are answered, all of one measurement together.
pub(super) const CHECKING: Duration = Duration::from_secs(6);

/// Messages about key exchanges that may come when nobody waits for any.
const MOST_LATE: usize = 64;
/// What it may say of rights that it could not give up.
const MOST_LINES: usize = 4;
/// And how long each of these is, in characters.
const MOST_TEXT: usize = 500;

/// Where requests come from.
#[derive(Clone, Copy, Debug)]
pub struct Source {
    /// The address, where that is not the kernel's choice.
    pub address: Option<IpAddr>,
    /// The port, where that is not the kernel's choice.
    pub port: Option<u16>,
}

/// The process that asks servers.
#[derive(Debug)]
pub struct NetworkProcess {
    pub(in crate::linux::processes) child: Child,
    pub(super) source: Source,
    /// Key exchanges of which nothing has been said yet, be it that they are of an earlier measurement.
    pub(super) exchanges: RefCell<BTreeSet<usize>>,
    /// The part of [`CHECKING`] that is left.
    pub(super) checking: Cell<Duration>,
    /// Why it is of no use any more.
    broken: OnceCell<DialogueError>,
}

impl NetworkProcess {
    pub(in crate::linux::processes) fn new(child: Child, source: Source) -> NetworkProcess {
        NetworkProcess {
            child,
            source,
            exchanges: RefCell::default(),
            checking: Cell::new(CHECKING),
            broken: OnceCell::new(),
        }
    }

    /// Waits until it has given up its rights. Gives what it could not give up, and fails where it does not come so far.
    pub fn confined(&self) -> Result<Vec<String>, DialogueError> {
        match self.hear() {
            Ok(Report::Confined(lines)) => {
                let shown = |line: String| line.chars().take(MOST_TEXT).collect();
                Ok(lines.into_iter().take(MOST_LINES).map(shown).collect())
            }
            Ok(_) => Err(self.break_off("it says something else than it was asked")),
            Err(error) => Err(error),
        }
    }

    /// Ends the process: nobody is asked any more, and what follows needs nobody who reads packets.
    pub fn dismiss(&self) {
        self.child.end();
    }

    /// The next message, which is there or begins soon.
    pub(super) fn hear(&self) -> Result<Report, DialogueError> {
        self.hear_until(Instant::now() + GRACE)
    }

    fn hear_until(&self, end: Instant) -> Result<Report, DialogueError> {
        let stream = self.child.stream().map_err(|error| self.end(&error))?;
        let report = receive::<Report>(stream, Some(end));
        report
            .and_then(|report| report.ok_or_else(|| ErrorKind::UnexpectedEof.into()))
            .map_err(|error| self.end(&error))
    }

    /// The next message, but for some that tell of key exchanges that nobody waits for any more.
    pub(super) fn hear_past_exchanges(&self, end: Instant) -> Result<Report, DialogueError> {
        for _ in 0..MOST_LATE {
            match self.hear_until(end)? {
                Report::Established(_) => {}
                other => return Ok(other),
            }
        }
        Err(self.break_off("it says too much"))
    }

    pub(super) fn say(&self, order: &Order) -> Result<(), DialogueError> {
        if let Some(why) = self.broken.get() {
            return Err(why.clone());
        }
        let sent = self.child.stream().and_then(|stream| send(stream, order, Some(Instant::now() + GRACE)));
        sent.map_err(|error| self.end(&error))
    }

    /// Hands over sockets, with a byte that nobody looks at.
    pub(super) fn hand_over(&self, sockets: &[Socket]) -> Result<(), DialogueError> {
        let descriptors: Vec<_> = sockets.iter().map(AsRawFd::as_raw_fd).collect();
        let rights = [ControlMessage::ScmRights(&descriptors)];
        let flags = MsgFlags::MSG_NOSIGNAL;
        let sent = self.child.stream().and_then(|stream| {
            let sent = sendmsg::<()>(stream.as_raw_fd(), &[IoSlice::new(&[0])], &rights, flags, None);
            sent.map_err(io::Error::from)
        });
        sent.map(drop).map_err(|error| self.end(&error))
    }

    /// What cannot be read or written any more.
    pub(super) fn end(&self, error: &io::Error) -> DialogueError {
        let text = match error.kind() {
            ErrorKind::BrokenPipe | ErrorKind::ConnectionReset | ErrorKind::UnexpectedEof => {
                "the process that asks the servers has ended".to_owned()
            }
            ErrorKind::TimedOut => "the process that asks the servers does not answer".to_owned(),
            _ => format!("the process that asks the servers cannot be understood: {error}"),
        };
        self.no_more(&text)
    }

    /// What it says cannot be.
    pub(super) fn break_off(&self, why: impl std::fmt::Display) -> DialogueError {
        self.no_more(&format!("the process that asks the servers cannot be believed: {why}"))
    }

    fn no_more(&self, text: &str) -> DialogueError {
        self.child.give_up();
        self.broken.get_or_init(|| DialogueError(format!("{text}; the clock is not set"))).clone()
    }
}
