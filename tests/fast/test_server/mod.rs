//! The test server's own test: what each behaviour does, seen by a raw client, so that the misbehaviour other tests
//! rely on really happens.

mod delivery;
mod packets;
mod timing;

use crate::support::ntpserver::{
    Behaviour, MICROSECOND, MILLISECOND, Nanos, SECOND, Server, Version, YEAR, closed_port, ntp_bytes, unix_now,
};
use std::io::ErrorKind;
use std::net::{SocketAddr, UdpSocket};
use std::ops::Range;
use std::time::{Duration, Instant};

const REFERENCE: Range<usize> = 16..24;
const ORIGIN: Range<usize> = 24..32;
const RECEIVE: Range<usize> = 32..40;
const TRANSMIT: Range<usize> = 40..48;
const ZERO: [u8; 8] = [0; 8];

/// Long enough for a loaded machine when a datagram must come, short where none may come.
const PATIENCE: Duration = Duration::from_secs(5);
const SILENCE: Duration = Duration::from_millis(60);

/// A client that looks at nothing and takes every datagram, from wherever.
struct Client {
    socket: UdpSocket,
    server: SocketAddr,
    sent: u8,
}

impl Client {
    fn new(server: &Server) -> Self {
        let ip = if server.addr().is_ipv4() { "127.0.0.1:0" } else { "[::1]:0" };
        Self { socket: UdpSocket::bind(ip).expect("bind"), server: server.addr(), sent: 0 }
    }

    /// The transmit timestamp of the n-th request.
    fn nonce(n: u8) -> [u8; 8] {
        [n, 0x11, 0x22, 0x33, 0x44, 0x55, 0x66, n]
    }

    fn send(&mut self) {
        self.sent += 1;
        let mut request = [0; 48];
        request[0] = 0x23;
        request[2] = 9;
        request[TRANSMIT].copy_from_slice(&Self::nonce(self.sent));
        self.socket.send_to(&request, self.server).expect("send");
    }

    fn receive_from(&self, limit: Duration) -> Option<(Vec<u8>, SocketAddr)> {
        self.socket.set_read_timeout(Some(limit)).expect("time-out");
        let mut buffer = vec![0; 4096];
        match self.socket.recv_from(&mut buffer) {
            Ok((length, from)) => Some((buffer[..length].to_vec(), from)),
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => None,
            Err(error) => panic!("receive: {error}"),
        }
    }

    fn receive(&self) -> Vec<u8> {
        self.receive_from(PATIENCE).expect("a reply in time").0
    }

    fn ask(&mut self) -> Vec<u8> {
        self.send();
        self.receive()
    }

    fn silent(&self) -> bool {
        self.receive_from(SILENCE).is_none()
    }
}

/// The one reply to the one request of a client.
fn ask(server: &Server) -> Vec<u8> {
    Client::new(server).ask()
}

fn with(behaviour: Behaviour) -> Vec<u8> {
    ask(&Server::builder().behave(behaviour).start())
}

fn fixed(bytes: &[u8]) -> u64 {
    u64::from_be_bytes(bytes.try_into().expect("8 bytes"))
}

/// `a` − `b` of two wire timestamps less than 68 years apart.
fn between(a: &[u8], b: &[u8]) -> Nanos {
    let difference = fixed(a).wrapping_sub(fixed(b)).cast_signed();
    (Nanos::from(difference) * SECOND) >> 32
}

/// Offset and delay by RFC 5905 §8, against this machine's clock.
fn measure(client: &mut Client) -> (Nanos, Nanos) {
    let t1 = ntp_bytes(unix_now());
    let reply = client.ask();
    let t4 = ntp_bytes(unix_now());
    let there = between(&reply[RECEIVE], &t1);
    let back = between(&reply[TRANSMIT], &t4);
    ((there + back) / 2, there - back)
}
