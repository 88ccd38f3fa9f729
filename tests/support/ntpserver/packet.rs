//! A reply's bytes (RFC 5905 §7.3, figure 8), and what the behaviours make of them.

use super::ReceivedRequest;
use super::behaviour::Behaviour;
use super::profile::{Profile, Reference, Version};
use super::time::{Nanos, SECOND, hash, ntp_bytes};

/// A packet without extension fields and authenticator.
pub(super) const HEADER: usize = 48;

const REFERENCE: usize = 16;
const ORIGIN: usize = 24;
const RECEIVE: usize = 32;
const TRANSMIT: usize = 40;

/// The two moments of a reply, on the server's clock.
#[derive(Clone, Copy)]
pub(super) struct Stamps {
    pub(super) receive: Nanos,
    pub(super) transmit: Nanos,
}

/// Whether a server answers this at all: long enough, and a client's (mode 3, or 0 from a version 1 client).
pub(super) fn is_request(bytes: &[u8]) -> bool {
    bytes.len() >= HEADER && matches!((bytes[0] & 7, bytes[0] >> 3 & 7), (3, _) | (0, 1))
}

/// The reply to `request`, with the behaviours applied in their order.
pub(super) fn reply(profile: &Profile, request: &ReceivedRequest, stamps: Stamps, active: &[Behaviour]) -> Vec<u8> {
    let shift: Nanos = active.iter().map(|b| if let Behaviour::Shift(by) = b { *by } else { 0 }).sum();
    let stamps = Stamps { receive: stamps.receive + shift, transmit: stamps.transmit + shift };
    let mut bytes = correct_reply(profile, request, stamps);
    for behaviour in active {
        change_fields(&mut bytes, behaviour, stamps);
    }
    for behaviour in active {
        change_length(&mut bytes, behaviour, request);
    }
    bytes
}

fn correct_reply(profile: &Profile, request: &ReceivedRequest, stamps: Stamps) -> Vec<u8> {
    let version = match profile.version {
        Version::Echo => request.bytes[0] >> 3 & 7,
        Version::Fixed(version) => version,
    };
    let reference = match profile.reference {
        Reference::Age(age) => ntp_bytes(stamps.transmit - age),
        Reference::Zero => [0; 8],
    };
    let mut bytes = vec![0; HEADER];
    bytes[0] = profile.leap << 6 | (version & 7) << 3 | profile.mode & 7;
    bytes[1] = profile.stratum;
    bytes[2] = request.bytes[2];
    bytes[3] = profile.precision.to_be_bytes()[0];
    put(&mut bytes, 4, profile.root_delay);
    put(&mut bytes, 8, profile.root_dispersion);
    put(&mut bytes, 12, profile.refid);
    put(&mut bytes, REFERENCE, reference);
    bytes[ORIGIN..RECEIVE].copy_from_slice(&request.bytes[TRANSMIT..HEADER]);
    put(&mut bytes, RECEIVE, ntp_bytes(stamps.receive));
    put(&mut bytes, TRANSMIT, ntp_bytes(stamps.transmit));
    bytes
}

fn put<const N: usize>(bytes: &mut [u8], at: usize, field: [u8; N]) {
    bytes[at..at + N].copy_from_slice(&field);
}

fn set_bits(byte: &mut u8, mask: u8, value: u8) {
    *byte = *byte & !mask | value & mask;
}

/// Applied before the length changes, so all 48 bytes are there.
fn change_fields(bytes: &mut [u8], behaviour: &Behaviour, stamps: Stamps) {
    match *behaviour {
        Behaviour::Leap(leap) => set_bits(&mut bytes[0], 0xc0, leap << 6),
        Behaviour::Version(version) => set_bits(&mut bytes[0], 0x38, version << 3),
        Behaviour::Mode(mode) => set_bits(&mut bytes[0], 0x07, mode),
        Behaviour::Stratum(stratum) => bytes[1] = stratum,
        Behaviour::RefId(refid) => put(bytes, 12, refid),
        Behaviour::Kiss(code) => kiss(bytes, code),
        Behaviour::KissEcho(code) => {
            kiss(bytes, code);
            bytes.copy_within(ORIGIN..RECEIVE, RECEIVE);
            bytes.copy_within(ORIGIN..RECEIVE, TRANSMIT);
        }
        Behaviour::RootDelay(raw) => put(bytes, 4, raw.to_be_bytes()),
        Behaviour::RootDispersion(raw) => put(bytes, 8, raw.to_be_bytes()),
        Behaviour::ReferenceTime(raw) => put(bytes, REFERENCE, raw),
        // The lowest bit: a client that compares seconds only, or as floating point, must not get away with it.
        Behaviour::WrongOrigin => bytes[ORIGIN + 7] ^= 1,
        Behaviour::ZeroOrigin => put(bytes, ORIGIN, [0; 8]),
        Behaviour::ZeroReceive => put(bytes, RECEIVE, [0; 8]),
        Behaviour::ZeroTransmit => put(bytes, TRANSMIT, [0; 8]),
        Behaviour::Receive(raw) => put(bytes, RECEIVE, raw),
        Behaviour::Transmit(raw) => put(bytes, TRANSMIT, raw),
        Behaviour::AbsurdTimestamps => {
            put(bytes, REFERENCE, [0x7f; 8]);
            put(bytes, RECEIVE, [0xff; 8]);
            put(bytes, TRANSMIT, [0, 0, 0, 0, 0, 0, 0, 1]);
        }
        Behaviour::TransmitBeforeReceive(by) => {
            put(bytes, TRANSMIT, ntp_bytes(stamps.receive - by));
        }
        _ => {}
    }
}

fn kiss(bytes: &mut [u8], code: [u8; 4]) {
    set_bits(&mut bytes[0], 0xc0, 0xc0);
    bytes[1] = 0;
    put(bytes, 12, code);
}

fn change_length(bytes: &mut Vec<u8>, behaviour: &Behaviour, request: &ReceivedRequest) {
    match behaviour {
        Behaviour::Short(length) => bytes.truncate(*length),
        Behaviour::Long(extra) => bytes.resize(bytes.len() + extra, 0xa5),
        Behaviour::Trailing(extra) => bytes.extend_from_slice(extra),
        Behaviour::Garbage(length) => {
            let seed = hash(*length as u64, 0);
            *bytes = (0..*length).map(|i| hash(seed, i as u64).to_be_bytes()[0]).collect();
        }
        Behaviour::Edit(change) => change(request, bytes),
        _ => {}
    }
}

/// Turns a correct reply into one whose origin is guessed.
pub(super) fn forge_origin(bytes: &mut [u8], seed: u64) {
    put(bytes, ORIGIN, hash(seed, 1).to_be_bytes());
}

/// A plausible reply at server time `now` to no request at all.
pub(super) fn unsolicited(now: Nanos, seed: u64) -> Vec<u8> {
    let request = ReceivedRequest {
        bytes: [vec![0x23, 0, 6], vec![0; HEADER - 3]].concat(),
        from: ([127, 0, 0, 1], 0).into(),
        at: std::time::Instant::now(),
        received: now,
    };
    let stamps = Stamps { receive: now - SECOND / 100_000, transmit: now };
    let mut bytes = correct_reply(&Profile::default(), &request, stamps);
    forge_origin(&mut bytes, seed);
    bytes
}
