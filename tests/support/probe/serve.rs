//! An NTP server inside the guest whose clock nobody tunes: CLOCK_MONOTONIC_RAW, moved once to where the clock is.
//!
//! Client and server run on the same processor, so that neither a busy host nor the way between them spoils a measurement of the
//! frequency: what is wrong with the kernel's clock is exactly what the kernel was told to add to it.

use std::io::{self, IoSliceMut};
use std::net::{Ipv4Addr, UdpSocket};
use std::os::fd::AsRawFd as _;

use nix::sys::socket::{ControlMessageOwned, MsgFlags, SockaddrIn, recvmsg, setsockopt, sockopt};

use super::clock::read;

const NANOS: i128 = 1_000_000_000;
/// From 1900, where NTP's time begins, to 1970.
const NTP_EPOCH: i128 = 2_208_988_800;
const HEADER: usize = 48;

/// Answers clients until it is killed. Prints `serving PORT` first.
pub(crate) fn untuned(port: u16) -> io::Result<()> {
    let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, port))?;
    setsockopt(&socket, sockopt::ReceiveTimestampns, &true)?;
    let ahead = read(libc::CLOCK_REALTIME)? - read(libc::CLOCK_MONOTONIC_RAW)?;
    println!("serving {port}");
    loop {
        let mut request = [0; HEADER];
        let (received, client) = receive(&socket, &mut request)?;
        let Some(client) = client else { continue };
        let mut reply = [0; HEADER];
        // No leap second, version 4, a server; stratum 1; a microsecond.
        reply[..4].copy_from_slice(&[0x24, 1, 6, 0xec]);
        reply[12..16].copy_from_slice(b"RAW\0");
        reply[24..32].copy_from_slice(&request[40..48]);
        reply[32..40].copy_from_slice(&ntp(received + ahead));
        let now = read(libc::CLOCK_MONOTONIC_RAW)? + ahead;
        reply[16..24].copy_from_slice(&ntp(now));
        reply[40..48].copy_from_slice(&ntp(now));
        socket.send_to(&reply, client)?;
    }
}

/// A request, the moment of its arrival by the untuned clock, and its sender, if it is a whole one.
fn receive(socket: &UdpSocket, request: &mut [u8; HEADER]) -> io::Result<(i128, Option<std::net::SocketAddrV4>)> {
    let mut space = nix::cmsg_space!(nix::sys::time::TimeSpec);
    let mut buffers = [IoSliceMut::new(request)];
    let message = recvmsg::<SockaddrIn>(socket.as_raw_fd(), &mut buffers, Some(&mut space), MsgFlags::empty())?;
    let (raw, real) = (read(libc::CLOCK_MONOTONIC_RAW)?, read(libc::CLOCK_REALTIME)?);
    let stamp = message.cmsgs()?.find_map(|part| match part {
        ControlMessageOwned::ScmTimestampns(time) => {
            Some(i128::from(time.tv_sec()) * NANOS + i128::from(time.tv_nsec()))
        }
        _ => None,
    });
    let waited = stamp.map_or(0, |stamp| real - stamp);
    Ok((raw - waited, message.address.filter(|_| message.bytes == HEADER).map(Into::into)))
}

fn ntp(time: i128) -> [u8; 8] {
    let seconds = time.div_euclid(NANOS) + NTP_EPOCH;
    let fraction = (time.rem_euclid(NANOS) << 32) / NANOS;
    (((seconds as u64) << 32) | fraction as u64).to_be_bytes()
}
