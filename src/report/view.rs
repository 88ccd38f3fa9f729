//! A server's view of itself, in lines.

use crate::control::{NoView, ServerView, peers_table};

/// One line on the server and the table of its sources, or one line why there is none.
pub fn view_lines(address: &str, view: &Result<ServerView, NoView>) -> Vec<String> {
    let view = match view {
        Ok(view) => view,
        Err(reason) => return vec![format!("{address}: {reason}")],
    };
    let mut lines = vec![format!("{address} of itself: {}", summary(view))];
    if view.peers.is_empty() {
        lines.push("it has no time sources".to_owned());
    } else {
        lines.extend(peers_table(view));
    }
    lines
}

fn summary(view: &ServerView) -> String {
    let version = view.version.as_deref().unwrap_or("a server without a version");
    let leap = if view.leap == Some(3) { ", not synchronised" } else { "" };
    let stratum = view.stratum.map_or(String::new(), |stratum| format!(", stratum {stratum}"));
    let follows = match view.followed() {
        Some(peer) => format!(", follows {}", peer.remote),
        None => ", follows no source".to_owned(),
    };
    format!("{version}{stratum}{leap}{follows}")
}
