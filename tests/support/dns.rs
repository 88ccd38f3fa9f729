//! A name server that knows one address for every name, and answers in the way that the name's first part says: `noaaaa` drops
//! questions for IPv6, `late` answers after a second, `silent` never; `servfail` and `refused` are answered with that.

use std::net::{Ipv4Addr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use super::netns::Netns;

/// Serves until it is dropped.
#[derive(Debug)]
pub(crate) struct NameServer {
    wanted: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl NameServer {
    /// On port 53 of the namespace's 127.0.0.1.
    pub(crate) fn start(network: &Netns, address: Ipv4Addr) -> Self {
        let socket = network.udp((Ipv4Addr::LOCALHOST, 53).into());
        socket.set_read_timeout(Some(Duration::from_millis(20))).expect("a time-out");
        let wanted = Arc::new(AtomicBool::new(true));
        let still = Arc::clone(&wanted);
        let thread = std::thread::spawn(move || {
            while still.load(Ordering::Relaxed) {
                answer(&socket, address);
            }
        });
        Self { wanted, thread: Some(thread) }
    }
}

impl Drop for NameServer {
    fn drop(&mut self) {
        self.wanted.store(false, Ordering::Relaxed);
        let _ = self.thread.take().map(JoinHandle::join);
    }
}

/// One question (RFC 1035 §4): an address for A, none for anything else.
fn answer(socket: &UdpSocket, address: Ipv4Addr) {
    let mut packet = [0; 512];
    let Ok((size, client)) = socket.recv_from(&mut packet) else { return };
    let Some(name) = packet[12..size].iter().position(|byte| *byte == 0) else { return };
    let end = 12 + name + 5;
    let is_a = packet[end - 4..end] == [0, 1, 0, 1];
    let first = String::from_utf8_lossy(&packet[13..13 + usize::from(packet[12])]).into_owned();
    let code = match first.as_str() {
        "silent" => return,
        "noaaaa" if !is_a => return,
        "servfail" => 2,
        "refused" => 5,
        _ => 0,
    };
    let is_given = is_a && code == 0;
    let mut reply = packet[..end].to_vec();
    // A response, recursion available, one question, and the number of answers.
    reply[2..12].copy_from_slice(&[0x81, 0x80 | code, 0, 1, 0, u8::from(is_given), 0, 0, 0, 0]);
    if is_given {
        reply.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4]);
        reply.extend(address.octets());
    }
    if first != "late" {
        let _ = socket.send_to(&reply, client);
        return;
    }
    let socket = socket.try_clone().expect("a socket");
    std::thread::spawn(move || {
        std::thread::sleep(Duration::from_secs(1));
        let _ = socket.send_to(&reply, client);
    });
}
