//! Datagram sockets as a run uses them.

use std::net::SocketAddr;
use std::os::fd::BorrowedFd;
use std::time::Duration;

use crate::net::{Event, Fault, SocketIndex};

/// Connected datagram sockets and one wait for all of them.
pub trait Network {
    /// Opens a socket that speaks to `server` alone, from an ephemeral port or the one asked for. Each call takes the next
    /// index, from 0, whether it succeeds or not.
    fn open(&mut self, server: SocketAddr, source_port: Option<u16>) -> Result<(), Fault>;

    /// Sends one datagram.
    fn send(&mut self, socket: SocketIndex, datagram: &[u8]) -> Result<(), Fault>;

    /// From now on [`wait`](Self::wait) returns when this can be read from, until it is closed.
    fn watch(&mut self, _other: BorrowedFd<'_>) {}

    /// Watches it no more.
    fn unwatch(&mut self, _other: BorrowedFd<'_>) {}

    /// Waits for something to happen, at most so long, and adds what happened to `events`. It may return early with nothing.
    fn wait(&mut self, timeout: Duration, events: &mut Vec<Event>);
}
