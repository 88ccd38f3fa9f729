//! chrony.conf and .sources files (chrony.conf(5)).

mod known;

use super::server::parse_port;
use super::{Include, Item, Parsed, Proof, Server, numbered, words};

pub(super) use known::DIRECTIVES;

/// A line that begins with one of these is a comment.
const COMMENT: [char; 4] = ['!', ';', '#', '%'];

pub(super) fn parse(text: &str) -> Parsed {
    let mut parsed = Parsed::default();
    for (number, line) in numbered(text) {
        let line = line.trim();
        if line.starts_with(COMMENT) {
            continue;
        }
        let mut words = line.split_whitespace();
        let Some(directive) = words.next() else { continue };
        // Directives may be in either case.
        let directive = directive.to_ascii_lowercase();
        let words: Vec<&str> = words.collect();
        let directories = || words.iter().map(|word| (*word).to_owned()).collect();
        match directive.as_str() {
            "server" | "pool" | "peer" => server(&mut parsed, number, &words),
            // Behind the threshold stand those that the clock is first set by.
            "initstepslew" => words.iter().skip(1).for_each(|word| parsed.server(number, Server::parse(word))),
            "minsources" => parsed.min_servers(number, "minsources", words.first().copied()),
            "authselectmode" => {
                let is_required = words.first().is_some_and(|mode| mode.eq_ignore_ascii_case("require"));
                parsed.items.push(Item::OnlyProven(is_required.then_some(number)));
            }
            "include" | "confdir" | "sourcedir" if words.is_empty() => {
                parsed.fault(number, format!("{directive} needs a path"));
            }
            "include" => parsed.items.push(Item::Include(Include::Files(words[0].to_owned()))),
            "confdir" => parsed.items.push(Item::Include(Include::Directories(directories(), ".conf"))),
            "sourcedir" => parsed.items.push(Item::Include(Include::Directories(directories(), ".sources"))),
            _ if DIRECTIVES.contains(&directive.as_str()) => {}
            _ => parsed.unknown(number, &directive, "directive of chrony.conf", DIRECTIVES),
        }
    }
    parsed
}

/// Adds the server of a line, unless it is not to be asked.
fn server(parsed: &mut Parsed, line: usize, words: &[&str]) {
    let [host, words @ ..] = words else { return parsed.fault(line, "the server's name is missing") };
    let options = words::options(words, known::SERVER_OPTIONS);
    if options.has("noselect") {
        return;
    }
    let port = options.value("port").map(parse_port).transpose();
    let server = Server::parse(host).and_then(|server| Ok(Server { port: port?.or(server.port), ..server }));
    let proof = if options.has("nts") { Some(Proof::Nts) } else { options.has("key").then_some(Proof::Key) };
    parsed.server(line, server.map(|server| Server { proof, ..server }));
    parsed.unknown_options(line, &options);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_with_ports_in_either_case_and_four_kinds_of_comments() {
        let parsed = parse(
            "! one\n; two\n # three\n% four\n\
             server ntp1.example iburst minpoll 4\n\
             POOL 2.rhel.pool.ntp.org iburst maxsources 3\n\
             server 2001:db8::5 port 1123\n\
             peer foo.example key 12\n\
             server nts.example nts iburst\n\
             server seen.example noselect\n\
             makestep 1.0 3\nrtcsync\n",
        );
        assert_eq!(parsed.faults, []);
        let found: Vec<_> = parsed.servers().map(|s| (s.host.as_str(), s.port, s.proof)).collect();
        assert_eq!(
            found,
            [
                ("ntp1.example", None, None),
                ("2.rhel.pool.ntp.org", None, None),
                ("2001:db8::5", Some(1123), None),
                ("foo.example", None, Some(Proof::Key)),
                ("nts.example", None, Some(Proof::Nts)),
            ]
        );
    }

    #[test]
    fn directories_and_files_to_include() {
        let parsed =
            parse("confdir /etc/chrony/conf.d /usr/lib/chrony\nsourcedir /run/chrony-dhcp\ninclude /etc/c/*.conf\n");
        assert_eq!(
            parsed.items,
            [
                Item::Include(Include::Directories(
                    vec!["/etc/chrony/conf.d".into(), "/usr/lib/chrony".into()],
                    ".conf"
                )),
                Item::Include(Include::Directories(vec!["/run/chrony-dhcp".into()], ".sources")),
                Item::Include(Include::Files("/etc/c/*.conf".into())),
            ]
        );
    }

    #[test]
    fn sources_that_have_to_agree() {
        let parsed = parse("minsources 2\nserver a.example\nMinSources 3\nminsources 0\nminsources\nminsources two\n");
        let numbers: Vec<&Item> = parsed.items.iter().filter(|item| matches!(item, Item::MinServers(_))).collect();
        assert_eq!(numbers, [&Item::MinServers(2), &Item::MinServers(3), &Item::MinServers(1)]);
        assert_eq!(parsed.faults.iter().map(|fault| fault.line).collect::<Vec<_>>(), [5, 6]);
    }

    #[test]
    fn broken_lines_are_named_and_the_others_count() {
        let parsed = parse("server\nserver a port x\nserver b\nconfdir\npool\n");
        assert_eq!(parsed.servers().map(|s| s.host.as_str()).collect::<Vec<_>>(), ["b"]);
        assert_eq!(parsed.faults.iter().map(|fault| fault.line).collect::<Vec<_>>(), [1, 2, 4, 5]);
    }
}
