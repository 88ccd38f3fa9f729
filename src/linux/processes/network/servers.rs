//! The servers behind the process with the sockets: an exchange with them, and questions about their certificates.

use std::time::{Duration, Instant};

use super::distant::DistantDialogue;
use super::process::{CHECKING, GRACE, NetworkProcess};
use crate::exchange::{Mirror, Order, Pace, Report};
use crate::machine::{Dialogue, DialogueError, Servers};
use crate::nts::KeyFailure;
use crate::time::{Reading, Time};

impl Servers for &NetworkProcess {
    fn dismiss(&mut self) {
        NetworkProcess::dismiss(self);
    }

    fn begin(&mut self, pace: &Pace, deadline: Duration, now: &Reading) -> Box<dyn Dialogue + '_> {
        self.checking.set(CHECKING);
        let begun = self.say(&Order::Begin { pace: pace.clone(), deadline });
        Box::new(DistantDialogue::new(self, Mirror::new(pace.clone(), now.raw), deadline, begun.err()))
    }

    fn check_chains(&mut self, questions: &[(usize, Time)]) -> Result<Vec<Result<(), KeyFailure>>, DialogueError> {
        if questions.is_empty() {
            return Ok(Vec::new());
        }
        let begun = Instant::now();
        self.say(&Order::CheckChains(questions.to_vec()))?;
        let report = self.hear_past_exchanges(begun + GRACE.min(self.checking.get()))?;
        self.checking.set(self.checking.get().saturating_sub(begun.elapsed()));
        match report {
            Report::Checked(answers) if answers.len() == questions.len() => {
                Ok(answers.into_iter().map(|answer| answer.map_err(KeyFailure::bounded)).collect())
            }
            _ => Err(self.break_off("it says something else than it was asked")),
        }
    }
}
