//! rntpdate against real servers, each in a network of its own. It never has the right to set the clock there, and is
//! never told to.

#[path = "../support/ntpserver/mod.rs"]
mod ntpserver;
#[path = "../support/mod.rs"]
mod support;

mod falseticker;
mod kinds;
mod pace;
mod ports;
mod restrictions;

use support::netns::Netns;

/// Loopback on a busy machine, in seconds.
const TOLERANCE: f64 = 0.005;

/// chronyd that trusts its own clock, which is this machine's.
const CHRONYD: &str = "local stratum 3\nallow all";

/// ntpd of the same kind. Asked each second its clock soon has the samples that make its dispersion small.
const NTPD: &str = "refclock local unit 0 stratum 4 prefer minpoll 0 maxpoll 0";

/// What a run printed, and its status.
#[derive(Debug)]
struct Run {
    status: Option<i32>,
    stdout: String,
    stderr: String,
    took: std::time::Duration,
}

/// Runs rntpdate in a network; the first argument has to be one that makes it a dry run.
fn rntpdate(network: &Netns, arguments: &[&str]) -> Run {
    assert!(arguments[0].starts_with("-q") || arguments[0].starts_with("-d"), "{arguments:?} would set the clock");
    let started = std::time::Instant::now();
    let output = network
        .command(env!("CARGO_BIN_EXE_rntpdate"))
        .args(arguments)
        .env("TZ", "UTC")
        .output()
        .expect("cannot start rntpdate");
    Run {
        status: output.status.code(),
        stdout: String::from_utf8(output.stdout).expect("text"),
        stderr: String::from_utf8(output.stderr).expect("text"),
        took: started.elapsed(),
    }
}

impl Run {
    /// The offset in the last line, in seconds, of a run that came to one.
    #[track_caller]
    fn offset(&self) -> f64 {
        assert_eq!(self.status, Some(0), "{self:#?}");
        number(self.stdout.lines().last().unwrap_or_default(), "offset ")
    }

    /// The line of -q about a server.
    #[track_caller]
    fn server(&self, address: &str) -> &str {
        let start = format!("server {address}, ");
        let line = self.stdout.lines().find(|line| line.starts_with(&start));
        line.unwrap_or_else(|| panic!("no line {start:?} in {self:#?}"))
    }

    /// Checks that the run came to nothing, with this cause for the server, and that it is not said twice.
    #[track_caller]
    fn assert_dropped(&self, address: &str, cause: &str) {
        let text = format!("{address}: {cause}");
        assert_eq!(self.status, Some(1), "{self:#?}");
        assert_eq!(self.stderr.matches(&text).count(), 1, "no {text:?} in {self:#?}");
        assert!(self.stderr.ends_with("no server suitable for synchronization found\n"), "{self:#?}");
    }
}

/// The number that follows a word in a line.
#[track_caller]
fn number(line: &str, word: &str) -> f64 {
    let (_, rest) = line.split_once(word).unwrap_or_else(|| panic!("no {word:?} in {line:?}"));
    let end = rest.find([',', ';', ' ']).unwrap_or(rest.len());
    rest[..end].parse().unwrap_or_else(|_| panic!("no number after {word:?} in {line:?}"))
}
