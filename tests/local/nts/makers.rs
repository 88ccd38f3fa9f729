//! The servers of three makers, from the first key exchange to the one after they have lost their keys.

use std::path::Path;

use serde_json::Value;

use super::setting::Runs;
use super::{CHRONYD, NTPD, SERVER, good};
use crate::support::firewall::{firewall, no_firewall};
use crate::support::netns::Netns;
use crate::support::nts::certificates::Issued;
use crate::support::peers::Peer;
use crate::support::require;

/// How a server is started.
type Start = fn(&Path, &Netns, &Issued) -> Peer;

/// A maker's server, and what there is to see of it.
struct Maker {
    start: Start,
    /// Whether it says that its time is right.
    is_synchronised: bool,
    /// The algorithm by its name and its number.
    algorithm: (&'static str, u16),
    /// Why keys are exchanged anew after it has lost them.
    why: &'static str,
}

/// What a run is to say of its keys.
#[track_caller]
fn assert_keys(maker: &Maker, report: &Value, keys: &str, renewed: Option<&str>, log: &str) {
    let (host, server) = (&report["hosts"][0]["nts"], &report["servers"][0]["nts"]);
    assert_eq!((&host["keys"], &server["algorithm"]), (&keys.into(), &maker.algorithm.0.into()), "{report:#}\n{log}");
    assert_eq!(host["renewed"].as_str(), renewed, "{report:#}\n{log}");
    assert_eq!(server["result"], "passed", "{report:#}\n{log}");
    match report["estimate"]["offset"].as_f64() {
        Some(offset) => assert!(maker.is_synchronised && offset.abs() < 0.05, "{report:#}"),
        None => assert!(!maker.is_synchronised, "{report:#}\n{log}"),
    }
}

/// New keys; the saved ones, with nobody to exchange any; and, of a server that was started anew and does not know them, new ones.
#[track_caller]
fn lives(tree: &Path, maker: &Maker) {
    let network = Netns::new();
    let (authority, certificate) = good();
    let runs = Runs::new(&network, &authority.pem());
    let start = || {
        let peer = (maker.start)(tree, &network, &certificate);
        let reply = peer.wait_for(&network, SERVER, |reply| !maker.is_synchronised || reply.leap < 3);
        assert_eq!(reply.leap < 3, maker.is_synchronised);
        peer
    };
    let peer = start();
    // NTPsec answers whoever asks much more often with silence.
    let run = || runs.report(&["-p2", "--interval=0.6"]);
    assert_keys(maker, &run(), "new", None, &peer.log());
    let text = runs.text().expect("cookies");
    let of_kind = text.contains(&format!("\naead {}\n", maker.algorithm.1));
    assert!(of_kind && text.matches("\ncookie ").count() == 8, "{text}");
    assert!(!text.contains("\nother "), "both sides mean the same keys: {text}");
    firewall(&network, "input", "tcp dport 4460 drop");
    assert_keys(maker, &run(), "saved", None, &peer.log());
    no_firewall(&network);
    assert_eq!(runs.text().map(|text| text.matches("\ncookie ").count()), Some(8), "each reply brings another");
    drop(peer);
    let peer = start();
    assert_keys(maker, &run(), "new", Some(maker.why), &peer.log());
    assert_keys(maker, &run(), "saved", None, &peer.log());
}

const CHRONYD_4_3: Maker = Maker {
    start: |tree, network, certificate| Peer::chronyd_with_nts(tree, network, CHRONYD, certificate),
    is_synchronised: true,
    algorithm: ("AES-SIV-CMAC-256", 15),
    why: "refused",
};

#[test]
fn chronyd_4_3() {
    let Some(cache) = require::servers() else { return };
    lives(&cache.root(), &CHRONYD_4_3);
}

#[test]
fn ntpsec() {
    let Some(cache) = require::servers() else { return };
    let start: Start = |tree, network, certificate| Peer::ntpd_with_nts(tree, network, NTPD, certificate);
    lives(&cache.root(), &Maker { start, why: "silence", ..CHRONYD_4_3 });
}

/// The keys of AES-128-GCM-SIV are those of RFC 8915, which its echo of the record 1024 promises: no others pass.
#[test]
fn chronyd_4_6() {
    let (Some(_), Some(tree)) = (require::servers(), require::more("trixie")) else { return };
    lives(&tree, &Maker { algorithm: ("AES-128-GCM-SIV", 30), ..CHRONYD_4_3 });
    let start: Start = |tree, network, certificate| {
        Peer::chronyd_with_nts(tree, network, &format!("{CHRONYD}\nntsaeads 15"), certificate)
    };
    lives(&tree, &Maker { start, ..CHRONYD_4_3 });
}

/// A server that may not set its clock has no other source than itself, and says that it is not synchronised: it proves itself, and
/// is not believed.
#[test]
fn ntpd_rs() {
    let (Some(_), Some(tree)) = (require::servers(), require::more("trixie")) else { return };
    let start: Start = |tree, network, certificate| Peer::ntpd_rs_with_nts(tree, network, SERVER, certificate);
    lives(&tree, &Maker { start, is_synchronised: false, ..CHRONYD_4_3 });
}
