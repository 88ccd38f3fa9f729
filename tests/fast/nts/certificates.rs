//! Which certificates are believed, and at what time.

use rntpdate::internals::linux::net::nts::TrustFiles;
use rntpdate::internals::nts::KeyFailure;
use rntpdate::internals::wire::nts::Aead;

use super::{Client, NAME, at, good};
use crate::support::nts::certificates::{Authority, DAY, Validity, now};
use crate::support::nts::key_server::KeyServer;

/// Before any release of this program, and after its first.
const FLOOR: i64 = 1_735_689_600; // 2025-01-01

#[test]
fn a_good_server_gives_keys_and_cookies() {
    let (authority, certificate) = good();
    let server = KeyServer::honest(&certificate);
    let mut client = Client::of(&authority);
    let order = client.order(0, server.address);
    let new = client.exchange(order).unwrap();
    assert_eq!((new.server, new.port, new.provisional), (None, None, None));
    assert_eq!((new.association.aead, new.association.cookies.len()), (Aead::SivCmac256, 8));
    // Both sides have the same keys.
    let guest = server.vault.open(new.association.cookies[0].bytes()).unwrap();
    assert_eq!(guest.keys, new.association.keys);
}

#[test]
fn each_wrong_certificate_is_refused_for_its_reason() {
    let (authority, _) = good();
    let stranger = Authority::new("Strange Root").issue(&[NAME], Validity::good());
    let other = authority.issue(&["www.example.org", "192.0.2.7"], Validity::good());
    let expired = authority.issue(&[NAME], Validity::expired());
    let future = authority.issue(&[NAME], Validity::future());
    let mut client = Client::of(&authority);
    for (certificate, is_reason) in [
        (
            stranger,
            (|failure| matches!(failure, KeyFailure::UnknownIssuer { issuer, roots: 1, file } if issuer == "CN=Strange Root" && file.ends_with("ca.pem")))
                as fn(&KeyFailure) -> bool,
        ),
        (
            other,
            |failure| matches!(failure, KeyFailure::OtherHost { names } if names == &["www.example.org", "192.0.2.7"]),
        ),
        (
            expired,
            |failure| matches!(failure, KeyFailure::Expired { since } if since.to_unix().0.abs_diff(now() - 10 * DAY) < 60),
        ),
        (
            future,
            |failure| matches!(failure, KeyFailure::NotYetValid { begins } if begins.to_unix().0.abs_diff(now() + 365 * DAY) < 60),
        ),
    ] {
        let server = KeyServer::honest(&certificate);
        let order = client.order(0, server.address);
        let failure = client.exchange(order).unwrap_err();
        assert!(is_reason(&failure), "{failure:?}");
        assert!(client.check(0, now()).is_err(), "a chain that is not believed is not kept");
    }
}

#[test]
fn an_address_is_as_good_as_a_name_if_the_certificate_has_it() {
    let authority = Authority::new("Test Root");
    let server = KeyServer::honest(&authority.issue(&["127.0.0.1"], Validity::good()));
    let mut client = Client::of(&authority);
    for (name, is_good) in [("127.0.0.1", true), ("127.0.0.2", false), (NAME, false)] {
        let mut order = client.order(0, server.address);
        name.clone_into(&mut order.name);
        assert_eq!(client.exchange(order).is_ok(), is_good, "{name}");
    }
}

#[test]
fn with_a_clock_in_1970_a_chain_is_valid_at_a_common_instant_and_checked_again_later() {
    let authority = Authority::new("Test Root");
    let mut client = Client::of(&authority);
    let (good, expired, future) = (Validity::good(), Validity::expired(), Validity::future());
    for (number, validity) in [good, expired, future].into_iter().enumerate() {
        let server = KeyServer::honest(&authority.issue(&[NAME], validity));
        let mut order = client.order(number, server.address);
        (order.at, order.floor) = (at(10), Some(at(FLOOR)));
        let new = client.exchange(order).unwrap();
        assert_eq!(new.provisional, Some(at(validity.0)), "its first second");
    }
    assert_eq!(client.check(0, now()), Ok(()));
    assert!(matches!(client.check(1, now()), Err(KeyFailure::Expired { .. })));
    assert!(matches!(client.check(2, now()), Err(KeyFailure::NotYetValid { .. })));
    assert!(client.check(3, now()).is_err());
}

#[test]
fn with_a_clock_in_2100_the_same() {
    let (authority, certificate) = good();
    let server = KeyServer::honest(&certificate);
    let mut client = Client::of(&authority);
    let mut order = client.order(0, server.address);
    (order.at, order.floor) = (at(4_102_444_800), Some(at(now() - DAY)));
    let strict = super::KeyOrder { floor: None, number: 1, ..order.clone() };
    // It is valid at the floor already.
    assert_eq!(client.exchange(order).unwrap().provisional, Some(at(now() - DAY)));
    assert!(matches!(client.exchange(strict), Err(KeyFailure::Expired { .. })));
}

#[test]
fn what_ended_before_the_floor_and_what_is_of_another_host_is_no_better_for_a_wrong_clock() {
    let authority = Authority::new("Test Root");
    let mut client = Client::of(&authority);
    for (names, validity, is_reason) in [
        (
            NAME,
            Validity::expired(),
            (|failure| matches!(failure, KeyFailure::Expired { .. })) as fn(&KeyFailure) -> bool,
        ),
        ("www.example.org", Validity::good(), |failure| matches!(failure, KeyFailure::OtherHost { .. })),
    ] {
        let server = KeyServer::honest(&authority.issue(&[names], validity));
        let mut order = client.order(0, server.address);
        (order.at, order.floor) = (at(10), Some(at(now() - 5 * DAY)));
        let failure = client.exchange(order).unwrap_err();
        assert!(is_reason(&failure), "{failure:?}");
    }
}

#[test]
fn what_was_valid_before_the_floor_alone_is_not_valid_for_a_clock_before_it() {
    let authority = Authority::new("Test Root");
    let mut client = Client::of(&authority);
    // The clock says a time at which both are valid, and which is over.
    let clock = now() - 20 * DAY;
    let expired = KeyServer::honest(&authority.issue(&[NAME], Validity::expired()));
    let order = super::KeyOrder { at: at(clock), floor: Some(at(now() - 5 * DAY)), ..client.order(0, expired.address) };
    assert!(matches!(client.exchange(order), Err(KeyFailure::Expired { .. })));
    let good = KeyServer::honest(&authority.issue(&[NAME], Validity::good()));
    let order = super::KeyOrder { at: at(clock), floor: Some(at(now() - 5 * DAY)), ..client.order(1, good.address) };
    assert_eq!(client.exchange(order).unwrap().provisional, Some(at(now() - 5 * DAY)));
}

#[test]
fn a_named_file_that_is_of_no_use_is_named_though_the_systems_authorities_are_there() {
    let (authority, certificate) = good();
    let server = KeyServer::honest(&certificate);
    let folder = tempfile::tempdir().unwrap();
    let (ca, none) = (folder.path().join("ca.pem"), folder.path().join("none.pem"));
    std::fs::write(&ca, authority.pem()).unwrap();
    for system in [false, true] {
        let mut client = Client::reading(&[TrustFiles { files: vec![none.clone(), ca.clone()], system }]);
        let order = client.order(0, server.address);
        let Err(KeyFailure::NoRoots(text)) = client.exchange(order) else { panic!("system: {system}") };
        assert!(text.contains("none.pem: there is no such file"), "{text}");
    }
}

#[test]
fn where_nobody_is_trusted_the_file_is_named() {
    let (_, certificate) = good();
    let server = KeyServer::honest(&certificate);
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("empty.pem"), "nothing\n").unwrap();
    for (file, why) in [("none.pem", "there is no such file"), ("empty.pem", "no certificate")] {
        let file = folder.path().join(file);
        let mut client = Client::reading(&[TrustFiles { files: vec![file.clone()], system: false }]);
        let order = client.order(0, server.address);
        let Err(KeyFailure::NoRoots(text)) = client.exchange(order) else { panic!("{why}") };
        assert!(text.contains(why) && text.contains(file.to_str().unwrap()), "{text}");
    }
}

#[test]
fn a_folder_of_files_is_a_set_of_authorities() {
    let (authority, certificate) = good();
    let server = KeyServer::honest(&certificate);
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("a.pem"), Authority::new("Another").pem()).unwrap();
    std::fs::write(folder.path().join("b.pem"), authority.pem()).unwrap();
    std::fs::write(folder.path().join("README"), "no certificates\n").unwrap();
    let mut client = Client::reading(&[TrustFiles { files: vec![folder.path().to_owned()], system: false }]);
    let order = client.order(0, server.address);
    assert!(client.exchange(order).is_ok());
}
