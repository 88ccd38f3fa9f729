//! timesyncd.conf and its drop-ins (timesyncd.conf(5), systemd.syntax(7)).

use super::lines::continued_over;
use super::{LineFault, Parsed, Server, words};

/// The settings of [Time].
const SETTINGS: &[&str] = &[
    "NTP",
    "FallbackNTP",
    "Servers",
    "ConnectionRetrySec",
    "PollIntervalMaxSec",
    "PollIntervalMinSec",
    "RootDistanceMaxSec",
    "SaveIntervalSec",
];

/// The lists as they stand after the files read so far, each server with the number of its file: lists grow, and an empty value
/// clears them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TimesyncdServers {
    /// `NTP=`.
    pub ntp: Vec<(usize, Server)>,
    /// `FallbackNTP=`, for when there is no other.
    pub fallback: Vec<(usize, Server)>,
}

impl TimesyncdServers {
    /// Takes in one more file, which the caller gives a number.
    pub fn read(&mut self, file: usize, text: &str) -> Vec<LineFault> {
        let mut faults = Vec::new();
        let mut in_time = false;
        for (number, line) in logical_lines(text) {
            let earlier = faults.len();
            let mut fault = |text: String| faults.push(LineFault { line: number, text });
            if line.starts_with('[') {
                in_time = line == "[Time]";
                if !line.ends_with(']') {
                    fault("the section lacks its closing bracket".to_owned());
                } else if !in_time && is_like_time(&line) {
                    fault(format!("\"{}\": is \"[Time]\" meant?", line.escape_default()));
                }
                continue;
            }
            let Some((key, value)) = line.split_once('=') else {
                fault("neither a section nor NAME=VALUE".to_owned());
                continue;
            };
            let list = match (in_time, key.trim()) {
                (true, "NTP" | "Servers") => &mut self.ntp,
                (true, "FallbackNTP") => &mut self.fallback,
                (true, other) if !SETTINGS.contains(&other) && !other.starts_with("X-") => {
                    fault(words::unknown(other, "setting of [Time]", SETTINGS, earlier));
                    continue;
                }
                _ => continue,
            };
            if value.trim().is_empty() {
                list.clear();
            }
            for word in value.split_whitespace() {
                match Server::parse(word) {
                    Ok(server) => list.push((file, server)),
                    Err(text) => fault(text),
                }
            }
        }
        faults
    }

    /// Gives the servers that timesyncd would ask where no link has any.
    pub fn chosen(&self) -> &[(usize, Server)] {
        if self.ntp.is_empty() { &self.fallback } else { &self.ntp }
    }
}

/// Reads networkd's .network file: `NTP=` of [Network] (systemd.network(5)).
pub(super) fn network(text: &str) -> Parsed {
    let mut parsed = Parsed::default();
    let mut in_network = false;
    for (number, line) in logical_lines(text) {
        if line.starts_with('[') {
            in_network = line == "[Network]";
        }
        let Some((key, value)) = line.split_once('=').filter(|_| in_network) else { continue };
        match key.trim() {
            "NTP" if value.trim().is_empty() => parsed.items.clear(),
            "NTP" => value.split_whitespace().for_each(|word| parsed.server(number, Server::parse(word))),
            other if words::meant(other, &["NTP"]).is_some() => {
                parsed.unknown(number, other, "setting of [Network]", &["NTP"]);
            }
            _ => {}
        }
    }
    parsed
}

/// A section's name in other letters, or misspelt.
fn is_like_time(section: &str) -> bool {
    let section = section.to_ascii_lowercase();
    section == "[time]" || words::meant(&section, &["[time]"]).is_some()
}

/// Without comments and empty lines; a line that ends with a backslash goes on in the next, over comments in between.
fn logical_lines(text: &str) -> Vec<(usize, String)> {
    continued_over(text, |line, goes_on| {
        let line = line.trim();
        let is_skipped = line.starts_with(['#', ';']) || (line.is_empty() && !goes_on);
        (!is_skipped).then_some(line)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(servers: &[(usize, Server)]) -> Vec<&str> {
        servers.iter().map(|(_, server)| server.host.as_str()).collect()
    }

    #[test]
    fn lists_grow_and_an_empty_value_clears() {
        let mut servers = TimesyncdServers::default();
        assert_eq!(servers.read(0, "; c\n[Time]\n#NTP=x\nNTP=a.example 2001:db8::1\nFallbackNTP=f.example\n"), []);
        assert_eq!(servers.read(0, "[Time]\nNTP = b.example \\\n  # between\n c.example\nRootDistanceMaxSec=5\n"), []);
        assert_eq!(hosts(servers.chosen()), ["a.example", "2001:db8::1", "b.example", "c.example"]);
        assert_eq!(servers.read(0, "[Time]\nNTP=\n"), []);
        assert_eq!(hosts(servers.chosen()), ["f.example"]);
        assert_eq!(servers.read(0, "[Time]\nFallbackNTP=\nNTP=d.example\n"), []);
        assert_eq!(hosts(servers.chosen()), ["d.example"]);
    }

    #[test]
    fn other_sections_do_not_count_and_faults_are_named() {
        let mut servers = TimesyncdServers::default();
        let faults = servers.read(0, "[Match]\nNTP=no.example\n[Time]\nnonsense\nNTP=ok.example bad|name\n");
        assert_eq!(faults.iter().map(|fault| fault.line).collect::<Vec<_>>(), [4, 5]);
        assert_eq!(hosts(servers.chosen()), ["ok.example"]);
    }

    #[test]
    fn misspelt_words_are_named() {
        let mut servers = TimesyncdServers::default();
        let faults = servers.read(
            3,
            "[time]\n[Time]\nNPT=a.example\nFallBackNTP=b.example\nX-Own=c\nNTP=d.example 4\nSaveIntervalSec=5\n",
        );
        let faults: Vec<(usize, &str)> = faults.iter().map(|fault| (fault.line, &*fault.text)).collect();
        assert_eq!(
            faults,
            [
                (1, "\"[time]\": is \"[Time]\" meant?"),
                (3, "\"NPT\" is no setting of [Time]: is \"NTP\" meant?"),
                (4, "\"FallBackNTP\" is no setting of [Time]: is \"FallbackNTP\" meant?"),
                (6, "\"4\" is no server name or address"),
            ]
        );
        assert_eq!(
            servers.ntp.iter().map(|(file, server)| (*file, &*server.host)).collect::<Vec<_>>(),
            [(3, "d.example")]
        );
    }

    #[test]
    fn a_network() {
        let parsed = network(
            "[Match]\nName=eth0\nNTP=no.example\n[Network]\nDHCP=yes\nDNS=192.0.2.53\nNTP=no.example\nNTP=\nNTP=a.example \\\n 192.0.2.1\nNPT=b.example\n[DHCPv4]\nUseNTP=no\n",
        );
        assert_eq!(parsed.servers().map(|server| server.host.as_str()).collect::<Vec<_>>(), ["a.example", "192.0.2.1"]);
        let text = "\"NPT\" is no setting of [Network]: is \"NTP\" meant?".to_owned();
        assert_eq!(parsed.faults, [LineFault { line: 11, text }]);
    }
}
