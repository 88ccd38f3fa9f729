//! The file of cookies: what is read is what was written, no cookie comes out twice, and no error says what may be a secret.

use std::collections::HashSet;

use rntpdate::internals::nts::jar::{Jar, Peer, parse, render};
use rntpdate::internals::time::Time;

pub(crate) fn check(data: &[u8]) {
    let Ok(text) = std::str::from_utf8(data) else { return };
    let jar = match parse(text) {
        Ok(jar) => jar,
        Err(error) => return assert!(error.to_string().len() < 64),
    };
    assert_eq!(parse(&render(&jar)).as_ref(), Ok(&jar), "{text:?}");
    let servers = text.lines().filter_map(|line| line.strip_prefix("server ")?.split_once(' '));
    for (name, port) in servers {
        let trusts = text.lines().filter_map(|line| line.strip_prefix("trust ")).chain([""]);
        for trust in trusts {
            let peer = Peer { name: name.to_owned(), port: port.parse().unwrap(), trust: trust.to_owned() };
            empty(jar.clone(), &peer);
        }
    }
}

/// Takes all that there is.
fn empty(mut jar: Jar, peer: &Peer) {
    let (now, mut seen, mut left) = (Time::from_unix(1_795_000_000, 0), HashSet::new(), jar.cookies(peer));
    while let Some(taken) = jar.take(peer, now) {
        let cookies = taken.kept.association.cookies;
        assert!(!cookies.is_empty() && cookies.iter().all(|cookie| seen.insert(cookie.bytes().to_vec())));
        left -= cookies.len();
        assert_eq!(jar.cookies(peer), left);
    }
    assert_eq!(left, 0);
    if let Some(again) = jar.again(peer, now) {
        assert!(again > now && (again - now).as_secs_f64() <= 432_000.0);
    }
}
