//! Where the lines go: the two streams and syslog.

use std::io::{self, Write};
use std::os::unix::net::{UnixDatagram, UnixStream};
use std::path::Path;

use socket2::{Domain, SockAddr, Socket, Type};

use super::bounded::Bounded;
use crate::line::{Channel, Line, Priority};
use crate::line::{log_prefix, syslog_prefix};
use crate::linux::ffi;
use crate::linux::host::local_zone::local_zone;
use crate::printable::{printable, printable_json};
use crate::time::Time;

const SYSLOG: &str = "/dev/log";

/// Lets a write to a file that may not grow fail, as one to a full disk does: by the kernel's default it ends the program, with
/// the clock half set.
pub fn long_writes_fail() {
    // Never refused; as it was before where it is.
    let _ = ffi::let_long_writes_fail();
}

/// One line on stderr that does not come from a run: a command line that is wrong, a run that could not begin.
pub fn complain(program: &str, text: &str) {
    let line = format!("{}: {}\n", printable(program), printable(text));
    let _ = Bounded::Stderr.write_all(line.as_bytes());
}

/// Writes a report as a whole to standard output, and waits for whoever reads it. Says what was wrong, and gives false, where it
/// could not be written; a reader who has seen enough is no fault.
pub fn print(program: &str, text: &str) -> bool {
    let written = write_patiently(text);
    if let Err(error) = &written {
        complain(program, &format!("cannot write the results: {error}"));
    }
    written.is_ok()
}

fn write_patiently(text: &str) -> io::Result<()> {
    match writeln!(io::stdout(), "{text}").and_then(|()| io::stdout().flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        written => written,
    }
}

/// The way out for the lines of a run.
pub struct LineWriter {
    program: String,
    pid: u32,
    /// Standard output is for something else.
    stderr_only: bool,
    /// A reader is waited for as long as it takes.
    is_patient: bool,
    log: Log,
    /// Why a line got lost, if one did.
    lost: Option<io::Error>,
}

/// Where the lines of the log go.
enum Log {
    Streams,
    Syslog(Logger),
    /// -s was wanted, but nobody listens: all of the log goes to stderr, for stdout was not wanted.
    Stderr,
}

impl LineWriter {
    /// For a program of this name; with `syslog` the log goes there, and to stderr if nobody takes it.
    pub fn new(program: &str, syslog: bool) -> LineWriter {
        let log = match syslog.then(|| Logger::connect(Path::new(SYSLOG))) {
            None => Log::Streams,
            Some(Ok(logger)) => Log::Syslog(logger),
            Some(Err(error)) => {
                complain(program, &format!("syslog cannot be reached at {SYSLOG} ({error}): logging to stderr"));
                Log::Stderr
            }
        };
        LineWriter {
            program: printable(program),
            pid: std::process::id(),
            stderr_only: false,
            is_patient: false,
            log,
            lost: None,
        }
    }

    /// Whether the log goes to syslog: it was wanted, and somebody listens.
    pub fn reaches_syslog(&self) -> bool {
        matches!(self.log, Log::Syslog(_))
    }

    /// Speaks for another process.
    pub fn for_process(mut self, pid: u32) -> LineWriter {
        self.pid = pid;
        self
    }

    /// Keeps standard output free, for a report of another kind.
    pub fn stderr_only(mut self, stderr_only: bool) -> LineWriter {
        self.stderr_only = stderr_only;
        self
    }

    /// Waits for a reader as long as it takes, as a pager's user may: for runs that hold nothing which others wait for.
    pub fn patient(mut self, is_patient: bool) -> LineWriter {
        self.is_patient = is_patient;
        self
    }

    /// Writes them all. A stream that nobody reads any more is no error.
    pub fn write(&mut self, lines: &[Line]) {
        for line in lines {
            let text = printable(&line.text);
            match line.channel {
                Channel::Stdout => self.stream(true, &text),
                Channel::Stderr => self.stream(false, &text),
                Channel::Log(priority) => self.log(line.at, priority, &text),
            }
        }
    }

    /// Writes a report of another kind to standard output.
    pub fn write_object(&mut self, text: &str) {
        self.put(Bounded::Stdout, &printable_json(text));
    }

    /// Writes a report of several lines, which has nothing in it that a terminal obeys, to standard output.
    pub fn write_text(&mut self, text: &str) {
        let written = write!(io::stdout(), "{text}").and_then(|()| io::stdout().flush());
        self.note(written);
    }

    /// Whether all lines could be written that somebody wants to read; says what was wrong: a full disk, for example.
    pub fn finish(self) -> bool {
        if let Some(error) = &self.lost {
            complain(&self.program, &format!("cannot write the results: {error}"));
        }
        self.lost.is_none()
    }

    fn log(&mut self, at: Time, priority: Priority, text: &str) {
        if let Log::Syslog(logger) = &self.log {
            let message = format!("{}{text}", syslog_prefix(at, priority, &self.program, self.pid, &local_zone));
            if logger.send(&message).is_ok() {
                return;
            }
        }
        let is_result = matches!(priority, Priority::Notice | Priority::Info);
        let text = format!("{}{text}", log_prefix(at, &self.program, self.pid, &local_zone));
        self.stream(is_result && matches!(self.log, Log::Streams), &text);
    }

    fn stream(&mut self, to_stdout: bool, text: &str) {
        let stream = if to_stdout && !self.stderr_only { Bounded::Stdout } else { Bounded::Stderr };
        self.put(stream, text);
    }

    /// Line by line, so that both streams keep their common order where they lead to one place.
    fn put(&mut self, mut stream: Bounded, text: &str) {
        let line = format!("{text}\n");
        let written = match (self.is_patient, stream) {
            (false, _) => stream.write_all(line.as_bytes()),
            (true, Bounded::Stdout) => io::stdout().write_all(line.as_bytes()).and_then(|()| io::stdout().flush()),
            (true, Bounded::Stderr) => io::stderr().write_all(line.as_bytes()),
        };
        self.note(written);
    }

    fn note(&mut self, written: io::Result<()>) {
        if let Err(error) = written
            && error.kind() != io::ErrorKind::BrokenPipe
        {
            self.lost = Some(error);
        }
    }
}

/// The way to the syslog daemon: messages or, where it wants that, a stream of them (syslog-ng).
enum Logger {
    Datagrams(UnixDatagram),
    Stream(UnixStream),
}

impl Logger {
    /// Never waits for a logger that hangs: the line goes to stderr then.
    fn connect(path: &Path) -> io::Result<Logger> {
        let socket = UnixDatagram::unbound()?;
        socket.set_nonblocking(true)?;
        match socket.connect(path) {
            Err(error) if error.raw_os_error() == Some(libc::EPROTOTYPE) => {
                let stream = Socket::new(Domain::UNIX, Type::STREAM.nonblocking().cloexec(), None)?;
                stream.connect(&SockAddr::unix(path)?)?;
                Ok(Logger::Stream(stream.into()))
            }
            connected => connected.map(|()| Logger::Datagrams(socket)),
        }
    }

    fn send(&self, message: &str) -> io::Result<()> {
        match self {
            Logger::Datagrams(socket) => socket.send(message.as_bytes()).map(drop),
            // In a stream the end of a message has to be said (syslog(3)).
            Logger::Stream(stream) => {
                let mut stream = stream;
                stream.write_all(format!("{message}\0").as_bytes())
            }
        }
    }
}

#[cfg(test)]
mod logger_tests {
    use std::io::Read as _;
    use std::os::unix::net::UnixListener;

    use super::*;

    #[test]
    fn a_logger_that_wants_a_stream_gets_one() {
        let folder = tempfile::tempdir().unwrap();
        let (messages, stream) = (folder.path().join("messages"), folder.path().join("stream"));
        let datagrams = UnixDatagram::bind(&messages).unwrap();
        Logger::connect(&messages).unwrap().send("one").unwrap();
        let mut buffer = [0; 16];
        assert_eq!(datagrams.recv(&mut buffer).unwrap(), 3);
        let listener = UnixListener::bind(&stream).unwrap();
        let logger = Logger::connect(&stream).unwrap();
        logger.send("one").unwrap();
        logger.send("two").unwrap();
        drop(logger);
        let mut text = String::new();
        listener.accept().unwrap().0.read_to_string(&mut text).unwrap();
        assert_eq!(text, "one\0two\0");
        assert!(Logger::connect(&folder.path().join("nothing")).is_err());
    }
}
