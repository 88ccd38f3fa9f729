//! ntp.conf of ntp.org and NTPsec (ntp.conf(5)).

mod known;

use super::lines::numbered;
use super::server::parse_port;
use super::{Authorities, Include, Item, NtsWish, Parsed, Proof, Server, words};

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
            "keys" => parsed.key_file(number, "keys", words.first().copied()),
            "nts" => authorities(&mut parsed, number, &words),
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
    // It is chrony's word, and plain all the same; the lines of an unnamed file may be either's.
    match options.value("port").map(parse_port).transpose() {
        Ok(port) => server.port = server.port.or(port),
        Err(text) => return parsed.fault(line, text),
    }
    if let Some(path) = options.value("require") {
        let shown = path.escape_default();
        let text = format!(
            "{} is not asked: \"require {shown}\" is not supported, as the key exchange names the time server",
            server.host
        );
        return parsed.fault(line, text);
    }
    // What follows is asked for all the same, and more strictly than the file wants.
    if let Some(path) = options.value("ask") {
        let shown = path.escape_default();
        parsed.fault(line, format!("\"ask {shown}\" is not passed on: the key exchange names the time server"));
    }
    if options.has("noval") {
        parsed.fault(line, "\"noval\" is not obeyed: the certificate is checked (\"ca FILE\" names whom to trust)");
    }
    server.proof = match options.proof() {
        Some(Proof::Nts(_)) => {
            // The port behind the name is that of the key exchange, not of the time.
            let port = server.port.take();
            let ca = options.value("ca").map(|path| path.trim_matches('"').to_owned()).filter(|path| !path.is_empty());
            Some(Proof::Nts(NtsWish { port, authorities: ca.map_or(Authorities::Usual, Authorities::Only) }))
        }
        other => other,
    };
    parsed.items.push(Item::Server(server));
    parsed.unknown_options(line, &options);
}

/// `nts ca FILE`, which is for all servers, and in the place of the system's authorities. What else stands behind `nts` is for a
/// server, or forbids more than is done here.
fn authorities(parsed: &mut Parsed, line: usize, words: &[&str]) {
    let Some(place) = words.iter().position(|word| *word == "ca") else { return };
    match words.get(place + 1).map(|path| path.trim_matches('"')).filter(|path| !path.is_empty()) {
        Some(path) => {
            parsed.items.extend([Item::NoSystemAuthorities, Item::Authorities(0, path.to_owned())]);
        }
        None => parsed.fault(line, "nts ca needs a path"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::LineFault;
    use super::*;

    fn hosts(parsed: &Parsed) -> Vec<&str> {
        parsed.servers().map(|server| server.host.as_str()).collect()
    }

    #[test]
    fn a_port_behind_a_server_is_asked_at() {
        let parsed = parse("server a.example iburst port 11123\nserver b.example port 99999\nserver c.example\n");
        let found: Vec<_> = parsed.servers().map(|server| (server.host.as_str(), server.port)).collect();
        assert_eq!(found, [("a.example", Some(11123)), ("c.example", None)]);
        assert_eq!(parsed.faults.len(), 1, "{:?}", parsed.faults);
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
        let proofs: Vec<_> = parsed.servers().map(|server| server.proof.clone()).collect();
        let wish = NtsWish { port: Some(4460), authorities: Authorities::Usual };
        assert_eq!(proofs, [None, None, None, None, Some(Proof::Key(3.try_into().ok())), None, Some(Proof::Nts(wish))]);
        assert!(parsed.servers().all(|server| server.port.is_none()), "4460 is the port of NTS key exchange");
    }

    #[test]
    fn what_would_weaken_or_redirect_nts_is_said_and_not_done() {
        let parsed = parse(
            "server a.example nts noval\nserver b.example nts ask c.example\nserver d.example nts require e.example\n\
             server f.example require g.example\nserver h.example noval\n",
        );
        let nts = || Some(Proof::Nts(NtsWish::default()));
        let proofs: Vec<_> = parsed.servers().map(|server| (server.host.as_str(), server.proof.clone())).collect();
        assert_eq!(proofs, [("a.example", nts()), ("b.example", nts()), ("h.example", nts())]);
        let faults: Vec<_> = parsed.faults.iter().map(|fault| (fault.line, fault.text.as_str())).collect();
        for (line, words) in [
            (1, "\"noval\" is not obeyed: the certificate is checked"),
            (2, "\"ask c.example\" is not passed on"),
            (3, "d.example is not asked: \"require e.example\" is not supported"),
            (4, "f.example is not asked"),
            (5, "\"noval\" is not obeyed"),
        ] {
            let said = faults.iter().any(|(of, text)| *of == line && text.contains(words));
            assert!(said, "no {words:?} in {faults:?}");
        }
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
    fn whom_key_exchanges_trust() {
        let parsed = parse("server a.example nts ca /etc/a.pem iburst\nnts ca \"/etc/b.pem\"\nnts enable\nnts ca\n");
        let wish = NtsWish { port: None, authorities: Authorities::Only("/etc/a.pem".to_owned()) };
        assert_eq!(parsed.servers().map(|server| server.proof.clone()).collect::<Vec<_>>(), [Some(Proof::Nts(wish))]);
        assert_eq!(parsed.items[1..], [Item::NoSystemAuthorities, Item::Authorities(0, "/etc/b.pem".to_owned())]);
        assert_eq!(parsed.faults.iter().map(|fault| fault.line).collect::<Vec<_>>(), [4]);
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
