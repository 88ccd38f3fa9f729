//! NTP on the wire (RFC 5905 §6 and §7.3): bytes to values and back. Pure.
#![forbid(unsafe_code)]

mod packet;
mod timestamp;

pub use packet::{HEADER_LEN, Header, Leap, Malformed, Mode, RefId, Stratum};
pub use timestamp::{NtpShort, NtpTimestamp};
