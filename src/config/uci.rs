//! OpenWrt's /etc/config/system, and those of its packages ntpclient and chrony (the syntax is that of UCI).

use super::lines::numbered;
use super::server::parse_port;
use super::{Item, NtsWish, Parsed, ProofWish, Server, words};

/// Sections of /etc/config/chrony whose host name is a server.
const CHRONY: [&str; 3] = ["server", "pool", "peer"];
const TYPES: &[&str] = &["timeserver", "ntpserver", "server", "pool", "peer"];
const OPTIONS: &[&str] = &["server", "hostname", "port", "nts", "disabled"];

/// What a section says.
#[derive(Default)]
struct Section {
    kind: String,
    /// `list server`, with their lines.
    servers: Vec<(usize, String)>,
    /// `option hostname`, with its line.
    hostname: Option<(usize, String)>,
    port: Option<(usize, String)>,
    nts: bool,
    disabled: bool,
}

pub(super) fn parse(text: &str) -> Parsed {
    let mut parsed = Parsed::default();
    let mut section = Section::default();
    for (number, line) in numbered(text) {
        let words = match words::quoted(line) {
            Ok(words) => words,
            Err(text) => {
                parsed.fault(number, text);
                continue;
            }
        };
        match words.iter().map(String::as_str).collect::<Vec<_>>().as_slice() {
            [] | ["package", _] => {}
            ["config", kind, ..] => {
                std::mem::replace(&mut section, Section { kind: (*kind).to_owned(), ..Section::default() })
                    .end(&mut parsed);
                if let Some(name) = words::meant(kind, &["timeserver"]) {
                    parsed.fault(number, format!("\"{}\": is \"{name}\" meant?", kind.escape_default()));
                }
            }
            ["option" | "list", name, value] => section.option(number, name, value, &mut parsed),
            ["option" | "list" | "config", ..] => parsed.fault(number, "a name or a value is missing, or one too many"),
            [word, ..] => parsed.unknown(number, word, "line of UCI", &["config", "option", "list"]),
        }
    }
    section.end(&mut parsed);
    parsed
}

impl Section {
    fn option(&mut self, line: usize, name: &str, value: &str, parsed: &mut Parsed) {
        let is_yes = matches!(value, "1" | "yes" | "on" | "true" | "enabled");
        match name {
            "server" => self.servers.extend(value.split_whitespace().map(|word| (line, word.to_owned()))),
            "hostname" => self.hostname = Some((line, value.to_owned())),
            "port" => self.port = Some((line, value.to_owned())),
            "nts" => self.nts = is_yes,
            "disabled" => self.disabled = is_yes,
            _ => {
                if self.kind == "timeserver"
                    && let Some(known) = words::meant(name, OPTIONS)
                {
                    parsed.fault(line, format!("\"{}\": is \"{known}\" meant?", name.escape_default()));
                }
            }
        }
    }

    /// The servers of a section that is complete.
    fn end(self, parsed: &mut Parsed) {
        if !TYPES.contains(&self.kind.as_str()) || self.disabled {
            return;
        }
        if self.kind == "timeserver" {
            self.servers.iter().for_each(|(line, word)| parsed.server(*line, Server::parse(word)));
        }
        let Some((line, host)) = self.hostname.filter(|_| self.kind != "timeserver") else { return };
        let mut server = match Server::parse(&host) {
            Ok(server) => server,
            Err(text) => return parsed.fault(line, text),
        };
        match self.port.map(|(line, text)| parse_port(&text).map_err(|text| (line, text))) {
            Some(Ok(port)) => server.port = Some(port),
            Some(Err((line, text))) => parsed.fault(line, text),
            None => {}
        }
        server.proof = (self.nts && CHRONY.contains(&self.kind.as_str())).then(|| ProofWish::Nts(NtsWish::default()));
        parsed.items.push(Item::Server(server));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn servers(parsed: &Parsed) -> Vec<(&str, Option<u16>, Option<ProofWish>)> {
        parsed.servers().map(|server| (server.host.as_str(), server.port, server.proof.clone())).collect()
    }

    #[test]
    fn the_system_file() {
        let parsed = parse(
            "\nconfig system\n\toption hostname 'router'\n\toption timezone 'CET-1CEST,M3.5.0,M10.5.0/3'\n\toption log_size '64'\n\n\
             config timeserver 'ntp'\n\toption enabled '1'\n\toption enable_server '0'\n\tlist server '0.openwrt.pool.ntp.org'\n\
             \tlist server \"192.0.2.1\"\n\tlist server 2001:db8::1 # by hand\n\nconfig led 'led_wan'\n\toption name 'wan'\n",
        );
        assert_eq!(parsed.faults, []);
        let hosts: Vec<&str> = servers(&parsed).iter().map(|(host, ..)| *host).collect();
        assert_eq!(
            hosts,
            ["0.openwrt.pool.ntp.org", "192.0.2.1", "2001:db8::1"],
            "the host name of the router is none"
        );
    }

    #[test]
    fn the_files_of_the_packages() {
        let parsed = parse(
            "config ntpserver\n\toption hostname 'a.example'\n\toption port '1123'\n\nconfig ntpclient\n\toption interval 600\n",
        );
        assert_eq!(servers(&parsed), [("a.example", Some(1123), None)]);
        let parsed = parse(
            "config pool\n\toption hostname '2.openwrt.pool.ntp.org'\n\toption maxpoll '12'\n\toption iburst 'yes'\n\n\
             config server\n\toption hostname 'nts.example'\n\toption nts 'yes'\n\nconfig server\n\toption hostname 'off.example'\n\toption disabled yes\n\n\
             config dhcp_ntp_server\n\toption iburst 'yes'\n\nconfig allow\n\toption interface 'lan'\n",
        );
        assert_eq!(
            servers(&parsed),
            [("2.openwrt.pool.ntp.org", None, None), ("nts.example", None, Some(ProofWish::Nts(NtsWish::default())))]
        );
        assert_eq!(parsed.faults, []);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let parsed = parse(
            "config timesever 'ntp'\nconfig timeserver\n\tlist servr 'a.example'\n\tlist server 'b.example\n\tlist server\n\tlist server '4'\nlst server c.example\n",
        );
        let faults: Vec<(usize, &str)> = parsed.faults.iter().map(|fault| (fault.line, &*fault.text)).collect();
        assert_eq!(
            faults,
            [
                (1, "\"timesever\": is \"timeserver\" meant?"),
                (3, "\"servr\": is \"server\" meant?"),
                (4, "the closing quote is missing"),
                (5, "a name or a value is missing, or one too many"),
                (7, "\"lst\" is no line of UCI: is \"list\" meant?"),
                (6, "\"4\" is no server name or address"),
            ]
        );
    }
}
