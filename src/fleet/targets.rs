//! The list of whom to ask: names, addresses and blocks of addresses.

use std::collections::HashSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use thiserror::Error;

use crate::net::no_server;

/// The most clocks that one run asks. Half a million bytes of requests leave a machine easily, and its memory of them is small.
pub const MAX_TARGETS: usize = 131_072;
/// The longest list that is read, in bytes: the most targets, each with a long name and a comment.
pub const MAX_BYTES: usize = 16 << 20;
/// The longest host name (RFC 1035 §2.3.4), and some more for a port.
const MAX_WORD: usize = 270;

/// One clock to ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Target {
    /// The target's name or address.
    pub who: Who,
    /// Nobody said that there is a clock: the address is one of a block.
    pub is_of_block: bool,
}

/// How a clock is named.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Who {
    /// A host name, and the port to ask.
    Name(Box<str>, u16),
    /// An address with the port to ask.
    Address(SocketAddr),
}

/// A list that cannot be used. Nobody is asked: an inventory with a hole in it would look complete.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BadTargets {
    /// A line names no clock.
    #[error("line {line}: {text}")]
    Line {
        /// The line's number, from 1.
        line: usize,
        /// What is wrong, and what to write.
        text: String,
    },
    /// The list is too long.
    #[error("it names more than {MAX_TARGETS} clocks: split it, and ask for each part by itself")]
    TooMany,
    /// The list is empty.
    #[error("it names no clock: write one name, address or block (192.0.2.0/24) on each line")]
    Nobody,
}

/// Reads a list: one name, address or block on each line, each with `:PORT` where that is not `port`, comments from `#` to the end
/// of the line. An address or name that is listed twice is asked once; where a block and a line of its own name it, it counts as
/// listed by itself.
pub fn parse(text: &str, port: u16) -> Result<Vec<Target>, BadTargets> {
    let mut listed: Vec<Target> = Vec::new();
    let mut blocks = Vec::new();
    let mut seen = HashSet::new();
    let mut left = MAX_TARGETS;
    for (number, line) in text.trim_start_matches('\u{feff}').lines().enumerate() {
        let word = line.split('#').next().unwrap_or_default().trim();
        if word.is_empty() {
            continue;
        }
        let bad = |text| BadTargets::Line { line: number + 1, text };
        match entry(word, port).map_err(bad)? {
            Entry::One(who) if seen.insert(who.clone()) => {
                left = left.checked_sub(1).ok_or(BadTargets::TooMany)?;
                listed.push(Target { who, is_of_block: false });
            }
            Entry::One(_) => {}
            Entry::Block(block) => {
                // Before it is spread out: ten lines can name more addresses than there is memory.
                left = left.checked_sub(block.count()).ok_or(BadTargets::TooMany)?;
                blocks.push(block);
            }
        }
    }
    for address in blocks.iter().flat_map(Block::addresses) {
        if seen.insert(Who::Address(address)) {
            listed.push(Target { who: Who::Address(address), is_of_block: true });
        }
    }
    if listed.is_empty() { Err(BadTargets::Nobody) } else { Ok(listed) }
}

enum Entry {
    One(Who),
    Block(Block),
}

/// What one word stands for, or what is wrong with it.
fn entry(word: &str, default: u16) -> Result<Entry, String> {
    check_one_word(word)?;
    let (host, port) = split(word);
    let range = || format!("the port of \"{word}\" is invalid: it is 1 to 65535");
    let port = port.map_or(Ok(default), |port| digits(port).filter(|port: &u16| *port > 0).ok_or_else(range))?;
    let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
    if let Some((base, prefix)) = bare.split_once('/') {
        return Block::new(base, prefix, port).map(Entry::Block).map_err(|why| format!("\"{word}\": {why}"));
    }
    let who = match bare.parse::<IpAddr>() {
        Ok(address) => match no_server(address) {
            Some(kind) => return Err(format!("{address} is {kind}, which no clock has")),
            None => Who::Address(SocketAddr::new(address.to_canonical(), port)),
        },
        Err(_) if is_name(bare) => Who::Name(bare.trim_end_matches('.').to_ascii_lowercase().into(), port),
        Err(_) => {
            return Err(format!(
                "\"{word}\" is no name and no address: write NAME, ADDRESS, ADDRESS/PREFIX or HOST:PORT"
            ));
        }
    };
    Ok(Entry::One(who))
}

/// Refuses what is no single name, address or block, and says what to write instead.
fn check_one_word(word: &str) -> Result<(), String> {
    if word.len() > MAX_WORD {
        return Err(format!("a word of {} bytes is no name and no address", word.len()));
    }
    if word.contains(char::is_whitespace) || word.contains([',', ';']) {
        let parts: Vec<&str> = word.split([',', ';', ' ', '\t']).filter(|part| !part.is_empty()).collect();
        let how = match parts.as_slice() {
            [_, _, ..] => format!("write {} on lines of their own", parts.join(" and ")),
            _ => "write one name or address on each line".to_owned(),
        };
        let what =
            if word.contains(char::is_whitespace) { "is more than one word" } else { "has a comma or semicolon" };
        return Err(format!("\"{word}\" {what}: {how}"));
    }
    if is_span(word) {
        return Err(format!(
            "\"{word}\" is a span of addresses: write a block such as 192.0.2.0/24, or one address on each line"
        ));
    }
    if let Some((_, rest)) = word.split_once("://") {
        let host = rest.split(['/', '?']).next().unwrap_or_default();
        return Err(format!("\"{word}\" is a URL: write its host alone, {host}"));
    }
    Ok(())
}

/// Whether a word is two numbers or addresses with a hyphen between them, which no name is (RFC 3696, section 2).
fn is_span(word: &str) -> bool {
    let is_number = |part: &str| part.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    word.split_once('-')
        .is_some_and(|(first, last)| first.parse::<Ipv4Addr>().is_ok() && !last.is_empty() && is_number(last))
}

/// Where the host ends, and what stands for its port.
fn split(word: &str) -> (&str, Option<&str>) {
    match word.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => (host, Some(port)),
        _ => (word, None),
    }
}

/// A number in digits alone.
fn digits<T: std::str::FromStr>(text: &str) -> Option<T> {
    text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse().ok()).flatten()
}

/// Whether a word can be looked up. Digits and dots alone are an address that lacks something, and the C library would complete it
/// to one that nobody meant.
fn is_name(word: &str) -> bool {
    let is_number = word.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_');
    // A link-local address has its interface behind it, and that name's letters are the administrator's.
    let (host, interface) = word.split_once('%').map_or((word, ""), |(host, interface)| (host, interface));
    let is_scoped = host.parse::<Ipv6Addr>().is_ok() && !interface.is_empty() && interface.bytes().all(plain);
    is_scoped || (!is_number && !word.starts_with(['-', '.']) && word.bytes().all(plain))
}

/// The length of the prefix that a mask such as 255.255.255.0 leaves.
fn mask_length(mask: Ipv4Addr) -> Option<u32> {
    let bits = mask.to_bits();
    (bits.leading_ones() + bits.trailing_zeros() == 32 && bits != 0).then(|| bits.leading_ones())
}

/// Addresses with a common beginning (RFC 4632 §3.1), without those that no host has.
struct Block {
    first: IpAddr,
    count: u128,
    port: u16,
}

impl Block {
    fn new(base: &str, prefix: &str, port: u16) -> Result<Block, String> {
        let address: IpAddr =
            base.parse().map_err(|_| format!("a block begins with an address, not with \"{base}\""))?;
        let bits = if address.is_ipv4() { 32 } else { 128 };
        let least = bits - MAX_TARGETS.ilog2();
        if let Some(length) = prefix.parse().ok().and_then(mask_length).filter(|_| address.is_ipv4()) {
            return Err(format!("{prefix} is a mask: write {base}/{length}"));
        }
        let prefix = digits(prefix).filter(|prefix: &u32| *prefix <= bits);
        let prefix = prefix.ok_or_else(|| format!("the length of a block's prefix is {least} to {bits}"))?;
        let size = 1_u128.checked_shl(bits - prefix).unwrap_or(u128::MAX);
        if size > MAX_TARGETS as u128 {
            return Err(format!("the block is too large: /{least} is the largest that is asked at once"));
        }
        let number = match address {
            IpAddr::V4(v4) => u128::from(v4.to_bits()),
            IpAddr::V6(v6) => v6.to_bits(),
        } & !(size - 1);
        // The first address is the network's and the last one for all its hosts; a pair of two has neither (RFC 3021).
        let has_ends = address.is_ipv4() && size > 2;
        let (number, count) = if has_ends { (number + 1, size - 2) } else { (number, size) };
        let first = if address.is_ipv4() {
            IpAddr::V4(Ipv4Addr::from_bits(number as u32))
        } else {
            IpAddr::V6(Ipv6Addr::from_bits(number))
        };
        match no_server(first) {
            Some(kind) => Err(format!("its first address {first} is {kind}, which no clock has")),
            None => Ok(Block { first, count, port }),
        }
    }

    fn count(&self) -> usize {
        self.count as usize
    }

    fn addresses(&self) -> impl Iterator<Item = SocketAddr> + use<> {
        let (first, port) = (self.first, self.port);
        (0..self.count).map(move |place| {
            let address = match first {
                IpAddr::V4(v4) => IpAddr::V4(Ipv4Addr::from_bits(v4.to_bits() + place as u32)),
                IpAddr::V6(v6) => IpAddr::V6(Ipv6Addr::from_bits(v6.to_bits() + place)),
            };
            SocketAddr::new(address, port)
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn shown(text: &str) -> Result<Vec<String>, String> {
        let targets = parse(text, 123).map_err(|error| error.to_string())?;
        Ok(targets
            .iter()
            .map(|target| {
                let mark = if target.is_of_block { "*" } else { "" };
                match &target.who {
                    Who::Name(name, port) => format!("{name} {port}{mark}"),
                    Who::Address(address) => format!("{address}{mark}"),
                }
            })
            .collect())
    }

    #[test]
    fn each_form_of_a_line_is_read() {
        let text = "\u{feff}# the fleet\nNode01.example. # rack 1\n\n192.0.2.7\r\n192.0.2.8:1123\n  2001:db8::1 \n\
                    [2001:db8::2]:1123\n[2001:db8::3]\nfe80::1%eth0\nnode_2:5\n::ffff:192.0.2.9\n192.0.2.7\nnode01.example\n";
        assert_eq!(
            shown(text).unwrap(),
            [
                "node01.example 123",
                "192.0.2.7:123",
                "192.0.2.8:1123",
                "[2001:db8::1]:123",
                "[2001:db8::2]:1123",
                "[2001:db8::3]:123",
                "fe80::1%eth0 123",
                "node_2 5",
                "192.0.2.9:123"
            ]
        );
    }

    #[test]
    fn blocks_have_the_addresses_of_their_hosts() {
        assert_eq!(shown("192.0.2.77/30").unwrap(), ["192.0.2.77:123*", "192.0.2.78:123*"]);
        assert_eq!(shown("192.0.2.8/31:99").unwrap(), ["192.0.2.8:99*", "192.0.2.9:99*"]);
        assert_eq!(shown("192.0.2.8/32").unwrap(), ["192.0.2.8:123*"]);
        assert_eq!(shown("[2001:db8::/127]:5").unwrap(), ["[2001:db8::]:5*", "[2001:db8::1]:5*"]);
        assert_eq!(shown("2001:db8::5/128").unwrap(), ["[2001:db8::5]:123*"]);
        assert_eq!(shown("192.0.2.0/24").unwrap().len(), 254);
        assert_eq!(shown("10.1.0.0/16").unwrap().len(), 65_534);
        assert_eq!(shown("255.255.255.0/24").unwrap().last().unwrap(), "255.255.255.254:123*");
        assert_eq!(
            shown("192.0.2.0/30\n192.0.2.1\n").unwrap(),
            ["192.0.2.1:123", "192.0.2.2:123*"],
            "listed by itself"
        );
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        for (text, why) in [
            ("", "names no clock"),
            ("# nothing\n", "names no clock"),
            ("a\nb c\n", "line 2: \"b c\" is more than one word"),
            ("a,b", "line 1: \"a,b\" has a comma or semicolon: write a and b on lines of their own"),
            (",a", "write one name or address on each line"),
            ("127.0.0.2-5", "write a block such as"),
            ("127.0.0.2-127.0.0.5", "is a span of addresses"),
            ("127.0.0.0/255.255.255.0", "is a mask: write 127.0.0.0/24"),
            ("192.0.2.256", "is no name and no address"),
            ("10.1", "is no name and no address"),
            ("a:0", "port"),
            ("a:65536", "port"),
            ("a:+5", "port"),
            ("a:", "port"),
            ("-q", "is no name"),
            ("http://a/b", "a URL: write its host alone, a"),
            ("a/24", "a block begins with an address"),
            ("192.0.2.0/33", "15 to 32"),
            ("192.0.2.0/", "15 to 32"),
            ("192.0.2.0/+8", "15 to 32"),
            ("10.0.0.0/8", "/15 is the largest"),
            ("2001:db8::/64", "/111 is the largest"),
            ("::/0", "/111 is the largest"),
            ("0.0.0.0", "an unspecified address"),
            ("224.0.0.0/24", "a multicast address"),
            ("z\u{fc}rich", "is no name"),
            ("a\u{1b}[31m", "is no name"),
            ("10.0.0.0/16\n10.1.0.0/16\n10.2.0.0/16", "more than 131072"),
        ] {
            let error = shown(text).expect_err(text);
            assert!(error.contains(why), "{text:?}: {error}");
        }
        let long = "a".repeat(300);
        assert!(shown(&long).unwrap_err().len() < 100);
    }

    proptest! {
        #[test]
        fn any_text_is_a_list_or_an_error(text in "(\\PC|[\\n#:/\\[\\]0-9a-f.]){0,80}") {
            if let Ok(targets) = parse(&text, 123) {
                prop_assert!((1..=MAX_TARGETS).contains(&targets.len()));
                for target in targets {
                    if let Who::Address(address) = target.who {
                        prop_assert!(address.port() > 0);
                    }
                }
            }
        }
    }
}
