//! Asking a server about itself, over a socket of its own.

use std::io::ErrorKind;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::time::{Duration, Instant};

use crate::control::{Dialogue, NoView, ServerView, Step};
use crate::linux::random;
use crate::time::Interval;

/// The most servers that are asked in one run: each takes a thread while it is asked.
pub const MAX_ASKED: usize = 64;
/// Room for any fragment.
const DATAGRAM_MAX: usize = 2048;

/// A server's view of itself, asked from this address of the machine or from the kernel's choice. Its first answer has to come
/// within `timeout`; a server that has begun to answer may take `budget` for all of it, and is asked again for what got lost.
pub fn ask_about_itself(
    server: SocketAddr,
    source: Option<IpAddr>,
    timeout: Duration,
    budget: Duration,
) -> Result<ServerView, NoView> {
    let socket = connect(server, source).map_err(|error| NoView::Fault(error.to_string()))?;
    let sequence = random::u64().map_err(|error| NoView::Fault(error.to_string()))? as u16;
    let started = Instant::now();
    let mut dialogue = Dialogue::new(sequence);
    let mut asked = ask(&socket, &dialogue)?;
    let mut again = true;
    loop {
        let end = if dialogue.is_answered() { started + budget } else { started + timeout };
        match receive(&socket, end.min(asked + timeout))? {
            Some(datagram) => match dialogue.take(&datagram, Interval::from(started.elapsed()))? {
                Step::Wait => {}
                Step::Ask => {
                    asked = ask(&socket, &dialogue)?;
                    again = true;
                }
                Step::Done => return Ok(dialogue.into_view()),
            },
            None if dialogue.is_answered() && again && Instant::now() < end => {
                asked = ask(&socket, &dialogue)?;
                again = false;
            }
            None => return Err(dialogue.give_up()),
        }
    }
}

fn connect(server: SocketAddr, source: Option<IpAddr>) -> std::io::Result<UdpSocket> {
    let any: IpAddr = if server.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
    let socket = UdpSocket::bind((source.unwrap_or(any), 0))?;
    socket.connect(server)?;
    Ok(socket)
}

fn ask(socket: &UdpSocket, dialogue: &Dialogue) -> Result<Instant, NoView> {
    socket.send(&dialogue.question().to_bytes()).map_err(|error| NoView::Fault(error.to_string()))?;
    Ok(Instant::now())
}

/// The next datagram until `end`.
fn receive(socket: &UdpSocket, end: Instant) -> Result<Option<Vec<u8>>, NoView> {
    let left = end.saturating_duration_since(Instant::now());
    if left.is_zero() {
        return Ok(None);
    }
    let fault = |error: std::io::Error| NoView::Fault(error.to_string());
    socket.set_read_timeout(Some(left)).map_err(fault)?;
    let mut datagram = vec![0; DATAGRAM_MAX];
    match socket.recv(&mut datagram) {
        Ok(length) => {
            datagram.truncate(length);
            Ok(Some(datagram))
        }
        Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted) => {
            Ok(None)
        }
        Err(error) => Err(fault(error)),
    }
}
