//! One server as a file names it.

use std::net::{Ipv4Addr, Ipv6Addr};

use crate::wire::KeyId;

/// Bytes in an interface's name (IFNAMSIZ of linux/if.h, without its zero).
const MAX_INTERFACE: usize = 15;

/// A time server in a configuration file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Server {
    /// A name or an address, without brackets.
    pub host: String,
    /// The UDP port, where the file gives one.
    pub port: Option<u16>,
    /// What the file wants the server to prove itself by.
    pub proof: Option<ProofWish>,
}

/// How a server is to prove itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProofWish {
    /// By the symmetric key with this number; nothing where there is none that could be used, as with ntpd's autokey.
    Key(Option<KeyId>),
    /// By Network Time Security (RFC 8915).
    Nts(NtsWish),
}

/// What a file says of a server's key exchange.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NtsWish {
    /// The TCP port, where the file gives one.
    pub port: Option<u16>,
    /// The authorities that its certificate has to come from.
    pub authorities: Authorities,
}

/// The authorities of a server.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Authorities {
    /// The set that the file has for all servers, or else the system's.
    #[default]
    Usual,
    /// The set with this number (chrony's `certset`).
    Set(u32),
    /// The authorities of this file or folder, and no others (NTPsec's `ca`).
    Only(String),
    /// The authorities of this file and the system's (ntpd-rs's `certificate-authority`).
    Besides(String),
}

impl Server {
    /// From a word: a name, an address, an address in brackets, each with a port after a colon if it is there.
    pub(super) fn parse(word: &str) -> Result<Server, String> {
        let (host, port) = split_port(word)?;
        let port = match port {
            None => None,
            Some(text) => Some(parse_port(text)?),
        };
        if !is_host(host) {
            return Err(format!("\"{}\" is no server name or address", word.escape_default()));
        }
        Ok(Server { host: host.to_owned(), port, proof: None })
    }
}

/// The proof that `key` and the word behind it demand. A number that cannot be understood is a demand too: nobody wanted such a
/// server to be believed without proof.
pub(super) fn key_proof(word: &str) -> ProofWish {
    ProofWish::Key(word.parse().ok().filter(|_| word.starts_with(|first: char| first.is_ascii_digit())))
}

pub(super) fn parse_port(text: &str) -> Result<u16, String> {
    match text.parse() {
        Ok(port) if port > 0 => Ok(port),
        _ => Err(format!("\"{}\" is no port: it is 1 to 65535", text.escape_default())),
    }
}

/// Where the host ends and the port begins; an IPv6 address without brackets has none.
fn split_port(word: &str) -> Result<(&str, Option<&str>), String> {
    if let Some(rest) = word.strip_prefix('[') {
        let (host, after) =
            rest.split_once(']').ok_or_else(|| format!("\"{}\" lacks its closing bracket", word.escape_default()))?;
        return match after.strip_prefix(':') {
            Some(port) => Ok((host, Some(port))),
            None if after.is_empty() => Ok((host, None)),
            None => Err(format!("\"{}\" has something after its bracket", word.escape_default())),
        };
    }
    Ok(match word.split_once(':') {
        Some((host, port)) if !port.contains(':') => (host, Some(port)),
        _ => (word, None),
    })
}

/// A name may have the characters that DNS and /etc/hosts have in practice, an IPv6 address its interface after a `%`. No server
/// has an address of 0.0.0.0/8, which is this machine, of a group, or of all.
fn is_host(host: &str) -> bool {
    if host.contains(':') {
        let (address, zone) = host.split_once('%').unwrap_or((host, "lo"));
        let is_server = |address: Ipv6Addr| !address.is_unspecified() && !address.is_multicast();
        return address.parse().is_ok_and(is_server) && is_interface(zone);
    }
    if let Ok(address) = host.parse::<Ipv4Addr>() {
        return address.octets()[0] != 0 && !address.is_multicast() && !address.is_broadcast();
    }
    let name = |c: char| c.is_alphanumeric() || matches!(c, '-' | '_' | '.');
    (1..=253).contains(&host.len()) && host.chars().all(name) && !host.starts_with(['-', '.']) && !is_number(host)
}

/// What the C library's resolver takes for an IPv4 address in an old form, such as `4` for 0.0.0.4 (inet_aton(3)): no name of
/// a host ends in a number (RFC 3696, section 2).
fn is_number(host: &str) -> bool {
    let last = host.trim_end_matches('.').rsplit('.').next().unwrap_or_default();
    let hexadecimal = last.strip_prefix("0x").or_else(|| last.strip_prefix("0X"));
    match hexadecimal {
        Some(digits) => digits.chars().all(|c| c.is_ascii_hexdigit()),
        None => last.chars().all(|c| c.is_ascii_digit()),
    }
}

/// The kernel allows more in an interface's name; what goes to a terminal and into a log had better be plain.
fn is_interface(name: &str) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '.');
    (1..=MAX_INTERFACE).contains(&name.len()) && name.chars().all(plain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(word: &str) -> (String, Option<u16>) {
        let server = Server::parse(word).unwrap();
        (server.host, server.port)
    }

    #[test]
    fn names_addresses_brackets_and_ports() {
        for (word, host, port) in [
            ("ntp.example", "ntp.example", None),
            ("ntp_1.example.", "ntp_1.example.", None),
            ("ntp.example:1123", "ntp.example", Some(1123)),
            ("ntp-4", "ntp-4", None),
            ("4.ntp.example", "4.ntp.example", None),
            ("0xa.example", "0xa.example", None),
            ("192.0.2.1", "192.0.2.1", None),
            ("192.0.2.1:1123", "192.0.2.1", Some(1123)),
            ("2001:db8::1", "2001:db8::1", None),
            ("[2001:db8::1]", "2001:db8::1", None),
            ("[2001:db8::1]:1123", "2001:db8::1", Some(1123)),
            ("[fe80::1%eth0]:123", "fe80::1%eth0", Some(123)),
        ] {
            assert_eq!(parsed(word), (host.to_owned(), port), "{word}");
        }
    }

    #[test]
    fn nonsense_is_named() {
        for word in [
            "",
            "-x",
            "a b",
            "$(reboot)",
            "a;b",
            "[2001:db8::1",
            "[2001:db8::1]x",
            "a:0",
            "a:65536",
            "a:",
            "2001:zz::1",
            "fe80::1%",
            "fe80::1%\u{1b}[31m",
            "fe80::1%a'b",
            "fe80::1%sixteen-letters-",
            "0.0.0.0",
            "0.0.0.4",
            "224.0.1.1",
            "255.255.255.255",
            "::",
            "[ff02::101]:123",
            "4",
            "4.",
            "4:123",
            "127.1",
            "0x7f.0x1",
            "192.0.2.300",
            "192.0.2.01",
            "...",
        ] {
            assert!(Server::parse(word).is_err(), "{word}");
        }
        assert_eq!(Server::parse("a:99999").unwrap_err(), "\"99999\" is no port: it is 1 to 65535");
    }
}
