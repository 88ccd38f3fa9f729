//! timesyncd.conf and its drop-ins: one file alone, and cut in two, as the main file and a drop-in.

use rntpdate::internals::config::{Form, Server, TimesyncdServers};

use super::configuration;

pub(crate) fn check(data: &[u8]) {
    configuration::check(Form::Timesyncd, data, file);
    configuration::check(Form::Network, data, |servers| {
        format!("[Network]\nNTP={}\n", configuration::joined(servers, " "))
    });
    let text = String::from_utf8_lossy(data);
    let lines: Vec<&str> = text.lines().collect();
    let (first, second) = lines.split_at(lines.len() / 2);
    let (first, second) = (first.join("\n"), second.join("\n"));
    let mut servers = TimesyncdServers::default();
    configuration::faults(&servers.read(0, &first), &first);
    let before = servers.clone();
    configuration::faults(&servers.read(1, &second), &second);
    // A drop-in without [Time] changes nothing.
    assert!(second.contains("[Time]") || servers == before);
}

fn file(servers: &[&Server]) -> String {
    format!("[Time]\nNTP={}\n", configuration::joined(servers, " "))
}
