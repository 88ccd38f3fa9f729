//! Every type of key that both sides have, in a key file of either form.

use super::{LOOPBACK, with_key};
use crate::support::keyed::{KeyFile, Kind, Served};
use crate::support::require;

/// Number, name and secret; chronyd 4.3 and NTPsec 1.2.2 have all of these types.
pub(crate) const KEYS: [(u32, &str, &str); 7] = [
    (1, "MD5", "00112233445566778899aabbccddeeff"),
    (2, "SHA1", "00112233445566778899aabbccddeeff01234567"),
    (3, "SHA256", "3033bd2f5ac16fa37fb3e1d82b6e7e5fcb5f2d84d1a5d5f2c6bde35e1b4e8a55"),
    (4, "SHA384", "6b1f3a90c5be0d8ab3f0155fd3e5ffbe5c1a77b4"),
    (5, "SHA512", "8f0e4f97a32db3a4c3ad6e6a7ec05d3c48ef9cde0a1f1d12be9e16a7d0f93b65"),
    (6, "AES128", "2b7e151628aed2a6abf7158809cf4f3c"),
    (7, "AES256", "603deb1015ca71be2b73aef0857d77811f352c073b6108d72d9810a30914dff4"),
];

pub(crate) fn file(kind: Kind) -> String {
    KEYS.iter().map(|(id, name, hex)| kind.line(*id, name, hex)).collect()
}

/// The same numbers and types with other secrets.
pub(crate) fn wrong_file(kind: Kind) -> String {
    let turned = |hex: &str| hex.chars().rev().collect::<String>();
    KEYS.iter().map(|(id, name, hex)| kind.line(*id, name, &turned(hex))).collect()
}

#[test]
fn each_type_passes_with_each_server_by_a_file_of_either_form() {
    let Some(cache) = require::servers() else { return };
    for kind in Kind::BOTH {
        let server = Served::start(&cache, kind, &file(kind));
        let other = KeyFile::new(&file(if kind == Kind::Chronyd { Kind::Ntpd } else { Kind::Chronyd }));
        for (id, name, _) in KEYS {
            for file in [server.its_file().as_path(), other.path()] {
                with_key(&server.network, "-q", id, file, &[LOOPBACK]).assert_passed();
                let debug = with_key(&server.network, "-d", id, file, &["-p2", LOOPBACK]);
                debug.assert_debug_passed(2);
                println!("{kind:?} {name}: {}", debug.stdout.lines().last().unwrap_or_default());
            }
        }
    }
}

#[test]
fn each_type_fails_with_another_secret_and_the_server_says_nothing() {
    let Some(cache) = require::servers() else { return };
    for kind in Kind::BOTH {
        let server = Served::start(&cache, kind, &file(kind));
        let wrong = KeyFile::new(&wrong_file(kind));
        for (id, name, _) in KEYS {
            println!("{kind:?} {name}");
            let run = with_key(&server.network, "-q", id, wrong.path(), &["-p4", "-t0.2", "--interval=0.2", LOOPBACK]);
            // Silence all along, so that the server is asked twice and no more.
            run.assert_dropped(LOOPBACK, "no data: no reply to 2 requests");
            // And the key alone is the reason.
            with_key(&server.network, "-q", id, &server.its_file(), &[LOOPBACK]).assert_passed();
        }
    }
}

#[test]
fn over_ipv6() {
    let Some(cache) = require::servers() else { return };
    for kind in Kind::BOTH {
        let server = Served::start(&cache, kind, &file(kind));
        with_key(&server.network, "-d", 2, &server.its_file(), &["-p2", "::1"]).assert_debug_passed(2);
        with_key(&server.network, "-q", 6, &server.its_file(), &["::1", LOOPBACK]).assert_passed();
    }
}

/// Before version 4 chronyd wants long digests whole, and ntpd wants them cut to 20 bytes as in version 4. We do as chronyd.
#[test]
fn in_version_3() {
    let Some(cache) = require::servers() else { return };
    for kind in Kind::BOTH {
        let server = Served::start(&cache, kind, &file(kind));
        for (id, name, _) in KEYS {
            let is_long = matches!(name, "SHA256" | "SHA384" | "SHA512");
            let arguments = ["-o3", "-p2", "-t0.3", "--interval=0.2", LOOPBACK];
            let run = with_key(&server.network, "-d", id, &server.its_file(), &arguments);
            println!("{kind:?} {name} in version 3: {:?}", run.status);
            if is_long && kind == Kind::Ntpd {
                assert_eq!(run.status, Some(1), "{run:#?}");
            } else {
                run.assert_debug_passed(2);
            }
        }
    }
}
