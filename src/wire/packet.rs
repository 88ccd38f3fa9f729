//! The NTP header (RFC 5905 §7.3).

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

use super::timestamp::{NtpShort, NtpTimestamp};

/// Bytes in a header, and so in the shortest packet.
pub const HEADER_LEN: usize = 48;
/// The most that may follow a header: extension fields and a message authentication code. Far above what servers send.
const MAX_TRAILER: usize = 1024;

/// The leap indicator.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Leap {
    /// No leap second is announced.
    None,
    /// The last minute of the day has 61 seconds.
    Insert,
    /// The last minute of the day has 59 seconds.
    Delete,
    /// The clock is not synchronised.
    Unsynchronised,
}

impl Leap {
    fn from_bits(bits: u8) -> Leap {
        match bits & 3 {
            0 => Leap::None,
            1 => Leap::Insert,
            2 => Leap::Delete,
            _ => Leap::Unsynchronised,
        }
    }

    /// The two bits on the wire.
    pub const fn to_bits(self) -> u8 {
        match self {
            Leap::None => 0,
            Leap::Insert => 1,
            Leap::Delete => 2,
            Leap::Unsynchronised => 3,
        }
    }
}

/// The association mode, 0 to 7.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(into = "u8", try_from = "u8")]
pub struct Mode(u8);

impl Mode {
    /// A client's request.
    pub const CLIENT: Mode = Mode(3);
    /// A server's reply.
    pub const SERVER: Mode = Mode(4);

    /// The number, 0 to 7.
    pub const fn number(self) -> u8 {
        self.0
    }
}

impl From<Mode> for u8 {
    fn from(mode: Mode) -> u8 {
        mode.0
    }
}

/// Three bits; fails where there are more.
impl TryFrom<u8> for Mode {
    type Error = &'static str;

    fn try_from(number: u8) -> Result<Mode, &'static str> {
        if number < 8 { Ok(Mode(number)) } else { Err("no mode has this number") }
    }
}

/// The distance in servers from a reference clock; on the wire 0 means "unspecified" and is how an unsynchronised server
/// and a kiss of death announce themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stratum(pub u8);

impl Stratum {
    /// As it is shown and judged: 1 to 15 synchronised, 16 unsynchronised (which 0 stands for), more is invalid.
    pub const fn effective(self) -> u8 {
        if self.0 == 0 { 16 } else { self.0 }
    }
}

/// What a server is synchronised to: a name (stratum 0 and 1), else an IPv4 address or a hash of an IPv6 one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefId(pub [u8; 4]);

impl RefId {
    /// The four bytes as a name without its padding, if it is one: printable ASCII, as kiss codes and stratum 1 sources are.
    pub fn as_name(&self) -> Option<&str> {
        let end = self.0.iter().rposition(|&b| b != 0).map_or(0, |last| last + 1);
        let name = &self.0[..end];
        if name.iter().all(u8::is_ascii_graphic) { std::str::from_utf8(name).ok() } else { None }
    }

    /// For a server of this stratum: a name for 0 and 1, four numbers for the others.
    pub fn display(self, stratum: Stratum) -> impl fmt::Display {
        let name = if stratum.0 < 2 { self.as_name().map(str::to_owned) } else { None };
        name.unwrap_or_else(|| std::net::Ipv4Addr::from(self.0).to_string())
    }
}

/// An NTP header.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    /// Announces a leap second, or that the sender is not synchronised.
    pub leap: Leap,
    /// The protocol version, 0 to 7; in use are 3 and 4.
    pub version: u8,
    /// The mode: who speaks to whom.
    pub mode: Mode,
    /// The sender's stratum.
    pub stratum: Stratum,
    /// The interval between packets as a power of two of seconds.
    pub poll: i8,
    /// The sender's clock precision as a power of two of seconds.
    pub precision: i8,
    /// Round trip from the sender to its reference clock.
    pub root_delay: NtpShort,
    /// Error bound of the sender's clock, without the delay.
    pub root_dispersion: NtpShort,
    /// What the sender is synchronised to.
    pub refid: RefId,
    /// When the sender's clock was last set.
    pub reference: NtpTimestamp,
    /// In a reply the request's transmit timestamp.
    pub origin: NtpTimestamp,
    /// When the request arrived, T2.
    pub receive: NtpTimestamp,
    /// When this packet left, T3; in our requests a random number.
    pub transmit: NtpTimestamp,
}

/// A datagram that is no NTP packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error, Serialize, Deserialize)]
pub enum Malformed {
    /// Shorter than a header, not a whole number of words, or longer than any packet is; the length in bytes.
    #[error("packet length {0}")]
    Length(usize),
}

impl Header {
    /// A client's request that says nothing of its sender: all that is not needed is zero, and `nonce` stands where the
    /// time would. A reply that echoes it answers this request.
    pub const fn request(version: u8, nonce: NtpTimestamp) -> Header {
        Header {
            leap: Leap::None,
            version,
            mode: Mode::CLIENT,
            stratum: Stratum(0),
            poll: 0,
            precision: 0,
            root_delay: NtpShort::from_bits(0),
            root_dispersion: NtpShort::from_bits(0),
            refid: RefId([0; 4]),
            reference: NtpTimestamp::ZERO,
            origin: NtpTimestamp::ZERO,
            receive: NtpTimestamp::ZERO,
            transmit: nonce,
        }
    }

    /// Splits a datagram into its header and what follows it (extension fields and authentication).
    pub fn parse(datagram: &[u8]) -> Result<(Header, &[u8]), Malformed> {
        let malformed = Malformed::Length(datagram.len());
        let (bytes, trailer) = datagram.split_first_chunk::<HEADER_LEN>().ok_or(malformed)?;
        if trailer.len() % 4 != 0 || trailer.len() > MAX_TRAILER {
            return Err(malformed);
        }
        let header = Header {
            leap: Leap::from_bits(bytes[0] >> 6),
            version: bytes[0] >> 3 & 7,
            mode: Mode(bytes[0] & 7),
            stratum: Stratum(bytes[1]),
            poll: bytes[2].cast_signed(),
            precision: bytes[3].cast_signed(),
            root_delay: NtpShort::from_bits(u32::from_be_bytes(array(bytes, 4))),
            root_dispersion: NtpShort::from_bits(u32::from_be_bytes(array(bytes, 8))),
            refid: RefId(array(bytes, 12)),
            reference: timestamp(bytes, 16),
            origin: timestamp(bytes, 24),
            receive: timestamp(bytes, 32),
            transmit: timestamp(bytes, 40),
        };
        Ok((header, trailer))
    }

    /// The bytes on the wire.
    pub fn to_bytes(&self) -> [u8; HEADER_LEN] {
        let mut bytes = [0; HEADER_LEN];
        bytes[0] = self.leap.to_bits() << 6 | (self.version & 7) << 3 | self.mode.0;
        bytes[1] = self.stratum.0;
        bytes[2] = self.poll.cast_unsigned();
        bytes[3] = self.precision.cast_unsigned();
        bytes[4..8].copy_from_slice(&self.root_delay.to_bits().to_be_bytes());
        bytes[8..12].copy_from_slice(&self.root_dispersion.to_bits().to_be_bytes());
        bytes[12..16].copy_from_slice(&self.refid.0);
        for (at, stamp) in [(16, self.reference), (24, self.origin), (32, self.receive), (40, self.transmit)] {
            bytes[at..at + 8].copy_from_slice(&stamp.to_bits().to_be_bytes());
        }
        bytes
    }
}

/// `N` bytes of a header; the offsets are constants within it.
fn array<const N: usize>(bytes: &[u8; HEADER_LEN], at: usize) -> [u8; N] {
    std::array::from_fn(|i| bytes[at + i])
}

fn timestamp(bytes: &[u8; HEADER_LEN], at: usize) -> NtpTimestamp {
    NtpTimestamp::from_bits(u64::from_be_bytes(array(bytes, at)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// A stratum 2 server's reply, put together field by field after RFC 5905 figure 8.
    const REPLY: [u8; HEADER_LEN] = [
        0x24, 0x02, 0x03, 0xe8, 0x00, 0x00, 0x02, 0x8f, 0x00, 0x00, 0x02, 0x8f, 0x7f, 0x00, 0x00, 0x63, 0xee, 0xae,
        0x10, 0x07, 0x48, 0x63, 0x0c, 0x00, 0x12, 0x34, 0x56, 0x78, 0x9a, 0xbc, 0xde, 0xf0, 0xee, 0xae, 0x10, 0x17,
        0x48, 0x5f, 0x00, 0x00, 0xee, 0xae, 0x10, 0x17, 0x48, 0x63, 0x0c, 0x00,
    ];

    #[test]
    fn reads_each_field_of_a_reply() {
        let (header, trailer) = Header::parse(&REPLY).unwrap();
        assert!(trailer.is_empty());
        assert_eq!((header.leap, header.version, header.mode), (Leap::None, 4, Mode::SERVER));
        assert_eq!((header.stratum, header.poll, header.precision), (Stratum(2), 3, -24));
        assert_eq!(header.refid.display(header.stratum).to_string(), "127.0.0.99");
        assert_eq!(header.origin.to_bits(), 0x1234_5678_9abc_def0);
        assert_eq!(header.transmit.to_bits(), 0xeeae_1017_4863_0c00);
        assert_eq!(header.to_bytes(), REPLY);
    }

    #[test]
    fn a_request_tells_nothing_but_its_nonce() {
        let bytes = Header::request(4, NtpTimestamp::from_bits(0x0102_0304_0506_0708)).to_bytes();
        assert_eq!(bytes[0], 0x23);
        assert!(bytes[1..40].iter().all(|&b| b == 0));
        assert_eq!(bytes[40..], [1, 2, 3, 4, 5, 6, 7, 8]);
    }

    #[test]
    fn a_refid_is_a_name_only_where_it_can_be_one() {
        assert_eq!(RefId(*b"GPS\0").display(Stratum(1)).to_string(), "GPS");
        assert_eq!(RefId(*b"INIT").display(Stratum(0)).to_string(), "INIT");
        assert_eq!(RefId(*b"GPS\0").display(Stratum(2)).to_string(), "71.80.83.0");
        assert_eq!(RefId([1, b'A', 0, 0]).display(Stratum(1)).to_string(), "1.65.0.0");
        assert_eq!(RefId([0x1b, b'[', b'm', 0]).as_name(), None, "a terminal escape is not printed");
    }

    proptest! {
        #[test]
        fn anything_parses_or_names_its_length(datagram in prop::collection::vec(any::<u8>(), 0..1200)) {
            match Header::parse(&datagram) {
                Ok((header, trailer)) => prop_assert_eq!([&header.to_bytes()[..], trailer].concat(), datagram),
                Err(Malformed::Length(length)) => {
                    prop_assert_eq!(length, datagram.len());
                    prop_assert!(length < HEADER_LEN || length % 4 != 0 || length > HEADER_LEN + MAX_TRAILER);
                }
            }
        }
    }
}
