//! From text to a jar.

use std::net::SocketAddr;

use thiserror::Error;
use zeroize::Zeroizing;

use super::text::{HEAD, OWN};
use super::{Entry, Failures, Jar, Kept, MOST_BYTES, MOST_ENTRIES, Peer};
use crate::time::Time;
use crate::wire::nts::{Aead, Association, Cookie, Keys, MOST_COOKIES, Secret};

/// The longest name of a server, and of what vouches for it, in bytes.
const LONGEST_NAME: usize = 253;
const LONGEST_TRUST: usize = 4096;
/// The latest time that a jar may hold: the year 9999.
const LATEST: i64 = 253_402_300_799;

/// Why a text is no jar. What the text says is not repeated: it may be a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum BadJar {
    /// Something else.
    #[error("it does not begin with \"{HEAD}\"")]
    Foreign,
    /// Too long, or with too many servers.
    #[error("it is too long")]
    TooLong,
    /// The line with this number, from 1, is not as it must be.
    #[error("line {0} is not understood")]
    Line(usize),
    /// What is said of the server that begins on this line is not complete.
    #[error("the server of line {0} is incomplete")]
    Incomplete(usize),
}

/// Reads a jar. A text that is not whole is none: what is lost is made anew by a key exchange.
pub fn parse(text: &str) -> Result<Jar, BadJar> {
    if text.len() > MOST_BYTES {
        return Err(BadJar::TooLong);
    }
    // A last line that is not ended was cut off.
    let rest = text.strip_prefix(HEAD).and_then(|rest| rest.strip_prefix('\n')).ok_or(BadJar::Foreign)?;
    let (mut jar, mut open): (Jar, Option<Draft>) = (Jar::default(), None);
    for (number, line) in (2..).zip(rest.split_inclusive('\n')) {
        let line = line.strip_suffix('\n').ok_or(BadJar::Line(number))?;
        let (word, value) = line.split_once(' ').ok_or(BadJar::Line(number))?;
        match (word, &mut open) {
            ("server", _) => {
                close(&mut jar, open.take())?;
                open = Some(Draft::begin(value, number).ok_or(BadJar::Line(number))?);
            }
            ("time", None) if jar.floor.is_none() => jar.floor = Some(time(value).ok_or(BadJar::Line(number))?),
            (_, Some(draft)) => draft.take(word, value).ok_or(BadJar::Line(number))?,
            (_, None) => return Err(BadJar::Line(number)),
        }
    }
    close(&mut jar, open)?;
    Ok(jar)
}

/// Adds a server of which all is said.
fn close(jar: &mut Jar, draft: Option<Draft>) -> Result<(), BadJar> {
    let Some(draft) = draft else { return Ok(()) };
    let line = draft.line;
    let entry = draft.finish().ok_or(BadJar::Incomplete(line))?;
    if jar.entries.len() >= MOST_ENTRIES {
        return Err(BadJar::TooLong);
    }
    if jar.entries.iter().any(|known| known.peer == entry.peer) {
        return Err(BadJar::Line(line));
    }
    jar.entries.push(entry);
    Ok(())
}

/// A server of which not all is said yet.
struct Draft {
    line: usize,
    peer: Peer,
    failures: Failures,
    /// Where the NTP server is, and whether the key exchange was made with that address.
    server: Option<(SocketAddr, bool)>,
    made: Option<Time>,
    aead: Option<Aead>,
    keys: Option<Keys>,
    other_keys: Option<Keys>,
    cookies: Vec<Cookie>,
}

impl Draft {
    fn begin(value: &str, line: usize) -> Option<Draft> {
        let (name, port) = value.split_once(' ')?;
        let is_name = (1..=LONGEST_NAME).contains(&name.len()) && name.bytes().all(|byte| byte.is_ascii_graphic());
        let port = port.parse().ok().filter(|port| *port != 0 && is_name)?;
        Some(Draft {
            line,
            peer: Peer { name: name.to_owned(), port, trust: String::new() },
            failures: Failures::default(),
            server: None,
            made: None,
            aead: None,
            keys: None,
            other_keys: None,
            cookies: Vec::new(),
        })
    }

    /// Takes in a line; nothing comes of one that is wrong or comes twice.
    fn take(&mut self, word: &str, value: &str) -> Option<()> {
        match word {
            "trust" => {
                let is_one = !value.is_empty() && value.len() <= LONGEST_TRUST && !value.contains(char::is_control);
                self.peer.trust = is_one.then(|| value.to_owned()).filter(|_| self.peer.trust.is_empty())?;
                Some(())
            }
            "failed" => {
                let (count, last) = value.split_once(' ')?;
                let count = count.parse().ok().filter(|count| *count > 0 && self.failures.count == 0)?;
                self.failures = Failures { count, last: Some(time(last)?) };
                Some(())
            }
            "ntp" => {
                let (server, is_own) = value.strip_suffix(OWN).map_or((value, false), |server| (server, true));
                let server = server.parse().ok().filter(|server: &SocketAddr| server.port() != 0)?;
                set(&mut self.server, (server, is_own))
            }
            "made" => set(&mut self.made, time(value)?),
            "aead" => set(&mut self.aead, Aead::from_number(value.parse().ok()?)?),
            "keys" => set(&mut self.keys, keys(value)?),
            "other" => set(&mut self.other_keys, keys(value)?),
            "cookie" if self.cookies.len() < MOST_COOKIES => {
                let cookie = Cookie::new(bytes(value)?).ok()?;
                // Each is used once.
                (!self.cookies.contains(&cookie)).then(|| self.cookies.push(cookie))
            }
            _ => None,
        }
    }

    /// The entry: either without keys and all that belongs to them, or with all of it.
    fn finish(self) -> Option<Entry> {
        let Draft { peer, failures, server, made, aead, keys, other_keys, cookies, .. } = self;
        let kept = match (server, made, aead, keys) {
            (None, None, None, None) if other_keys.is_none() && cookies.is_empty() => None,
            (Some((server, is_own)), Some(made), Some(aead), Some(keys)) => {
                let association = Association { aead, keys, other_keys, cookies, is_saved: true };
                Some(Kept { association: Some(association).filter(Association::is_sound)?, server, is_own, made })
            }
            _ => return None,
        };
        Some(Entry { peer, failures, kept })
    }
}

/// Fills a place that is empty.
fn set<T>(place: &mut Option<T>, value: T) -> Option<()> {
    if place.is_some() {
        return None;
    }
    *place = Some(value);
    Some(())
}

fn time(value: &str) -> Option<Time> {
    let seconds = value.parse().ok().filter(|seconds| (0..=LATEST).contains(seconds))?;
    Some(Time::from_unix(seconds, 0))
}

fn keys(value: &str) -> Option<Keys> {
    let (c2s, s2c) = value.split_once(' ')?;
    let key = |text| Secret::new(bytes(text)?).ok();
    Some(Keys { c2s: key(c2s)?, s2c: key(s2c)? })
}

/// Bytes from pairs of hexadecimal digits.
fn bytes(text: &str) -> Option<Zeroizing<Vec<u8>>> {
    let pair = |pair: &[u8]| match pair {
        [high, low] => Some(digit(*high)? << 4 | digit(*low)?),
        _ => None,
    };
    // Room that grows would leave copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(text.len() / 2));
    for two in text.as_bytes().chunks(2) {
        bytes.push(pair(two)?);
    }
    Some(bytes)
}

fn digit(byte: u8) -> Option<u8> {
    // One spelling only: what is read is what was written.
    char::from(byte).to_digit(16).filter(|_| !byte.is_ascii_uppercase()).map(|digit| digit as u8)
}
