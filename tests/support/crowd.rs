//! Thousands of NTP servers in one: a socket that answers for every address of 127.0.0.0/8 in a network namespace, each with a
//! clock and manners of its own.

use std::io::{IoSlice, IoSliceMut};
use std::net::{Ipv4Addr, UdpSocket};
use std::os::fd::AsRawFd as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::{Duration, Instant, SystemTime};

use nix::sys::socket::{
    ControlMessage, ControlMessageOwned, MsgFlags, SockaddrIn, recvmsg, sendmsg, setsockopt, sockopt,
};

use super::netns::Netns;

/// What the server at one address does.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Manner {
    /// Answers; its clock is so many seconds ahead.
    Ahead(f64),
    /// Answers so, at this stratum.
    Stratum(f64, u8),
    /// Says nothing.
    Silent,
    /// Answers from another address.
    Elsewhere(Ipv4Addr),
    /// Answers twice, the second time as if a day had passed.
    Twice,
    /// Answers with another number than the one asked with, as whoever did not see the request would.
    Guessing,
    /// Asks to be left alone.
    Rate,
}

/// When which address was asked.
pub(crate) type Asked = Vec<(Instant, Ipv4Addr)>;

/// The servers; they end when this is dropped.
pub(crate) struct Crowd {
    is_wanted: Arc<AtomicBool>,
    asked: Arc<Mutex<Asked>>,
    thread: Option<JoinHandle<()>>,
}

impl Crowd {
    /// Answers on port 123 for every loopback address of the namespace.
    pub(crate) fn start(netns: &Netns, manner: impl Fn(Ipv4Addr) -> Manner + Send + 'static) -> Crowd {
        let socket = netns.udp("0.0.0.0:123".parse().expect("an address"));
        setsockopt(&socket, sockopt::Ipv4PacketInfo, &true).expect("packet information");
        // 10,000 requests may come while this thread does not run.
        setsockopt(&socket, sockopt::RcvBufForce, &(16 << 20)).expect("a large buffer");
        socket.set_read_timeout(Some(Duration::from_millis(20))).expect("a time-out");
        let is_wanted = Arc::new(AtomicBool::new(true));
        let asked = Arc::new(Mutex::new(Vec::new()));
        let (wanted, log) = (Arc::clone(&is_wanted), Arc::clone(&asked));
        let thread = std::thread::spawn(move || {
            while wanted.load(Ordering::Relaxed) {
                if let Some(address) = serve(&socket, &manner) {
                    log.lock().expect("the log").push((Instant::now(), address));
                }
            }
        });
        Crowd { is_wanted, asked, thread: Some(thread) }
    }

    /// Every request that has come so far.
    pub(crate) fn asked(&self) -> Asked {
        self.asked.lock().expect("the log").clone()
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        self.is_wanted.store(false, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            thread.join().expect("the servers");
        }
    }
}

/// Answers one request; gives the address that was asked.
fn serve(socket: &UdpSocket, manner: &impl Fn(Ipv4Addr) -> Manner) -> Option<Ipv4Addr> {
    let mut storage = [0; 512];
    let mut control = nix::cmsg_space!(libc::in_pktinfo);
    let (client, asked, request) = {
        let mut slices = [IoSliceMut::new(&mut storage)];
        let message =
            recvmsg::<SockaddrIn>(socket.as_raw_fd(), &mut slices, Some(&mut control), MsgFlags::empty()).ok()?;
        let asked = message.cmsgs().ok()?.find_map(|control| match control {
            ControlMessageOwned::Ipv4PacketInfo(info) => Some(Ipv4Addr::from(u32::from_be(info.ipi_addr.s_addr))),
            _ => None,
        })?;
        let (client, bytes) = (message.address?, message.bytes);
        (client, asked, <[u8; 48]>::try_from(storage.get(..48).filter(|_| bytes >= 48)?).ok()?)
    };
    let say = |from: Ipv4Addr, reply: [u8; 48]| {
        let info = libc::in_pktinfo {
            ipi_ifindex: 0,
            ipi_spec_dst: libc::in_addr { s_addr: u32::from(from).to_be() },
            ipi_addr: libc::in_addr { s_addr: 0 },
        };
        let control = [ControlMessage::Ipv4PacketInfo(&info)];
        // A client that has gone is not this server's concern.
        let _ = sendmsg(socket.as_raw_fd(), &[IoSlice::new(&reply)], &control, MsgFlags::empty(), Some(&client));
    };
    match manner(asked) {
        Manner::Ahead(seconds) => say(asked, reply(&request, seconds, 2)),
        Manner::Stratum(seconds, stratum) => say(asked, reply(&request, seconds, stratum)),
        Manner::Silent => {}
        Manner::Elsewhere(from) => say(from, reply(&request, 0.0, 2)),
        Manner::Twice => {
            say(asked, reply(&request, 0.0, 2));
            say(asked, reply(&request, 86_400.0, 2));
        }
        Manner::Guessing => {
            let mut guess = reply(&request, 86_400.0, 2);
            guess[24] ^= 1;
            say(asked, guess);
        }
        Manner::Rate => {
            let mut kiss = reply(&request, 0.0, 0);
            kiss[0] |= 0xc0;
            kiss[12..16].copy_from_slice(b"RATE");
            say(asked, kiss);
        }
    }
    Some(asked)
}

/// A server's reply (RFC 5905 figure 8).
fn reply(request: &[u8; 48], ahead: f64, stratum: u8) -> [u8; 48] {
    let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).expect("a clock after 1970").as_secs_f64();
    let seconds = now + ahead + 2_208_988_800.0;
    let stamp = (((seconds.floor() as u64) << 32) | ((seconds.fract() * 4_294_967_296.0) as u64)).to_be_bytes();
    let mut reply = [0; 48];
    (reply[0], reply[1], reply[2], reply[3]) = (0x24, stratum, 6, 0xec);
    // A root delay and dispersion of 2 ms.
    reply[4..8].copy_from_slice(&131_u32.to_be_bytes());
    reply[8..12].copy_from_slice(&131_u32.to_be_bytes());
    reply[12..16].copy_from_slice(&[192, 0, 2, 1]);
    reply[16..24].copy_from_slice(&stamp);
    reply[24..32].copy_from_slice(&request[40..48]);
    reply[32..40].copy_from_slice(&stamp);
    reply[40..48].copy_from_slice(&stamp);
    reply
}
