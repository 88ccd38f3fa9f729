//! Firewalls of networks.

use std::io::Write as _;
use std::process::Stdio;

use super::netns::Netns;

/// Loads rules into a network's firewall. `hook` is `input`, `output` or `forward`.
pub(crate) fn firewall(network: &Netns, hook: &str, rule: &str) {
    let rules = format!("table inet t {{\nchain c {{\ntype filter hook {hook} priority 0;\n{rule}\n}}\n}}\n");
    let mut nft = network.command("nft").args(["-f", "-"]).stdin(Stdio::piped()).spawn().expect("cannot start nft");
    nft.stdin.take().expect("a pipe").write_all(rules.as_bytes()).expect("nft does not listen");
    assert!(nft.wait().expect("nft").success(), "nft refuses {rules}");
}

/// Takes a network's firewall away.
pub(crate) fn no_firewall(network: &Netns) {
    let status = network.command("nft").args(["flush", "ruleset"]).status().expect("cannot start nft");
    assert!(status.success(), "nft leaves its rules");
}
