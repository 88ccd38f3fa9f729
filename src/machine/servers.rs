//! The exchange with the servers of a run, in this process or in another one.

use std::net::SocketAddr;
use std::os::fd::BorrowedFd;
use std::time::Duration;

use thiserror::Error;

use super::Clock;
use crate::exchange::{Contact, Pace, Standings, Trace, WithNts};
use crate::nts::{Established, KeyFailure, KeyOrder};
use crate::time::{Reading, Time};
use crate::wire::KeyId;

/// The way to servers.
pub trait Servers {
    /// Begins an exchange with nobody yet. Nothing is due after `deadline`, a raw monotonic time.
    fn begin(&mut self, pace: &Pace, deadline: Duration, now: &Reading) -> Box<dyn Dialogue + '_>;

    /// Whether the chains of certificates of earlier key exchanges, by their numbers, are valid at these times.
    fn check_chains(&mut self, questions: &[(usize, Time)]) -> Result<Vec<Result<(), KeyFailure>>, DialogueError>;

    /// Lets go whoever reads packets, where that is another process: no exchange begins from here on.
    fn dismiss(&mut self);
}

/// What a dialogue comes to when it has done what is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Progressed {
    /// Something was sent, or has come that is to be taken in, and more may be due.
    Sent,
    /// No event is due before this raw monotonic time.
    Waits(Duration),
    /// The exchange is over.
    Done,
    /// The exchange has broken down, and no more will be heard; the end says why.
    Broken,
}

/// Why what the servers said is not known.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[error("{0}")]
pub struct DialogueError(pub String);

/// One exchange with all servers of a run.
pub trait Dialogue {
    /// What is known of the servers so far.
    fn standings(&self) -> &dyn Standings;

    /// Asks one more server from now on, which takes the next place, from 0. With a key it has to prove that it knows it.
    fn ask(&mut self, server: SocketAddr, key: Option<KeyId>, now: Duration);

    /// Asks one more server from now on, which has to prove itself by the keys of a key exchange.
    fn ask_with_nts(&mut self, server: SocketAddr, with: WithNts, now: Duration);

    /// Goes on with the server in this place by what a new key exchange has led to.
    fn renew(&mut self, server: usize, with: WithNts, now: Duration);

    /// Begins a key exchange. Fails where not even that can be.
    fn exchange_keys(&mut self, order: KeyOrder, now: Duration) -> Result<(), KeyFailure>;

    /// What has come of key exchanges since the last call.
    fn established(&mut self) -> Vec<Established>;

    /// Does one thing that is due at the raw monotonic time `now`.
    fn proceed(&mut self, clock: &dyn Clock, now: Duration) -> Progressed;

    /// From now on [`wait`](Self::wait) returns when this can be read from.
    fn watch(&mut self, other: BorrowedFd<'_>);

    /// Watches it no more.
    fn unwatch(&mut self, other: BorrowedFd<'_>);

    /// Waits for something to happen, at most so long, and takes it in.
    fn wait(&mut self, clock: &dyn Clock, timeout: Duration);

    /// Asks servers once more, of whom all is said and whose newest sample was taken before the raw monotonic time `before`.
    /// Says whether there are any.
    fn refresh(&mut self, before: Duration, clock: &dyn Clock) -> bool;

    /// The result, per server in the order of asking, without what was measured before this machine's clock was moved.
    fn finish(self: Box<Self>, clock: &dyn Clock) -> Result<(Vec<Contact>, Trace), DialogueError>;
}
