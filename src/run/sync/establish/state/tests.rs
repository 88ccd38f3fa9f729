use zeroize::Zeroizing;

use super::super::agreed;
use super::*;
use crate::machine::known;
use crate::net::Family;
use crate::time::Reading;
use crate::wire::nts::{Aead, Cookie, Keys, Secret};

const NOW: Reading = Reading { real: Time::UNIX_EPOCH, raw: Duration::from_secs(1) };

/// What a key exchange leads to; `server`: the NTP server that it names.
fn new(server: Option<&str>, provisional: Option<Time>) -> NewAssociation {
    let secret = |byte| Secret::new(Zeroizing::new(vec![byte; 32])).unwrap();
    let keys = Keys { c2s: secret(1), s2c: secret(2) };
    let cookies = vec![Cookie::new(vec![1; 100]).unwrap()];
    let association = Association { aead: Aead::SivCmac256, keys, other_keys: None, cookies, is_saved: false };
    NewAssociation { association, server: server.map(str::to_owned), port: None, provisional }
}

/// What an earlier run has saved of a server at 192.0.2.1.
fn taken(is_own: bool) -> Taken {
    let association = Association { is_saved: true, ..new(None, None).association };
    let kept = Kept { association, server: "192.0.2.1:123".parse().unwrap(), is_own, made: NOW.real };
    Taken { kept, missing: 0, is_old: false }
}

/// A name whose key exchange takes place.
fn exchanging() -> Name {
    let mut name = name();
    name.begun(7, "192.0.2.1".parse().unwrap(), Duration::from_secs(2));
    name
}

#[test]
fn a_second_certificate_does_not_stand_for_what_was_measured_by_a_doubtful_one() {
    for (provisional, may_renew) in [(None, true), (Some(Time::UNIX_EPOCH), false)] {
        let mut name = exchanging();
        name.agree(7, new(None, provisional), NOW.real);
        name.ready(0, "192.0.2.1:123".parse().unwrap(), false);
        assert_eq!(name.may_renew(), may_renew, "{provisional:?}");
    }
}

#[test]
fn the_port_is_the_servers_word_else_the_users_else_ntps() {
    let asked = |named: Option<u16>, of_plan: Option<u16>| {
        let (mut name, mut lookups) = (exchanging(), known(Vec::new()));
        name.plan.time_port = of_plan;
        let new = NewAssociation { port: named, ..new(None, None) };
        agreed((0, &mut name), (7, new), &mut *lookups, Family::Any, &NOW).map(|ready| ready.address.port())
    };
    assert_eq!([asked(None, None), asked(None, Some(11123)), asked(Some(4123), None)], [123, 11123, 4123].map(Some));
    assert_eq!(asked(Some(4123), Some(11123)), Some(4123));
}

#[test]
fn an_address_that_no_server_has_is_not_asked_whoever_names_it() {
    let asked = |server: Option<&str>, family| {
        let mut name = exchanging();
        let mut lookups = known(Vec::new());
        let ready = agreed((0, &mut name), (7, new(server, None)), &mut *lookups, family, &NOW);
        ready.map(|ready| ready.address.to_string()).ok_or_else(|| name.failure.map(|why| why.to_string()))
    };
    let address = |text: &str| Ok(text.to_owned());
    assert_eq!(asked(None, Family::V4), address("192.0.2.1:123"));
    assert_eq!(asked(Some("192.0.2.9"), Family::Any), address("192.0.2.9:123"));
    assert_eq!(asked(Some("::ffff:192.0.2.9"), Family::V4), address("192.0.2.9:123"));
    for (server, family, why) in [
        ("0.0.0.0", Family::Any, "0.0.0.0, an unspecified address"),
        ("224.0.1.1", Family::Any, "224.0.1.1, a multicast address"),
        ("255.255.255.255", Family::Any, "255.255.255.255, a broadcast address"),
        ("100::5048:4300:0:0", Family::Any, "100::5048:4300:0:0, a discard-only address"),
        ("2001:db8::1", Family::V4, "2001:db8::1, an address of the family that is not wanted"),
        ("192.0.2.9", Family::V6, "192.0.2.9, an address of the family that is not wanted"),
    ] {
        let failure = asked(Some(server), family).unwrap_err().unwrap();
        assert!(failure.ends_with(&format!("the NTP server that it names is {why}")), "{failure}");
    }
}

fn name() -> Name {
    let peer = Peer { name: "a.example".to_owned(), port: 4460, trust: "system".to_owned() };
    Name::new(NtsPlan { name: "a.example".to_owned(), port: 4460, time_port: None, trust: 0 }, peer)
}

#[test]
fn a_look_for_an_address_that_is_not_there_yet_is_no_try() {
    let mut name = name();
    assert!((0..9).all(|_| name.next_address(2).is_none()));
    let addresses: Vec<IpAddr> = (1..=3).map(|last| IpAddr::from([192, 0, 2, last])).collect();
    name.addresses.extend(&addresses);
    let tried: Vec<IpAddr> = std::iter::from_fn(|| name.next_address(2)).collect();
    assert_eq!(tried, addresses[..2]);
}

#[test]
fn a_server_is_its_own_where_keys_were_exchanged_with_its_address() {
    let with = |address: &str| {
        let mut name = name();
        name.begun(0, "192.0.2.1".parse().unwrap(), Duration::ZERO);
        name.ready(0, address.parse().unwrap(), false).is_own
    };
    assert!(with("192.0.2.1:123") && with("192.0.2.1:4123") && with("[::ffff:192.0.2.1]:123"));
    assert!(!with("192.0.2.2:123"));
}

/// The run that exchanged them knows it of saved keys; a failed exchange with whatever address changes nothing of that.
#[test]
fn a_saved_server_is_its_own_where_its_keys_were_exchanged_with_its_address() {
    let own = |was_own: bool, address: &str| {
        let mut name = name();
        name.use_saved(Some(taken(was_own)));
        name.exchanged_with = "192.0.2.1".parse().ok();
        name.ready(0, address.parse().unwrap(), false).is_own
    };
    assert!(own(true, "192.0.2.1:123"));
    assert!(!own(false, "192.0.2.1:123") && !own(true, "192.0.2.2:123"));
}
