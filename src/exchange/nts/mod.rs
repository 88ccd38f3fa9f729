//! The keys and cookies of a session with a server that has Network Time Security (RFC 8915 §5.7).
#![forbid(unsafe_code)]

use serde::{Deserialize, Serialize};

use crate::wire::nts::{Aead, Association, Cookie, Fresh, Keys, MOST_COOKIES, NtsFault, Opened, open, sealed_request};
use crate::wire::{HEADER_LEN, Header, RefId, Stratum};

/// The most placeholders in one request: networks drop long packets, and a lost cookie is made good by the next replies too.
const MOST_PLACEHOLDERS: usize = 3;
/// What a server says that does not know the cookie, or the keys in it (RFC 8915 §5.7).
const NAK: RefId = RefId(*b"NTSN");

/// Why a server's keys should be exchanged anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Renewal {
    /// The server says that it does not know the cookie (NTSN).
    Refused,
    /// No answer to the cookies of an earlier run: some servers say nothing where they do not know the keys.
    Silence,
    /// No cookie is left.
    NoCookie,
}

/// What the replies of a server with NTS proved. Only those that answer a request of ours are counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct NtsRecord {
    /// The algorithm.
    pub aead: Aead,
    /// Whether keys and cookies are an earlier run's.
    pub is_saved: bool,
    /// Whether the other keys of the association were tried, as the first were refused.
    pub has_switched: bool,
    /// Replies that were sealed with our keys.
    pub passed: usize,
    /// Replies that were not, and counted for nothing.
    pub failed: usize,
    /// The replies that came without NTS.
    pub plain: usize,
    /// Times that the server, or whoever answers for it, did not know the cookie.
    pub refused: usize,
    /// Why the last of those that failed did.
    pub last_failure: Option<NtsFault>,
    /// Why the keys should be exchanged anew, or were.
    pub renewal: Option<Renewal>,
    /// The cookies that are left, the oldest first.
    pub cookies: Vec<Cookie>,
}

impl NtsRecord {
    /// Whether replies came and not one of them proved anything.
    pub fn is_refuted(&self) -> bool {
        self.passed == 0 && self.failed > 0
    }
}

/// What a reply proved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Checked {
    /// The server knows the keys.
    Authentic,
    /// The server, or somebody on the way, says that it does not know the cookie: good for nothing but to exchange keys anew.
    Refused,
}

/// What a session does after a refusal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum AfterRefusal {
    /// Asks at once with the association's other keys.
    AskAgain,
    /// Waits for new keys.
    AwaitKeys,
    /// Takes no notice: keys that were just made are not forgotten, but anybody on the way can say so.
    Nothing,
}

#[derive(Debug)]
pub(super) struct NtsProof {
    keys: Keys,
    other_keys: Option<Keys>,
    /// So many cookies fewer than there could be are there, in the session and where it has them from.
    missing: usize,
    /// The newest request asked for more cookies than one, and was not answered: it may have been too long for the way.
    was_long: bool,
    pub(super) record: NtsRecord,
}

impl NtsProof {
    pub(super) fn new(association: Association, missing: usize) -> NtsProof {
        let Association { aead, keys, other_keys, cookies, is_saved } = association;
        let record = NtsRecord {
            aead,
            is_saved,
            has_switched: false,
            passed: 0,
            failed: 0,
            plain: 0,
            refused: 0,
            last_failure: None,
            renewal: None,
            cookies,
        };
        NtsProof { keys, other_keys, missing, was_long: false, record }
    }

    /// The request with a cookie that is then gone, whatever becomes of the request. Nothing without a cookie.
    pub(super) fn request(&mut self, header: &[u8; HEADER_LEN], fresh: &Fresh) -> Option<Vec<u8>> {
        if self.record.cookies.is_empty() {
            self.want(Renewal::NoCookie);
            return None;
        }
        let cookie = self.record.cookies.remove(0);
        // The reply brings one for the one that is sent.
        let placeholders = if self.was_long { 0 } else { self.missing.min(MOST_PLACEHOLDERS) };
        self.missing = (self.missing + 1).min(MOST_COOKIES);
        self.was_long = placeholders > 0;
        sealed_request(header, (self.record.aead, &self.keys), &cookie, placeholders, fresh)
    }

    /// What a reply to the request with this identifier proves. New cookies are taken from what is sealed, and nowhere else.
    pub(super) fn check(
        &mut self,
        datagram: &[u8],
        header: &Header,
        identifier: &[u8; 32],
    ) -> Result<Checked, NtsFault> {
        let opened = open(datagram, (self.record.aead, &self.keys), identifier);
        let fault = match opened {
            Ok(Opened::Authentic(cookies)) => {
                self.record.passed += 1;
                self.was_long = false;
                self.store(cookies);
                return Ok(Checked::Authentic);
            }
            Ok(Opened::Unsealed) if (header.stratum, header.refid) == (Stratum(0), NAK) => {
                self.record.refused += 1;
                return Ok(Checked::Refused);
            }
            Ok(Opened::Unsealed) => NtsFault::Plain,
            Err(fault) => fault,
        };
        self.record.failed += 1;
        self.record.plain += usize::from(fault == NtsFault::Plain);
        self.record.last_failure = Some(fault);
        Err(fault)
    }

    fn store(&mut self, cookies: Vec<Cookie>) {
        for cookie in cookies {
            if self.record.cookies.len() < MOST_COOKIES && !self.record.cookies.contains(&cookie) {
                self.record.cookies.push(cookie);
                self.missing = self.missing.saturating_sub(1);
            }
        }
    }

    /// After a refusal. A server that has proved itself, or keys that were just made, are not given up for what anybody can say.
    pub(super) fn refuse(&mut self) -> AfterRefusal {
        if self.record.passed > 0 {
            return AfterRefusal::Nothing;
        }
        if let Some(other) = self.other_keys.take() {
            self.keys = other;
            self.record.has_switched = true;
            return AfterRefusal::AskAgain;
        }
        if self.record.is_saved {
            self.want(Renewal::Refused);
            return AfterRefusal::AwaitKeys;
        }
        AfterRefusal::Nothing
    }

    /// A request was not answered in time.
    pub(super) fn lose(&mut self) {
        if self.record.is_saved && self.record.passed == 0 {
            self.want(Renewal::Silence);
        }
    }

    /// New keys, unless the old ones have done after all. Says whether they are taken.
    pub(super) fn renew(&mut self, association: Association, missing: usize) -> bool {
        if self.record.passed > 0 && !self.record.cookies.is_empty() {
            return false;
        }
        let old = std::mem::replace(self, NtsProof::new(association, missing));
        let record = &mut self.record;
        (record.renewal, record.refused) = (old.record.renewal, old.record.refused);
        (record.passed, record.failed, record.plain) = (old.record.passed, old.record.failed, old.record.plain);
        record.last_failure = old.record.last_failure;
        true
    }

    /// The first reason is the one that counts.
    fn want(&mut self, renewal: Renewal) {
        self.record.renewal.get_or_insert(renewal);
    }

    /// Why new keys are wanted, where they are.
    pub(super) fn wanted(&self) -> Option<Renewal> {
        let record = &self.record;
        record.renewal.filter(|_| record.cookies.is_empty() || record.is_saved && record.passed == 0)
    }
}

#[cfg(test)]
#[cfg(feature = "nts")]
mod tests;
