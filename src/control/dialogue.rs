//! The questions to one server and its answers, in order. The caller sends, waits and receives.

use std::collections::VecDeque;

use thiserror::Error;

use super::{PeerRow, ServerView};
use crate::time::Interval;
use crate::wire::{
    Assembly, ControlAnswer, ControlError, ControlRequest, NtpTimestamp, Opcode, Refusal, Variables, parse_associations,
};

/// The most sources that are asked for; ntpd itself keeps some ten.
const MAX_PEERS: usize = 64;

/// Why there is no view, or not all of it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum NoView {
    /// The server does not answer such questions at all: chrony, or ntpd with `noquery`.
    #[error("no answer to questions about itself (noquery, or a server that has no such answers, as chrony)")]
    Silent,
    /// The server answers with an error.
    #[error("no answer to questions about itself: {0}")]
    Refused(Refusal),
    /// A part of an answer got lost.
    #[error("a part of its answer got lost")]
    Incomplete,
    /// An answer that cannot be right.
    #[error("its answer is damaged: {0}")]
    Damaged(ControlError),
    /// The kernel reports that packets do not get through; its words.
    #[error("no answer to questions about itself: {0}")]
    Fault(String),
}

/// What a datagram has brought.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// The answer is not complete.
    Wait,
    /// The datagram is an answer, and there is another question to send.
    Ask,
    /// The conversation is over.
    Done,
}

/// The state of the conversation.
#[derive(Debug)]
pub struct Dialogue {
    view: ServerView,
    question: ControlRequest,
    assembly: Assembly,
    /// When the server was asked for its clock; any monotonic time.
    clock_read: Option<Interval>,
    /// The associations that are still to be asked for.
    left: VecDeque<u16>,
}

impl Dialogue {
    /// Starts with the system's variables; `sequence`, any number, is the first question's.
    pub fn new(sequence: u16) -> Dialogue {
        let question = ControlRequest { opcode: Opcode::ReadVariables, sequence, association: 0 };
        Dialogue {
            view: ServerView::default(),
            question,
            assembly: Assembly::new(question),
            clock_read: None,
            left: VecDeque::new(),
        }
    }

    /// The question to send, or to send again.
    pub fn question(&self) -> ControlRequest {
        self.question
    }

    /// Takes in a datagram at `now`, a monotonic time.
    pub fn take(&mut self, datagram: &[u8], now: Interval) -> Result<Step, NoView> {
        let answer = match self.assembly.add(datagram) {
            Ok(None) | Err(ControlError::Unrelated) => return Ok(Step::Wait),
            Ok(Some(answer)) => answer,
            // A source may go away between the list and the question.
            Err(ControlError::Refused(Refusal::Association)) if self.question.association != 0 => {
                return Ok(self.next());
            }
            Err(ControlError::Refused(refusal)) => return Err(NoView::Refused(refusal)),
            Err(error) => return Err(NoView::Damaged(error)),
        };
        self.understand(&answer, now);
        Ok(self.next())
    }

    fn understand(&mut self, answer: &ControlAnswer, now: Interval) {
        match self.question {
            ControlRequest { opcode: Opcode::ReadVariables, association: 0, .. } => {
                self.view = ServerView::from_variables(&Variables::parse(&answer.data));
                self.clock_read = Some(now);
            }
            ControlRequest { opcode: Opcode::ReadStatus, .. } => {
                let listed = parse_associations(&answer.data);
                self.left = listed.into_iter().map(|(association, _)| association).take(MAX_PEERS).collect();
            }
            ControlRequest { association, .. } => {
                let clock = self.clock(now);
                let variables = Variables::parse(&answer.data);
                self.view.peers.push(PeerRow::new(association, answer.status, &variables, clock));
            }
        }
    }

    /// The server's clock now.
    fn clock(&self, now: Interval) -> NtpTimestamp {
        let passed = self.clock_read.map_or(Interval::ZERO, |read| now - read);
        match self.view.clock.to_bits() {
            0 => NtpTimestamp::ZERO,
            bits => NtpTimestamp::from_bits(bits.wrapping_add(passed.units() as u64)),
        }
    }

    fn next(&mut self) -> Step {
        let (opcode, association) = match self.question {
            ControlRequest { opcode: Opcode::ReadVariables, association: 0, .. } => (Opcode::ReadStatus, 0),
            _ => match self.left.pop_front() {
                Some(association) => (Opcode::ReadVariables, association),
                None => return Step::Done,
            },
        };
        self.question = ControlRequest { opcode, sequence: self.question.sequence.wrapping_add(1), association };
        self.assembly = Assembly::new(self.question);
        Step::Ask
    }

    /// Whether the server has said anything at all.
    pub fn is_answered(&self) -> bool {
        self.clock_read.is_some() || self.assembly.is_begun()
    }

    /// The end for want of an answer.
    pub fn give_up(&self) -> NoView {
        if self.is_answered() { NoView::Incomplete } else { NoView::Silent }
    }

    /// What is known now.
    pub fn into_view(self) -> ServerView {
        self.view
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(question: ControlRequest, status: u16, data: &[u8]) -> Vec<u8> {
        let mut bytes = question.to_bytes().to_vec();
        bytes[1] |= 0x80;
        bytes[4..6].copy_from_slice(&status.to_be_bytes());
        bytes[10..12].copy_from_slice(&(data.len() as u16).to_be_bytes());
        bytes.extend_from_slice(data);
        bytes
    }

    fn error(question: ControlRequest, code: u8) -> Vec<u8> {
        let mut bytes = answer(question, u16::from(code) << 8, b"");
        bytes[1] |= 0x40;
        bytes
    }

    const SYSTEM: &[u8] = b"version=\"ntpd x\", leap=3, stratum=16, refid=INIT, peer=7, clock=0xeeae2578.00000000";

    #[test]
    fn asks_for_the_system_then_the_list_then_each_peer() {
        let mut dialogue = Dialogue::new(u16::MAX);
        let second = Interval::from_secs(1);
        assert_eq!(dialogue.give_up(), NoView::Silent);
        assert_eq!(dialogue.take(&answer(dialogue.question(), 0, SYSTEM), second), Ok(Step::Ask));
        assert_eq!(dialogue.question(), ControlRequest { opcode: Opcode::ReadStatus, sequence: 0, association: 0 });
        let list = [0, 7, 0x96, 0x1a, 0, 9, 0x80, 0x11];
        assert_eq!(dialogue.take(&answer(dialogue.question(), 0, &list), second), Ok(Step::Ask));
        assert_eq!(dialogue.take(b"rubbish", second), Err(NoView::Damaged(ControlError::Truncated(7))));
        let peer = b"srcadr=192.0.2.1, hmode=3, rec=0xeeae2570.00000000, hpoll=6, ppoll=10, reach=0x3, stratum=2";
        assert_eq!(dialogue.take(&answer(dialogue.question(), 0x961a, peer), second * 3), Ok(Step::Ask));
        assert_eq!(dialogue.give_up(), NoView::Incomplete);
        assert_eq!(dialogue.take(&error(dialogue.question(), 4), second * 3), Ok(Step::Done), "it went away");
        let view = dialogue.into_view();
        assert_eq!((view.stratum, view.leap, view.peers.len()), (Some(16), Some(3), 1));
        let followed = view.followed().unwrap();
        assert_eq!((followed.tally, followed.when, followed.poll, followed.reach), ('*', 10, 64, 3));
        assert_eq!(view.ready_in().map(|(_, wait)| wait), Some(Interval::from_secs(3 * 64)));
    }

    #[test]
    fn a_refusal_ends_it() {
        let mut dialogue = Dialogue::new(1);
        let refusal = dialogue.take(&error(dialogue.question(), 7), Interval::ZERO);
        assert_eq!(refusal, Err(NoView::Refused(Refusal::Prohibited)));
    }

    #[test]
    fn late_answers_to_earlier_questions_are_passed_over() {
        let mut dialogue = Dialogue::new(1);
        let system = answer(dialogue.question(), 0, SYSTEM);
        assert_eq!(dialogue.take(&system, Interval::ZERO), Ok(Step::Ask));
        assert_eq!(dialogue.take(&system, Interval::ZERO), Ok(Step::Wait));
    }
}
