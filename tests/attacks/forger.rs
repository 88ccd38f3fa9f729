//! An attacker off the path: he cannot see the requests, but forges the server's address and port, and sends a great deal.
//!
//! He is given more than such an attacker has: the client's port, read from the kernel's table of sockets.

use std::io::IoSlice;
use std::net::{Ipv4Addr, SocketAddrV4, UdpSocket};
use std::os::fd::AsRawFd as _;
use std::time::Duration;

use nix::sys::socket::{MsgFlags, MultiHeaders, SockaddrIn, sendmmsg};
use socket2::{Domain, Protocol, Socket, Type};

use super::programs::Running;
use crate::support::ntpserver::{SECOND, ntp_bytes, unix_now};

/// Packets of one system call.
const BATCH: usize = 128;
/// How far ahead the forged time is.
pub(crate) const LIE: f64 = 100.0;

/// What the attacker knows, and sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Aim {
    /// A proper reply with a guessed origin to the client's own port.
    RightPort,
    /// The same to any ports.
    GuessedPorts,
    /// Junk of every length to the client's own port.
    Junk,
}

/// Sends while the client runs, so many packets at the most; gives how many there were.
pub(crate) fn flood(server: &UdpSocket, aim: Aim, most: usize, client: &mut Running) -> usize {
    let mut random = Random(getrandom::u64().expect("random numbers"));
    let mut packets: Vec<Vec<u8>> = (0..BATCH).map(|index| packet(aim, index, &mut random)).collect();
    let mut headers = MultiHeaders::<SockaddrIn>::preallocate(BATCH, None);
    let (mut sent, mut round) = (0, 0_usize);
    let mut ports = Vec::new();
    while sent < most && (round % 16 != 0 || !client.is_over()) {
        if round % 16 == 0 {
            ports = client_ports();
        }
        round += 1;
        if ports.is_empty() {
            std::thread::sleep(Duration::from_micros(200));
            continue;
        }
        let target = |random: &mut Random| match aim {
            Aim::GuessedPorts => 1024 + (random.next() % 64_512) as u16,
            _ => ports[random.next() as usize % ports.len()],
        };
        let to: Vec<_> = packets
            .iter()
            .map(|_| Some(SockaddrIn::from(SocketAddrV4::new(Ipv4Addr::LOCALHOST, target(&mut random)))))
            .collect();
        for packet in &mut packets {
            if let Some(origin) = packet.get_mut(24..32) {
                origin.copy_from_slice(&random.next().to_be_bytes());
            }
        }
        let slices: Vec<_> = packets.iter().map(|packet| [IoSlice::new(packet)]).collect();
        let done = sendmmsg(server.as_raw_fd(), &mut headers, &slices, to, [], MsgFlags::empty());
        // Refused ones among them (no such port) are sent all the same.
        sent += done.map_or(0, Iterator::count);
    }
    sent
}

/// Tells the client, by forged ICMP messages, that the server cannot be reached; gives how many there were.
///
/// They quote the headers of a packet that the client may have sent, which is all that the attacker knows of it.
pub(crate) fn icmp(client: &mut Running) -> usize {
    let socket = Socket::new(Domain::IPV4, Type::RAW, Some(Protocol::ICMPV4)).expect("a raw socket");
    let target = SocketAddrV4::new(Ipv4Addr::LOCALHOST, 0).into();
    let mut sent = 0;
    while !client.is_over() {
        for port in client_ports() {
            // Port unreachable, host unreachable, administratively prohibited; time exceeded (RFC 792).
            for (kind, code) in [(3, 3), (3, 1), (3, 13), (11, 0)] {
                sent += usize::from(socket.send_to(&unreachable(kind, code, port), &target).is_ok());
            }
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    sent
}

/// An ICMP error about a packet of 48 bytes from `port` to the server's.
fn unreachable(kind: u8, code: u8, port: u16) -> Vec<u8> {
    let mut message = vec![kind, code, 0, 0, 0, 0, 0, 0];
    message.extend([0x45, 0, 0, 76, 0, 0, 0x40, 0, 64, 17, 0, 0, 127, 0, 0, 1, 127, 0, 0, 1]);
    message.extend([port.to_be_bytes(), 123_u16.to_be_bytes(), [0, 56], [0, 0]].concat());
    message.extend([0x5a; 48]);
    // RFC 1071.
    let sum: u32 = message.chunks(2).map(|pair| u32::from(u16::from_be_bytes([pair[0], pair[1]]))).sum();
    let folded = (sum & 0xffff) + (sum >> 16);
    let checksum = !((folded + (folded >> 16)) as u16);
    message[2..4].copy_from_slice(&checksum.to_be_bytes());
    message
}

fn packet(aim: Aim, index: usize, random: &mut Random) -> Vec<u8> {
    if aim == Aim::Junk {
        return (0..index * 11).map(|_| random.next() as u8).collect();
    }
    let lie = ntp_bytes(unix_now() + LIE as i128 * SECOND);
    let mut packet = vec![0x24, 1, 6, 0xec, 0, 0, 0, 0, 0, 0, 0, 0, b'G', b'P', b'S', 0];
    packet.extend([lie, [0; 8], lie, lie].concat());
    packet
}

/// The UDP ports open in the network namespace of this thread, the server's own apart (proc(5), /proc/net/udp).
fn client_ports() -> Vec<u16> {
    let table = std::fs::read_to_string("/proc/thread-self/net/udp").expect("the table of sockets");
    let local = |line: &str| u16::from_str_radix(line.split_whitespace().nth(1)?.rsplit_once(':')?.1, 16).ok();
    table.lines().skip(1).filter_map(local).filter(|port| *port != 123).collect()
}

/// SplitMix64.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }
}
