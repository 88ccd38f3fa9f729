//! A name server that knows one address for every name, or some names with their addresses, and answers in the way that the name's
//! first part says: `noaaaa` drops questions for IPv6, `late` answers after a second, `silent` never; `servfail` and `refused` are
//! answered with that.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::JoinHandle;
use std::time::Duration;

use super::netns::Netns;

/// Types of records (RFC 1035 §3.2.2, RFC 3596 §2.1).
const A: u8 = 1;
const AAAA: u8 = 28;

/// Serves until it is dropped.
#[derive(Debug)]
pub(crate) struct NameServer {
    wanted: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl NameServer {
    /// On port 53 of the namespace's 127.0.0.1; this address for every name.
    pub(crate) fn start(network: &Netns, address: Ipv4Addr) -> Self {
        Self::serve(network, move |_| vec![address.into()])
    }

    /// At the same place; these names with their addresses, of both families, and none for any other.
    pub(crate) fn with_names(network: &Netns, names: &[(&str, &[IpAddr])]) -> Self {
        let known: HashMap<String, Vec<IpAddr>> =
            names.iter().map(|(name, addresses)| ((*name).to_owned(), addresses.to_vec())).collect();
        Self::serve(network, move |name| known.get(name).cloned().unwrap_or_default())
    }

    fn serve(network: &Netns, lookup: impl Fn(&str) -> Vec<IpAddr> + Send + 'static) -> Self {
        let socket = network.udp((Ipv4Addr::LOCALHOST, 53).into());
        socket.set_read_timeout(Some(Duration::from_millis(20))).expect("a time-out");
        let wanted = Arc::new(AtomicBool::new(true));
        let still = Arc::clone(&wanted);
        let thread = std::thread::spawn(move || {
            while still.load(Ordering::Relaxed) {
                answer(&socket, &lookup);
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

/// One question (RFC 1035 §4): the addresses of the family that is asked for, none for anything else.
fn answer(socket: &UdpSocket, lookup: &dyn Fn(&str) -> Vec<IpAddr>) {
    let mut packet = [0; 512];
    let Ok((size, client)) = socket.recv_from(&mut packet) else { return };
    let Some(length) = packet[12..size].iter().position(|byte| *byte == 0) else { return };
    let end = 12 + length + 5;
    let is_a = packet[end - 4..end] == [0, A, 0, 1];
    let name = name(&packet[12..12 + length]);
    let first = name.split('.').next().unwrap_or_default();
    let code = match first {
        "silent" => return,
        "noaaaa" if !is_a => return,
        "servfail" => 2,
        "refused" => 5,
        _ => 0,
    };
    let addresses: Vec<(u8, Vec<u8>)> = lookup(&name)
        .into_iter()
        .map(|address| match address {
            IpAddr::V4(address) => (A, address.octets().to_vec()),
            IpAddr::V6(address) => (AAAA, address.octets().to_vec()),
        })
        .filter(|(kind, _)| code == 0 && packet[end - 4..end] == [0, *kind, 0, 1])
        .collect();
    let count = u8::try_from(addresses.len()).expect("a few addresses");
    let mut reply = packet[..end].to_vec();
    // A response, recursion available, one question, and the number of answers.
    reply[2..12].copy_from_slice(&[0x81, 0x80 | code, 0, 1, 0, count, 0, 0, 0, 0]);
    for (kind, octets) in addresses {
        let length = u8::try_from(octets.len()).expect("an address");
        reply.extend([0xc0, 12, 0, kind, 0, 1, 0, 0, 0, 60, 0, length]);
        reply.extend(octets);
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

/// A name's labels, each after its length, with dots between them.
fn name(mut labels: &[u8]) -> String {
    let mut words = Vec::new();
    while let Some((length, rest)) = labels.split_first() {
        let (label, rest) = rest.split_at(usize::from(*length).min(rest.len()));
        words.push(String::from_utf8_lossy(label).to_lowercase());
        labels = rest;
    }
    words.join(".")
}
