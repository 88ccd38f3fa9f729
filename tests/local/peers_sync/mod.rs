//! rntpdate against real servers, each in a network of its own. It never has the right to set the clock there, and is
//! never told to.

mod falseticker;
mod kinds;
mod pace;
mod ports;
mod restrictions;

use crate::support::dry_run::{DryRun, rntpdate};

/// Loopback on a busy machine, in seconds.
const TOLERANCE: f64 = 0.005;

/// chronyd that trusts its own clock, which is this machine's.
const CHRONYD: &str = "local stratum 3\nallow all";

/// ntpd of the same kind. Asked each second its clock soon has the samples that make its dispersion small.
const NTPD: &str = "refclock local unit 0 stratum 4 prefer minpoll 0 maxpoll 0";

impl DryRun {
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
}

/// The number that follows a word in a line.
#[track_caller]
fn number(line: &str, word: &str) -> f64 {
    let (_, rest) = line.split_once(word).unwrap_or_else(|| panic!("no {word:?} in {line:?}"));
    let end = rest.find([',', ';', ' ']).unwrap_or(rest.len());
    rest[..end].parse().unwrap_or_else(|_| panic!("no number after {word:?} in {line:?}"))
}
