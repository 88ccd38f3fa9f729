//! A name server that gives a thousand addresses for a name, and an honest server behind each of them.

use std::collections::HashSet;
use std::io::{IoSlice, IoSliceMut, Read as _, Write as _};
use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::os::fd::AsRawFd as _;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use nix::sys::socket::{
    ControlMessage, ControlMessageOwned, MsgFlags, SockaddrIn, recvmsg, sendmsg, setsockopt, sockopt,
};

use super::names;
use crate::support::netns::Netns;
use crate::support::ntpserver::{ntp_bytes, unix_now};
use crate::support::require::Cache;

const TICK: Duration = Duration::from_millis(20);

/// Serves until it is dropped.
pub(crate) struct Crowd {
    folder: tempfile::TempDir,
    asked: Arc<Mutex<HashSet<u32>>>,
    wanted: Arc<AtomicBool>,
    threads: Vec<JoinHandle<()>>,
}

impl Crowd {
    /// Names at port 53 of 127.0.0.1, time at port 123 of 127.1.0.0 and what follows.
    pub(crate) fn start(network: &Netns, cache: &Cache, size: u16) -> Self {
        let folder = names::folder(cache);
        let wanted = Arc::new(AtomicBool::new(true));
        let asked: Arc<Mutex<HashSet<u32>>> = Arc::default();
        let short_names = network.udp((Ipv4Addr::LOCALHOST, 53).into());
        let long_names = network.enter(|| TcpListener::bind((Ipv4Addr::LOCALHOST, 53))).expect("port 53");
        long_names.set_nonblocking(true).expect("a non-blocking listener");
        let times = network.udp((Ipv4Addr::UNSPECIFIED, 123).into());
        setsockopt(&times, sockopt::Ipv4PacketInfo, &true).expect("ask for addresses");
        [&short_names, &times].iter().for_each(|socket| socket.set_read_timeout(Some(TICK)).expect("a time-out"));
        let seen = Arc::clone(&asked);
        let threads = vec![
            serve(&wanted, move || tell_to_use_tcp(&short_names)),
            serve(&wanted, move || tell_addresses(&long_names, size)),
            serve(&wanted, move || tell_time(&times, &seen)),
        ];
        Self { folder, asked, wanted, threads }
    }

    /// With the resolv.conf that names this name server, and the tree's /etc with it.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// How many of the addresses have been asked for the time.
    pub(crate) fn asked(&self) -> usize {
        self.asked.lock().map_or(0, |asked| asked.len())
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        self.wanted.store(false, Ordering::Relaxed);
        self.threads.drain(..).for_each(|thread| drop(thread.join()));
    }
}

fn serve(wanted: &Arc<AtomicBool>, mut turn: impl FnMut() -> Option<()> + Send + 'static) -> JoinHandle<()> {
    let wanted = Arc::clone(wanted);
    std::thread::spawn(move || {
        while wanted.load(Ordering::Relaxed) {
            turn();
        }
    })
}

/// The answer to a question (RFC 1035 §4): `size` addresses, or that there are too many for UDP.
fn answer(question: &[u8], size: u16, truncated: bool) -> Option<Vec<u8>> {
    let name = question.get(12..)?.iter().position(|byte| *byte == 0)?;
    let end = 12 + name + 5;
    let is_a = question.get(end - 4..end)? == [0, 1, 0, 1];
    let count = if is_a && !truncated { size } else { 0 };
    let mut reply = question[..end].to_vec();
    reply[2..4].copy_from_slice(&[if is_a && truncated { 0x83 } else { 0x81 }, 0x80]);
    reply[4..12].copy_from_slice(&[0, 1, count.to_be_bytes()[0], count.to_be_bytes()[1], 0, 0, 0, 0]);
    for n in 0..count {
        reply.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 60, 0, 4, 127, 1]);
        reply.extend((n + 1).to_be_bytes());
    }
    Some(reply)
}

fn tell_to_use_tcp(socket: &UdpSocket) -> Option<()> {
    let mut packet = [0; 512];
    let (length, client) = socket.recv_from(&mut packet).ok()?;
    socket.send_to(&answer(&packet[..length], 0, true)?, client).ok().map(|_| ())
}

fn tell_addresses(listener: &TcpListener, size: u16) -> Option<()> {
    let Ok((mut stream, _)) = listener.accept() else {
        std::thread::sleep(TICK / 4);
        return None;
    };
    stream.set_nonblocking(false).and_then(|()| stream.set_read_timeout(Some(Duration::from_secs(1)))).ok()?;
    // Both questions, A and AAAA, may come in a row.
    loop {
        let mut length = [0; 2];
        stream.read_exact(&mut length).ok()?;
        let mut question = vec![0; usize::from(u16::from_be_bytes(length))];
        stream.read_exact(&mut question).ok()?;
        let reply = answer(&question, size, false)?;
        let length = u16::try_from(reply.len()).ok()?.to_be_bytes();
        stream.write_all(&[&length[..], &reply].concat()).ok()?;
    }
}

/// One request, answered from the address that was asked.
fn tell_time(socket: &UdpSocket, asked: &Mutex<HashSet<u32>>) -> Option<()> {
    let mut packet = [0; 512];
    let mut control = nix::cmsg_space!(libc::in_pktinfo);
    let mut parts = [IoSliceMut::new(&mut packet)];
    let message = recvmsg::<SockaddrIn>(socket.as_raw_fd(), &mut parts, Some(&mut control), MsgFlags::empty()).ok()?;
    let now = ntp_bytes(unix_now());
    let from = message.address?;
    let mut info = message.cmsgs().ok()?.find_map(|control| match control {
        ControlMessageOwned::Ipv4PacketInfo(info) => Some(info),
        _ => None,
    })?;
    asked.lock().ok()?.insert(info.ipi_addr.s_addr);
    let mut reply = vec![0x24, 2, 6, 0xec, 0, 0, 0, 0, 0, 0, 0, 16, 192, 0, 2, 1];
    reply.extend([now, packet[40..48].try_into().ok()?, now, now].concat());
    info.ipi_spec_dst = info.ipi_addr;
    info.ipi_ifindex = 0;
    let control = [ControlMessage::Ipv4PacketInfo(&info)];
    sendmsg(socket.as_raw_fd(), &[IoSlice::new(&reply)], &control, MsgFlags::empty(), Some(&from)).ok().map(|_| ())
}
