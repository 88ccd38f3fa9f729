//! What a server's replies prove, in a run with a key.

use std::sync::Arc;

use crate::wire::{Algorithm, Key, KeyId, MacFault};

/// Whether a server's replies proved that it knows our key. Only those that answer a request of ours are counted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
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

/// The key of a session and the record of what it showed.
#[derive(Debug)]
pub(super) struct Proof {
    key: Arc<Key>,
    pub(super) record: Authentication,
}

impl Proof {
    pub(super) fn new(key: Arc<Key>) -> Proof {
        let (id, algorithm) = (key.id(), key.algorithm());
        let record = Authentication { key: id, algorithm, passed: 0, failed: 0, last_failure: None, trust: 0 };
        Proof { key, record }
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
