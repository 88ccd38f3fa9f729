//! The option of DHCPv6 for time servers (RFC 5908), which dhclient writes down in hexadecimal.

use std::net::Ipv6Addr;

/// The parts of the option: a server's address, the address of a group, a name.
const ADDRESS: u16 = 1;
const NAME: u16 = 3;

/// The addresses and names in bytes such as `0:1:0:10:20:1:d:b8:...`; what is cut short or no byte ends them.
pub(super) fn servers_of_option_56(bytes: &str) -> Vec<String> {
    let bytes: Option<Vec<u8>> = bytes.split(':').map(|byte| u8::from_str_radix(byte, 16).ok()).collect();
    let bytes = bytes.unwrap_or_default();
    let (mut rest, mut found) = (bytes.as_slice(), Vec::new());
    while let [code0, code1, length0, length1, after @ ..] = rest {
        let length = usize::from(u16::from_be_bytes([*length0, *length1]));
        let Some((value, after)) = after.split_at_checked(length) else { break };
        match u16::from_be_bytes([*code0, *code1]) {
            ADDRESS => found.extend(<[u8; 16]>::try_from(value).map(|octets| Ipv6Addr::from(octets).to_string())),
            NAME => found.extend(name(value)),
            _ => {}
        }
        rest = after;
    }
    found
}

/// A name as DNS writes it: each label with its length before it, and a zero at the end.
fn name(mut bytes: &[u8]) -> Option<String> {
    let mut labels = Vec::new();
    while let [length, rest @ ..] = bytes {
        if *length == 0 {
            break;
        }
        let (label, after) = rest.split_at_checked(usize::from(*length))?;
        labels.push(String::from_utf8(label.to_vec()).ok()?);
        bytes = after;
    }
    (!labels.is_empty()).then(|| labels.join("."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_and_names() {
        let address = "0:1:0:10:20:1:d:b8:0:0:0:0:0:0:0:0:0:0:1:23";
        let name = "0:3:0:d:3:6e:74:70:7:65:78:61:6d:70:6c:65:0";
        assert_eq!(servers_of_option_56(address), ["2001:db8::123"]);
        assert_eq!(servers_of_option_56(&format!("{name}:{address}")), ["ntp.example", "2001:db8::123"]);
        for broken in ["", "x", "0:1:0:10:20", "0:3:0:2:9:61", "0:1:0:1:0", "100:0"] {
            assert_eq!(servers_of_option_56(broken), [""; 0], "{broken}");
        }
    }
}
