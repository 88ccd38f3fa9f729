//! What systemd-networkd keeps of its links and of their DHCP leases, below /run/systemd/netif. NetworkManager's own client has
//! the form of the leases.

use super::lines::numbered;
use super::{Parsed, Server};

/// What is known of a link.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LinkState {
    /// `NTP=`: of a link those of its .network file and its leases, of a lease those that DHCP gave.
    pub parsed: Parsed,
    /// The link's .network file and its drop-ins, in the order in which they are read.
    pub network_files: Vec<String>,
    /// How long a lease holds, seconds from when it was written.
    pub lifetime: Option<u32>,
}

/// Reads `NAME=VALUE` lines, such as `NTP=192.0.2.1 192.0.2.2`.
pub fn link_state(text: &str) -> LinkState {
    let mut state = LinkState::default();
    for (number, line) in numbered(text) {
        let Some((name, value)) = line.trim().split_once('=') else { continue };
        let words = value.trim_matches('"').split_whitespace();
        match name {
            "NTP" => words.for_each(|word| state.parsed.server(number, Server::parse(word))),
            "LIFETIME" => state.lifetime = value.parse().ok(),
            "NETWORK_FILE" => state.network_files.insert(0, value.to_owned()),
            "NETWORK_FILE_DROPINS" => state.network_files.extend(words.map(str::to_owned)),
            _ => {}
        }
    }
    state
}

/// Whether a .network file takes the time servers of DHCP; nothing where it does not say.
pub fn takes_servers_of_dhcp(text: &str) -> Option<bool> {
    let values = text.lines().filter_map(|line| line.trim().strip_prefix("UseNTP")?.trim_start().strip_prefix('='));
    let last = values.map(str::trim).next_back()?;
    Some(!["no", "n", "false", "f", "off", "0"].iter().any(|no| last.eq_ignore_ascii_case(no)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_and_a_lease() {
        let state = link_state(
            "# This is private data. Do not parse.\nADMIN_STATE=configured\nNETWORK_FILE=/etc/systemd/network/10-lan.network\n\
             NETWORK_FILE_DROPINS=\"/etc/systemd/network/10-lan.network.d/ntp.conf\"\nDNS=192.0.2.3\nNTP=ntp.example 192.0.2.1\n",
        );
        let hosts: Vec<&str> = state.parsed.servers().map(|server| server.host.as_str()).collect();
        assert_eq!(hosts, ["ntp.example", "192.0.2.1"]);
        assert_eq!(
            state.network_files,
            ["/etc/systemd/network/10-lan.network", "/etc/systemd/network/10-lan.network.d/ntp.conf"]
        );
        assert_eq!(link_state("ADDRESS=192.0.2.15\nNTP=4 192.0.2.2\n").parsed.faults.len(), 1);
    }

    #[test]
    fn whether_dhcp_counts() {
        assert_eq!(takes_servers_of_dhcp("[DHCPv4]\nUseNTP = False\n"), Some(false));
        assert_eq!(takes_servers_of_dhcp("[DHCP]\nUseNTP=no\nUseNTP=yes\n"), Some(true));
        assert_eq!(takes_servers_of_dhcp("[Network]\nDHCP=yes\n"), None);
    }
}
