//! Floods: what answers none of a socket's requests is dropped by the kernel once there is much of it.
//!
//! Every datagram that waits in a socket's queue keeps room from the one that counts. A few strange ones are worth a word in
//! -d, thousands are not: then a filter (socket(7), SO_ATTACH_FILTER) lets pass only what repeats the random number of a request.

use socket2::{SockFilter, Socket};

use crate::wire::HEADER_LEN;

/// So many datagrams that answer nothing are looked at.
const JUNK_MAX: usize = 256;
/// Requests that a socket has sent at the most (-p).
const REQUESTS_MAX: usize = 8;
/// The transmit time of a request, which is its random number, and the origin of a reply (RFC 5905 §7.3).
const TRANSMIT: std::ops::Range<usize> = 40..48;
const ORIGIN: std::ops::Range<usize> = 24..32;
/// The filter sees a datagram from its UDP header on.
const UDP_HEADER: u32 = 8;

/// What one socket has sent, and what came back that answers none of it.
#[derive(Debug, Default)]
pub(super) struct Guard {
    nonces: Vec<[u8; 8]>,
    junk: usize,
    filtering: bool,
}

impl Guard {
    /// Before a request is sent: its reply has to pass.
    pub(super) fn expect(&mut self, request: &[u8], socket: &Socket) {
        let Some(Ok(nonce)) = request.get(TRANSMIT).map(<[u8; 8]>::try_from) else { return };
        if self.nonces.len() == REQUESTS_MAX {
            self.nonces.remove(0);
        }
        self.nonces.push(nonce);
        if self.filtering {
            // A filter that cannot be renewed would keep this reply away.
            self.filtering = socket.attach_filter(&self.filter()).is_ok() || socket.detach_filter().is_err();
        }
    }

    /// Looks at what came in; true when from now on the kernel drops the like of it.
    pub(super) fn notice(&mut self, datagram: &[u8], socket: &Socket) -> bool {
        if self.answers(datagram) {
            return false;
        }
        self.junk = self.junk.saturating_add(1);
        // Where the kernel has no filters, it is only slower.
        let begins = self.junk == JUNK_MAX && socket.attach_filter(&self.filter()).is_ok();
        self.filtering |= begins;
        begins
    }

    /// Whether this is (the beginning of) a request of ours, as an ICMP message quotes it (RFC 1812 §4.3.2.3).
    pub(super) fn is_ours(&self, quoted: &[u8]) -> bool {
        quoted.get(TRANSMIT).is_some_and(|quoted| self.nonces.iter().any(|nonce| quoted == nonce))
    }

    fn answers(&self, datagram: &[u8]) -> bool {
        datagram.len() >= HEADER_LEN && self.nonces.iter().any(|nonce| datagram[ORIGIN] == *nonce)
    }

    /// For each random number: both halves of the origin compared, and the datagram taken whole if they are the same.
    fn filter(&self) -> Vec<SockFilter> {
        let code = |parts: u32| parts as u16;
        let load = |at: u32| SockFilter::new(code(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS), 0, 0, UDP_HEADER + at);
        let unless =
            |value: u32, skip: u8| SockFilter::new(code(libc::BPF_JMP | libc::BPF_JEQ | libc::BPF_K), 0, skip, value);
        let give = |length: u32| SockFilter::new(code(libc::BPF_RET | libc::BPF_K), 0, 0, length);
        let at = ORIGIN.start as u32;
        let mut program = Vec::with_capacity(self.nonces.len() * 5 + 1);
        for nonce in &self.nonces {
            let number = u64::from_be_bytes(*nonce);
            let (high, low) = ((number >> 32) as u32, number as u32);
            program.extend([load(at), unless(high, 3), load(at + 4), unless(low, 1), give(u32::MAX)]);
        }
        program.push(give(0));
        program
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;
    use std::net::UdpSocket;
    use std::time::Duration;

    fn pair() -> (Socket, UdpSocket) {
        let (ours, theirs) = (UdpSocket::bind("127.0.0.1:0").unwrap(), UdpSocket::bind("127.0.0.1:0").unwrap());
        ours.connect(theirs.local_addr().unwrap()).unwrap();
        theirs.connect(ours.local_addr().unwrap()).unwrap();
        ours.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
        (ours.into(), theirs)
    }

    fn request(nonce: u64) -> [u8; 48] {
        let mut packet = [0; 48];
        packet[TRANSMIT].copy_from_slice(&nonce.to_be_bytes());
        packet
    }

    fn reply(nonce: u64) -> [u8; 48] {
        let mut packet = [0; 48];
        packet[ORIGIN].copy_from_slice(&nonce.to_be_bytes());
        packet
    }

    /// The random number that the next datagram repeats, if one comes.
    fn next(mut socket: &Socket) -> Option<u64> {
        let mut packet = [0; 100];
        let length = socket.read(&mut packet).ok()?;
        packet[..length].get(ORIGIN).map(|origin| u64::from_be_bytes(origin.try_into().unwrap()))
    }

    #[test]
    fn the_kernel_drops_a_flood_and_passes_every_reply() {
        let (ours, theirs) = pair();
        let mut guard = Guard::default();
        let nonces: Vec<u64> = (1..=8_u64).map(|n| n << 60 | 0x0123_4567_89ab_cdef ^ n).collect();
        guard.expect(&request(nonces[0]), &ours);
        for n in 1..JUNK_MAX {
            assert!(!guard.notice(&reply(n as u64), &ours));
        }
        assert!(!guard.notice(&reply(nonces[0]), &ours), "no junk");
        assert!(guard.notice(&[0; 47], &ours), "too short to answer anything");
        nonces[1..].iter().for_each(|nonce| guard.expect(&request(*nonce), &ours));
        for nonce in &nonces {
            for junk in [0, nonce ^ 1, nonce ^ 1 << 63, nonce.rotate_left(32)] {
                theirs.send(&reply(junk)).unwrap();
            }
            theirs.send(b"short").unwrap();
            theirs.send(&[]).unwrap();
            theirs.send(&reply(*nonce)).unwrap();
        }
        let passed: Vec<u64> = std::iter::from_fn(|| next(&ours)).collect();
        assert_eq!(passed, nonces);
        assert!(!guard.notice(&reply(0), &ours), "said once");
    }

    #[test]
    fn refusals_still_come_through() {
        let (ours, theirs) = pair();
        let mut guard = Guard { filtering: true, ..Guard::default() };
        drop(theirs);
        guard.expect(&request(1), &ours);
        ours.send(&request(1)).unwrap();
        let error = (&ours).read(&mut [0; 9]).unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::ConnectionRefused);
    }
}
