//! Key files: ntpd's `ntp.keys`, `ID TYPE SECRET [ADDRESSES]`, and chronyd's `chrony.keys`, `ID [TYPE] SECRET`.
//!
//! Only the line of the wanted key matters. Of two lines with its number the later one counts, as with ntpd.

#[cfg(test)]
mod tests;

use std::fmt;

use thiserror::Error;
use zeroize::Zeroizing;

use crate::wire::{Algorithm, Key, KeyId, SecretLength};

/// Files that are larger are none of keys; in bytes.
pub const MAX_FILE: usize = 1024 * 1024;
/// The longest line, in bytes: what chronyd reads.
const MAX_LINE: usize = 2048;
/// Digests and ciphers that OpenSSL or nettle have and this program has not, without the numbers after their names.
const FOREIGN_TYPES: [&[u8]; 10] =
    [b"AES", b"BLAKE2B", b"BLAKE2S", b"CAMELLIA", b"DES", b"MD", b"MDC", b"RIPEMD", b"RMD", b"SHA"];
/// How many numbers an error lists.
const MAX_LISTED: usize = 10;
/// Up to so many characters a secret without prefix is text.
const MAX_TEXT: usize = 20;
/// ntpd takes no more than so many bytes of a secret in hexadecimal.
const MAX_BYTES: usize = 32;

/// Why a file does not give the wanted key.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum KeyError {
    /// The file has no such key.
    #[error("it has no key {id}{}", Known(.known, *.more))]
    UnknownId {
        /// The wanted one.
        id: KeyId,
        /// The first of those that it has, in their order.
        known: Vec<u32>,
        /// How many it has besides.
        more: usize,
    },
    /// Nothing is known of the key's type.
    #[error("line {line}: key {id} has the type {name}, which is not supported (these are: {})", supported())]
    UnsupportedType {
        /// Counted from 1.
        line: usize,
        /// The wanted one.
        id: KeyId,
        /// As it is written.
        name: String,
    },
    /// The key's line cannot be understood.
    #[error("line {line}: key {id}{}: {fault}", OfType(*.algorithm))]
    BadLine {
        /// Counted from 1.
        line: usize,
        /// The wanted one.
        id: KeyId,
        /// As far as it is known.
        algorithm: Option<Algorithm>,
        /// What is wrong.
        fault: BadKey,
    },
    /// No file of keys is so large.
    #[error("it has more than {MAX_FILE} bytes")]
    TooLarge,
}

/// What is wrong with a key's line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum BadKey {
    /// The line ends too early.
    #[error("there is no secret")]
    NoSecret,
    /// The secret does not end.
    #[error("the line has more than {MAX_LINE} bytes")]
    TooLong,
    /// After `HEX:` other than pairs of hexadecimal digits.
    #[error("the secret after HEX: has to be pairs of hexadecimal digits")]
    BadHex,
    /// ntpd and chronyd would disagree.
    #[error(
        "ntpd takes the # in the secret for the start of a comment, chronyd for a part of it: write the secret in \
         hexadecimal (more than 20 digits for ntpd, after HEX: for chronyd)"
    )]
    Ambiguous,
    /// The algorithm cannot use the secret.
    #[error(transparent)]
    Length(#[from] SecretLength),
}

/// The list of what there is instead.
struct Known<'a>(&'a [u32], usize);

impl fmt::Display for Known<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let numbers: Vec<String> = self.0.iter().map(u32::to_string).collect();
        match (numbers.len(), self.1) {
            (0, _) => write!(f, ", nor any other"),
            (_, 0) => write!(f, ", only {}", numbers.join(", ")),
            (_, more) => write!(f, ", only {} and {more} more", numbers.join(", ")),
        }
    }
}

struct OfType(Option<Algorithm>);

impl fmt::Display for OfType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.map_or(Ok(()), |algorithm| write!(f, " ({algorithm})"))
    }
}

fn supported() -> String {
    Algorithm::ALL.map(Algorithm::as_str).join(", ")
}

/// The key with this number in a file's text.
pub fn find(text: &[u8], id: KeyId) -> Result<Key, KeyError> {
    if text.len() > MAX_FILE {
        return Err(KeyError::TooLarge);
    }
    // Editors of other systems begin a file with a mark (UTF-8's byte order mark).
    let text = text.strip_prefix(b"\xef\xbb\xbf").unwrap_or(text);
    let (mut found, mut known, mut count) = (None, Vec::new(), 0);
    for (number, line) in (1..).zip(text.split(|&byte| byte == b'\n')) {
        let Some((line_id, rest)) = split_id(line) else { continue };
        if line_id == id {
            found = Some((number, rest));
        } else if known.len() < MAX_LISTED && !known.contains(&line_id.get()) {
            known.push(line_id.get());
        } else if !known.contains(&line_id.get()) {
            count += 1;
        }
    }
    match found {
        Some((number, line)) => read_key(id, number, line),
        None => Err(KeyError::UnknownId { id, known, more: count }),
    }
}

/// A line's key number and what follows it; nothing where there is none, as in comments.
fn split_id(line: &[u8]) -> Option<(KeyId, &[u8])> {
    let line = line.trim_ascii();
    let end = line.iter().position(u8::is_ascii_whitespace).unwrap_or(line.len());
    let (id, rest) = line.split_at(end);
    // Digits alone: parse() would take a sign too.
    let is_number = id.first().is_some_and(u8::is_ascii_digit);
    let id = std::str::from_utf8(id).ok().filter(|_| is_number)?.parse().ok()?;
    Some((id, rest))
}

/// The key of a line whose number is read already.
fn read_key(id: KeyId, line: usize, rest: &[u8]) -> Result<Key, KeyError> {
    let bad = |algorithm, fault| KeyError::BadLine { line, id, algorithm, fault };
    if rest.len() > MAX_LINE {
        return Err(bad(None, BadKey::TooLong));
    }
    let words: Vec<&[u8]> = rest
        .split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty())
        .take_while(|word| !word.starts_with(b"#"))
        .collect();
    let (algorithm, secret) = match *words.as_slice() {
        [] => return Err(bad(None, BadKey::NoSecret)),
        // chronyd takes MD5 where no type is said. A type alone is rather a secret that is missing.
        [word] => match algorithm(word) {
            Some(algorithm) => return Err(bad(Some(algorithm), BadKey::NoSecret)),
            None => (Algorithm::Md5, word),
        },
        [name, secret, ..] => match algorithm(name) {
            Some(algorithm) => (algorithm, secret),
            None => return Err(KeyError::UnsupportedType { line, id, name: printable(name) }),
        },
    };
    let secret = read_secret(secret).map_err(|fault| bad(Some(algorithm), fault))?;
    Key::new(id, algorithm, secret).map_err(|fault| bad(Some(algorithm), fault.into()))
}

/// The algorithm that a type stands for, in ntpd's names and chronyd's.
fn algorithm(name: &[u8]) -> Option<Algorithm> {
    let name: Vec<u8> = name.iter().filter(|byte| **byte != b'-').map(u8::to_ascii_uppercase).collect();
    Some(match name.as_slice() {
        b"M" | b"MD5" => Algorithm::Md5,
        b"SHA1" => Algorithm::Sha1,
        b"SHA256" | b"SHA2256" => Algorithm::Sha256,
        b"SHA384" | b"SHA2384" => Algorithm::Sha384,
        b"SHA512" | b"SHA2512" => Algorithm::Sha512,
        b"AES" | b"AES128" | b"AES128CMAC" => Algorithm::Aes128Cmac,
        b"AES256" | b"AES256CMAC" => Algorithm::Aes256Cmac,
        _ => return None,
    })
}

/// A secret as bytes. After chronyd's prefixes it is plain. Without them up to 20 characters are text; more are hexadecimal if
/// they can be, as with ntpd, which would refuse them else, and text if not, as with chronyd.
fn read_secret(word: &[u8]) -> Result<Zeroizing<Vec<u8>>, BadKey> {
    if let Some(digits) = word.strip_prefix(b"HEX:") {
        return from_hex(digits).ok_or(BadKey::BadHex);
    }
    if let Some(text) = word.strip_prefix(b"ASCII:") {
        return Ok(Zeroizing::new(text.to_vec()));
    }
    if word.contains(&b'#') {
        return Err(BadKey::Ambiguous);
    }
    match from_hex(word) {
        Some(mut bytes) if word.len() > MAX_TEXT => {
            bytes.truncate(MAX_BYTES);
            Ok(bytes)
        }
        _ => Ok(Zeroizing::new(word.to_vec())),
    }
}

fn from_hex(digits: &[u8]) -> Option<Zeroizing<Vec<u8>>> {
    let (pairs, rest) = digits.as_chunks::<2>();
    let digit = |byte: u8| char::from(byte).to_digit(16);
    // All at once: a vector that grows would leave copies behind.
    let mut bytes = Zeroizing::new(Vec::with_capacity(pairs.len()));
    for [high, low] in pairs {
        bytes.push((digit(*high)? << 4 | digit(*low)?) as u8);
    }
    rest.is_empty().then_some(bytes)
}

/// A type's name if it looks like one: it may be a secret that stands in the wrong place, which nobody else is to read.
fn printable(name: &[u8]) -> String {
    let is_end = |byte: &u8| byte.is_ascii_digit() || matches!(byte, b'-' | b'_');
    let family = name.len() - name.iter().rev().take_while(|byte| is_end(byte)).count();
    let family = name[..family].to_ascii_uppercase();
    if name.len() <= 16 && FOREIGN_TYPES.contains(&family.as_slice()) || matches!(name, b"A" | b"N" | b"S") {
        String::from_utf8_lossy(name).into_owned()
    } else {
        "(no known name)".to_owned()
    }
}
