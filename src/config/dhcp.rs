//! What DHCP clients write down of the servers that they were given.

use super::{Parsed, Server, numbered};

/// networkd's and NetworkManager's own client's lease: `NTP=192.0.2.1 192.0.2.2`.
pub fn networkd_lease(text: &str) -> Parsed {
    let mut parsed = Parsed::default();
    for (number, line) in numbered(text) {
        if let Some(list) = line.trim().strip_prefix("NTP=") {
            for word in list.split_whitespace() {
                parsed.server(number, Server::parse(word));
            }
        }
    }
    parsed
}

/// dhclient's leases (dhclient.leases(5)): `option ntp-servers 192.0.2.1, 192.0.2.2;` of the last lease in the file.
pub fn dhclient_leases(text: &str) -> Parsed {
    let mut parsed = Parsed::default();
    for (number, line) in numbered(text) {
        let line = line.trim();
        if line.starts_with("lease") && line.ends_with('{') {
            // An older lease is history, whatever was wrong with it.
            parsed = Parsed::default();
        }
        let Some(list) = line.strip_prefix("option ntp-servers ") else { continue };
        for word in list.trim_end_matches(';').split(',').map(str::trim).filter(|word| !word.is_empty()) {
            parsed.server(number, Server::parse(word));
        }
    }
    parsed
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(parsed: &Parsed) -> Vec<&str> {
        parsed.servers().map(|server| server.host.as_str()).collect()
    }

    #[test]
    fn a_networkd_lease() {
        let parsed = networkd_lease("# private\nADDRESS=192.0.2.15\nNTP=192.0.2.1 192.0.2.2\nDNS=192.0.2.3\n");
        assert_eq!(hosts(&parsed), ["192.0.2.1", "192.0.2.2"]);
    }

    #[test]
    fn the_last_lease_counts() {
        let parsed = dhclient_leases(
            "lease {\n  interface \"eth0\";\n  option ntp-servers 192.0.2.9;\n}\n\
             lease {\n  interface \"eth0\";\n  option ntp-servers 192.0.2.1, 192.0.2.2;\n  expire 2 2026/11/24 00:00:00;\n}\n",
        );
        assert_eq!(hosts(&parsed), ["192.0.2.1", "192.0.2.2"]);
        assert_eq!(hosts(&dhclient_leases("lease {\n option ntp-servers 192.0.2.9;\n}\nlease {\n}\n")), [""; 0]);
    }
}
