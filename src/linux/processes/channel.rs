//! Messages between a run and its helpers: a length and JSON, never longer than a limit.

use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use serde::Serialize;
use serde::de::DeserializeOwned;
use zeroize::Zeroizing;

/// The longest message, in bytes: many times what the longest history takes.
const MAX: usize = 4 << 20;

/// The room that a message gets at first.
const ROOM: usize = 4096;

/// A message while it is written. It may hold keys: no copy of it stays behind, neither where it goes nor where it grows.
struct Frame(Zeroizing<Vec<u8>>);

impl Write for Frame {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        let needed = self.0.len() + bytes.len();
        if needed > self.0.capacity() {
            let mut larger = Zeroizing::new(Vec::with_capacity(needed.max(2 * self.0.capacity())));
            larger.extend_from_slice(&self.0);
            self.0 = larger;
        }
        self.0.extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Sends one message, until `end`. After any error nothing else can be sent.
pub(super) fn send(mut stream: &UnixStream, message: &impl Serialize, end: Option<Instant>) -> io::Result<()> {
    let mut frame = Frame(Zeroizing::new(Vec::with_capacity(ROOM)));
    frame.write_all(&[0; 4])?;
    serde_json::to_writer(&mut frame, message)?;
    let mut frame = frame.0;
    let length = frame.len() - 4;
    if length > MAX {
        return Err(io::Error::new(ErrorKind::InvalidInput, "the message is too long"));
    }
    frame[..4].copy_from_slice(&(length as u32).to_be_bytes());
    let mut rest = &frame[..];
    while !rest.is_empty() {
        stream.set_write_timeout(left(end))?;
        match stream.write(rest) {
            Ok(count) => rest = &rest[count..],
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Err(cut_off()),
            Err(error) => return Err(error),
        }
        if !rest.is_empty() && is_over(end) {
            return Err(cut_off());
        }
    }
    Ok(())
}

/// A timeout of 0 would be none.
fn left(end: Option<Instant>) -> Option<Duration> {
    end.map(|end| end.saturating_duration_since(Instant::now()).max(Duration::from_millis(1)))
}

fn is_over(end: Option<Instant>) -> bool {
    end.is_some_and(|end| end <= Instant::now())
}

fn cut_off() -> io::Error {
    io::Error::new(ErrorKind::InvalidData, "a message was cut off: timed out")
}

/// The next message; nothing where the other side has ended. Waits for it until `end`, for ever without one. `TimedOut` is said
/// where nothing came at all: the next message may be waited for again, which it may not after any other error.
pub(super) fn receive<T: DeserializeOwned>(stream: &UnixStream, end: Option<Instant>) -> io::Result<Option<T>> {
    let mut length = [0; 4];
    if !fill(stream, &mut length, end, ErrorKind::TimedOut.into())? {
        return Ok(None);
    }
    let length = u32::from_be_bytes(length) as usize;
    if length > MAX {
        return Err(io::Error::new(ErrorKind::InvalidData, "the message is too long"));
    }
    let mut text = Zeroizing::new(vec![0; length]);
    if !fill(stream, &mut text, end, cut_off())? {
        return Err(ErrorKind::UnexpectedEof.into());
    }
    // What is wrong is said by its place: the words may be whose the message is, and long.
    let unknown = |error: serde_json::Error| {
        io::Error::new(ErrorKind::InvalidData, format!("a message has another form at byte {}", error.column()))
    };
    serde_json::from_slice(&text).map(Some).map_err(unknown)
}

/// False where there is nothing more at all, `nothing` where there is nothing yet.
fn fill(mut stream: &UnixStream, buffer: &mut [u8], end: Option<Instant>, nothing: io::Error) -> io::Result<bool> {
    let mut filled = 0;
    while filled < buffer.len() {
        stream.set_read_timeout(left(end))?;
        match stream.read(&mut buffer[filled..]) {
            Ok(0) if filled == 0 => return Ok(false),
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(count) => filled += count,
            Err(error) if matches!(error.kind(), ErrorKind::Interrupted | ErrorKind::WouldBlock) => {}
            Err(error) => return Err(error),
        }
        if filled < buffer.len() && is_over(end) {
            return Err(if filled == 0 { nothing } else { cut_off() });
        }
    }
    Ok(true)
}

/// Waits for the next message, and leaves it where it is; false where the other side has ended.
pub(super) fn has_more(stream: &UnixStream) -> bool {
    let mut fds = [PollFd::new(stream.as_fd(), PollFlags::POLLIN)];
    while poll(&mut fds, PollTimeout::NONE) == Err(Errno::EINTR) {}
    fds[0].revents().is_some_and(|events| events.contains(PollFlags::POLLIN) && !events.contains(PollFlags::POLLHUP))
}

/// Whether there is something to read, or an end, before this one.
pub(super) fn is_readable(stream: &UnixStream, end: Instant) -> bool {
    loop {
        let left = end.saturating_duration_since(Instant::now());
        // Rounded up: to wake before the time would mean to wait again for nothing.
        let timeout = PollTimeout::try_from(left.as_micros().div_ceil(1000).min(60_000) as i32);
        let mut fds = [PollFd::new(stream.as_fd(), PollFlags::POLLIN)];
        match poll(&mut fds, timeout.unwrap_or(PollTimeout::ZERO)) {
            Ok(1..) => return true,
            _ if left.is_zero() => return false,
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_come_whole_and_in_order() {
        let (one, other) = UnixStream::pair().unwrap();
        let long = "x".repeat(1 << 20);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                send(&one, &"first", None).unwrap();
                send(&one, &long, None).unwrap();
            });
            assert_eq!(receive::<String>(&other, None).unwrap().as_deref(), Some("first"));
            assert_eq!(receive::<String>(&other, None).unwrap(), Some(long.clone()));
        });
        drop(one);
        assert_eq!(receive::<String>(&other, None).unwrap(), None);
    }

    #[test]
    fn a_message_is_waited_for_and_left_to_be_read() {
        let (one, other) = UnixStream::pair().unwrap();
        send(&one, &"a question", None).unwrap();
        assert!(has_more(&other) && has_more(&other));
        assert_eq!(receive::<String>(&other, None).unwrap().as_deref(), Some("a question"));
        one.shutdown(std::net::Shutdown::Both).unwrap();
        assert!(!has_more(&other));
    }

    #[test]
    fn what_is_too_long_broken_or_late_is_an_error() {
        let (one, other) = UnixStream::pair().unwrap();
        assert!(send(&one, &"x".repeat(MAX), None).is_err());
        let begun = Instant::now();
        let nothing = receive::<u8>(&other, Some(begun + Duration::from_millis(20))).unwrap_err();
        assert_eq!(nothing.kind(), ErrorKind::TimedOut);
        assert!(begun.elapsed() < Duration::from_secs(5));
        (&one).write_all(&[0, 0, 0, 2, b'{', b'}']).unwrap();
        assert!(receive::<u8>(&other, None).is_err());
        (&one).write_all(&[255; 8]).unwrap();
        assert!(receive::<u8>(&other, None).unwrap_err().to_string().contains("too long"));
        (&one).write_all(&[0, 0, 0, 9, b'"']).unwrap();
        drop(one);
        // The rest of the frame before, then this one, cut off.
        let mut rest = [0; 4];
        (&other).read_exact(&mut rest).unwrap();
        assert!(receive::<String>(&other, None).is_err());
    }

    #[test]
    fn what_stops_in_the_middle_of_a_message_is_not_merely_late() {
        let soon = || Some(Instant::now() + Duration::from_millis(20));
        for part in [&[0][..], &[0, 0, 0, 2], &[0, 0, 0, 2, b'"']] {
            let (one, other) = UnixStream::pair().unwrap();
            (&one).write_all(part).unwrap();
            assert_eq!(receive::<u8>(&other, soon()).unwrap_err().kind(), ErrorKind::InvalidData, "{part:?}");
        }
        // Nobody reads.
        let (one, _other) = UnixStream::pair().unwrap();
        assert_eq!(send(&one, &"x".repeat(MAX / 2), soon()).unwrap_err().kind(), ErrorKind::InvalidData);
    }
}
