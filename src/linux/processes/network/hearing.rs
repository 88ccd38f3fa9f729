//! What the process with the sockets says, and how long its silence is borne.

use std::io::ErrorKind;
use std::time::{Duration, Instant};

use super::distant::{Awaited, DistantDialogue};
use super::process::GRACE;
use crate::exchange::{Order, Report};
use crate::linux::processes::channel::is_readable;
use crate::machine::{Clock, DialogueError};
use crate::nts::{Established, KeyFailure, NewAssociation};

/// After so much silence it is asked whether it is still there.
const SILENCE: Duration = Duration::from_secs(1);
/// What one wait adds to the silence at the most: a run that was stopped has not waited.
pub(super) const SLICE: Duration = Duration::from_millis(500);
/// Messages that may take longer than a slice to come: an honest process sends each at once, but may be stopped meanwhile.
const MOST_SLOW: usize = 3;

impl DistantDialogue<'_> {
    /// Takes in what is there, for a slice of time at the most: what goes on talking has no more say than what is silent.
    pub(super) fn drain(&mut self, clock: &dyn Clock) {
        let begun = Instant::now();
        while self.broken.is_none() && begun.elapsed() < SLICE && self.can_hear(Instant::now()) {
            let heard = self.hear().and_then(|report| self.take_in(report, clock));
            self.note(heard);
        }
    }

    /// The next message. What comes byte by byte would else keep the run beyond its deadline.
    fn hear(&mut self) -> Result<Report, DialogueError> {
        let begun = Instant::now();
        let report = self.process.hear()?;
        self.slow += usize::from(begun.elapsed() > SLICE);
        if self.slow > MOST_SLOW { Err(self.process.break_off("it takes its time")) } else { Ok(report) }
    }

    fn can_hear(&self, end: Instant) -> bool {
        // An end that cannot be waited for shows when it is read.
        self.process.child.stream().map_or(true, |stream| is_readable(stream, end))
    }

    fn take_in(&mut self, report: Report, clock: &dyn Clock) -> Result<(), DialogueError> {
        let taken = match (report, &self.awaited) {
            (Report::News(news), _) => self.mirror.take(news, &clock.now()).map_err(|why| self.process.break_off(why)),
            (Report::Established(established), _) => self.take_established(established),
            (Report::Here, Awaited::Answer) | (Report::Refreshed, Awaited::Refreshed) => {
                self.awaited = Awaited::Nothing;
                Ok(())
            }
            (Report::Finished(contacts), Awaited::Finished) => {
                self.awaited = Awaited::Contacts(contacts);
                Ok(())
            }
            _ => Err(self.process.break_off("it answers what it was not asked")),
        };
        if matches!(self.awaited, Awaited::Nothing) {
            self.silent = Duration::ZERO;
        }
        taken
    }

    /// Takes in what came of key exchanges: of those that were begun, each once, and nothing that cannot come of one.
    fn take_established(&mut self, established: Vec<Established>) -> Result<(), DialogueError> {
        for Established { number, result } in established {
            let result = result.map_err(KeyFailure::bounded);
            let is_sound = result.as_ref().map_or(true, NewAssociation::is_sound);
            if !self.process.exchanges.borrow_mut().remove(&number) || !is_sound {
                return Err(self.process.break_off("it tells of a key exchange that cannot have been"));
            }
            // Nobody waits any more for one of an earlier measurement.
            if self.exchanges.remove(&number) {
                self.established.push(Established { number, result });
            }
        }
        Ok(())
    }

    /// Waits until it is there what is awaited, and not for long.
    pub(super) fn wait_for_answer(&mut self, clock: &dyn Clock) {
        while self.broken.is_none() && !matches!(self.awaited, Awaited::Nothing | Awaited::Contacts(_)) {
            let begun = Instant::now();
            self.can_hear(begun + SLICE);
            self.drain(clock);
            self.count_silence(begun.elapsed());
        }
    }

    pub(super) fn count_silence(&mut self, waited: Duration) {
        let is_over = matches!(self.awaited, Awaited::Nothing | Awaited::Contacts(_));
        self.silent += waited.min(SLICE);
        if !is_over && self.silent >= GRACE && self.broken.is_none() {
            let error = self.process.end(&ErrorKind::TimedOut.into());
            self.broken = Some(error);
        }
    }

    /// Asks whether it is still there, after a silence; what is asked already is to be answered first.
    pub(super) fn check_on_it(&mut self) {
        if matches!(self.awaited, Awaited::Nothing) && self.silent >= SILENCE {
            (self.awaited, self.silent) = (Awaited::Answer, Duration::ZERO);
            self.say(&Order::Answer);
        }
    }
}
