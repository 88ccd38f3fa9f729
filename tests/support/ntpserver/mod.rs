//! One NTP server for tests, in this process, on a real UDP socket, with every misbehaviour a client has to survive.
//!
//! It packs its replies byte by byte by RFC 5905 §7.3 and shares no code with the crate, so that a mistake in the
//! crate's encoding cannot be undone by the same mistake here.
//!
//! ```ignore
//! let server = Server::builder().offset(250 * MILLISECOND).nth(3, Behaviour::Silent).start();
//! // … point a client at server.addr() …
//! assert_eq!(server.requests().len(), 4);
//! ```
//!
//! Times are `i128` nanoseconds: absolute ones since 1970-01-01 UTC, and an offset is positive when the server is
//! ahead of this machine (the sign an NTP client reports).

// Each test binary that includes this module uses another part of it.
#![allow(dead_code, unreachable_pub, unused_imports)]

mod behaviour;
mod builder;
mod engine;
mod packet;
mod plan;
mod profile;
mod receive;
mod time;

use std::io::Write as _;
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex, MutexGuard};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

pub use behaviour::{Behaviour, Edit, When};
pub use builder::{Builder, bind};
pub use profile::{Reference, Version};
pub use time::{DAY, MICROSECOND, MILLISECOND, Nanos, SECOND, YEAR, ntp_bytes, unix_now};

/// A request as it arrived.
#[derive(Clone, Debug)]
pub struct ReceivedRequest {
    /// The whole datagram (at most 2048 bytes of it).
    pub bytes: Vec<u8>,
    /// The address of its sender.
    pub from: SocketAddr,
    /// When the server read it.
    pub at: Instant,
    /// The kernel's receive timestamp (this machine's clock, no offset added).
    pub received: Nanos,
}

/// A datagram the server sent.
#[derive(Clone, Debug)]
pub struct SentReply {
    /// The whole datagram.
    pub bytes: Vec<u8>,
    /// To whom it went.
    pub to: SocketAddr,
    /// When it was handed to the kernel.
    pub at: Instant,
}

/// What the server's thread and its handle share.
#[derive(Default)]
struct Shared {
    requests: Mutex<Vec<ReceivedRequest>>,
    replies: Mutex<Vec<SentReply>>,
    offset: Mutex<Nanos>,
}

/// A panic in another test thread must not hide this test's own result.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(std::sync::PoisonError::into_inner)
}

/// A running server; it stops, and its thread is joined, when this is dropped.
pub struct Server {
    addr: SocketAddr,
    socket: UdpSocket,
    shared: Arc<Shared>,
    wake: UnixStream,
    thread: Option<JoinHandle<()>>,
}

impl Server {
    /// A well-behaved stratum 2 server at 127.0.0.1 and a port of the kernel's choice; change it from there.
    pub fn builder() -> Builder {
        Builder::default()
    }

    /// The well-behaved server itself, `offset` ahead of this machine.
    pub fn good(offset: Nanos) -> Server {
        Server::builder().offset(offset).start()
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The server's UDP port.
    pub fn port(&self) -> u16 {
        self.addr.port()
    }

    /// The server's own socket once more: what is sent through it comes from the server's address and port.
    pub fn socket(&self) -> UdpSocket {
        self.socket.try_clone().expect("a handle to the server's socket")
    }

    /// Every datagram received so far, in order of arrival, those it does not answer included.
    pub fn requests(&self) -> Vec<ReceivedRequest> {
        lock(&self.shared.requests).clone()
    }

    /// Every datagram sent so far.
    pub fn replies(&self) -> Vec<SentReply> {
        lock(&self.shared.replies).clone()
    }

    /// Waits until `count` requests have arrived; false when `limit` passes first.
    pub fn wait_for_requests(&self, count: usize, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        while lock(&self.shared.requests).len() < count {
            if Instant::now() >= deadline {
                return false;
            }
            std::thread::sleep(Duration::from_millis(2));
        }
        true
    }

    /// Moves the server's clock while it runs: how far it is ahead of this machine from now on.
    pub fn set_offset(&self, offset: Nanos) {
        *lock(&self.shared.offset) = offset;
    }

    /// Sends `count` plausible replies nobody asked for to `to` (for instance before its first request).
    pub fn send_unsolicited(&self, to: SocketAddr, count: u64) {
        let mut replies = lock(&self.shared.replies);
        for n in 0..count {
            let bytes = packet::unsolicited(unix_now() + *lock(&self.shared.offset), n);
            self.socket.send_to(&bytes, to).expect("send an unsolicited reply");
            replies.push(SentReply { bytes, to, at: Instant::now() });
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let asked = self.wake.write_all(b"x").is_ok();
        let ended = self.thread.take().is_none_or(|thread| asked && thread.join().is_ok());
        if !std::thread::panicking() {
            assert!(ended, "the NTP server's thread ended with a panic");
        }
    }
}

/// An address at which nothing listens: a request to it is refused at once (ICMP port unreachable).
pub fn closed_port(ip: IpAddr) -> SocketAddr {
    let socket = UdpSocket::bind((ip, 0)).expect("bind a port to close it");
    socket.local_addr().expect("the port's number")
}
