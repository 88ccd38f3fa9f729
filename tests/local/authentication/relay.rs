//! Someone between rntpdate and a real server, who can change requests and replies.

use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use rntpdate::internals::wire::{HEADER_LEN, Key};

use crate::support::netns::Netns;

/// How soon the thread notices that it is to end.
const BREATH: Duration = Duration::from_millis(50);
/// How long the server may take, on a busy machine.
const PATIENCE: Duration = Duration::from_millis(500);

/// Passes packets on from an address in one network to the server at 127.0.0.1 in another, and back.
pub(crate) struct Relay {
    stop: Arc<AtomicBool>,
    replies: Arc<AtomicUsize>,
    thread: Option<JoinHandle<()>>,
}

impl Relay {
    /// `change` is done to each reply.
    pub(crate) fn start(
        network: &Netns,
        address: &str,
        behind: &Netns,
        change: impl Fn(&mut Vec<u8>) + Send + 'static,
    ) -> Self {
        Self::start_after(0, network, address, behind, change)
    }

    /// Requests get the code of this key in place of their own, so that the server takes them for good; its replies come
    /// through as they are.
    pub(crate) fn signing(key: Key, network: &Netns, address: &str, behind: &Netns) -> Self {
        let sign = move |request: &mut Vec<u8>| {
            request.truncate(HEADER_LEN);
            key.sign(request);
        };
        Self::run(0, network, address, behind, sign, |_| {})
    }

    /// The first so many replies get lost.
    pub(crate) fn start_after(
        lost: usize,
        network: &Netns,
        address: &str,
        behind: &Netns,
        change: impl Fn(&mut Vec<u8>) + Send + 'static,
    ) -> Self {
        Self::run(lost, network, address, behind, |_| {}, change)
    }

    fn run(
        lost: usize,
        network: &Netns,
        address: &str,
        behind: &Netns,
        on_request: impl Fn(&mut Vec<u8>) + Send + 'static,
        on_reply: impl Fn(&mut Vec<u8>) + Send + 'static,
    ) -> Self {
        let front = network.udp(address.parse().expect("an address and a port"));
        let back = behind.udp("127.0.0.1:0".parse().expect("an address"));
        back.connect("127.0.0.1:123").expect("cannot connect to the server");
        for (socket, patience) in [(&front, BREATH), (&back, PATIENCE)] {
            socket.set_read_timeout(Some(patience)).expect("cannot set a time-out");
        }
        let (stop, replies) = (Arc::new(AtomicBool::new(false)), Arc::new(AtomicUsize::new(0)));
        let (told, counted) = (Arc::clone(&stop), Arc::clone(&replies));
        let thread = std::thread::spawn(move || {
            while !told.load(Ordering::Relaxed) {
                if let Some((mut reply, client)) = fetch(&front, &back, &on_request) {
                    on_reply(&mut reply);
                    let is_lost = counted.fetch_add(1, Ordering::Relaxed) < lost;
                    if !is_lost {
                        let _ = front.send_to(&reply, client);
                    }
                }
            }
        });
        Self { stop, replies, thread: Some(thread) }
    }

    /// How many replies have come from the server.
    pub(crate) fn replies(&self) -> usize {
        self.replies.load(Ordering::Relaxed)
    }
}

/// One request for the time from the front, and the server's reply to it. Other questions (mode 6) chronyd would not answer.
fn fetch(front: &UdpSocket, back: &UdpSocket, change: impl Fn(&mut Vec<u8>)) -> Option<(Vec<u8>, SocketAddr)> {
    let mut bytes = [0; 1024];
    let (length, client) = front.recv_from(&mut bytes).ok()?;
    if bytes[0] & 7 != 3 {
        return None;
    }
    let mut request = bytes[..length].to_vec();
    change(&mut request);
    back.send(&request).ok()?;
    let length = back.recv(&mut bytes).ok()?;
    Some((bytes[..length].to_vec(), client))
}

impl Drop for Relay {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
