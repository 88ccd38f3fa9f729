//! Server words as people type them by mistake, and what to type instead.
#![forbid(unsafe_code)]

use std::net::{IpAddr, Ipv6Addr};

use super::defaults::PORT;
use super::targets::split;
use super::usage::UsageError;
use crate::net::{no_server, phc};

/// Dashes that a text processor makes of a hyphen.
const DASHES: [char; 5] = ['\u{2010}', '\u{2011}', '\u{2013}', '\u{2014}', '\u{2212}'];

/// Fails at the first word that can be no server.
pub(super) fn check(words: &[String]) -> Result<(), UsageError> {
    let text = configuration_line(words).or_else(|| words.iter().find_map(|word| mistake(word)));
    text.map_or(Ok(()), |text| Err(UsageError::Server(text)))
}

/// A line of ntp.conf or chrony.conf, of which each word would be asked.
fn configuration_line(words: &[String]) -> Option<String> {
    const OPTIONS: [&str; 8] = ["iburst", "burst", "prefer", "minpoll", "maxpoll", "offline", "auto_offline", "nts"];
    let (first, rest) = words.split_first()?;
    let begins = ["server", "pool", "peer"].contains(&first.as_str());
    let option = rest.iter().find(|word| OPTIONS.contains(&word.as_str())).filter(|_| begins)?;
    let host = rest.first().filter(|host| *host != option).map_or("HOST", String::as_str);
    Some(format!("\"{first}\" and \"{option}\" are words of a configuration file: write {host} alone, or --from FILE"))
}

/// What is wrong with a word, if anything is, and what to type.
fn mistake(word: &str) -> Option<String> {
    if phc::is_clock(word) {
        return phc::word::parse(word).err();
    }
    let trimmed = word.trim();
    if trimmed.is_empty() {
        let text =
            "an empty word stands where a server should, as an unset variable leaves one: write a name or an address";
        return Some(text.to_owned());
    }
    if let Some(rest) = trimmed.strip_prefix(DASHES) {
        let rest = rest.trim_start_matches(DASHES);
        let hyphens = if rest.chars().count() > 1 { "--" } else { "-" };
        return Some(format!("\"{trimmed}\" begins with a dash that is no hyphen: write {hyphens}{rest}"));
    }
    if trimmed.contains([',', ';']) {
        let separate: Vec<&str> = trimmed.split([',', ';', ' ']).filter(|part| !part.is_empty()).collect();
        return Some(format!("servers are separated by blanks: write {}, not \"{trimmed}\"", separate.join(" ")));
    }
    if trimmed != word || word.contains(char::is_whitespace) {
        return Some(format!("server \"{word}\" has a blank in it: write {trimmed}, without quotes"));
    }
    address_mistake(word)
        .or_else(|| number_mistake(word))
        .or_else(|| bracket_mistake(word))
        .or_else(|| port_mistake(word))
        .or_else(|| script_mistake(word))
}

fn address_mistake(word: &str) -> Option<String> {
    if let Some(text) = behind_address(word) {
        return Some(text);
    }
    let bare = word.split_once("://").map_or(word, |(_, rest)| rest);
    let host = bare.split(['/', '?', '#']).next().unwrap_or_default();
    if host == word {
        return None;
    }
    let what = if bare == word { "a name or an address alone" } else { "a name or an address, not a URL" };
    let instead = if host.is_empty() { "HOST" } else { host };
    Some(format!("server \"{word}\" has to be {what}: write {instead}"))
}

/// A number behind an address: a block's prefix, or a port as other programs have it.
fn behind_address(word: &str) -> Option<String> {
    let (host, number) = word.split_once(['/', '#'])?;
    let address: IpAddr = host.parse().ok()?;
    let number: u16 = number.parse().ok().filter(|number| *number > 0)?;
    let bits = if address.is_ipv4() { 32 } else { 128 };
    if number <= bits && word.contains('/') {
        let text = "is a block of addresses: write the address of a server; to look at all clocks of a block, list it for --fleet";
        return Some(format!("\"{word}\" {text}"));
    }
    let socket = std::net::SocketAddr::new(address, number);
    Some(format!("server \"{word}\" has its port behind a colon: write {socket}"))
}

/// The C library completes numbers to addresses that nobody meant: 4 is 0.0.0.4, 10.1 is 10.0.0.1.
fn number_mistake(word: &str) -> Option<String> {
    let (host, _) = split(word);
    let host = host.trim_start_matches('[').trim_end_matches(']');
    if let Ok(address) = host.parse::<IpAddr>() {
        let kind = no_server(address)?;
        return Some(format!("\"{word}\" is {kind}, which no server has: write the name or the address of a server"));
    }
    if !host.split('.').all(is_number) || host.chars().all(|c| c == '.') {
        return None;
    }
    let is_four = host.split('.').count() == 4;
    let large = host.split('.').find(|part| part.parse::<u32>().is_ok_and(|part| part > 255)).filter(|_| is_four);
    let why = match large {
        Some(part) => format!("{part} is more than 255"),
        None if !host.contains('.') => "if it belongs to an option, that one takes no value".to_owned(),
        None => "an address has four numbers".to_owned(),
    };
    Some(format!("\"{word}\" is a number and no address ({why}): write a name, or an address such as 192.0.2.1"))
}

/// Without brackets nobody knows where an IPv6 address ends: this is what is no address as it stands, and one without its end.
fn bracket_mistake(word: &str) -> Option<String> {
    let (host, port) = word.rsplit_once(':')?;
    let is_address = |text: &str| text.split('%').next().is_some_and(|text| text.parse::<Ipv6Addr>().is_ok());
    let is_number = !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit());
    let is_whole = is_address(word) && !host.contains('%');
    (is_number && is_address(host) && !is_whole)
        .then(|| format!("the address in \"{word}\" needs brackets where a port follows: write [{host}]:{port}"))
}

/// A part of what the C library's old forms of addresses are made of (inet_aton(3)), or of a slip of the finger: nothing.
fn is_number(part: &str) -> bool {
    match part.strip_prefix("0x").or_else(|| part.strip_prefix("0X")) {
        Some(digits) => digits.chars().all(|c| c.is_ascii_hexdigit()),
        None => part.chars().all(|c| c.is_ascii_digit()),
    }
}

fn port_mistake(word: &str) -> Option<String> {
    if word.starts_with('[') && !word.contains(']') {
        return Some(format!("server \"{word}\" lacks its closing bracket: write {word}]"));
    }
    let (host, port) = split(word);
    let port = port?;
    let is_port =
        port.parse::<u16>().is_ok_and(|port| port > 0) && port.starts_with(|first: char| first.is_ascii_digit());
    let text = || {
        format!("port (\"{port}\") of \"{word}\" is invalid: it is 1 to 65535: write {host}:{PORT}, or {host} alone")
    };
    (!is_port).then(text)
}

/// Name servers know names in other scripts by an ASCII form (RFC 5890).
fn script_mistake(word: &str) -> Option<String> {
    let text = || {
        format!(
            "server \"{word}\" has letters that name servers do not take: write its ASCII form, the one with xn--, which \
             \"idn2 {word}\" prints"
        )
    };
    (!word.is_ascii()).then(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_mistake_says_what_to_type() {
        for (word, instead) in [
            ("", "write a name or an address"),
            (" ", "write a name or an address"),
            (" pool.ntp.org", "write pool.ntp.org, without quotes"),
            ("a\n", "write a, without quotes"),
            ("a b", "write a b, without quotes"),
            ("a,b", "write a b, not"),
            ("a, b;c", "write a b c, not"),
            ("ntp://pool.ntp.org", "write pool.ntp.org"),
            ("https://pool.ntp.org:123/x?y", "write pool.ntp.org:123"),
            ("http://", "write HOST"),
            ("192.0.2.1/24", "list it for --fleet"),
            ("192.0.2.1/1123", "write 192.0.2.1:1123"),
            ("192.0.2.1#1123", "write 192.0.2.1:1123"),
            ("2001:db8::1#1123", "write [2001:db8::1]:1123"),
            ("192.0.2.1/x", "write 192.0.2.1"),
            ("pool.ntp.org:99999", "write pool.ntp.org:123, or pool.ntp.org alone"),
            ("pool.ntp.org:", "write pool.ntp.org:123"),
            ("pool.ntp.org:ntp", "write pool.ntp.org:123"),
            ("[2001:db8::1]:+5", "write [2001:db8::1]:123"),
            ("[2001:db8::1", "write [2001:db8::1]"),
            ("2001:db8:1:2:3:4:5:6:123", "write [2001:db8:1:2:3:4:5:6]:123"),
            ("::1:11123", "write [::1]:11123"),
            ("fe80::1%eth0:123", "write [fe80::1%eth0]:123"),
            ("zeit.m\u{fc}ller.example", "\"idn2 zeit.m\u{fc}ller.example\" prints"),
            ("4", "that one takes no value): write a name, or an address such as 192.0.2.1"),
            ("192.0.2.256", "(256 is more than 255): write a name, or an address such as 192.0.2.1"),
            ("0.0.0.0:123", "is an unspecified address, which no server has: write the name"),
            ("[::]", "is an unspecified address"),
            ("224.0.1.1", "is a multicast address"),
            ("phc:dev/ptp0", "write phc:/dev/ptp0"),
            ("\u{2013}q", "write -q"),
            ("\u{2014}quiet", "write --quiet"),
        ] {
            let text = mistake(word).unwrap_or_else(|| panic!("{word:?} is taken"));
            assert!(text.contains(instead), "{word:?}: {text}");
        }
    }

    #[test]
    fn a_line_of_a_configuration_file_is_no_list_of_servers() {
        let checked = |line: &str| check(&line.split(' ').map(str::to_owned).collect::<Vec<_>>());
        for (line, host) in
            [("server a iburst", "a"), ("pool a.example maxsources 4 prefer", "a.example"), ("server iburst", "HOST")]
        {
            let text = checked(line).unwrap_err().to_string();
            assert!(text.contains(&format!("write {host} alone, or --from FILE")), "{text}");
        }
        for line in ["server a", "a iburst", "server"] {
            assert_eq!(checked(line), Ok(()), "{line}");
        }
    }

    #[test]
    fn servers_are_no_mistakes() {
        for word in
            ["a", "pool.ntp.org.", "192.0.2.1:123", "::1", "[::1]", "[::1]:123", "fe80::1%eth0", "a_b", "xn--a-b"]
        {
            assert_eq!(mistake(word), None);
        }
    }
}
