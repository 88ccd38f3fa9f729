//! Writes to the two streams that wait for a reader, but not for ever: a run that sets the clock holds the lock until its last line
//! is out, and what starts it may have stopped to read.

use std::io::{self, Write};
use std::os::fd::{AsFd as _, BorrowedFd};
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

/// What this process waits for readers, all in all.
const TIMEOUT: Duration = Duration::from_secs(5);
/// So much goes at once, in bytes: a pipe that can be written to has room for it (pipe(7), PIPE_BUF).
const CHUNK: usize = 4096;

/// What has been waited already, in milliseconds.
static WAITED: AtomicU64 = AtomicU64::new(0);

/// Standard output or standard error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bounded {
    /// Standard output.
    Stdout,
    /// Standard error.
    Stderr,
}

impl Write for Bounded {
    /// Fails with `TimedOut` where nobody makes room in time.
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Bounded::Stdout => write(io::stdout().as_fd(), bytes, TIMEOUT),
            Bounded::Stderr => write(io::stderr().as_fd(), bytes, TIMEOUT),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes a part of the bytes once there is room, unless this process has waited for `timeout` in all.
fn write(stream: BorrowedFd<'_>, bytes: &[u8], timeout: Duration) -> io::Result<usize> {
    let chunk = &bytes[..bytes.len().min(CHUNK)];
    loop {
        let left = timeout.saturating_sub(Duration::from_millis(WAITED.load(Ordering::Relaxed)));
        let begun = Instant::now();
        let ready = poll(
            &mut [PollFd::new(stream, PollFlags::POLLOUT)],
            PollTimeout::try_from(left).unwrap_or(PollTimeout::MAX),
        );
        let waited = u64::try_from(begun.elapsed().as_millis()).unwrap_or(u64::MAX);
        WAITED.fetch_add(waited, Ordering::Relaxed);
        match ready {
            Ok(0) => return Err(io::Error::new(io::ErrorKind::TimedOut, "nobody reads them")),
            Err(Errno::EINTR) => continue,
            // What poll cannot say the write will.
            _ => {}
        }
        match nix::unistd::write(stream, chunk) {
            Err(Errno::EINTR) => {}
            // Another writer of a stream that does not wait was faster.
            Err(Errno::EAGAIN) => std::thread::sleep(Duration::from_millis(1)),
            // A stream that was closed before the start swallows all, as the standard library has it.
            Err(Errno::EBADF) => return Ok(bytes.len()),
            written => return Ok(written?),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::io::{PipeReader, Read as _, pipe};

    use super::*;

    fn full() -> (PipeReader, io::PipeWriter) {
        let (reader, writer) = pipe().unwrap();
        let mut flood = vec![b'x'; CHUNK];
        while write(writer.as_fd(), &flood, Duration::from_millis(20)).is_ok() {}
        flood.clear();
        (reader, writer)
    }

    /// One test, as what was waited is counted for the whole process.
    #[test]
    fn a_pipe_that_nobody_reads_is_waited_for_and_no_longer() {
        let (mut reader, writer) = full();
        // To fill it was waited too, on a busy machine for long.
        let before = Duration::from_millis(WAITED.load(Ordering::Relaxed));
        let begun = Instant::now();
        let error = write(writer.as_fd(), b"line", Duration::from_millis(150)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert!(before + begun.elapsed() >= Duration::from_millis(140) && begun.elapsed() < Duration::from_secs(3));
        let begun = Instant::now();
        assert!(write(writer.as_fd(), b"line", Duration::from_millis(150)).is_err());
        assert!(begun.elapsed() < Duration::from_secs(1), "the timeout is for the whole process");
        let slow = std::thread::spawn(move || {
            std::thread::sleep(Duration::from_millis(50));
            reader.read_exact(&mut [0; 2 * CHUNK]).unwrap();
            reader
        });
        assert_eq!(write(writer.as_fd(), b"line", Duration::from_secs(60)).unwrap(), 4);
        drop(slow.join().unwrap());
        let error = write(writer.as_fd(), b"line", Duration::from_secs(60)).unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::BrokenPipe);
    }

    #[test]
    fn more_than_a_pipe_takes_at_once_goes_in_parts() {
        let (_reader, writer) = pipe().unwrap();
        assert_eq!(write(writer.as_fd(), &[0; 3 * CHUNK], Duration::from_secs(60)).unwrap(), CHUNK);
    }
}
