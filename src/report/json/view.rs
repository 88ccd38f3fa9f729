//! What a server says of itself and of its own sources.

use serde::Serialize;

use crate::control::{NoView, PeerRow, ServerView};

#[derive(Serialize)]
pub(super) struct ViewReport<'a> {
    error: Option<String>,
    version: Option<&'a str>,
    system_peer: Option<&'a str>,
    peers: Vec<PeerReport<'a>>,
}

#[derive(Serialize)]
struct PeerReport<'a> {
    tally: char,
    remote: &'a str,
    refid: &'a str,
    stratum: u8,
    kind: char,
    when: Option<i64>,
    poll: u64,
    reach: String,
    delay_ms: Option<f64>,
    offset_ms: Option<f64>,
    jitter_ms: Option<f64>,
}

pub(super) fn view_of(view: &ServerView) -> ViewReport<'_> {
    ViewReport {
        error: None,
        version: view.version.as_deref(),
        system_peer: view.followed().map(|peer| peer.remote.as_str()),
        peers: view.peers.iter().map(peer).collect(),
    }
}

pub(super) fn no_view(error: &NoView) -> ViewReport<'static> {
    ViewReport { error: Some(error.to_string()), version: None, system_peer: None, peers: Vec::new() }
}

fn peer(peer: &PeerRow) -> PeerReport<'_> {
    PeerReport {
        tally: peer.tally,
        remote: &peer.remote,
        refid: &peer.refid,
        stratum: peer.stratum,
        kind: peer.kind.letter(),
        when: (peer.when > 0).then_some(peer.when),
        poll: peer.poll,
        reach: format!("{:03o}", peer.reach),
        delay_ms: peer.delay.parse().ok(),
        offset_ms: peer.offset.parse().ok(),
        jitter_ms: peer.jitter.parse().ok(),
    }
}
