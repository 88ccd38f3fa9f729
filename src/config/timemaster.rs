//! timemaster.conf of linuxptp: sections for servers, and such as are lines of chrony.conf or ntp.conf (timemaster(8)).

use super::{Form, Item, LineFault, Parsed, Proof, Server, numbered, words};

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

pub(super) fn parse(text: &str) -> Parsed {
    let mut parsed = Parsed::default();
    let mut section = Section::Settings;
    for (number, line) in numbered(text) {
        let line = line.trim();
        if let Some(head) = line.strip_prefix('[') {
            section.end(&mut parsed);
            section = begin(number, head, &mut parsed);
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
    section.end(&mut parsed);
    parsed
}

impl Section {
    fn end(&self, parsed: &mut Parsed) {
        match self {
            Section::Server(server) => parsed.items.push(Item::Server(server.clone())),
            Section::Other(form, before, lines) => {
                let other = super::parse(*form, lines);
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

fn begin(number: usize, head: &str, parsed: &mut Parsed) -> Section {
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
        (Some("chrony.conf"), None) => return Section::Other(Form::Chrony, number, String::new()),
        (Some("ntp.conf"), None) => return Section::Other(Form::Ntp, number, String::new()),
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
            server.proof = Some(Proof::Nts);
        } else if options.contains(&"key") {
            server.proof = Some(Proof::Key);
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::Include;
    use super::*;

    #[test]
    fn servers_and_the_lines_of_the_daemon() {
        let parsed = parse(
            "[ntp_server ntp.example]\nminpoll 4\nmaxpoll 4\n\n[ntp_server 2001:db8::1]\niburst 1\nntp_options key 12\n\n\
             [ptp_domain 0]\ninterfaces eth0 eth1\n\n[timemaster]\nntp_program chronyd\n\n[chrony.conf]\n# more\npool pool.example\n\
             include /etc/chrony.conf\nminsources 2\nsevrer a.example\n[chronyd]\npath /usr/sbin/chronyd\n[ntp_sevrer x.example]\n",
        );
        let servers: Vec<_> = parsed.servers().map(|server| (server.host.as_str(), server.proof)).collect();
        assert_eq!(servers, [("ntp.example", None), ("2001:db8::1", Some(Proof::Key)), ("pool.example", None)]);
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
