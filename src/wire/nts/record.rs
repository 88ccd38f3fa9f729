//! The records of a key exchange (RFC 8915 §4), a client's request, and what its keys are derived from.

use super::aead::Aead;

/// The protocol's name in TLS (RFC 8915 §4).
pub const ALPN: &[u8] = b"ntske/1";
/// The TCP port of key exchanges.
pub const KE_PORT: u16 = 4460;
/// The label of the TLS exporter (RFC 8915 §5.1).
pub const EXPORTER_LABEL: &[u8] = b"EXPORTER-network-time-security";
/// NTPv4's number among the protocols that keys are exchanged for.
pub(super) const NTPV4: u16 = 0;

/// What a record is about; the numbers of RFC 8915 §7.6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum RecordType {
    /// Ends a message.
    EndOfMessage,
    /// The protocols to exchange keys for.
    NextProtocol,
    /// The server refuses.
    Error,
    /// The server warns; no warning is defined.
    Warning,
    /// The algorithms.
    Aead,
    /// A cookie.
    NewCookie,
    /// The NTP server, where it is not the one that the keys were exchanged with.
    Server,
    /// The port of the NTP server.
    Port,
    /// chrony's private record: keys of AES-128-GCM-SIV are derived as RFC 8915 says, by both sides.
    CompliantExport,
    /// Any other.
    Unknown(u16),
}

impl RecordType {
    /// The number on the wire, of 15 bits.
    pub const fn number(self) -> u16 {
        match self {
            RecordType::EndOfMessage => 0,
            RecordType::NextProtocol => 1,
            RecordType::Error => 2,
            RecordType::Warning => 3,
            RecordType::Aead => 4,
            RecordType::NewCookie => 5,
            RecordType::Server => 6,
            RecordType::Port => 7,
            RecordType::CompliantExport => 1024,
            RecordType::Unknown(number) => number,
        }
    }

    fn from_number(number: u16) -> RecordType {
        const KNOWN: [RecordType; 9] = [
            RecordType::EndOfMessage,
            RecordType::NextProtocol,
            RecordType::Error,
            RecordType::Warning,
            RecordType::Aead,
            RecordType::NewCookie,
            RecordType::Server,
            RecordType::Port,
            RecordType::CompliantExport,
        ];
        KNOWN.into_iter().find(|known| known.number() == number).unwrap_or(RecordType::Unknown(number))
    }
}

/// One record.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Record<'a> {
    /// Whoever does not know its type has to give up.
    pub is_critical: bool,
    /// What it is about.
    pub kind: RecordType,
    /// What it says.
    pub body: &'a [u8],
}

impl Record<'_> {
    /// Appends the record to a message. A body of more than 65535 bytes is cut.
    pub fn write(&self, message: &mut Vec<u8>) {
        let length = u16::try_from(self.body.len()).unwrap_or(u16::MAX);
        message.extend((u16::from(self.is_critical) << 15 | self.kind.number() & 0x7fff).to_be_bytes());
        message.extend(length.to_be_bytes());
        message.extend(self.body.iter().take(usize::from(length)));
    }

    /// The first record of what there is, and what follows it; nothing where there is no whole record.
    pub fn split(bytes: &[u8]) -> Option<(Record<'_>, &[u8])> {
        let (head, rest) = bytes.split_first_chunk::<4>()?;
        let kind = u16::from_be_bytes([head[0], head[1]]);
        let (body, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes([head[2], head[3]])))?;
        let kind_of = RecordType::from_number(kind & 0x7fff);
        Some((Record { is_critical: kind >> 15 == 1, kind: kind_of, body }, rest))
    }
}

/// A client's request: NTPv4, with these algorithms in order of preference. The request has to be sent as a whole: NTPsec reads once.
pub fn request(offered: &[Aead]) -> Vec<u8> {
    let algorithms: Vec<u8> = offered.iter().flat_map(|aead| aead.number().to_be_bytes()).collect();
    let protocol = NTPV4.to_be_bytes();
    let record = |kind, body, is_critical| Record { is_critical, kind, body };
    let mut message = Vec::new();
    record(RecordType::NextProtocol, &protocol, true).write(&mut message);
    record(RecordType::Aead, &algorithms, true).write(&mut message);
    if offered.contains(&Aead::Gcm128Siv) {
        record(RecordType::CompliantExport, &[], false).write(&mut message);
    }
    record(RecordType::EndOfMessage, &[], true).write(&mut message);
    message
}

/// For which direction a key is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Requests.
    ClientToServer,
    /// Replies.
    ServerToClient,
}

/// The context of the TLS exporter for a key (RFC 8915 §5.1).
pub fn exporter_context(context_of: Aead, direction: Direction) -> [u8; 5] {
    let [protocol, aead] = [NTPV4, context_of.number()].map(u16::to_be_bytes);
    [protocol[0], protocol[1], aead[0], aead[1], u8::from(direction == Direction::ServerToClient)]
}
