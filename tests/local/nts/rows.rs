//! Each way in which NTS fails, and what -d makes of it.

use std::time::Duration;

use rntpdate::internals::wire::nts::ALPN;
use serde_json::Value;

use super::stage::Stage;
use super::{SERVER, good};
use crate::support::dry_run::rntpdate;
use crate::support::firewall::firewall;
use crate::support::nts::certificates::{Authority, Validity};
use crate::support::nts::key_server::{Answer, Door, good as good_answer, record};
use crate::support::nts::time_server::{Play, TimeServer};
use crate::support::{require, schema};

#[track_caller]
fn assert_told(stage: &Stage, code: &str, words: &[&str]) {
    let (found, text) = stage.verdict();
    assert_eq!(found, code, "{text}");
    for word in words {
        assert!(text.contains(word), "no {word:?} in {text}");
    }
}

fn tls() -> Door {
    Door::Tls(vec![ALPN])
}

/// Protocol 0 and AES-SIV-CMAC-256, then these records.
fn whole(records: &[Vec<u8>]) -> Answer {
    let start = [record(0x8001, &[0, 0]), record(0x8004, &[0, 15])].concat();
    Answer::Bytes([start, records.concat(), record(0x8000, &[])].concat())
}

#[test]
fn servers_that_are_no_servers_for_keys() {
    let Some(_) = require::servers() else { return };
    let http = b"HTTP/1.1 400 Bad Request\r\n\r\n".to_vec();
    for (door, code, words) in [
        (Door::Bytes(http), "nts-no-server", &["speaks no TLS", "another service's"][..]),
        (Door::Bytes(vec![21, 3, 3, 0, 2, 2, 70]), "nts-too-old", &["TLS 1.3"]),
        (Door::Bytes(vec![21, 3, 3, 0, 2, 2, 40]), "nts-no-server", &["HandshakeFailure", "refuses this client"]),
        (Door::Tls(vec![]), "nts-no-server", &["ntske/1", "a web server, a proxy"]),
        (Door::Tls(vec![b"h2"]), "nts-no-server", &["ntske/1"]),
        (Door::Slammed, "nts-no-server", &["closed the connection in the handshake"]),
        (Door::Mute, "nts-filtered", &["TLS is not answered"]),
    ] {
        let stage = Stage::new(door, good_answer(8), Play::Honest);
        assert_told(&stage, code, words);
        assert_eq!(stage.time.as_ref().map(|time| time.cookies().len()), Some(0), "nothing is asked without keys");
    }
}

#[test]
fn nobody_there_and_a_firewall() {
    let Some(_) = require::servers() else { return };
    let (authority, certificate) = good();
    let mut stage = Stage::of_certificate(&authority, &certificate);
    firewall(&stage.network, "input", "tcp dport 4460 drop");
    assert_told(&stage, "nts-filtered", &["a firewall drops TCP 4460", "UDP 123 answers", "--no-nts"]);
    stage = Stage::empty(&authority);
    assert_told(&stage, "nts-nothing-listens", &["nothing listens on TCP 4460", "ntsserverkey"]);
}

#[test]
fn certificates_that_are_not_believed() {
    let Some(_) = require::servers() else { return };
    let authority = Authority::new("Test Root");
    let stranger = Authority::new("Strange Root");
    let issue = |by: &Authority, names: &[&str], validity| by.issue(names, validity);
    for (certificate, code, words) in [
        (
            issue(&stranger, &[SERVER], Validity::good()),
            "nts-unknown-issuer",
            &["issuer \"CN=Strange Root\" is not among the 1 authorities of ", "ca.pem", "--nts-ca FILE"][..],
        ),
        (
            issue(&authority, &["a.example", "b.example"], Validity::good()),
            "nts-other-host",
            &["for a.example, b.example, not for 127.0.0.1"],
        ),
        (issue(&authority, &[SERVER], Validity::expired()), "nts-expired", &["(10 days later)", "certbot renew"]),
        (issue(&authority, &[SERVER], Validity::future()), "nts-not-yet-valid", &["this clock shows", "days earlier"]),
    ] {
        assert_told(&Stage::of_certificate(&authority, &certificate), code, words);
    }
}

/// Where nothing keeps the clock, as on most machines of tests, the certificate is looked at once more, at the time that was obtained.
/// Where something does, it is refused at once.
#[test]
fn certificates_that_do_not_fit_the_time_obtained() {
    let Some(_) = require::servers() else { return };
    let authority = Authority::new("Test Root");
    for (validity, words) in [(Validity::expired(), "expired"), (Validity::future(), "not valid yet")] {
        let stage = Stage::of_certificate(&authority, &authority.issue(&[SERVER], validity));
        let run = stage.run("-q", &[SERVER]);
        assert_eq!(run.status, Some(1), "{run:#?}");
        assert!(run.stderr.contains(words), "no {words:?} in {run:#?}");
    }
}

#[test]
fn nobody_to_trust() {
    let Some(_) = require::servers() else { return };
    let (authority, certificate) = good();
    let stage = Stage::of_certificate(&authority, &certificate);
    std::fs::write(stage.trusted(), "nothing\n").expect("a file");
    assert_told(&stage, "nts-no-roots", &["ca.pem: has no certificate", "--nts-ca"]);
}

#[test]
fn responses_that_are_none() {
    let Some(_) = require::servers() else { return };
    let cookie = record(5, &[9; 96]);
    for (answer, words) in [
        (whole(&[]), &["no cookie", "breaks RFC 8915"][..]),
        (Answer::Bytes(record(0x8002, &[0, 1])), &["bad request"]),
        (Answer::Bytes(record(0x8002, &[0, 2])), &["internal server error"]),
        (Answer::Bytes(record(0x8003, &[0, 7])), &["warns"]),
        (Answer::Bytes([record(0x8001, &[]), record(0x8000, &[])].concat()), &["no keys for NTPv4"]),
        (
            Answer::Bytes([record(0x8001, &[0, 0]), record(4, &[]), record(0x8000, &[])].concat()),
            &["none of the algorithms"],
        ),
        (
            Answer::Bytes([record(0x8001, &[0, 0]), record(4, &[0, 17]), record(0x8000, &[])].concat()),
            &["the algorithm 17, which was not offered"],
        ),
        (Answer::Bytes([record(0x8001, &[0, 0]), record(4, &[0, 15]), cookie.clone()].concat()), &["cut off"]),
        (Answer::Flood(cookie), &["longer than 65536 bytes"]),
        (Answer::Bytes(Vec::new()), &["closed the connection before its response"]),
    ] {
        assert_told(&Stage::new(tls(), answer, Play::Honest), "nts-response", words);
    }
    let drip = Answer::Drip(record(0x8001, &[0, 0]).repeat(50), Duration::from_millis(100));
    let stage = Stage::new(tls(), drip, Play::Honest);
    let run = stage.run("-q", &[SERVER]);
    assert!(run.status == Some(1) && run.took < Duration::from_secs(5), "{run:#?}");
}

#[test]
fn replies_that_prove_nothing() {
    let Some(_) = require::servers() else { return };
    for (play, code, words) in [
        (Play::Plain, "nts-stripped", &["answers in the server's place"][..]),
        (Play::Forged, "nts-forged", &["the authenticator is wrong"]),
        (Play::OtherIdentifier, "nts-forged", &["identifier"]),
        (Play::Nak(5), "nts-refused", &["NTSN", "do not share their keys"]),
        (Play::StrangeNak, "nts-forged", &["identifier"]),
        (Play::DeafToNts, "nts-silent", &["a request without it was answered", "not used without --no-nts"]),
    ] {
        let stage = Stage::of_time(play);
        assert_told(&stage, code, words);
        let run = stage.run("-q", &[SERVER]);
        assert_eq!(run.status, Some(1), "{play:?} is believed: {run:#?}");
        assert!(run.stderr.contains("no server suitable"), "{run:#?}");
    }
}

#[test]
fn servers_that_are_honest_in_their_own_ways() {
    let Some(_) = require::servers() else { return };
    for play in [Play::Honest, Play::Stingy, Play::Twice] {
        let stage = Stage::of_time(play);
        let run = stage.run("-q", &["-p4", SERVER]);
        assert_eq!(run.status, Some(0), "{play:?}: {run:#?}");
        let time = stage.time.as_ref().expect("a time server");
        let mut cookies = time.cookies();
        assert_eq!((cookies.len(), time.plain()), (4, 0), "{play:?}");
        cookies.sort_unstable();
        cookies.dedup();
        assert_eq!(cookies.len(), 4, "each cookie is used once");
    }
}

/// Whoever is on the way can answer for servers without NTS: they have no part in anything, however near and many they are. The server
/// that has it is asked by one key exchange and never without, however often it is given.
#[test]
fn plain_servers_beside_it_have_no_say() {
    let Some(_) = require::servers() else { return };
    let stage = Stage::of_time(Play::Honest);
    let keys = stage.keys.as_ref().expect("a server for keys");
    let socket = |last| stage.network.udp(format!("127.0.0.{last}:123").parse().expect("an address"));
    let plain = |last| TimeServer::start(socket(last), keys.vault.clone(), Play::Honest, Duration::ZERO);
    let _others = [2, 3].map(plain);
    let (ca, with_nts) = (stage.trusted(), format!("nts:{SERVER}"));
    let options = ["-d", "-p2", "-t0.5", "--deadline=3", "--nts-strict", "--json", "--nts-ca", &ca];
    let run = rntpdate(&stage.network, &[&options[..], &[&with_nts, "127.0.0.2", "127.0.0.3", &with_nts]].concat());
    let report: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run:#?}"));
    schema::check(&report);
    let told = |part: &str, of: &str| {
        let servers = report["servers"].as_array().expect("servers");
        let word = |server: &Value| if part.is_empty() { server[of].clone() } else { server[part][of].clone() };
        servers.iter().map(|server| word(server).as_str().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(told("", "standing"), ["truechimer", "dropped", "dropped"], "{report}");
    assert_eq!(told("verdict", "code")[1..], ["no-vote", "no-vote"], "{report}");
    assert_eq!((keys.connections(), stage.time.as_ref().map(TimeServer::plain)), (1, Some(0)));
    let run =
        rntpdate(&stage.network, &[&["-q", "--nts-ca", &ca, "--min-servers=2", &with_nts, "127.0.0.2"][..]].concat());
    assert_eq!(run.status, Some(1), "{run:#?}");
}

/// The line of a plain run names the cause in short.
#[test]
fn a_plain_run_says_it_in_one_line() {
    let Some(_) = require::servers() else { return };
    let authority = Authority::new("Test Root");
    let stage = Stage::of_certificate(&authority, &authority.issue(&[SERVER], Validity::expired()));
    let run = stage.run("-q", &["--nts-strict", SERVER]);
    assert_eq!(run.stderr.matches("its certificate expired on").count(), 1, "{run:#?}");
    let stage = Stage::empty(&authority);
    let run = stage.run("-q", &[SERVER]);
    assert_eq!(run.stderr.matches("nothing listens").count(), 1, "{run:#?}");
}
