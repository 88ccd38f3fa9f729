//! timemaster.conf of linuxptp: sections for servers, and such as are lines of chrony.conf or ntp.conf (timemaster(8)).

use super::lines::numbered;
use super::server::key_proof;
use super::{Authorities, Form, Item, LineFault, NtsWish, Parsed, Proof, Server, words};

const SETTINGS: &[&str] = &["minpoll", "maxpoll", "iburst", "ntp_options"];
const SECTIONS: &[&str] = &[
    "timemaster",
    "ntp_server",
    "ptp_domain",
    "chrony.conf",
    "ntp.conf",
    "ptp4l.conf",
    "chronyd",
    "ntpd",
    "phc2sys",
    "ptp4l",
];

/// The section that a line is in.
enum Section {
    /// The section of a server.
    Server(Server),
    /// Lines of another form, and how many stand before them.
    Other(Form, usize, String),
    /// A section without servers.
    Settings,
}

/// The way to read a part that is in another program's form.
type Parse = fn(Form, &str) -> Parsed;

pub(super) fn parse(text: &str, parse: Parse) -> Parsed {
    let mut parsed = Parsed::default();
    let mut section = Section::Settings;
    let daemon = daemon(text);
    for (number, line) in numbered(text) {
        let line = line.trim();
        if let Some(head) = line.strip_prefix('[') {
            section.end(&mut parsed, parse);
            section = begin(number, head, daemon, &mut parsed);
            continue;
        }
        match &mut section {
            Section::Server(server) => {
                if let Err(text) = setting(line, server) {
                    parsed.fault(number, text);
                }
            }
            Section::Other(_, _, lines) => {
                lines.push_str(line);
                lines.push('\n');
            }
            Section::Settings => {}
        }
    }
    section.end(&mut parsed, parse);
    parsed
}

impl Section {
    fn end(&self, parsed: &mut Parsed, parse: Parse) {
        match self {
            Section::Server(server) => parsed.items.push(Item::Server(server.clone())),
            Section::Other(form, before, lines) => {
                let other = parse(*form, lines);
                parsed.items.extend(other.items.into_iter().map(|item| match item {
                    Item::Include(include) => Item::IncludeAs(*form, include),
                    Item::OnlyProven(Some(line)) => Item::OnlyProven(Some(line + before)),
                    item => item,
                }));
                let faults = other.faults.into_iter();
                parsed.faults.extend(faults.map(|fault| LineFault { line: fault.line + before, ..fault }));
            }
            Section::Settings => {}
        }
    }
}

/// The form of the lines that are passed on: those of the daemon that is started.
fn daemon(text: &str) -> Form {
    let settings = text.lines().map(str::split_whitespace);
    let mut programs =
        settings.filter_map(|mut words| (words.next() == Some("ntp_program")).then(|| words.next()).flatten());
    // timemaster(8): chronyd if nothing is said.
    if programs.next_back() == Some("ntpd") { Form::Ntp } else { Form::Chrony }
}

fn begin(number: usize, head: &str, daemon: Form, parsed: &mut Parsed) -> Section {
    let Some((name, _)) = head.rsplit_once(']') else {
        parsed.fault(number, "the section lacks its closing bracket");
        return Section::Settings;
    };
    let mut words = name.split_whitespace();
    match (words.next(), words.next()) {
        (Some("ntp_server"), Some(host)) => match Server::parse(host) {
            Ok(server) => return Section::Server(server),
            Err(text) => parsed.fault(number, text),
        },
        (Some("ntp_server"), None) => parsed.fault(number, "the server's name is missing"),
        (Some("chrony.conf"), None) if daemon == Form::Chrony => {
            return Section::Other(Form::Chrony, number, String::new());
        }
        (Some("ntp.conf"), None) if daemon == Form::Ntp => return Section::Other(Form::Ntp, number, String::new()),
        (Some(word), _) if !SECTIONS.contains(&word) => {
            parsed.unknown(number, word, "section of timemaster.conf", SECTIONS);
        }
        _ => {}
    }
    Section::Settings
}

/// A line of a server's section.
fn setting(line: &str, server: &mut Server) -> Result<(), String> {
    let mut words = line.split_whitespace();
    let Some(name) = words.next().filter(|name| !name.starts_with('#')) else { return Ok(()) };
    if !SETTINGS.contains(&name) {
        return Err(words::unknown(name, "setting of a server", SETTINGS, 0));
    }
    if name == "ntp_options" {
        let options: Vec<&str> = words.collect();
        if options.contains(&"nts") {
            server.proof = Some(Proof::Nts(wish(&options)));
        } else if let Some(place) = options.iter().position(|option| *option == "key") {
            server.proof = Some(key_proof(options.get(place + 1).copied().unwrap_or_default()));
        }
    }
    Ok(())
}

/// What the options say of the key exchange: they are chronyd's.
fn wish(options: &[&str]) -> NtsWish {
    let value = |name: &str| {
        let place = options.iter().position(|option| *option == name)?;
        options.get(place + 1)?.parse().ok()
    };
    let set = value("certset").map(Authorities::Set);
    let port = value("ntsport").and_then(|port| u16::try_from(port).ok()).filter(|port| *port > 0);
    NtsWish { port, authorities: set.unwrap_or_default() }
}

#[cfg(test)]
mod tests {
    use super::super::Include;
    use super::*;

    /// Distributions ship a file with both sections.
    #[test]
    fn the_lines_of_a_daemon_that_is_not_started_are_not_read() {
        let both = "[chrony.conf]\nserver c.example\n[ntp.conf]\nserver n.example\n";
        for (settings, host) in [
            ("", "c.example"),
            ("[timemaster]\nntp_program chronyd\n", "c.example"),
            ("[timemaster]\nntp_program ntpd\n", "n.example"),
        ] {
            let parsed = crate::config::parse(Form::Timemaster, &format!("{settings}{both}"));
            let hosts: Vec<_> = parsed.servers().map(|server| server.host.clone()).collect();
            assert_eq!(hosts, [host], "{settings}");
        }
    }

    #[test]
    fn servers_and_the_lines_of_the_daemon() {
        let parsed = crate::config::parse(
            Form::Timemaster,
            "[ntp_server ntp.example]\nminpoll 4\nmaxpoll 4\n\n[ntp_server 2001:db8::1]\niburst 1\nntp_options key 12\n\n\
             [ptp_domain 0]\ninterfaces eth0 eth1\n\n[timemaster]\nntp_program chronyd\n\n[chrony.conf]\n# more\npool pool.example\n\
             include /etc/chrony.conf\nminsources 2\nsevrer a.example\n[chronyd]\npath /usr/sbin/chronyd\n[ntp_sevrer x.example]\n",
        );
        let servers: Vec<_> = parsed.servers().map(|server| (server.host.as_str(), server.proof.clone())).collect();
        assert_eq!(
            servers,
            [("ntp.example", None), ("2001:db8::1", Some(Proof::Key(12.try_into().ok()))), ("pool.example", None)]
        );
        assert!(parsed.items.contains(&Item::MinServers(2)));
        let include = Include::Files("/etc/chrony.conf".to_owned());
        assert!(parsed.items.contains(&Item::IncludeAs(Form::Chrony, include)));
        let faults: Vec<(usize, &str)> = parsed.faults.iter().map(|fault| (fault.line, &*fault.text)).collect();
        assert_eq!(
            faults,
            [
                (20, "\"sevrer\" is no directive of chrony.conf: is \"server\" meant?"),
                (23, "\"ntp_sevrer\" is no section of timemaster.conf: is \"ntp_server\" meant?"),
            ]
        );
    }
}
