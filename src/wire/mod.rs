//! NTP on the wire (RFC 5905 §6 and §7.3): bytes to values and back. Pure.
#![forbid(unsafe_code)]

mod authentication;
mod control;
pub mod nts;
mod packet;
mod timestamp;
mod variables;

pub use authentication::{Algorithm, Key, KeyId, MacFault, SecretLength};
pub use control::{Assembly, ControlAnswer, ControlError, ControlRequest, Opcode, Refusal};
pub use packet::{HEADER_LEN, Header, Leap, Malformed, Mode, RefId, Stratum};
pub use timestamp::{NtpShort, NtpTimestamp};
pub use variables::{Variables, parse_associations};
