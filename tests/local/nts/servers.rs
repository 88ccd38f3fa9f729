//! The time by NTS from the servers of other makers.

use std::net::TcpListener;
use std::time::Duration;

use rntpdate::internals::wire::nts::ALPN;
use serde_json::Value;

use super::{CHRONYD, SERVER, good, real_server};
use crate::support::dry_run::{DryRun, rntpdate};
use crate::support::netns::Netns;
use crate::support::nts::certificates::Authority;
use crate::support::nts::key_server::{Door, KeyServer, good as good_answer};
use crate::support::nts::time_server::{Play, TimeServer};
use crate::support::peers::Peer;
use crate::support::{require, schema};

/// A file with an authority in it.
fn file(folder: &tempfile::TempDir, name: &str, text: &str) -> String {
    let path = folder.path().join(name);
    std::fs::write(&path, text).expect("a file");
    path.to_str().expect("a path").to_owned()
}

#[track_caller]
fn offset(run: &DryRun) -> f64 {
    assert_eq!(run.status, Some(0), "{run:#?}");
    let line = run.stdout.lines().find(|line| line.starts_with("server 127.0.0.1, ")).expect("a server's line");
    let (_, rest) = line.split_once("offset ").expect("an offset");
    rest.split(',').next().and_then(|number| number.parse().ok()).expect("a number")
}

#[test]
fn chronyd_and_ntpsec_give_the_time() {
    let Some(cache) = require::servers() else { return };
    let (authority, certificate) = good();
    let folder = tempfile::tempdir().expect("a folder");
    let ca = file(&folder, "ca.pem", &authority.pem());
    for is_chronyd in [true, false] {
        let network = Netns::new();
        let peer = real_server(is_chronyd, &cache, &network, &certificate);
        peer.wait_synchronised(&network, SERVER);
        let words = ["--nts", "--nts-ca", &ca, "--max-distance=16", SERVER];
        // NTPsec answers whoever asks much more often with silence.
        let run = rntpdate(&network, &[&["-q", "-p4", "--interval=0.3"], &words[..]].concat());
        println!("{is_chronyd}: {:.3} s", run.took.as_secs_f64());
        assert!(offset(&run).abs() < 0.005 && run.stderr.is_empty(), "{run:#?}\n{}", peer.log());
        let run = rntpdate(&network, &[&["-d", "-p2", "--interval=0.3", "--json"], &words[..]].concat());
        let report: Value = serde_json::from_str(&run.stdout).unwrap_or_else(|error| panic!("{error}: {run:#?}"));
        schema::check(&report);
        let nts = &report["servers"][0]["nts"];
        assert_eq!((&nts["passed"], &nts["failed"], &nts["keys"]), (&2.into(), &0.into(), &"new".into()), "{report}");
        assert_eq!(nts["algorithm"], "AES-SIV-CMAC-256");
        assert_eq!(report["hosts"][0]["nts"]["keys"], "new");
    }
}

#[test]
fn what_files_want_is_obeyed_and_never_answered_for_by_plain_time() {
    let Some(cache) = require::servers() else { return };
    let (authority, certificate) = good();
    let folder = tempfile::tempdir().expect("a folder");
    let ca = file(&folder, "ca.pem", &authority.pem());
    let network = Netns::new();
    let peer = Peer::chronyd_with_nts(&cache.root(), &network, CHRONYD, &certificate);
    peer.wait_synchronised(&network, SERVER);
    for (name, text) in [
        ("chrony.conf", format!("server {SERVER} nts iburst\nnosystemcert\nntstrustedcerts {ca}\n")),
        ("ntp.conf", format!("driftfile /x\nserver {SERVER}:4460 nts ca {ca} iburst\n")),
        ("ntp.toml", format!("[[source]]\nmode = \"nts\"\naddress = \"{SERVER}\"\ncertificate-authority = \"{ca}\"\n")),
    ] {
        let from = file(&folder, name, &text);
        let run = rntpdate(&network, &["-qv", "--from", &from]);
        assert!(offset(&run).abs() < 0.005, "{name}: {run:#?}");
        assert!(
            run.stdout.contains("is asked by NTS, with new keys") || run.stderr.contains("is asked by NTS"),
            "{run:#?}"
        );
    }
    let other = file(&folder, "other.pem", &Authority::new("Strange Root").pem());
    let text = format!("server {SERVER} nts\nnosystemcert\nntstrustedcerts {other}\n");
    let from = file(&folder, "other.conf", &text);
    let run = rntpdate(&network, &["-q", "--from", &from]);
    assert_eq!(run.status, Some(1), "{run:#?}");
    assert!(run.stderr.contains("its certificate's issuer is not trusted"), "{run:#?}");
    let run = rntpdate(&network, &["-q", "--no-nts", "--from", &from]);
    assert!(offset(&run).abs() < 0.005, "{run:#?}");
}

/// Where the key exchange names no port, chrony.conf's is that of the time.
#[test]
fn the_port_of_a_file_is_that_of_the_time() {
    let Some(_) = require::servers() else { return };
    let (authority, certificate) = good();
    let folder = tempfile::tempdir().expect("a folder");
    let ca = file(&folder, "ca.pem", &authority.pem());
    let network = Netns::new();
    let listener = network.enter(|| TcpListener::bind((SERVER, 4460)).expect("port 4460"));
    let keys = KeyServer::start(listener, &certificate, Door::Tls(vec![ALPN]), good_answer(8));
    let socket = network.udp(format!("{SERVER}:11123").parse().expect("an address"));
    let time = TimeServer::start(socket, keys.vault.clone(), Play::Honest, Duration::ZERO);
    let text = format!("server {SERVER} nts port 11123\nnosystemcert\nntstrustedcerts {ca}\n");
    let run = rntpdate(&network, &["-q", "-p2", "--from", &file(&folder, "chrony.conf", &text)]);
    assert!(run.status == Some(0) && run.stdout.contains("server 127.0.0.1:11123, "), "{run:#?}");
    assert_eq!((time.cookies().len(), time.plain()), (2, 0));
}
