//! Keys, and what the replies of servers that have to know one prove.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::nts::{NtsProof, NtsRecord};
use crate::wire::{Algorithm, Key, KeyId, MacFault};

/// Whether a server's replies proved that it knows our key. Only those that answer a request of ours are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Authentication {
    /// The key's number.
    pub key: KeyId,
    /// The key's type.
    pub algorithm: Algorithm,
    /// Replies that proved it.
    pub passed: usize,
    /// Replies that did not, and counted for nothing.
    pub failed: usize,
    /// Why the last of these did not.
    pub last_failure: Option<MacFault>,
    /// The newest eight replies as bits, the newest lowest: set if it failed (what ntpdate calls trust).
    pub trust: u8,
}

impl Authentication {
    /// Whether replies came and not one of them proved anything.
    pub fn is_refuted(&self) -> bool {
        self.passed == 0 && self.failed > 0
    }
}

/// The keys of a run, by their numbers. A run has one file of keys, so that a number stands for one key.
#[derive(Debug, Default)]
pub struct Keyring(BTreeMap<KeyId, Result<Arc<Key>, String>>);

impl Keyring {
    /// A keyring with this key alone.
    pub fn of(key: Key) -> Keyring {
        Keyring([(key.id(), Ok(Arc::new(key)))].into())
    }

    /// Adds what there is under a number: a key, or why it cannot be had.
    pub fn add(&mut self, id: KeyId, found: Result<Key, String>) {
        self.0.insert(id, found.map(Arc::new));
    }

    /// The key with this number; fails with the reason why it cannot be had.
    pub fn get(&self, id: KeyId) -> Result<&Arc<Key>, &str> {
        self.0.get(&id).map_or(Err("it was not read"), |found| found.as_ref().map_err(String::as_str))
    }

    /// The keys that could be had.
    pub fn keys(&self) -> impl Iterator<Item = &Key> {
        self.0.values().filter_map(|found| found.as_deref().ok())
    }
}

/// What the replies of a session have to prove.
#[derive(Debug)]
pub(super) enum Proof {
    /// No proof.
    Nothing,
    /// The server knows a key.
    Key(KeyProof),
    /// The server knows the keys of a key exchange.
    Nts(Box<NtsProof>),
}

impl Proof {
    pub(super) fn of(key: Option<Arc<Key>>) -> Proof {
        key.map_or(Proof::Nothing, |key| Proof::Key(KeyProof::new(key)))
    }

    pub(super) fn is_nothing(&self) -> bool {
        matches!(self, Proof::Nothing)
    }

    /// Whether replies came and not one of them proved anything.
    pub(super) fn is_refuted(&self) -> bool {
        match self {
            Proof::Nothing => false,
            Proof::Key(proof) => proof.record.is_refuted(),
            Proof::Nts(proof) => proof.record.is_refuted(),
        }
    }

    pub(super) fn nts(&self) -> Option<&NtsProof> {
        match self {
            Proof::Nts(proof) => Some(proof),
            Proof::Nothing | Proof::Key(_) => None,
        }
    }

    pub(super) fn nts_mut(&mut self) -> Option<&mut NtsProof> {
        match self {
            Proof::Nts(proof) => Some(proof),
            Proof::Nothing | Proof::Key(_) => None,
        }
    }

    /// What was proved.
    pub(super) fn into_records(self) -> (Option<Authentication>, Option<NtsRecord>) {
        match self {
            Proof::Nothing => (None, None),
            Proof::Key(proof) => (Some(proof.record), None),
            Proof::Nts(proof) => (None, Some(proof.record)),
        }
    }
}

/// The key of a session and the record of what it showed.
#[derive(Debug)]
pub(super) struct KeyProof {
    key: Arc<Key>,
    pub(super) record: Authentication,
}

impl KeyProof {
    pub(super) fn new(key: Arc<Key>) -> KeyProof {
        let (id, algorithm) = (key.id(), key.algorithm());
        let record = Authentication { key: id, algorithm, passed: 0, failed: 0, last_failure: None, trust: 0 };
        KeyProof { key, record }
    }

    pub(super) fn sign(&self, request: &mut Vec<u8>) {
        self.key.sign(request);
    }

    pub(super) fn check(&mut self, datagram: &[u8]) -> Result<(), MacFault> {
        let result = self.key.verify(datagram);
        let record = &mut self.record;
        record.trust = record.trust << 1 | u8::from(result.is_err());
        match result {
            Ok(()) => record.passed += 1,
            Err(fault) => {
                record.failed += 1;
                record.last_failure = Some(fault);
            }
        }
        result
    }
}
