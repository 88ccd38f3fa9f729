//! /etc/default/ntpdate: the shell's variables, and no shell.

use rntpdate::internals::config::{Form, Server, ntpdate_defaults};

use super::configuration;

/// The most that all variables together may grow to by being put into each other, besides what stands in the file.
const MAX_EXPANSION: usize = 64 * 1024;

pub(crate) fn check(data: &[u8]) {
    configuration::check(Form::NtpdateDefaults, data, file);
    let text = String::from_utf8_lossy(data);
    let defaults = ntpdate_defaults(&text);
    let size = defaults.options.len() + defaults.servers.iter().map(|server| server.host.len()).sum::<usize>();
    assert!(size <= text.len() + MAX_EXPANSION, "{size} bytes from {}", text.len());
}

fn file(servers: &[&Server]) -> String {
    format!("NTPSERVERS=\"{}\"\n", configuration::joined(servers, " "))
}
