//! One plain client request, independent of the crate under test.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Seconds from the NTP era's start (1900) to the Unix epoch.
const ERA_TO_UNIX: u64 = 2_208_988_800;

/// What a server answered.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Reply {
    pub(crate) leap: u8,
    pub(crate) version: u8,
    pub(crate) mode: u8,
    pub(crate) stratum: u8,
    pub(crate) reference_id: [u8; 4],
    /// Server minus client, seconds.
    pub(crate) offset: f64,
    /// Round trip without the server's own time, seconds.
    pub(crate) delay: f64,
}

/// Asks once through `socket` (unconnected, of the server's address family).
///
/// # Errors
/// When nothing answers within `patience`, or the answer is shorter than a header or is not to this request.
pub(crate) fn ask(socket: &UdpSocket, server: SocketAddr, patience: Duration) -> io::Result<Reply> {
    socket.connect(server)?;
    socket.set_read_timeout(Some(patience))?;
    let mut packet = [0; 512];
    packet[0] = 4 << 3 | 3;
    let sent = now();
    packet[40..48].copy_from_slice(&sent.to_be_bytes());
    socket.send(&packet[..48])?;
    let size = socket.recv(&mut packet)?;
    let received = now();
    let stamp = |at: usize| packet[at..at + 8].iter().fold(0, |sum: u64, byte| sum << 8 | u64::from(*byte));
    if size < 48 || stamp(24) != sent {
        return Err(io::Error::other(format!("{size} bytes that do not answer the request")));
    }
    let outward = seconds(stamp(32).wrapping_sub(sent));
    let homeward = seconds(stamp(40).wrapping_sub(received));
    Ok(Reply {
        leap: packet[0] >> 6,
        version: packet[0] >> 3 & 7,
        mode: packet[0] & 7,
        stratum: packet[1],
        reference_id: [packet[12], packet[13], packet[14], packet[15]],
        offset: f64::midpoint(outward, homeward),
        delay: outward - homeward,
    })
}

/// The system clock in 32.32 fixed point, wrapped to an era.
fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let fraction = (u64::from(since.subsec_nanos()) << 32) / 1_000_000_000;
    since.as_secs().wrapping_add(ERA_TO_UNIX) << 32 | fraction
}

/// A difference in 32.32 fixed point, in seconds: exact within 68 years either way.
fn seconds(difference: u64) -> f64 {
    difference.cast_signed() as f64 / 4_294_967_296.0
}
