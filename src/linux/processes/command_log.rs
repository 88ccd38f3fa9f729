//! The process that puts what the user's command prints into syslog. It lives as long as anybody can print, which may be longer
//! than the run: a command that is left to itself loses no output, and is not ended by printing.

use std::io::{self, BufRead as _, BufReader, Read as _};
use std::process::Command;

use nix::unistd::dup2_stdin;

use super::child::Child;
use crate::line::{Channel, Line, Priority};
use crate::linux::SystemClock;
use crate::linux::sandbox::rights::close_inherited;
use crate::linux::term::LineWriter;
use crate::machine::Clock as _;

/// A longer line becomes several: syslog's messages have a limit, and so has memory.
const MAX_LINE: u64 = 1000;

/// The origin of lines in syslog: a program's name and process.
#[derive(Clone, Debug)]
pub struct Origin {
    /// What the program calls itself.
    pub program: String,
    /// The number of its process.
    pub pid: u32,
}

/// Lets both streams of a command that is still to be started lead to syslog. Fails where no process can be started.
pub(super) fn catch_output(command: &mut Command, origin: &Origin) -> io::Result<()> {
    let (reader, writer) = io::pipe()?;
    let child = Child::start(c"rntpdate-log", false, |stream, _| {
        drop(stream);
        // Its own copies of the pipe's other end, and of the line to the run, would keep both open for ever.
        if dup2_stdin(&reader).is_ok() {
            close_inherited();
            take_down(io::stdin().lock(), origin);
        }
    })?;
    // Nobody waits for its end.
    child.give_up();
    command.stdout(writer.try_clone()?).stderr(writer);
    Ok(())
}

fn take_down(input: impl io::Read, origin: &Origin) {
    let mut writer = LineWriter::new(&origin.program, true).for_process(origin.pid);
    let mut input = BufReader::new(input);
    let mut line = Vec::new();
    while input.by_ref().take(MAX_LINE).read_until(b'\n', &mut line).is_ok_and(|length| length > 0) {
        let text = String::from_utf8_lossy(&line).trim_end().to_owned();
        let at = SystemClock.now().real;
        if !text.is_empty() {
            writer.write(&[Line { channel: Channel::Log(Priority::Notice), at, text }]);
        }
        line.clear();
    }
}
