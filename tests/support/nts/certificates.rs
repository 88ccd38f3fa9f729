//! Certificates made on the spot: an authority, and leaves with any names and dates (RFC 5280), signed by ECDSA on P-256.

use std::net::IpAddr;

use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};

/// Seconds of a day.
pub(crate) const DAY: i64 = 86_400;
/// 2026-01-01, which no machine that runs these tests is before.
pub(crate) const NEW_YEAR_2026: i64 = 1_767_225_600;

/// Object identifiers, encoded.
const ECDSA_WITH_SHA256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 4, 3, 2];
const EC_PUBLIC_KEY: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1];
const P256: &[u8] = &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7];
const COMMON_NAME: &[u8] = &[0x55, 4, 3];
const KEY_USAGE: &[u8] = &[0x55, 0x1d, 15];
const ALTERNATIVE_NAMES: &[u8] = &[0x55, 0x1d, 17];
const BASIC_CONSTRAINTS: &[u8] = &[0x55, 0x1d, 19];
const EXTENDED_KEY_USAGE: &[u8] = &[0x55, 0x1d, 37];
const SERVER_AUTHENTICATION: &[u8] = &[0x2b, 6, 1, 5, 5, 7, 3, 1];

/// From when until when a certificate is valid, as seconds since 1970.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Validity(pub(crate) i64, pub(crate) i64);

impl Validity {
    /// From a month before this machine's time to a month after it.
    pub(crate) fn good() -> Self {
        let now = now();
        Self(now - 30 * DAY, now + 30 * DAY)
    }

    /// Until ten days before this machine's time.
    pub(crate) fn expired() -> Self {
        let now = now();
        Self(now - 100 * DAY, now - 10 * DAY)
    }

    /// From a year after this machine's time on.
    pub(crate) fn future() -> Self {
        let now = now();
        Self(now + 365 * DAY, now + 455 * DAY)
    }
}

/// This machine's time.
pub(crate) fn now() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("a clock past 1970");
    since.as_secs().cast_signed()
}

struct Key {
    pkcs8: Vec<u8>,
    pair: EcdsaKeyPair,
}

impl Key {
    fn new() -> Self {
        let random = SystemRandom::new();
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).expect("a key");
        let pkcs8 = pkcs8.as_ref().to_vec();
        let pair = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &pkcs8, &random).expect("a key pair");
        Self { pkcs8, pair }
    }
}

/// An authority, which signs certificates.
pub(crate) struct Authority {
    name: String,
    key: Key,
    der: Vec<u8>,
}

/// A server's certificate and its key.
#[derive(Clone, Debug)]
pub(crate) struct Issued {
    /// The certificate.
    pub(crate) der: Vec<u8>,
    /// The authority's key.
    pub(crate) pkcs8: Vec<u8>,
}

impl Authority {
    /// An authority of this name, from 2000 on, for a hundred years.
    pub(crate) fn new(name: &str) -> Self {
        let key = Key::new();
        let constraints = extension(BASIC_CONSTRAINTS, true, &sequence(&[der(1, &[0xff])]));
        // keyCertSign and cRLSign.
        let usage = extension(KEY_USAGE, true, &der(3, &[1, 0b0000_0110]));
        let validity = Validity(946_684_800, 4_102_444_800);
        let der = certificate((name, &key), (name, &key), validity, &[constraints, usage]);
        Self { name: name.to_owned(), key, der }
    }

    /// The authority's own certificate, for a trust store.
    pub(crate) fn pem(&self) -> String {
        pem("CERTIFICATE", &self.der)
    }

    /// A certificate for these names and addresses.
    pub(crate) fn issue(&self, names: &[&str], validity: Validity) -> Issued {
        let key = Key::new();
        let name = |name: &&str| match name.parse::<IpAddr>() {
            Ok(IpAddr::V4(address)) => der(0x87, &address.octets()),
            Ok(IpAddr::V6(address)) => der(0x87, &address.octets()),
            Err(_) => der(0x82, name.as_bytes()),
        };
        let names_encoded: Vec<Vec<u8>> = names.iter().map(name).collect();
        let extensions = [
            extension(BASIC_CONSTRAINTS, true, &sequence(&[])),
            extension(ALTERNATIVE_NAMES, false, &sequence(&names_encoded)),
            extension(EXTENDED_KEY_USAGE, false, &sequence(&[der(6, SERVER_AUTHENTICATION)])),
        ];
        let subject = names.first().copied().unwrap_or("nobody");
        let der = certificate((&self.name, &self.key), (subject, &key), validity, &extensions);
        Issued { der, pkcs8: key.pkcs8 }
    }
}

impl Issued {
    pub(crate) fn pem(&self) -> String {
        pem("CERTIFICATE", &self.der)
    }

    pub(crate) fn key_pem(&self) -> String {
        pem("PRIVATE KEY", &self.pkcs8)
    }
}

fn certificate(
    issuer: (&str, &Key),
    subject: (&str, &Key),
    Validity(from, until): Validity,
    extensions: &[Vec<u8>],
) -> Vec<u8> {
    let algorithm = sequence(&[der(6, ECDSA_WITH_SHA256)]);
    let public =
        sequence(&[sequence(&[der(6, EC_PUBLIC_KEY), der(6, P256)]), bits(subject.1.pair.public_key().as_ref())]);
    let serial: [u8; 8] = ring::rand::generate(&SystemRandom::new()).expect("random numbers").expose();
    let to_sign = sequence(&[
        der(0xa0, &der(2, &[2])),
        // Positive, and not in need of a zero in front.
        der(2, &[&[0x40 | (serial[0] & 0x3f)], &serial[1..]].concat()),
        algorithm.clone(),
        name(issuer.0),
        sequence(&[time(from), time(until)]),
        name(subject.0),
        public,
        der(0xa3, &sequence(extensions)),
    ]);
    let signature = issuer.1.pair.sign(&SystemRandom::new(), &to_sign).expect("a signature");
    sequence(&[to_sign, algorithm, bits(signature.as_ref())])
}

fn name(common: &str) -> Vec<u8> {
    sequence(&[der(0x31, &sequence(&[der(6, COMMON_NAME), der(12, common.as_bytes())]))])
}

fn extension(id: &[u8], critical: bool, value: &[u8]) -> Vec<u8> {
    let critical = if critical { der(1, &[0xff]) } else { Vec::new() };
    sequence(&[der(6, id), critical, der(4, value)])
}

/// Two digits of a year before 2050, four after it.
fn time(at: i64) -> Vec<u8> {
    let date = chrono::DateTime::from_timestamp(at, 0).expect("a date");
    let text = date.format("%Y%m%d%H%M%SZ").to_string();
    if text.as_str() < "2050" { der(0x17, &text.as_bytes()[2..]) } else { der(0x18, text.as_bytes()) }
}

fn bits(content: &[u8]) -> Vec<u8> {
    der(3, &[&[0], content].concat())
}

fn sequence(parts: &[Vec<u8>]) -> Vec<u8> {
    der(0x30, &parts.concat())
}

fn der(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let head = match length {
        0..128 => vec![tag, length as u8],
        128..256 => vec![tag, 0x81, length as u8],
        _ => vec![tag, 0x82, (length >> 8) as u8, length as u8],
    };
    [head, content.to_vec()].concat()
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = base64(der);
    let lines: Vec<&str> = (0..text.len()).step_by(64).map(|at| &text[at..text.len().min(at + 64)]).collect();
    format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n"))
}

fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let group = |chunk: &[u8]| {
        let all = chunk.iter().fold(0_usize, |all, byte| all << 8 | usize::from(*byte)) << (8 * (3 - chunk.len()));
        let digit =
            |place: usize| if place > chunk.len() { '=' } else { char::from(DIGITS[all >> (18 - 6 * place) & 63]) };
        [0, 1, 2, 3].map(digit)
    };
    bytes.chunks(3).flat_map(group).collect()
}
