//! What a key exchange leads to: keys that client and server share, and cookies by which the server finds them again.

use std::fmt;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use zeroize::Zeroizing;

use super::aead::Aead;
use super::secret::{Secret, WrongLength, wiped};

/// The most cookies that are kept for one server: what a key exchange gives as a rule (RFC 8915 §6).
pub const MOST_COOKIES: usize = 8;
/// The longest cookie that is taken, in bytes: several times the longest that was seen.
const LONGEST_COOKIE: usize = 512;

/// The keys of the two directions.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Keys {
    /// What requests are sealed with.
    pub c2s: Secret,
    /// What replies are sealed with.
    pub s2c: Secret,
}

impl Keys {
    /// Whether both have the length that the algorithm takes.
    pub fn fit(&self, aead: Aead) -> bool {
        [&self.c2s, &self.s2c].iter().all(|key| key.bytes().len() == aead.key_len())
    }
}

/// A server's own note of the keys, sealed for itself. What is printed shows its length alone.
#[derive(Clone, PartialEq, Eq)]
pub struct Cookie(Zeroizing<Vec<u8>>);

impl Cookie {
    /// A cookie that can be sent: 1 to 512 bytes, a multiple of 4. RFC 8915 sets no limits; a field's length is a multiple of 4, and
    /// what is longer would not go through networks.
    pub fn new(bytes: impl Into<Zeroizing<Vec<u8>>>) -> Result<Cookie, WrongLength> {
        let bytes = bytes.into();
        let length = bytes.len();
        let can_be_sent = (1..=LONGEST_COOKIE).contains(&length) && length.is_multiple_of(4);
        if can_be_sent { Ok(Cookie(bytes)) } else { Err(WrongLength(length)) }
    }

    /// The bytes that the server gave.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }
}

impl fmt::Debug for Cookie {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Cookie({} bytes)", self.0.len())
    }
}

impl Serialize for Cookie {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.bytes().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Cookie {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Cookie, D::Error> {
        Cookie::new(wiped(deserializer, LONGEST_COOKIE)?).map_err(serde::de::Error::custom)
    }
}

/// The keys and cookies of one server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Association {
    /// The algorithm that was agreed on.
    pub aead: Aead,
    /// The keys of it.
    pub keys: Keys,
    /// The keys to try where a server refuses the first request: by the exporter's right context, with a server that most likely
    /// takes the wrong one (see [`super::Response::key_contexts`]).
    pub other_keys: Option<Keys>,
    /// The cookies that have not been sent, the oldest first.
    pub cookies: Vec<Cookie>,
    /// Whether an earlier run made it: then the server may have forgotten its keys.
    pub is_saved: bool,
}

impl Association {
    /// Whether the parts belong together: keys of the algorithm's length, and not more cookies than are kept.
    pub fn is_sound(&self) -> bool {
        let keys = [Some(&self.keys), self.other_keys.as_ref()];
        keys.into_iter().flatten().all(|keys| keys.fit(self.aead)) && self.cookies.len() <= MOST_COOKIES
    }
}
