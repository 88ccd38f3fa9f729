//! Requests that are sealed, and replies that are opened (RFC 8915 §5.7).

use serde::{Deserialize, Serialize};
use subtle::ConstantTimeEq as _;
use thiserror::Error;

use super::aead::Aead;
use super::association::{Cookie, Keys, MOST_COOKIES};
use super::field::{
    AUTHENTICATOR, COOKIE, ExtensionField, PLACEHOLDER, SHORTEST, UNIQUE_IDENTIFIER, authenticator, fields,
    split_authenticator, write,
};
use crate::wire::packet::HEADER_LEN;

/// The shortest field inside of what is sealed: RFC 7822's limit is for what could be taken for a MAC, which nothing there could.
const SHORTEST_INSIDE: usize = 4;

/// The random numbers of one request, which nobody can guess.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Fresh {
    /// What the reply repeats (RFC 8915 §5.3).
    pub identifier: [u8; 32],
    /// What the request is sealed with, besides the key.
    pub nonce: [u8; 16],
}

/// Why a reply to a request with NTS does not count.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error, Serialize, Deserialize)]
pub enum NtsFault {
    /// A reply without NTS.
    #[error("a reply without NTS: something on the way answers in the server's place, or the server has no NTS")]
    Plain,
    /// Extension fields that do not fit the packet.
    #[error("malformed extension fields")]
    Malformed,
    /// The reply repeats another identifier than the request's, or none.
    #[error("the unique identifier is another one")]
    Identifier,
    /// The reply was sealed with another key, or was changed on its way.
    #[error("the authenticator is wrong")]
    Authenticator,
}

/// What was sealed in a reply.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Opened {
    /// The server knows the keys; its new cookies.
    Authentic(Vec<Cookie>),
    /// The reply repeats the identifier, and is not sealed: it may be the server's word that it does not know the cookie any more, and
    /// is good for nothing else.
    Unsealed,
}

/// A request: the header, the identifier, a cookie, room for more cookies in the reply, and the authenticator (RFC 8915 §5.7).
/// Nothing where it cannot be sealed.
pub fn request(
    header: &[u8; HEADER_LEN],
    (aead, keys): (Aead, &Keys),
    cookie: &Cookie,
    placeholders: usize,
    fresh: &Fresh,
) -> Option<Vec<u8>> {
    let mut packet = header.to_vec();
    write(&mut packet, UNIQUE_IDENTIFIER, &fresh.identifier);
    write(&mut packet, COOKIE, cookie.bytes());
    for _ in 0..placeholders.min(MOST_COOKIES - 1) {
        write(&mut packet, PLACEHOLDER, &vec![0; cookie.bytes().len()]);
    }
    let nonce = fresh.nonce.get(..aead.nonce_len())?;
    let sealed = aead.seal(&keys.c2s, nonce, &packet, &[])?;
    write(&mut packet, AUTHENTICATOR, &authenticator(nonce, &sealed));
    Some(packet)
}

/// Checks and opens a reply, whose header has been looked at, to the request with this identifier. What follows the authenticator is
/// not authentic, and is ignored (RFC 8915 §5.7); so are cookies outside of what is sealed.
pub fn open(datagram: &[u8], (aead, keys): (Aead, &Keys), identifier: &[u8; 32]) -> Result<Opened, NtsFault> {
    let trailer = datagram.get(HEADER_LEN..).unwrap_or_default();
    if trailer.is_empty() {
        return Err(NtsFault::Plain);
    }
    let (mut seen, mut authenticator) = (None, None);
    for field in fields(trailer, SHORTEST) {
        // A MAC or junk: no reply with NTS ends in it, but what a plain server sends may.
        let ExtensionField { kind, body, at, .. } = field.map_err(|_| match seen {
            None => NtsFault::Plain,
            Some(_) => NtsFault::Malformed,
        })?;
        match kind {
            UNIQUE_IDENTIFIER if seen.is_some() => return Err(NtsFault::Malformed),
            UNIQUE_IDENTIFIER => seen = Some(body),
            AUTHENTICATOR => {
                authenticator = Some((at, body));
                break;
            }
            _ => {}
        }
    }
    match (seen, authenticator) {
        (None, None) => Err(NtsFault::Plain),
        // The identifier has to stand before the authenticator, or nothing says that it was sealed with it.
        (seen, _) if !seen.is_some_and(|seen| bool::from(seen.ct_eq(identifier))) => Err(NtsFault::Identifier),
        (_, None) => Ok(Opened::Unsealed),
        (_, Some((at, body))) => {
            let (nonce, sealed) = split_authenticator(body).ok_or(NtsFault::Malformed)?;
            let associated = datagram.get(..HEADER_LEN + at).ok_or(NtsFault::Malformed)?;
            let plain = aead.open(&keys.s2c, nonce, associated, sealed).map_err(|_| NtsFault::Authenticator)?;
            Ok(Opened::Authentic(cookies(&plain)))
        }
    }
}

/// The cookies among sealed fields, as many as are kept. Authentic as they are, what does not fit is the server's error, and costs
/// the cookies behind it.
fn cookies(plain: &[u8]) -> Vec<Cookie> {
    let whole = fields(plain, SHORTEST_INSIDE).map_while(Result::ok);
    let cookies = whole.filter(|field| field.kind == COOKIE);
    cookies.filter_map(|field| Cookie::new(field.body.to_vec()).ok()).take(MOST_COOKIES).collect()
}
