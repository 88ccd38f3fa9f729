//! A time server with NTS that does as it is told (RFC 8915 §5); its clock is this machine's, and may be ahead.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::{self, JoinHandle};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use super::key_server::{Guest, Vault};

const IDENTIFIER: u16 = 0x0104;
const COOKIE: u16 = 0x0204;
const PLACEHOLDER: u16 = 0x0304;
const AUTHENTICATOR: u16 = 0x0404;
/// Seconds from 1900 to 1970.
const TO_1970: u64 = 2_208_988_800;

/// What the server does with a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Play {
    /// Answers as it should; requests without NTS are answered without.
    Honest,
    /// Answers as it should, with no new cookie.
    Stingy,
    /// Answers in plain, whatever is asked.
    Plain,
    /// Answers with an authenticator in which one bit is wrong.
    Forged,
    /// Answers with another identifier than the request's, sealed well.
    OtherIdentifier,
    /// Says so many times that it does not know the cookie, and nothing else.
    Nak(usize),
    /// The same, with another identifier than the request's.
    StrangeNak,
    /// Says nothing to requests with NTS, and answers others.
    DeafToNts,
    /// Says nothing to cookies that it does not know, which NTPsec does; to others it answers.
    SilentToOld,
    /// Answers as it should, with each reply sent twice.
    Twice,
    /// Somebody on the way, whose clock is 100 s ahead, answers first in this manner; then comes the right answer.
    After(Lie),
}

/// What somebody on the way says before the server does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Lie {
    /// A reply without NTS.
    Plain,
    /// A reply whose authenticator is wrong.
    Forged,
    /// The server's reply to the request before, as it was.
    Replayed,
    /// So many times that the cookie is not known.
    Naks(usize),
}

const AHEAD: Duration = Duration::from_secs(100);

/// A running server, which ends when it is dropped.
#[derive(Debug)]
pub(crate) struct TimeServer {
    pub(crate) address: SocketAddr,
    cookies: Arc<Mutex<Vec<Vec<u8>>>>,
    plain: Arc<AtomicUsize>,
    ends: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

struct Part {
    socket: UdpSocket,
    vault: Vault,
    play: Play,
    ahead: Duration,
    cookies: Arc<Mutex<Vec<Vec<u8>>>>,
    plain: Arc<AtomicUsize>,
    /// The last right reply.
    last: Mutex<Option<Vec<u8>>>,
}

impl TimeServer {
    /// Answers on a socket, knows the cookies of a vault, and is so far ahead of this machine's clock.
    pub(crate) fn start(socket: UdpSocket, vault: Vault, play: Play, ahead: Duration) -> Self {
        let address = socket.local_addr().expect("an address");
        let (cookies, plain) = (Arc::default(), Arc::new(AtomicUsize::new(0)));
        let ends = Arc::new(AtomicBool::new(false));
        socket.set_read_timeout(Some(Duration::from_millis(100))).expect("a time to wait");
        let part = Part {
            socket,
            vault,
            play,
            ahead,
            cookies: Arc::clone(&cookies),
            plain: Arc::clone(&plain),
            last: Mutex::default(),
        };
        let end = Arc::clone(&ends);
        let thread = thread::spawn(move || {
            let mut buffer = [0; 2048];
            while !end.load(Ordering::SeqCst) {
                if let Ok((length, from)) = part.socket.recv_from(&mut buffer) {
                    let _ = part.answer(&buffer[..length], from);
                }
            }
        });
        Self { address, cookies, plain, ends, thread: Some(thread) }
    }

    /// Every cookie that came, in order.
    pub(crate) fn cookies(&self) -> Vec<Vec<u8>> {
        self.cookies.lock().expect("the cookies").clone()
    }

    /// How many requests came without NTS.
    pub(crate) fn plain(&self) -> usize {
        self.plain.load(Ordering::SeqCst)
    }
}

impl Drop for TimeServer {
    fn drop(&mut self) {
        self.ends.store(true, Ordering::SeqCst);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Part {
    fn answer(&self, request: &[u8], from: SocketAddr) -> io::Result<()> {
        let Some(header) = self.header(request, self.ahead) else { return Ok(()) };
        let fields = fields(request);
        let Some((_, cookie)) = fields.iter().find(|(kind, _)| *kind == COOKIE) else {
            self.plain.fetch_add(1, Ordering::SeqCst);
            return self.send(&header, from);
        };
        self.cookies.lock().expect("the cookies").push(cookie.clone());
        let mut identifier = fields.iter().find(|(kind, _)| *kind == IDENTIFIER).map(|(_, body)| body.clone());
        if matches!(self.play, Play::OtherIdentifier | Play::StrangeNak) {
            identifier = Some(vec![7; 32]);
        }
        let identifier = field(IDENTIFIER, &identifier.unwrap_or_default());
        let guest = self.vault.open(cookie);
        match (self.play, guest) {
            (Play::DeafToNts, _) | (Play::SilentToOld, None) => Ok(()),
            (Play::Plain, _) => self.send(&header, from),
            (Play::Nak(times), _) => (0..times).try_for_each(|_| self.nak(&header, &identifier, from)),
            (Play::StrangeNak, _) | (_, None) => self.nak(&header, &identifier, from),
            (play, Some(guest)) => {
                if let Play::After(lie) = play {
                    self.lie(lie, (request, &guest), &identifier, from)?;
                }
                let wanted = 1 + fields.iter().filter(|(kind, _)| *kind == PLACEHOLDER).count();
                let wanted = if play == Play::Stingy { 0 } else { wanted };
                let mut reply = [header, identifier].concat();
                let sealed = self.seal(&guest, &reply, wanted);
                reply.extend(sealed);
                if play == Play::Forged
                    && let Some(last) = reply.last_mut()
                {
                    *last ^= 1;
                }
                *self.last.lock().expect("the last reply") = Some(reply.clone());
                let times = if play == Play::Twice { 2 } else { 1 };
                (0..times).try_for_each(|_| self.send(&reply, from))
            }
        }
    }

    /// What comes before the right answer.
    fn lie(&self, lie: Lie, (request, guest): (&[u8], &Guest), identifier: &[u8], to: SocketAddr) -> io::Result<()> {
        let Some(header) = self.header(request, AHEAD) else { return Ok(()) };
        match lie {
            Lie::Plain => self.send(&header, to),
            Lie::Naks(times) => (0..times).try_for_each(|_| self.nak(&header, identifier, to)),
            Lie::Replayed => {
                let last = self.last.lock().expect("the last reply").clone();
                last.map_or(Ok(()), |last| self.send(&last, to))
            }
            Lie::Forged => {
                let mut reply = [&header, identifier].concat();
                let mut sealed = self.seal(guest, &reply, 1);
                sealed.iter_mut().skip(24).for_each(|byte| *byte = !*byte);
                reply.extend(sealed);
                self.send(&reply, to)
            }
        }
    }

    fn send(&self, reply: &[u8], to: SocketAddr) -> io::Result<()> {
        self.socket.send_to(reply, to).map(drop)
    }

    /// Stratum 0 and `NTSN`, without an authenticator (RFC 8915 §5.7).
    fn nak(&self, header: &[u8], identifier: &[u8], to: SocketAddr) -> io::Result<()> {
        let mut header = header.to_vec();
        (header[0], header[1]) = (header[0] | 0xc0, 0);
        header[12..16].copy_from_slice(b"NTSN");
        self.send(&[&header, identifier].concat(), to)
    }

    fn seal(&self, guest: &Guest, associated: &[u8], cookies: usize) -> Vec<u8> {
        seal(&self.vault, guest, associated, cookies)
    }

    /// Stratum 3, version 4, with the request's time as the origin.
    fn header(&self, request: &[u8], ahead: Duration) -> Option<Vec<u8>> {
        let origin = request.get(40..48)?;
        let now = (SystemTime::now() + ahead).duration_since(UNIX_EPOCH).ok()?;
        let seconds = ((now.as_secs() + TO_1970) as u32).to_be_bytes();
        let fraction = (((u64::from(now.subsec_nanos()) << 32) / 1_000_000_000) as u32).to_be_bytes();
        let time = [seconds, fraction].concat();
        let start = [0x24, 3, request[2], 0xe8, 0, 0, 0, 16, 0, 0, 0, 16, 127, 127, 1, 1];
        Some([&start[..], &time, origin, &time, &time].concat())
    }
}

/// Adds to a reply what proves it to whoever asked with a cookie of this vault.
pub(crate) fn prove(vault: &Vault, request: &[u8], reply: &mut Vec<u8>) {
    let fields = fields(request);
    let find = |kind| fields.iter().find(|(of, _)| *of == kind).map(|(_, body)| body.as_slice());
    let Some(guest) = find(COOKIE).and_then(|cookie| vault.open(cookie)) else { return };
    reply.extend(field(IDENTIFIER, find(IDENTIFIER).unwrap_or_default()));
    let wanted = 1 + fields.iter().filter(|(kind, _)| *kind == PLACEHOLDER).count();
    let sealed = seal(vault, &guest, reply, wanted);
    reply.extend(sealed);
}

/// The authenticator with new cookies inside.
fn seal(vault: &Vault, guest: &Guest, associated: &[u8], cookies: usize) -> Vec<u8> {
    let plain: Vec<u8> = (0..cookies).flat_map(|_| field(COOKIE, &vault.cookie(guest))).collect();
    let nonce = vec![9; guest.aead.nonce_len()];
    let sealed = guest.aead.seal(&guest.keys.s2c, &nonce, associated, &plain).expect("a sealed text");
    let mut body = [(nonce.len() as u16).to_be_bytes(), (sealed.len() as u16).to_be_bytes()].concat();
    body.extend(padded(&nonce));
    body.extend(padded(&sealed));
    field(AUTHENTICATOR, &body)
}

/// The extension fields behind the header.
fn fields(packet: &[u8]) -> Vec<(u16, Vec<u8>)> {
    let (mut fields, mut rest) = (Vec::new(), packet.get(48..).unwrap_or_default());
    while let [a, b, c, d, ..] = rest {
        let (kind, length) = (u16::from_be_bytes([*a, *b]), usize::from(u16::from_be_bytes([*c, *d])));
        let Some(body) = rest.get(4..length) else { break };
        fields.push((kind, body.to_vec()));
        rest = &rest[length..];
    }
    fields
}

fn field(kind: u16, body: &[u8]) -> Vec<u8> {
    let body = padded(body);
    [&kind.to_be_bytes()[..], &((body.len() + 4) as u16).to_be_bytes(), &body].concat()
}

fn padded(bytes: &[u8]) -> Vec<u8> {
    let mut padded = bytes.to_vec();
    padded.resize(bytes.len().next_multiple_of(4), 0);
    padded
}
