//! The jar as text.

use std::fmt::Write as _;

use zeroize::Zeroizing;

use super::{Entry, Failures, Jar, Kept};
use crate::time::Time;
use crate::wire::nts::Keys;

/// The first line of every jar.
pub(super) const HEAD: &str = "rntpdate nts 1";
/// What stands behind an address with which the key exchange itself was made.
pub(super) const OWN: &str = " own";

/// The text, which `parse` reads. The text holds secrets: it is wiped when it goes, and does not grow, which would leave copies behind.
pub fn render(jar: &Jar) -> Zeroizing<String> {
    let mut text =
        Zeroizing::new(String::with_capacity(HEAD.len() + LINE + jar.entries.iter().map(room).sum::<usize>()));
    let _ = writeln!(text, "{HEAD}");
    if let Some(floor) = jar.floor {
        let _ = writeln!(text, "time {}", seconds(floor));
    }
    jar.entries.iter().for_each(|entry| write_entry(&mut text, entry));
    text
}

/// More bytes than a line has besides names, keys and cookies.
const LINE: usize = 80;
/// The lines of a server that have no cookie.
const LINES: usize = 7;

/// The room that an entry takes at the most, in bytes.
fn room(Entry { peer, kept, .. }: &Entry) -> usize {
    let keys = |keys: &Keys| 2 * (keys.c2s.bytes().len() + keys.s2c.bytes().len());
    let of_kept = kept.as_ref().map_or(0, |Kept { association, .. }| {
        let cookies: usize = association.cookies.iter().map(|cookie| LINE + 2 * cookie.bytes().len()).sum();
        keys(&association.keys) + association.other_keys.as_ref().map_or(0, keys) + cookies
    });
    LINES * LINE + peer.name.len() + peer.trust.len() + of_kept
}

fn write_entry(text: &mut String, Entry { peer, failures, kept }: &Entry) {
    let _ = writeln!(text, "server {} {}", peer.name, peer.port);
    if !peer.trust.is_empty() {
        let _ = writeln!(text, "trust {}", peer.trust);
    }
    if let Failures { count: 1.., last: Some(last) } = failures {
        let _ = writeln!(text, "failed {} {}", failures.count, seconds(*last));
    }
    let Some(Kept { association, server, is_own, made }) = kept else { return };
    let own = if *is_own { OWN } else { "" };
    let _ = writeln!(text, "ntp {server}{own}\nmade {}\naead {}", seconds(*made), association.aead.number());
    let mut write_line = |word: &str, parts: &[&[u8]]| {
        text.push_str(word);
        for part in parts {
            text.push(' ');
            for byte in *part {
                let _ = write!(text, "{byte:02x}");
            }
        }
        text.push('\n');
    };
    write_line("keys", &[association.keys.c2s.bytes(), association.keys.s2c.bytes()]);
    if let Some(keys) = &association.other_keys {
        write_line("other", &[keys.c2s.bytes(), keys.s2c.bytes()]);
    }
    association.cookies.iter().for_each(|cookie| write_line("cookie", &[cookie.bytes()]));
}

fn seconds(time: Time) -> i64 {
    time.to_unix().0
}
