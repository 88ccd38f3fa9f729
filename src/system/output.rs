//! Where the lines go: the two streams and syslog.

use std::io::{self, Write};

use chrono::{DateTime, FixedOffset, Local};
use syslog::{Facility, Formatter3164, Logger, LoggerBackend};

use crate::report::{Channel, Line, Priority, log_prefix};
use crate::time::Time;

/// The zone that TZ or /etc/localtime names.
pub fn local_zone(at: Time) -> DateTime<FixedOffset> {
    let (seconds, nanos) = at.to_unix();
    DateTime::from_timestamp(seconds, nanos).unwrap_or_default().with_timezone(&Local).fixed_offset()
}

/// The way out for the lines of a run.
pub struct LineWriter {
    program: String,
    pid: u32,
    /// Standard output is for something else.
    stderr_only: bool,
    syslog: Option<Logger<LoggerBackend, Formatter3164>>,
}

impl LineWriter {
    /// For a program of this name; with `syslog` the log goes there, and to the streams if nobody takes it.
    pub fn new(program: &str, syslog: bool) -> LineWriter {
        let pid = std::process::id();
        let formatter =
            Formatter3164 { facility: Facility::LOG_DAEMON, hostname: None, process: program.to_owned(), pid };
        let mut writer = LineWriter { program: program.to_owned(), pid, stderr_only: false, syslog: None };
        if syslog {
            match syslog::unix(formatter) {
                Ok(logger) => writer.syslog = Some(logger),
                Err(_) => writer.to_stderr("rntpdate: syslog cannot be reached at /dev/log, logging to stderr"),
            }
        }
        writer
    }

    /// Keeps standard output free, for a JSON object alone.
    pub fn stderr_only(mut self, stderr_only: bool) -> LineWriter {
        self.stderr_only = stderr_only;
        self
    }

    /// Writes them all. A stream that nobody reads any more is no error.
    pub fn write(&mut self, lines: &[Line]) {
        let mut stdout = io::stdout().lock();
        for line in lines {
            let to_stdout = match line.channel {
                Channel::Stdout => true,
                Channel::Stderr => false,
                Channel::Log(priority) if self.logged(priority, &line.text) => continue,
                Channel::Log(priority) => matches!(priority, Priority::Notice | Priority::Info),
            };
            let prefix = match line.channel {
                Channel::Log(_) => log_prefix(line.at, &self.program, self.pid, &local_zone),
                _ => String::new(),
            };
            if to_stdout && !self.stderr_only {
                let _ = writeln!(stdout, "{prefix}{}", line.text);
            } else {
                // What was said before on the other stream comes first, should both lead to one place.
                let _ = stdout.flush();
                self.to_stderr(&format!("{prefix}{}", line.text));
            }
        }
        let _ = stdout.flush();
    }

    fn to_stderr(&self, text: &str) {
        let _ = writeln!(io::stderr(), "{text}");
    }

    fn logged(&mut self, priority: Priority, text: &str) -> bool {
        let Some(logger) = &mut self.syslog else { return false };
        match priority {
            Priority::Error => logger.err(text),
            Priority::Warning => logger.warning(text),
            Priority::Notice => logger.notice(text),
            Priority::Info => logger.info(text),
        }
        .is_ok()
    }
}
