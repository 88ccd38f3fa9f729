//! Who is asked: hosts, their ports, and what they have to prove.
#![forbid(unsafe_code)]

use std::collections::HashMap;

use super::nts;
use super::nts::NtsPlan;
use super::numbers::port;
use super::proofs::ProofPlan;
use super::usage::UsageError;
use crate::cli::rntpdate::RntpdateCli;
use crate::net::phc::is_clock;
use crate::wire::nts::KE_PORT;

/// For each server the place of the first one that is called the same, has the same port, and is asked by NTS or is not.
pub(super) fn name_numbers(servers: &[String], ports: &[Option<u16>], proofs: &[ProofPlan]) -> Vec<usize> {
    let mut first = HashMap::new();
    let plain = |name: &String| name.trim_end_matches('.').to_lowercase();
    let key_port = |place: usize| match proofs.get(place) {
        Some(ProofPlan::Nts(nts)) => Some((nts.port, nts.time_port)),
        _ => None,
    };
    let named = servers
        .iter()
        .enumerate()
        .map(|(place, name)| (place, (plain(name), ports.get(place).copied().flatten(), key_port(place))));
    named.map(|(place, name)| *first.entry(name).or_insert(place)).collect()
}

/// Hosts, the ports that stand behind some of them, and what they have to prove.
#[allow(clippy::type_complexity, reason = "three columns of one table")]
pub(super) fn servers(cli: &RntpdateCli) -> Result<(Vec<String>, Vec<Option<u16>>, Vec<ProofPlan>), UsageError> {
    let (mut hosts, mut ports, mut proofs) = (Vec::new(), Vec::new(), Vec::new());
    for word in &cli.servers {
        if is_clock(word) {
            hosts.push(word.clone());
            ports.push(None);
            proofs.push(ProofPlan::Nothing);
            continue;
        }
        let (host, port) = split(nts::bare(word));
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host).to_owned();
        let port = self::port("port", port)?;
        let is_nts = nts::is_wanted(cli, word);
        let proof = NtsPlan { name: bare.clone(), port: port.unwrap_or(KE_PORT), time_port: None, trust: 0 };
        proofs.push(if is_nts { ProofPlan::Nts(proof) } else { ProofPlan::Nothing });
        ports.push(port.filter(|_| !is_nts));
        hosts.push(bare);
    }
    Ok((hosts, ports, proofs))
}

/// Where the host ends, with its brackets, and what stands for its port.
pub(super) fn split(word: &str) -> (&str, Option<&str>) {
    match word.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => (host, Some(port)),
        _ => (word, None),
    }
}
