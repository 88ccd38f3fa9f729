//! ntp.conf of ntp.org and NTPsec (ntp.conf(5)).

mod known;

use super::{Include, Item, Parsed, Proof, Server, numbered, words};

pub(super) use known::DIRECTIVES;

/// Local hardware clocks are addressed like this (ntp.org's reference clock drivers); they are no servers to ask.
const REFERENCE_CLOCKS: &str = "127.127.";

pub(super) fn parse(text: &str) -> Parsed {
    let mut parsed = Parsed::default();
    for (number, line) in numbered(text) {
        let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
        let Some(directive) = words.next() else { continue };
        let words: Vec<&str> = words.collect();
        match directive {
            "server" | "servers" | "peer" | "pool" => server(&mut parsed, number, &words),
            "includefile" | "include" => match words.first() {
                Some(path) => parsed.items.push(Item::Include(Include::Files(path.trim_matches('"').to_owned()))),
                None => parsed.fault(number, "the file to include is missing"),
            },
            "tos" => {
                if let Some(place) = words.iter().position(|word| *word == "minsane") {
                    parsed.min_servers(number, "tos minsane", words.get(place + 1).copied());
                }
            }
            _ if DIRECTIVES.contains(&directive) => {}
            _ => parsed.unknown(number, directive, "directive of ntp.conf", DIRECTIVES),
        }
    }
    parsed
}

/// Adds the server of a line, unless it is not to be asked.
fn server(parsed: &mut Parsed, line: usize, words: &[&str]) {
    // Every address of a name is asked anyway: which family the daemon would take does not matter.
    let words = if let ["-4" | "-6", rest @ ..] = words { rest } else { words };
    let [host, words @ ..] = words else { return parsed.fault(line, "the server's name is missing") };
    let options = words::options(words, known::SERVER_OPTIONS);
    if options.has("noselect") {
        return;
    }
    let mut server = match Server::parse(host.trim_matches('"')) {
        Ok(server) if server.host.starts_with(REFERENCE_CLOCKS) => return,
        Ok(server) => server,
        Err(text) => return parsed.fault(line, text),
    };
    if options.has("nts") {
        // The port of the key exchange, not of the time.
        server.port = None;
        server.proof = Some(Proof::Nts);
    } else if options.has("key") || options.has("autokey") {
        server.proof = Some(Proof::Key);
    }
    parsed.items.push(Item::Server(server));
    parsed.unknown_options(line, &options);
}

#[cfg(test)]
mod tests {
    use super::super::LineFault;
    use super::*;

    fn hosts(parsed: &Parsed) -> Vec<&str> {
        parsed.servers().map(|server| server.host.as_str()).collect()
    }

    #[test]
    fn servers_pools_and_peers_with_their_options() {
        let parsed = parse(
            "driftfile /var/lib/ntp/drift\n\
             restrict default nomodify notrap nopeer noquery\n\
             # server commented.example\n\
             server 0.rhel.pool.ntp.org iburst\n\
             \tserver -4 four.example iburst   # trailing\n\
             server -6 2001:db8::1 prefer\n\
             pool 2.debian.pool.ntp.org iburst\n\
             peer 192.0.2.7 key 3\n\
             server 127.127.1.0\n\
             server \"127.127.20.0\" mode 1\n\
             fudge 127.127.1.0 stratum 10\n\
             server watched.example noselect\n\
             servers openntpd.example\n\
             server nts.example:4460 nts\n\
             broadcastclient\n\
             tos maxclock 11\n",
        );
        assert_eq!(parsed.faults, []);
        assert_eq!(
            hosts(&parsed),
            [
                "0.rhel.pool.ntp.org",
                "four.example",
                "2001:db8::1",
                "2.debian.pool.ntp.org",
                "192.0.2.7",
                "openntpd.example",
                "nts.example"
            ]
        );
        let proofs: Vec<_> = parsed.servers().map(|server| server.proof).collect();
        assert_eq!(proofs, [None, None, None, None, Some(Proof::Key), None, Some(Proof::Nts)]);
        assert!(parsed.servers().all(|server| server.port.is_none()), "4460 is the port of NTS key exchange");
    }

    #[test]
    fn broken_lines_are_named_and_the_others_count() {
        let parsed = parse("server\npool a.example\nserver [::1\nincludefile\nserver b.example:70000\n");
        assert_eq!(hosts(&parsed), ["a.example"]);
        let faults: Vec<(usize, &str)> =
            parsed.faults.iter().map(|LineFault { line, text }| (*line, &**text)).collect();
        assert_eq!(
            faults,
            [
                (1, "the server's name is missing"),
                (3, "\"[::1\" lacks its closing bracket"),
                (4, "the file to include is missing"),
                (5, "\"70000\" is no port: it is 1 to 65535"),
            ]
        );
    }

    #[test]
    fn servers_that_have_to_agree() {
        let parsed = parse("tos minclock 3 minsane 2 # three later\ntos maxclock 6\ntos minsane 3\ntos minsane\n");
        assert_eq!(parsed.items, [Item::MinServers(2), Item::MinServers(3)]);
        assert_eq!(parsed.faults.iter().map(|fault| fault.line).collect::<Vec<_>>(), [4]);
    }

    #[test]
    fn includes_keep_their_place() {
        let parsed = parse("server a\nincludefile /etc/ntp/extra.conf\nserver b\n");
        assert_eq!(parsed.items[1], Item::Include(Include::Files("/etc/ntp/extra.conf".to_owned())));
        assert_eq!(parsed.items.len(), 3);
    }
}
