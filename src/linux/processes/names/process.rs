//! The helper that looks up names, seen from the run: questions, answers, and its end.

use std::cell::{Cell, OnceCell};
use std::io;
use std::time::{Duration, Instant};

use super::messages::{Answer, Found, Question, What};
use crate::linux::processes::channel::{is_readable, receive, send};
use crate::linux::processes::child::Child;
use crate::net::ResolveError;

/// The helper keeps to the time itself; so much later it is not waited for any more.
const GRACE: Duration = Duration::from_millis(500);

/// The way to it.
#[derive(Debug)]
pub(in crate::linux::processes) struct Names {
    pub(in crate::linux::processes) child: Child,
    asked: Cell<u32>,
    /// Why it is of no use any more.
    ended: OnceCell<String>,
}

impl Names {
    pub(in crate::linux::processes) fn new(child: Child) -> Names {
        Names { child, asked: Cell::new(0), ended: OnceCell::new() }
    }

    /// Sends a question; its number.
    pub(super) fn ask(&self, what: What, from: usize, timeout: Duration) -> Result<u32, ResolveError> {
        if let Some(why) = self.ended.get() {
            return Err(ResolveError::Ended(why.clone()));
        }
        let number = self.asked.replace(self.asked.get().wrapping_add(1));
        let end = Instant::now() + GRACE;
        let sent = self.child.stream();
        let sent = sent.and_then(|stream| send(stream, &Question { number, timeout, what, from }, Some(end)));
        sent.map_err(|error| self.end(&error))?;
        Ok(number)
    }

    /// The answer to a question that is answered all at once.
    pub(super) fn wait_for(&self, what: What, timeout: Duration) -> Option<Found> {
        let end = Instant::now() + timeout + GRACE;
        let number = self.ask(what, 0, timeout).ok()?;
        loop {
            match self.next(end) {
                Ok(Some(answer)) if answer.number == number => return Some(answer.found),
                // Late, to a question before.
                Ok(Some(_)) => {}
                _ => return None,
            }
        }
    }

    /// Ends the conversation with the helper: whatever comes from there now, it cannot be told what it belongs to.
    pub(super) fn end(&self, error: &io::Error) -> ResolveError {
        ResolveError::Ended(self.ended.get_or_init(|| of_no_use(error)).clone())
    }

    /// The next answer, whatever it is to; nothing where none comes until `end`.
    pub(super) fn next(&self, end: Instant) -> Result<Option<Answer>, ResolveError> {
        if let Some(why) = self.ended.get() {
            return Err(ResolveError::Ended(why.clone()));
        }
        let stream = self.child.stream().map_err(|error| self.end(&error))?;
        if !is_readable(stream, end) {
            return Ok(None);
        }
        // From here on a message is there, or its beginning.
        let received = receive::<Answer>(stream, Some(Instant::now() + GRACE));
        let answer = received.and_then(|answer| answer.ok_or_else(|| io::ErrorKind::UnexpectedEof.into()));
        answer.map(Some).map_err(|error| self.end(&error))
    }
}

fn of_no_use(error: &io::Error) -> String {
    use io::ErrorKind::{BrokenPipe, ConnectionReset, UnexpectedEof};
    match error.kind() {
        BrokenPipe | ConnectionReset | UnexpectedEof => "the process that looks up names has ended".to_owned(),
        _ => format!("the process that looks up names cannot be used any more: {error}"),
    }
}
