//! Key exchanges as a run uses them.

use std::os::fd::BorrowedFd;
use std::time::Duration;

use socket2::Socket;

use crate::nts::{Established, KeyFailure, KeyOrder};
use crate::time::Time;

/// Key exchanges with servers (RFC 8915 §4), all at once.
pub trait KeyExchanges {
    /// Begins one over this socket, whose connection has been begun and which does not block.
    fn begin(&mut self, order: KeyOrder, socket: Socket, now: Duration);

    /// What can be read from when there is something to do.
    fn descriptor(&self) -> Option<BorrowedFd<'_>>;

    /// When the next of them is over its time, a raw monotonic time.
    fn due(&self) -> Option<Duration>;

    /// Reads and writes what can be, and gives up what is over its time at the raw monotonic time `now`. Gives what has come to its
    /// end since the last call.
    fn proceed(&mut self, now: Duration) -> Vec<Established>;

    /// Whether the chain of certificates that the exchange with this number was made with is valid at this time.
    fn check(&mut self, number: usize, at: Time) -> Result<(), KeyFailure>;
}
