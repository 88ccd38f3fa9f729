//! Keys that are not right, one way or the other: what the server does then, in real packets, and what we make of it.

use super::{LOOPBACK, rntpdate, with_key};
use crate::support::keyed::{KeyFile, Kind, Served};
use crate::support::netns::Netns;
use crate::support::peers::Peer;
use crate::support::require;

/// In a hurry: two requests in vain are enough.
const HURRY: [&str; 4] = ["-p4", "-t0.2", "--interval=0.2", LOOPBACK];
const SILENCE: &str = "no data: no reply to 2 requests";
const SECRET: &str = "00112233445566778899aabbccddeeff01234567";
const OTHER: &str = "ffeeddccbbaa99887766554433221100ffeeddcc";

#[test]
fn a_number_that_the_server_lacks_or_has_with_another_secret_or_type() {
    let Some(cache) = require::servers() else { return };
    for kind in Kind::BOTH {
        let server = Served::start(&cache, kind, &(kind.line(1, "SHA1", SECRET) + &kind.line(2, "SHA1", OTHER)));
        let ours = [(1, "SHA1", SECRET), (2, "SHA1", SECRET), (3, "SHA1", SECRET), (4, "MD5", SECRET)];
        let ours = KeyFile::new(&ours.map(|(id, name, hex)| kind.line(id, name, hex)).concat());
        let type_differs = KeyFile::new(&kind.line(1, "SHA256", SECRET));
        with_key(&server.network, "-q", 1, ours.path(), &[LOOPBACK]).assert_passed();
        for (id, file) in [(2, &ours), (3, &ours), (4, &ours), (1, &type_differs)] {
            with_key(&server.network, "-q", id, file.path(), &HURRY).assert_dropped(LOOPBACK, SILENCE);
        }
        // Without a key the same server answers, so that a forgotten -a is not seen here.
        assert_eq!(rntpdate(&server.network, &["-q", LOOPBACK]).status, Some(0));
    }
}

#[test]
fn a_server_without_keys() {
    let Some(cache) = require::servers() else { return };
    for kind in Kind::BOTH {
        let server = Served::with_config(&cache, kind, "", "");
        let ours = KeyFile::new(&kind.line(1, "SHA1", SECRET));
        with_key(&server.network, "-q", 1, ours.path(), &HURRY).assert_dropped(LOOPBACK, SILENCE);
    }
}

#[test]
fn a_key_that_ntpd_has_and_does_not_trust() {
    let Some(cache) = require::servers() else { return };
    let keys = Kind::Ntpd.line(1, "SHA1", SECRET) + &Kind::Ntpd.line(2, "SHA1", OTHER);
    let server = Served::with_config(&cache, Kind::Ntpd, "keys /srv/keys\ntrustedkey 1", &keys);
    with_key(&server.network, "-q", 1, &server.its_file(), &[LOOPBACK]).assert_passed();
    with_key(&server.network, "-q", 2, &server.its_file(), &HURRY).assert_dropped(LOOPBACK, SILENCE);
}

#[test]
fn an_ntpd_that_serves_only_those_with_a_key() {
    let Some(cache) = require::servers() else { return };
    let network = Netns::new();
    let keys = Kind::Ntpd.line(1, "SHA1", SECRET);
    let config = format!("{}\nrestrict 127.0.0.1 notrust", Kind::Ntpd.keys_config());
    let peer = Kind::Ntpd.start(&cache, &network, &config, &keys);
    // It has the time for whoever needs no key.
    crate::support::keyed::wait_fit(&network, &peer, "::1");
    let file = peer.folder().join("keys");
    with_key(&network, "-d", 1, &file, &["-p2", LOOPBACK]).assert_debug_passed(2);
    rntpdate(&network, &["-q", "-p4", "-t0.2", "--interval=0.2", LOOPBACK]).assert_dropped(LOOPBACK, SILENCE);
}

/// OpenNTPD has no keys, and answers without looking at the code.
#[test]
fn openntpd_answers_and_proves_nothing() {
    let Some(cache) = require::servers() else { return };
    let network = Netns::new();
    let server = Peer::openntpd(&cache, &network, "listen on 127.0.0.1");
    server.wait_ready(&network, LOOPBACK);
    let ours = KeyFile::new(&(Kind::Ntpd.line(1, "MD5", SECRET) + &Kind::Ntpd.line(2, "SHA1", SECRET)));
    for id in [1, 2] {
        let debug = with_key(&network, "-d", id, ours.path(), &HURRY);
        assert_eq!(debug.status, Some(1), "{debug:#?}");
        assert_eq!(debug.stdout.matches("receive: authentication failed: no MAC\n").count(), 2, "{debug:#?}");
        assert!(debug.stdout.contains("127.0.0.1: Server dropped: Server is untrusted\n"), "{debug:#?}");
    }
}
