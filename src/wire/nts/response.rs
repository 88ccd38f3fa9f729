//! A server's response in a key exchange (RFC 8915 §4), with every check that the client has to make: servers do not make all.

use std::net::IpAddr;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::aead::Aead;
use super::association::{Cookie, MOST_COOKIES};
use super::record::{NTPV4, Record, RecordType};

/// The longest response that is read, in bytes; a client should take so much (RFC 8915 §4).
const LONGEST: usize = 65_536;
/// The longest name of a host, in bytes.
const LONGEST_NAME: usize = 253;
/// Records that one response has at the most: more than any server has reason to send.
const MOST_RECORDS: usize = 1024;

/// What is wrong with a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error, Serialize, Deserialize)]
pub enum ResponseFault {
    /// The server refuses, with this number (RFC 8915 §4.1.3).
    #[error("the server refuses the key exchange: {}", error_name(*.0))]
    Error(u16),
    /// A warning, of which none is defined.
    #[error("the server warns with an unknown number ({0})")]
    Warning(u16),
    /// A record that has to be understood and is not.
    #[error("the response has a critical record of the unknown type {0}")]
    UnknownCritical(u16),
    /// The server takes no NTPv4, or does not say which protocol it takes.
    #[error("the server exchanges no keys for NTPv4")]
    NoProtocol,
    /// The server has none of the algorithms that were offered.
    #[error("the server has none of the algorithms that were offered")]
    NoAead,
    /// The server chose an algorithm that was not offered, with this number.
    #[error("the server chose the algorithm {0}, which was not offered")]
    NotOffered(u16),
    /// No cookie that could be sent.
    #[error("the server gave no cookie that can be used")]
    NoCookie,
    /// A record that may come once came twice; the number of its type.
    #[error("the response has two records of the type {0}")]
    Twice(u16),
    /// A record of this type has a body of another form than it must have.
    #[error("the response has a malformed record of the type {0}")]
    Malformed(u16),
    /// The name of the NTP server is none.
    #[error("the response names an NTP server by what is no host name")]
    BadName,
    /// The port of the NTP server is none.
    #[error("the response gives the port 0")]
    BadPort,
    /// Something follows the end of the message.
    #[error("something follows the end of the response")]
    BehindEnd,
    /// The connection ended before the end of the message.
    #[error("the response is cut off")]
    CutOff,
    /// Longer than is read.
    #[error("the response is longer than {LONGEST} bytes, or has more than {MOST_RECORDS} records")]
    TooLong,
}

/// The name of a server's error.
fn error_name(number: u16) -> String {
    match number {
        0 => "it does not know a critical record".to_owned(),
        1 => "bad request".to_owned(),
        2 => "internal server error".to_owned(),
        other => format!("error {other}"),
    }
}

/// A server's response, checked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Response {
    /// The algorithm, one of those that were offered.
    pub aead: Aead,
    /// Cookies that can be sent, 1 to 8.
    pub cookies: Vec<Cookie>,
    /// The NTP server where it is not the host that the keys were exchanged with: a host name or an address.
    pub server: Option<String>,
    /// The NTP server's port where it is not 123.
    pub port: Option<u16>,
    /// The server derives the keys of AES-128-GCM-SIV as RFC 8915 says.
    pub is_compliant: bool,
}

impl Response {
    /// The algorithms whose numbers are in the exporter's context: for the keys to use, and for those to try when the server refuses
    /// the first request. chrony 4.4 to 4.6 derived the keys of AES-128-GCM-SIV with the number of AES-SIV-CMAC-256; since then
    /// it says by a record of its own that it does not.
    pub fn key_contexts(&self) -> (Aead, Option<Aead>) {
        match (self.aead, self.is_compliant) {
            (Aead::Gcm128Siv, false) => (Aead::SivCmac256, Some(Aead::Gcm128Siv)),
            (aead, _) => (aead, None),
        }
    }
}

/// Reads a response piece by piece, and no more of it than is allowed.
#[derive(Debug)]
pub struct Reader {
    offered: Vec<Aead>,
    /// What came and is no whole record yet.
    rest: Vec<u8>,
    /// Bytes and records so far.
    taken: (usize, usize),
    has_ended: bool,
    protocol: Option<bool>,
    aead: Option<Result<Aead, ResponseFault>>,
    cookies: Vec<Cookie>,
    server: Option<String>,
    port: Option<u16>,
    is_compliant: bool,
}

impl Reader {
    /// A reader of the response to a request that offered these algorithms.
    pub fn new(offered: &[Aead]) -> Reader {
        Reader {
            offered: offered.to_vec(),
            rest: Vec::new(),
            taken: (0, 0),
            has_ended: false,
            protocol: None,
            aead: None,
            cookies: Vec::new(),
            server: None,
            port: None,
            is_compliant: false,
        }
    }

    /// Takes in what has come. Says whether the response is complete; fails at the first record that makes it useless.
    pub fn push(&mut self, bytes: &[u8]) -> Result<bool, ResponseFault> {
        self.taken.0 = self.taken.0.saturating_add(bytes.len());
        if self.taken.0 > LONGEST {
            return Err(ResponseFault::TooLong);
        }
        self.rest.extend_from_slice(bytes);
        let came = std::mem::take(&mut self.rest);
        let mut left = &came[..];
        while let (false, Some((record, behind))) = (self.has_ended, Record::split(left)) {
            self.taken.1 += 1;
            if self.taken.1 > MOST_RECORDS {
                return Err(ResponseFault::TooLong);
            }
            self.take(&record)?;
            left = behind;
        }
        self.rest = left.to_vec();
        if self.has_ended && !self.rest.is_empty() {
            return Err(ResponseFault::BehindEnd);
        }
        Ok(self.has_ended)
    }

    /// The response, when no more will come.
    pub fn finish(self) -> Result<Response, ResponseFault> {
        if !self.has_ended {
            return Err(ResponseFault::CutOff);
        }
        if self.protocol != Some(true) {
            return Err(ResponseFault::NoProtocol);
        }
        let aead = self.aead.unwrap_or(Err(ResponseFault::NoAead))?;
        if self.cookies.is_empty() {
            return Err(ResponseFault::NoCookie);
        }
        let Reader { cookies, server, port, is_compliant, .. } = self;
        Ok(Response { aead, cookies, server, port, is_compliant })
    }

    fn take(&mut self, record: &Record<'_>) -> Result<(), ResponseFault> {
        let number = record.kind.number();
        let malformed = ResponseFault::Malformed(number);
        match record.kind {
            RecordType::EndOfMessage if record.body.is_empty() => self.has_ended = true,
            RecordType::EndOfMessage => return Err(malformed),
            RecordType::NextProtocol => {
                let takes_ntp = match one_or_none(record.body).ok_or(malformed)? {
                    None => false,
                    Some(protocol) => protocol == NTPV4,
                };
                once(&mut self.protocol, takes_ntp, number)?;
            }
            RecordType::Error => {
                return Err(one_or_none(record.body).flatten().map_or(malformed, ResponseFault::Error));
            }
            RecordType::Warning => {
                return Err(one_or_none(record.body).flatten().map_or(malformed, ResponseFault::Warning));
            }
            RecordType::Aead => {
                let chosen = self.chosen(one_or_none(record.body).ok_or(malformed)?);
                once(&mut self.aead, chosen, number)?;
            }
            // What cannot be sent is dropped, and so is what is not kept.
            RecordType::NewCookie => {
                if let (Ok(cookie), true) = (Cookie::new(record.body.to_vec()), self.cookies.len() < MOST_COOKIES) {
                    self.cookies.push(cookie);
                }
            }
            RecordType::Server => once(&mut self.server, host(record.body)?, number)?,
            RecordType::Port => {
                let port = one_or_none(record.body).flatten().ok_or(malformed)?;
                once(&mut self.port, port, number)?;
                if port == 0 {
                    return Err(ResponseFault::BadPort);
                }
            }
            RecordType::CompliantExport => self.is_compliant = true,
            RecordType::Unknown(kind) if record.is_critical => return Err(ResponseFault::UnknownCritical(kind)),
            RecordType::Unknown(_) => {}
        }
        Ok(())
    }

    fn chosen(&self, number: Option<u16>) -> Result<Aead, ResponseFault> {
        let number = number.ok_or(ResponseFault::NoAead)?;
        let aead = Aead::from_number(number).filter(|aead| self.offered.contains(aead));
        aead.ok_or(ResponseFault::NotOffered(number))
    }
}

/// Keeps what may come once.
fn once<T>(place: &mut Option<T>, value: T, number: u16) -> Result<(), ResponseFault> {
    if place.replace(value).is_some() { Err(ResponseFault::Twice(number)) } else { Ok(()) }
}

/// The one number in a body, or none where it is empty; nothing where it is something else.
fn one_or_none(body: &[u8]) -> Option<Option<u16>> {
    match body {
        [] => Some(None),
        [high, low] => Some(Some(u16::from_be_bytes([*high, *low]))),
        _ => None,
    }
}

/// A host name, without the final dot, or an address.
fn host(body: &[u8]) -> Result<String, ResponseFault> {
    let text = std::str::from_utf8(body).map_err(|_| ResponseFault::BadName)?;
    let name = text.strip_suffix('.').unwrap_or(text);
    if name.parse::<IpAddr>().is_ok() {
        return Ok(name.to_owned());
    }
    let is_label = |label: &str| {
        let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        (1..=63).contains(&label.len()) && label.bytes().all(fits) && !label.starts_with('-')
    };
    // What ends in a number is an address to the C library, though a short or strange one.
    let is_number = name.rsplit('.').next().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()));
    let is_name = name.len() <= LONGEST_NAME && name.split('.').all(is_label) && !is_number;
    if is_name { Ok(name.to_owned()) } else { Err(ResponseFault::BadName) }
}
