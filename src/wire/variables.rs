//! The data of control messages: lists of variables and of associations (RFC 9327 §3).

use std::collections::BTreeMap;

/// The variables of a system or an association, as text.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Variables(BTreeMap<String, String>);

impl Variables {
    /// Reads `name=value, name="va,lue", …`. What is not printable ASCII is left out, for these texts reach a terminal (and
    /// some servers send uninitialised bytes); of two with the same name the later one counts.
    pub fn parse(data: &[u8]) -> Variables {
        let mut variables = BTreeMap::new();
        let mut quoted = false;
        let items = data.split(|&byte| {
            quoted ^= byte == b'"';
            byte == b',' && !quoted
        });
        for item in items {
            let text: String =
                item.iter().filter(|byte| matches!(byte, b' '..=b'~')).map(|&byte| char::from(byte)).collect();
            let (name, value) = text.split_once('=').unwrap_or((&text, ""));
            let value = value.trim();
            let value = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
            if !name.trim().is_empty() {
                variables.insert(name.trim().to_owned(), value.to_owned());
            }
        }
        Variables(variables)
    }

    /// A variable's text, if it is there and not empty.
    pub fn text(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str).filter(|text| !text.is_empty())
    }

    /// A whole number, decimal or, after `0x`, hexadecimal.
    pub fn integer(&self, name: &str) -> Option<i64> {
        let text = self.text(name)?;
        match text.strip_prefix("0x") {
            Some(digits) => i64::from_str_radix(digits, 16).ok(),
            None => text.parse().ok(),
        }
    }

    /// The bits of a time written as `0xeeae2571.93b90957`.
    pub fn timestamp(&self, name: &str) -> Option<u64> {
        let (seconds, fraction) = self.text(name)?.strip_prefix("0x")?.split_once('.')?;
        let half = |digits: &str| u32::from_str_radix(digits, 16).ok();
        Some(u64::from(half(seconds)?) << 32 | u64::from(half(fraction)?))
    }
}

/// Numbers and status words of the associations, in order of the numbers; an incomplete pair at the end is left out.
pub fn parse_associations(data: &[u8]) -> Vec<(u16, u16)> {
    let (pairs, _) = data.as_chunks::<4>();
    let mut associations: Vec<(u16, u16)> = pairs
        .iter()
        .map(|pair| (u16::from_be_bytes([pair[0], pair[1]]), u16::from_be_bytes([pair[2], pair[3]])))
        // Servers pad with zeros, and 0 is the system, not an association.
        .filter(|(association, _)| *association != 0)
        .collect();
    associations.sort_unstable();
    associations.dedup_by_key(|(association, _)| *association);
    associations
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn reads_a_list_as_servers_write_it() {
        let data = b"leap=0, stratum=5,\r\nrefid=127.127.1.0, clock=0xeeae2578.b90e08df, reach=0x1f,\r\n\
                     version=\"ntpd ntpsec-1.2.2\", system=\"a, b=c\", empty, offset=-0.5\r\n\0\0";
        let variables = Variables::parse(data);
        assert_eq!(variables.integer("stratum"), Some(5));
        assert_eq!(variables.integer("reach"), Some(0x1f));
        assert_eq!(variables.text("version"), Some("ntpd ntpsec-1.2.2"));
        assert_eq!(variables.text("system"), Some("a, b=c"));
        assert_eq!(variables.text("offset"), Some("-0.5"));
        assert_eq!(variables.timestamp("clock"), Some(0xeeae_2578_b90e_08df));
        assert_eq!(variables.text("empty"), None);
        assert_eq!(variables.integer("refid"), None);
    }

    #[test]
    fn a_terminal_escape_does_not_get_through() {
        let variables = Variables::parse(b"refid=\x1b[31mX\x07\xff");
        assert_eq!(variables.text("refid"), Some("[31mX"));
    }

    #[test]
    fn associations_come_in_order_without_the_padding() {
        let data = [0x45, 0x6c, 0x88, 0x11, 0x45, 0x67, 0x96, 0x1a, 0, 0, 0, 0, 9];
        assert_eq!(parse_associations(&data), [(0x4567, 0x961a), (0x456c, 0x8811)]);
    }

    proptest! {
        #[test]
        fn anything_can_be_read(data in prop::collection::vec(any::<u8>(), 0..300)) {
            for (name, value) in &Variables::parse(&data).0 {
                prop_assert!((name.clone() + value).bytes().all(|byte| (b' '..=b'~').contains(&byte)));
            }
            parse_associations(&data);
        }
    }
}
