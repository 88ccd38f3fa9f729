//! What -d makes of each way in which authentication fails, and that it takes nothing else for one.

use std::path::Path;

use rntpdate::internals::config::keys::find;
use rntpdate::internals::wire::KeyId;
use serde_json::Value;

use super::relay::Relay;
use super::types::{file, wrong_file};
use super::{LOOPBACK, with_key};
use crate::support::keyed::{KeyFile, Kind, Served, wait_fit};
use crate::support::netns::Netns;
use crate::support::ntpserver::{Behaviour, Server};
use crate::support::peers::Peer;
use crate::support::{require, schema};

const HURRY: [&str; 4] = ["--json", "-t0.4", "--interval=0.2", LOOPBACK];

/// The verdict on the only server: its code, how sure, and what is said, in one line.
fn verdict(network: &Netns, id: u32, file: &Path, arguments: &[&str]) -> (String, String, String) {
    let run = with_key(network, "-d", id, file, arguments);
    let report: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run:#?}"));
    schema::check(&report);
    let verdict = &report["servers"][0]["verdict"];
    let part = |name: &str| verdict[name].as_str().unwrap_or_default().to_owned();
    let text = ["seen", "cause", "here", "on_server"].map(part).join(" | ");
    println!("{} ({}): {text}", part("code"), part("certainty"));
    (part("code"), part("certainty"), text)
}

#[track_caller]
fn assert_told(verdict: &(String, String, String), certainty: &str, words: &[&str]) {
    let (code, sure, text) = verdict;
    assert_eq!((code.as_str(), sure.as_str()), ("not-authentic", certainty), "{text}");
    for word in words {
        assert!(text.contains(word), "no {word:?} in {text}");
    }
}

#[test]
fn real_servers_that_do_not_accept_the_key() {
    let Some(cache) = require::servers() else { return };
    for kind in Kind::BOTH {
        let server = Served::start(&cache, kind, &file(kind));
        let wrong = KeyFile::new(&(wrong_file(kind) + &kind.line(77, "SHA1", "00112233445566778899aabb")));
        let name = wrong.path().to_str().expect("a path");
        for (id, key) in [(2, "key 2 (SHA1)"), (6, "key 6 (AES128)"), (77, "key 77 (SHA1)")] {
            let told = verdict(&server.network, id, wrong.path(), &HURRY);
            let trusted = format!("`trustedkey {id}`");
            assert_told(&told, "likely", &[key, "a request without a MAC was answered", name, &trusted, "rekey"]);
        }
        // The right key at the same server is no fault, and neither is none.
        assert_eq!(verdict(&server.network, 2, &server.its_file(), &HURRY).0, "fit");
    }
}

#[test]
fn a_server_without_keys() {
    let Some(cache) = require::servers() else { return };
    for kind in Kind::BOTH {
        let server = Served::with_config(&cache, kind, "", "");
        let ours = KeyFile::new(&file(kind));
        let told = verdict(&server.network, 2, ours.path(), &HURRY);
        assert_told(&told, "likely", &["does not accept key 2 (SHA1)", "a request without a MAC was answered"]);
    }
}

#[test]
fn openntpd_that_has_none_and_answers() {
    let Some(cache) = require::servers() else { return };
    let network = Netns::new();
    let server = Peer::openntpd(&cache, &network, "listen on 127.0.0.1");
    server.wait_ready(&network, LOOPBACK);
    let ours = KeyFile::new(&file(Kind::Ntpd));
    assert_told(&verdict(&network, 1, ours.path(), &HURRY), "likely", &["without a MAC", "it has no keys"]);
}

/// ntpd before NTPsec answers with a crypto-NAK; the others are what a relay makes of a real reply.
#[test]
fn replies_that_prove_nothing() {
    let Some(cache) = require::servers() else { return };
    let (network, behind) = (Netns::new(), Netns::new());
    let kind = Kind::Chronyd;
    let peer = kind.start(&cache, &behind, "keyfile /srv/keys", &file(kind));
    wait_fit(&behind, &peer, LOOPBACK);
    let ours = KeyFile::new(&file(kind));
    let name = ours.path().to_str().expect("a path");
    let told = |change: fn(&mut Vec<u8>)| {
        let _relay = Relay::start(&network, "127.0.0.1:123", &behind, change);
        verdict(&network, 2, ours.path(), &HURRY)
    };
    let nak = told(|reply| {
        reply.truncate(48);
        reply.extend([0; 4]);
    });
    assert_told(&nak, "likely", &["crypto-NAK", "the server refuses key 2 (SHA1)", name, "`trustedkey 2`"]);
    let none = told(|reply| reply.truncate(48));
    assert_told(&none, "likely", &["without a MAC", "somebody else answers in its place"]);
    let digest = told(|reply| reply[60] ^= 1);
    assert_told(&digest, "possible", &["secret or type of key 2 (SHA1) differ", "changed or forged", name]);
    let number = told(|reply| reply[51] = 9);
    assert_told(&number, "likely", &["signed with key 9", "-a 9"]);
    let length = told(|reply| reply.truncate(68));
    assert_told(&length, "likely", &["with a MAC of 16 bytes", "MD5 or AES", name]);
}

/// Real replies, each with a real code of the server's: only that it is not made with our key.
#[test]
fn replies_signed_with_another_key_of_the_server() {
    let Some(cache) = require::servers() else { return };
    let ours = KeyFile::new(&file(Kind::Ntpd));
    for kind in Kind::BOTH {
        let (network, behind) = (Netns::new(), Netns::new());
        // Number 2 has another secret there; 4 has another type whose codes are as long; 6 one whose codes are not.
        let secret = "00112233445566778899aabbccddeeff";
        let types = [(2, "SHA1"), (4, "SHA1"), (6, "SHA256"), (9, "MD5")];
        let theirs = types.map(|(id, name)| kind.line(id, name, secret)).concat();
        let peer = kind.start(&cache, &behind, kind.keys_config(), &theirs);
        wait_fit(&behind, &peer, LOOPBACK);
        for (id, theirs_id, certainty, word) in [
            (2, 2, "possible", "whose MAC is not that of key 2 (SHA1)"),
            (4, 4, "possible", "whose MAC is not that of key 4 (SHA384)"),
            (6, 6, "likely", "key 6 (AES128) here, and there SHA1 or longer"),
            (2, 9, "likely", "signed with key 9"),
        ] {
            let key = KeyId::new(theirs_id).and_then(|id| find(theirs.as_bytes(), id).ok()).expect("a key");
            let relay = Relay::signing(key, &network, "127.0.0.1:123", &behind);
            assert_told(&verdict(&network, id, ours.path(), &HURRY), certainty, &[word]);
            assert!(relay.replies() >= 2);
        }
    }
}

#[test]
fn silence_is_not_taken_for_a_wrong_key() {
    if require::servers().is_none() {
        return;
    }
    let ours = KeyFile::new(&file(Kind::Ntpd));
    // Nothing there.
    let network = Netns::new();
    assert_eq!(verdict(&network, 2, ours.path(), &HURRY).0, "nothing-listens");
    // One that answers nobody.
    let silent = network.enter(|| Server::builder().bind("127.0.0.1:123").behave(Behaviour::Silent).start());
    let told = verdict(&network, 2, ours.path(), &HURRY);
    assert_eq!(told.0, "filtered-or-ignored", "{told:?}");
    drop(silent);
    // One that comes up late and has the key: it does answer the signed request that follows.
    let Some(cache) = require::servers() else { return };
    let late = Netns::new();
    let behind = Netns::new();
    let peer = Kind::Chronyd.start(&cache, &behind, "keyfile /srv/keys", &file(Kind::Chronyd));
    wait_fit(&behind, &peer, LOOPBACK);
    let _relay = Relay::start_after(2, &late, "127.0.0.1:123", &behind, |_| {});
    let told = verdict(&late, 2, ours.path(), &HURRY);
    assert_eq!(told.0, "slow-or-lossy", "{told:?}");
}

/// The same server, first with a wrong key, then with a right one behind a firewall, then both.
#[test]
fn a_firewall_and_a_wrong_key_are_told_apart() {
    let Some(cache) = require::servers() else { return };
    for kind in Kind::BOTH {
        let server = Served::start(&cache, kind, &file(kind));
        let (right, wrong) = (server.its_file(), KeyFile::new(&wrong_file(kind)));
        let code = |file: &Path| verdict(&server.network, 2, file, &HURRY).0;
        assert_eq!([code(&right), code(wrong.path())], ["fit", "not-authentic"]);
        load(&server.network, "udp dport 123 drop");
        // What cannot be seen is not said: the key may be wrong as well.
        assert_eq!([code(&right), code(wrong.path())], ["filtered-or-ignored"; 2]);
    }
}

/// Puts a rule into the network's firewall.
fn load(network: &Netns, rule: &str) {
    let rules = format!("table inet t {{ chain c {{ type filter hook input priority 0; {rule}; }}; }}");
    let loaded = network.command("nft").arg(rules).status().expect("cannot start nft");
    assert!(loaded.success());
}

/// A filter that drops what is longer than a plain request looks from here like a server that does not want the key; the
/// verdict names both.
#[test]
fn a_filter_for_long_packets_is_named_too() {
    let Some(cache) = require::servers() else { return };
    let server = Served::start(&cache, Kind::Chronyd, &file(Kind::Chronyd));
    load(&server.network, "udp dport 123 udp length > 56 drop");
    let told = verdict(&server.network, 2, &server.its_file(), &HURRY);
    assert_told(&told, "likely", &["a filter drops NTP packets above 48 bytes"]);
}

/// With notrust even a plain request is not answered; ntpd's answer to other questions shows that it is there.
#[test]
fn an_ntpd_that_wants_a_key_and_gets_none_or_another() {
    let Some(cache) = require::servers() else { return };
    let network = Netns::new();
    let config = format!("{}\nrestrict 127.0.0.1 notrust", Kind::Ntpd.keys_config());
    let peer = Kind::Ntpd.start(&cache, &network, &config, &file(Kind::Ntpd));
    wait_fit(&network, &peer, "::1");
    let wrong = KeyFile::new(&wrong_file(Kind::Ntpd));
    let (code, _, text) = verdict(&network, 2, wrong.path(), &HURRY);
    assert_eq!(code, "not-serving", "{text}");
    assert!(text.contains("notrust, and it does not accept key 2 (SHA1)"), "{text}");
    assert_eq!(verdict(&network, 2, &peer.folder().join("keys"), &HURRY).0, "fit");
    let plain = super::rntpdate(&network, &[&["-d"], &HURRY[1..]].concat());
    assert!(plain.stdout.contains("noserve, or notrust, which wants requests with a key"), "{plain:#?}");
}

#[test]
fn in_version_3_the_length_of_long_digests_is_named() {
    let Some(cache) = require::servers() else { return };
    let server = Served::start(&cache, Kind::Ntpd, &file(Kind::Ntpd));
    let told = verdict(&server.network, 3, &server.its_file(), &[&["-o3"][..], &HURRY].concat());
    assert_told(&told, "likely", &["SHA256 in different lengths", "leave out -o"]);
    assert_eq!(verdict(&server.network, 3, &server.its_file(), &HURRY).0, "fit", "the remedy is one");
}

/// The paragraph for people: the key, the cause, what to do; and no secret.
#[test]
fn the_paragraph_names_key_and_file() {
    let Some(cache) = require::servers() else { return };
    let server = Served::start(&cache, Kind::Chronyd, &file(Kind::Chronyd));
    let wrong = KeyFile::new(&wrong_file(Kind::Chronyd));
    let run = with_key(&server.network, "-d", 2, wrong.path(), &HURRY[1..]);
    let (_, paragraph) = run.stdout.split_once("Diagnosis:\n").unwrap_or_else(|| panic!("{run:#?}"));
    let (paragraph, _) = paragraph.split_once("\n\n").expect("an empty line");
    println!("{paragraph}");
    assert_eq!(paragraph.lines().count(), 4, "{paragraph}");
    assert!(paragraph.contains(&wrong.path().display().to_string()), "{paragraph}");
    for secret in ["00112233445566778899", "99887766554433221100"] {
        assert!(!run.stdout.contains(secret) && !run.stderr.contains(secret), "{run:#?}");
    }
}
