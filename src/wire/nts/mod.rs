//! Network Time Security on the wire (RFC 8915): the records of a key exchange, and the extension fields of NTP packets. Pure.
#![forbid(unsafe_code)]

mod aead;
mod association;
pub(crate) mod field;
mod packet;
mod record;
mod response;
mod secret;
#[cfg(test)]
mod tests;

pub use aead::Aead;
pub use association::{Association, Cookie, Keys, MOST_COOKIES};
pub use field::fields;
pub use packet::{Fresh, NtsFault, Opened, open, request as sealed_request};
pub use record::{ALPN, Direction, EXPORTER_LABEL, KE_PORT, exporter_context, request};
pub use response::{Reader, Response, ResponseFault};
pub use secret::Secret;
