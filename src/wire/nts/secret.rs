//! A key of an algorithm.

use std::fmt;

use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;
use zeroize::Zeroizing;

/// A key, or a cookie, of a length that it cannot have, in bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("a length of {0} bytes is not possible here")]
pub struct WrongLength(pub usize);

/// The longest key, in bytes.
const LONGEST_KEY: usize = 32;

/// A key of an algorithm. What is printed never shows it, and it is wiped when it goes.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<Vec<u8>>);

impl Secret {
    /// A key of 16 or 32 bytes, which are what these algorithms take.
    pub fn new(bytes: Zeroizing<Vec<u8>>) -> Result<Secret, WrongLength> {
        if matches!(bytes.len(), 16 | LONGEST_KEY) { Ok(Secret(bytes)) } else { Err(WrongLength(bytes.len())) }
    }

    /// The key itself.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Secret").finish_non_exhaustive()
    }
}

impl Serialize for Secret {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.bytes().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Secret {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Secret, D::Error> {
        let bytes = wiped(deserializer, LONGEST_KEY)?;
        Secret::new(bytes).map_err(serde::de::Error::custom)
    }
}

/// Reads bytes into room for the most that there may be, which is wiped when it goes: room that grows leaves copies behind.
pub(super) fn wiped<'de, D: Deserializer<'de>>(deserializer: D, most: usize) -> Result<Zeroizing<Vec<u8>>, D::Error> {
    deserializer.deserialize_seq(Room(most))
}

/// So many bytes at the most.
struct Room(usize);

impl<'de> Visitor<'de> for Room {
    type Value = Zeroizing<Vec<u8>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "at most {} bytes", self.0)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut rest: A) -> Result<Self::Value, A::Error> {
        let mut bytes = Zeroizing::new(Vec::with_capacity(self.0));
        while let Some(byte) = rest.next_element()? {
            if bytes.len() >= self.0 {
                return Err(serde::de::Error::invalid_length(bytes.len() + 1, &self));
            }
            bytes.push(byte);
        }
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_crosses_comes_back_and_nothing_longer() {
        for length in [16, 32] {
            let secret = Secret::new(Zeroizing::new((0..length).collect())).unwrap();
            let text = serde_json::to_string(&secret).unwrap();
            assert_eq!(serde_json::from_str::<Secret>(&text).unwrap(), secret);
        }
        for length in [0_u8, 15, 17, 31, 33, 200] {
            let text = serde_json::to_string(&vec![1_u8; length.into()]).unwrap();
            assert!(serde_json::from_str::<Secret>(&text).is_err(), "{length}");
        }
    }
}
