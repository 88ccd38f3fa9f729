//! Who issued a certificate, in words (RFC 5280). What is read here is shown, and decides nothing.

/// Tags of DER.
const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const OBJECT_IDENTIFIER: u8 = 0x06;
const EXPLICIT_VERSION: u8 = 0xa0;
/// The parts of a name that are shown, as encoded identifiers (2.5.4.x), in this order.
const SHOWN: [(&str, [u8; 3]); 3] = [("CN", [0x55, 4, 3]), ("O", [0x55, 4, 10]), ("OU", [0x55, 4, 11])];

/// The issuer of a certificate, such as `CN=Example Root, O=Example`; empty where it cannot be read.
pub(super) fn issuer(certificate: &[u8]) -> String {
    read_issuer(certificate).unwrap_or_default()
}

fn read_issuer(certificate: &[u8]) -> Option<String> {
    let (_, certificate, _) = element(certificate)?;
    let (_, mut fields, _) = element(certificate)?;
    if fields.first() == Some(&EXPLICIT_VERSION) {
        fields = element(fields)?.2;
    }
    // Behind the serial number and the signature's algorithm.
    let behind = element(element(fields)?.2)?.2;
    let (tag, name, _) = element(behind)?;
    (tag == SEQUENCE).then(|| words(name))
}

/// The parts of a name that people know it by.
fn words(name: &[u8]) -> String {
    let parts = parts(name);
    let shown = SHOWN.iter().filter_map(|(label, id)| {
        let (_, text) = parts.iter().find(|(known, _)| known == id)?;
        Some(format!("{label}={text}"))
    });
    shown.collect::<Vec<_>>().join(", ")
}

fn parts(mut name: &[u8]) -> Vec<(&[u8], String)> {
    let mut parts = Vec::new();
    while let Some((SET, set, rest)) = element(name) {
        name = rest;
        let Some((SEQUENCE, part, _)) = element(set) else { continue };
        let Some((OBJECT_IDENTIFIER, id, behind)) = element(part) else { continue };
        if let Some((_, text, _)) = element(behind) {
            parts.push((id, String::from_utf8_lossy(text).into_owned()));
        }
    }
    parts
}

/// The first element: its tag, its content, and what follows it.
fn element(bytes: &[u8]) -> Option<(u8, &[u8], &[u8])> {
    let (tag, rest) = bytes.split_first()?;
    let (first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(*first), rest),
        0x81..=0x83 => {
            let (digits, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (digits.iter().fold(0, |length, digit| length << 8 | usize::from(*digit)), rest)
        }
        _ => return None,
    };
    let (content, rest) = rest.split_at_checked(length)?;
    Some((*tag, content, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn der(tag: u8, content: &[u8]) -> Vec<u8> {
        [&[tag, content.len() as u8][..], content].concat()
    }

    fn certificate(name: &[u8]) -> Vec<u8> {
        let fields = [der(EXPLICIT_VERSION, &der(2, &[2])), der(2, &[7]), der(SEQUENCE, &[]), der(SEQUENCE, name)];
        der(SEQUENCE, &der(SEQUENCE, &fields.concat()))
    }

    #[test]
    fn names_are_read_and_nonsense_is_none() {
        let part = |id: [u8; 3], text: &str| {
            der(SET, &der(SEQUENCE, &[der(OBJECT_IDENTIFIER, &id), der(12, text.as_bytes())].concat()))
        };
        let name = [part([0x55, 4, 6], "DE"), part([0x55, 4, 10], "Example"), part([0x55, 4, 3], "Root 1")].concat();
        let whole = certificate(&name);
        assert_eq!(issuer(&whole), "CN=Root 1, O=Example");
        for length in 0..whole.len() {
            assert_eq!(issuer(&whole[..length]), "", "{length}");
        }
        for place in 0..whole.len() {
            let mut damaged = whole.clone();
            damaged[place] ^= 0xff;
            issuer(&damaged);
        }
    }
}
