//! Lists that somebody names on the command line or hands in: read whole, and no further than a limit.

use std::fs::OpenOptions;
use std::io;
use std::io::{BufRead, Read};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

/// The text of a regular file of at most `most` bytes. What is no UTF-8 in it is replaced, and then is no name.
pub fn from_file(file: &Path, most: usize) -> io::Result<String> {
    // A named pipe in the place of a file must not stop the run.
    let opened = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(file)?;
    if !opened.metadata()?.is_file() {
        return Err(io::Error::other("it is not a file (a pipe can be handed in as -)"));
    }
    bounded(opened, most)
}

/// The text that comes from standard input until its end, under the same rules.
pub fn from_stdin(most: usize) -> io::Result<String> {
    bounded(io::stdin().lock(), most)
}

/// Hands in each line of standard input without its end, until all is read, or `most` bytes. Of a line that is longer than `longest`
/// comes one byte more than that, so that it is seen to be.
pub fn lines_from_stdin(longest: usize, most: usize, take: impl FnMut(&str)) -> io::Result<()> {
    lines(io::stdin().lock(), longest, most, take)
}

fn lines(mut from: impl BufRead, longest: usize, most: usize, mut take: impl FnMut(&str)) -> io::Result<()> {
    let (mut line, mut left) = (Vec::new(), most);
    loop {
        let buffer = match from.fill_buf() {
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            buffer => buffer?,
        };
        let end = buffer.iter().position(|byte| *byte == b'\n');
        let length = end.unwrap_or(buffer.len());
        line.extend_from_slice(&buffer[..length.min(longest + 1 - line.len())]);
        if end.is_some() || (buffer.is_empty() && !line.is_empty()) {
            take(&String::from_utf8_lossy(&line));
            line.clear();
        }
        if buffer.is_empty() {
            return Ok(());
        }
        let used = length + usize::from(end.is_some());
        left =
            left.checked_sub(used).ok_or_else(|| io::Error::other(format!("it is longer than {} MiB", most >> 20)))?;
        from.consume(used);
    }
}

fn bounded(from: impl Read, most: usize) -> io::Result<String> {
    let mut bytes = Vec::new();
    from.take(most as u64 + 1).read_to_end(&mut bytes)?;
    if bytes.len() > most {
        return Err(io::Error::other(format!("it is longer than {} MiB", most >> 20)));
    }
    Ok(String::from_utf8(bytes).unwrap_or_else(|error| String::from_utf8_lossy(error.as_bytes()).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_have_a_limit_each_and_all_together() {
        let read = |text: &[u8], longest, most, buffer| {
            let mut found = Vec::new();
            let result =
                lines(io::BufReader::with_capacity(buffer, text), longest, most, |line| found.push(line.to_owned()));
            result.map(|()| found)
        };
        for buffer in [1, 2, 3, 100] {
            assert_eq!(read(b"a\n\nlong line\r\nb\xff", 4, 100, buffer).unwrap(), ["a", "", "long ", "b\u{fffd}"]);
            assert!(read(b"", 4, 100, buffer).unwrap().is_empty());
            assert!(read(b"aaaa\naaaa\n", 4, 9, buffer).is_err());
        }
    }

    #[test]
    fn nothing_is_read_without_an_end() {
        assert_eq!(bounded(&b"a\xff\n"[..], 3).unwrap(), "a\u{fffd}\n");
        assert!(bounded(io::repeat(b'a'), 1 << 20).unwrap_err().to_string().contains("longer than 1 MiB"));
        for strange in ["/dev/zero", "/", "/dev/null"] {
            assert!(from_file(Path::new(strange), 10).unwrap_err().to_string().contains("not a file"), "{strange}");
        }
        let folder = tempfile::tempdir().unwrap();
        let pipe = folder.path().join("pipe");
        nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
        assert!(from_file(&pipe, 10).is_err());
    }
}
