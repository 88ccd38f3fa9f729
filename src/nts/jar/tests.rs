use proptest::prelude::*;
use zeroize::Zeroizing;

use super::parse::BadJar;
use super::*;
use crate::wire::nts::{Aead, Keys, Secret};

fn now() -> Time {
    Time::from_unix(1_795_000_000, 0)
}

fn peer(name: &str) -> Peer {
    Peer { name: name.to_owned(), port: 4460, trust: "/etc/ssl/certs/ca-certificates.crt".to_owned() }
}

fn cookie(number: u8) -> Cookie {
    Cookie::new(vec![number; 100]).unwrap()
}

fn kept(cookies: u8) -> Kept {
    let secret = |byte| Secret::new(Zeroizing::new(vec![byte; 32])).unwrap();
    let keys = Keys { c2s: secret(1), s2c: secret(2) };
    let association = Association {
        aead: Aead::SivCmac256,
        keys,
        other_keys: None,
        cookies: (0..cookies).map(cookie).collect(),
        is_saved: true,
    };
    Kept { association, server: "192.0.2.1:123".parse().unwrap(), is_own: false, made: now() }
}

fn filled() -> Jar {
    let mut jar = Jar { floor: Some(now()), ..Jar::default() };
    jar.keep(&peer("a.example"), kept(8));
    jar.note_failure(&peer("b.example"), now());
    jar
}

#[test]
fn what_is_written_is_read() {
    let mut jar = filled();
    let mut kept = kept(1);
    kept.association.other_keys = Some(kept.association.keys.clone());
    (kept.server, kept.is_own) = ("[2001:db8::1]:11123".parse().unwrap(), true);
    jar.keep(&peer("c.example"), kept);
    assert_eq!(parse(&render(&jar)), Ok(jar));
    assert_eq!(parse(&render(&Jar::default())), Ok(Jar::default()));
}

#[test]
fn what_is_taken_is_not_in_it_any_more_and_comes_back_once() {
    let (mut jar, peer) = (filled(), peer("a.example"));
    let taken = jar.take(&peer, now()).unwrap();
    assert_eq!((taken.kept.association.cookies.as_slice(), taken.missing), (&[cookie(0), cookie(1)][..], 0));
    assert!(taken.kept.association.is_saved && !taken.is_old);
    assert_eq!(jar.cookies(&peer), 6);
    assert!(!render(&jar).contains(&"00".repeat(100)) && !render(&jar).contains(&"01".repeat(100)));
    jar.put_back(&peer, vec![cookie(20), cookie(20), cookie(21), cookie(22)]);
    assert_eq!(jar.cookies(&peer), 8, "no more than eight");
    let order: Vec<u8> = std::iter::from_fn(|| jar.take(&peer, now()))
        .flat_map(|taken| taken.kept.association.cookies.iter().map(|cookie| cookie.bytes()[0]).collect::<Vec<_>>())
        .collect();
    assert_eq!(order, [2, 3, 4, 5, 6, 7, 20, 21]);
    assert_eq!(jar.take(&peer, now()), None);
}

#[test]
fn lost_cookies_are_counted() {
    let (mut jar, peer) = (filled(), peer("a.example"));
    jar.take(&peer, now());
    assert_eq!(jar.take(&peer, now()).unwrap().missing, 2);
}

#[test]
fn other_roots_or_another_port_are_another_server() {
    let mut jar = filled();
    assert_eq!(jar.take(&Peer { trust: "/etc/other.pem".to_owned(), ..peer("a.example") }, now()), None);
    assert_eq!(jar.take(&Peer { port: 4461, ..peer("a.example") }, now()), None);
}

#[test]
fn old_keys_are_taken_and_said_to_be_old() {
    let later = |days: i64| now() + Interval::from_secs(days * 86_400);
    for (days, is_old) in [(27, false), (29, true), (-20_000, false)] {
        assert_eq!(filled().take(&peer("a.example"), later(days)).unwrap().is_old, is_old, "{days}");
    }
}

#[test]
fn pauses_grow_after_failures_and_end_with_success() {
    let (mut jar, peer) = (Jar::default(), peer("a.example"));
    assert_eq!(jar.again(&peer, now()), None);
    let mut pauses = Vec::new();
    for _ in 0..60 {
        jar.note_failure(&peer, now());
        pauses.push((jar.again(&peer, now()).unwrap() - now()).as_secs_f64());
    }
    assert_eq!(pauses[..3], [10.0, 15.0, 22.5]);
    assert!(pauses.windows(2).all(|pair| pair[0] <= pair[1]) && pauses[59] == 432_000.0, "{pauses:?}");
    assert_eq!(jar.again(&peer, now() + Interval::from_secs(432_001)), None, "over");
    assert_eq!(jar.again(&peer, now() - Interval::from_secs(1)), None, "the clock was wrong then");
    jar.note_success(&peer);
    assert_eq!(jar.again(&peer, now()), None);
}

#[test]
fn a_jar_of_many_servers_forgets_the_first() {
    let mut jar = Jar::default();
    for number in 0..=MOST_ENTRIES {
        jar.note_failure(&peer(&format!("{number}.example")), now());
    }
    assert_eq!(jar.again(&peer("0.example"), now()), None);
    assert!(jar.again(&peer("256.example"), now()).is_some());
    assert_eq!(parse(&render(&jar)), Ok(jar));
}

#[test]
fn what_is_no_jar_is_none() {
    let text = render(&filled());
    let with = |from: &str, to: &str| parse(&text.replacen(from, to, 1));
    assert_eq!(parse(""), Err(BadJar::Foreign));
    assert_eq!(with("nts 1", "nts 2"), Err(BadJar::Foreign));
    assert_eq!(parse(&text[..text.len() - 1]), Err(BadJar::Line(19)), "cut off");
    assert_eq!(with("aead 15", "aead 30"), Err(BadJar::Incomplete(3)), "keys of another length");
    assert_eq!(with("aead 15\n", ""), Err(BadJar::Incomplete(3)));
    assert_eq!(with("aead 15", "aead 16"), Err(BadJar::Line(7)));
    assert_eq!(with("cookie 00", "cookie 0"), Err(BadJar::Line(9)));
    assert_eq!(with("cookie 00", "cookie zz"), Err(BadJar::Line(9)));
    assert!(with("cookie 0202", "cookie 0102").is_ok(), "not the same one");
    assert_eq!(
        with(&format!("cookie {}", "02".repeat(100)), &format!("cookie {}", "01".repeat(100))),
        Err(BadJar::Line(11)),
        "the same twice"
    );
    assert_eq!(with("a.example 4460", "a.example 0"), Err(BadJar::Line(3)));
    assert_eq!(with("a.example", "a example"), Err(BadJar::Line(3)));
    assert_eq!(with("b.example", "a.example"), Err(BadJar::Line(17)), "one server twice");
    assert_eq!(with("made 1", "made -1"), Err(BadJar::Line(6)));
    assert_eq!(with("ntp 192.0.2.1:123", "ntp 192.0.2.1:0"), Err(BadJar::Line(5)));
    assert_eq!(parse(&format!("{}\n", "x".repeat(MOST_BYTES))), Err(BadJar::TooLong));
    let error = with("cookie 00", "cookie secret").unwrap_err().to_string();
    assert!(!error.contains("secret"), "{error}");
}

proptest! {
    #[test]
    fn no_text_is_a_surprise(text in "(rntpdate nts 1\n)?((server|trust|failed|ntp|made|aead|keys|cookie|time) [ -~]{0,40}\n){0,8}") {
        if let Ok(jar) = parse(&text) {
            prop_assert_eq!(parse(&render(&jar)), Ok(jar));
        }
    }

    #[test]
    fn every_cut_text_is_none_or_a_jar(at in 0_usize..4000) {
        let text = render(&filled());
        let cut = &text[..at.min(text.len())];
        if let Ok(jar) = parse(cut) {
            // Cut between two lines it may be one with less in it.
            prop_assert!(cut.ends_with('\n') && parse(&render(&jar)) == Ok(jar));
        }
    }
}
