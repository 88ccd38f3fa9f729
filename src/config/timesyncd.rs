//! timesyncd.conf and its drop-ins (timesyncd.conf(5), systemd.syntax(7)).

use super::{LineFault, Server, numbered};

/// The lists as they stand after the files read so far: lists grow, and an empty value clears them.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TimesyncdServers {
    /// `NTP=`.
    pub ntp: Vec<Server>,
    /// `FallbackNTP=`, for when there is no other.
    pub fallback: Vec<Server>,
}

impl TimesyncdServers {
    /// Takes in one more file.
    pub fn read(&mut self, text: &str) -> Vec<LineFault> {
        let mut faults = Vec::new();
        let mut in_time = false;
        for (number, line) in logical_lines(text) {
            if line.starts_with('[') {
                in_time = line == "[Time]";
                if !line.ends_with(']') {
                    faults.push(LineFault { line: number, text: "the section lacks its closing bracket".to_owned() });
                }
                continue;
            }
            let Some((key, value)) = line.split_once('=') else {
                faults.push(LineFault { line: number, text: "neither a section nor NAME=VALUE".to_owned() });
                continue;
            };
            let list = match (in_time, key.trim()) {
                (true, "NTP" | "Servers") => &mut self.ntp,
                (true, "FallbackNTP") => &mut self.fallback,
                _ => continue,
            };
            if value.trim().is_empty() {
                list.clear();
            }
            for word in value.split_whitespace() {
                match Server::parse(word) {
                    Ok(server) => list.push(server),
                    Err(text) => faults.push(LineFault { line: number, text }),
                }
            }
        }
        faults
    }

    /// Whom timesyncd would ask.
    pub fn chosen(&self) -> &[Server] {
        if self.ntp.is_empty() { &self.fallback } else { &self.ntp }
    }
}

/// Without comments and empty lines; a line that ends with a backslash goes on in the next, over comments in between.
fn logical_lines(text: &str) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    let mut goes_on = false;
    for (number, line) in numbered(text) {
        let line = line.trim();
        if line.starts_with(['#', ';']) || (line.is_empty() && !goes_on) {
            continue;
        }
        let (content, continued) = line.strip_suffix('\\').map_or((line, false), |content| (content, true));
        match lines.last_mut() {
            Some((_, last)) if goes_on => {
                last.push(' ');
                last.push_str(content);
            }
            _ => lines.push((number, content.to_owned())),
        }
        goes_on = continued;
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(servers: &[Server]) -> Vec<&str> {
        servers.iter().map(|server| server.host.as_str()).collect()
    }

    #[test]
    fn lists_grow_and_an_empty_value_clears() {
        let mut servers = TimesyncdServers::default();
        assert_eq!(servers.read("; c\n[Time]\n#NTP=x\nNTP=a.example 2001:db8::1\nFallbackNTP=f.example\n"), []);
        assert_eq!(servers.read("[Time]\nNTP = b.example \\\n  # between\n c.example\nRootDistanceMaxSec=5\n"), []);
        assert_eq!(hosts(servers.chosen()), ["a.example", "2001:db8::1", "b.example", "c.example"]);
        assert_eq!(servers.read("[Time]\nNTP=\n"), []);
        assert_eq!(hosts(servers.chosen()), ["f.example"]);
        assert_eq!(servers.read("[Time]\nFallbackNTP=\nNTP=d.example\n"), []);
        assert_eq!(hosts(servers.chosen()), ["d.example"]);
    }

    #[test]
    fn other_sections_do_not_count_and_faults_are_named() {
        let mut servers = TimesyncdServers::default();
        let faults = servers.read("[Match]\nNTP=no.example\n[Time]\nnonsense\nNTP=ok.example bad|name\n");
        assert_eq!(faults.iter().map(|fault| fault.line).collect::<Vec<_>>(), [4, 5]);
        assert_eq!(hosts(servers.chosen()), ["ok.example"]);
    }
}
