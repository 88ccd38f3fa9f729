//! Server words as people type them by mistake, and what to type instead.
#![forbid(unsafe_code)]

use std::net::IpAddr;

use super::{PORT, UsageError};
use crate::net::no_server;

/// Dashes that a text processor makes of a hyphen.
const DASHES: [char; 5] = ['\u{2010}', '\u{2011}', '\u{2013}', '\u{2014}', '\u{2212}'];

/// Fails at the first word that can be no server.
pub(super) fn check(words: &[String]) -> Result<(), UsageError> {
    words.iter().find_map(|word| mistake(word)).map_or(Ok(()), |text| Err(UsageError::Server(text)))
}

/// What is wrong with a word, if anything is, and what to type.
fn mistake(word: &str) -> Option<String> {
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
        .or_else(|| port_mistake(word))
        .or_else(|| script_mistake(word))
}

fn address_mistake(word: &str) -> Option<String> {
    let bare = word.split_once("://").map_or(word, |(_, rest)| rest);
    let host = bare.split(['/', '?', '#']).next().unwrap_or_default();
    if host == word {
        return None;
    }
    let what = if bare == word { "a name or an address alone" } else { "a name or an address, not a URL" };
    let instead = if host.is_empty() { "HOST" } else { host };
    Some(format!("server \"{word}\" has to be {what}: write {instead}"))
}

/// The C library completes numbers to addresses that nobody meant: 4 is 0.0.0.4, 10.1 is 10.0.0.1.
fn number_mistake(word: &str) -> Option<String> {
    let (host, _) = super::split(word);
    let host = host.trim_start_matches('[').trim_end_matches(']');
    if let Ok(address) = host.parse::<IpAddr>() {
        let kind = no_server(address)?;
        return Some(format!("\"{word}\" is {kind}, which no server has: write the name or the address of a server"));
    }
    let is_number = host.chars().all(|c| c.is_ascii_digit() || c == '.');
    is_number.then(|| format!("\"{word}\" is a number and no address: write a name, or an address such as 192.0.2.1"))
}

fn port_mistake(word: &str) -> Option<String> {
    if word.starts_with('[') && !word.contains(']') {
        return Some(format!("server \"{word}\" lacks its closing bracket: write {word}]"));
    }
    let (host, port) = super::split(word);
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
            ("192.0.2.1/24", "write 192.0.2.1"),
            ("pool.ntp.org:99999", "write pool.ntp.org:123, or pool.ntp.org alone"),
            ("pool.ntp.org:", "write pool.ntp.org:123"),
            ("pool.ntp.org:ntp", "write pool.ntp.org:123"),
            ("[2001:db8::1]:+5", "write [2001:db8::1]:123"),
            ("[2001:db8::1", "write [2001:db8::1]"),
            ("zeit.m\u{fc}ller.example", "\"idn2 zeit.m\u{fc}ller.example\" prints"),
            ("4", "write a name, or an address such as 192.0.2.1"),
            ("192.0.2.256", "write a name, or an address such as 192.0.2.1"),
            ("0.0.0.0:123", "is an unspecified address, which no server has: write the name"),
            ("[::]", "is an unspecified address"),
            ("224.0.1.1", "is a multicast address"),
            ("\u{2013}q", "write -q"),
            ("\u{2014}quiet", "write --quiet"),
        ] {
            let text = mistake(word).unwrap_or_else(|| panic!("{word:?} is taken"));
            assert!(text.contains(instead), "{word:?}: {text}");
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
