//! ntp.conf: ntp.org's, NTPsec's, and OpenNTPD's, which only says `servers` besides (ntp.conf(5), ntpd.conf(5)).

use super::{Include, Item, Parsed, Proof, Server, numbered};

/// Local hardware clocks are addressed like this (ntp.org's reference clock drivers); they are no servers to ask.
const REFERENCE_CLOCKS: &str = "127.127.";

pub(super) fn parse(text: &str) -> Parsed {
    let mut parsed = Parsed::default();
    for (number, line) in numbered(text) {
        let mut words = line.split('#').next().unwrap_or_default().split_whitespace();
        match words.next().unwrap_or_default() {
            "server" | "servers" | "peer" | "pool" => {
                if let Some(server) = server(&words.collect::<Vec<_>>()).transpose() {
                    parsed.server(number, server);
                }
            }
            "includefile" | "include" => match words.next() {
                Some(path) => parsed.items.push(Item::Include(Include::Files(path.trim_matches('"').to_owned()))),
                None => parsed.fault(number, "the file to include is missing"),
            },
            "tos" => {
                let words: Vec<&str> = words.collect();
                if let Some(place) = words.iter().position(|word| *word == "minsane") {
                    parsed.min_servers(number, "tos minsane", words.get(place + 1).copied());
                }
            }
            _ => {}
        }
    }
    parsed
}

/// Nothing for what is not to be asked.
fn server(words: &[&str]) -> Result<Option<Server>, String> {
    // Every address of a name is asked anyway: which family the daemon would take does not matter.
    let words = if let ["-4" | "-6", rest @ ..] = words { rest } else { words };
    let [host, options @ ..] = words else { return Err("the server's name is missing".to_owned()) };
    if options.contains(&"noselect") {
        return Ok(None);
    }
    let mut server = Server::parse(host.trim_matches('"'))?;
    if server.host.starts_with(REFERENCE_CLOCKS) {
        return Ok(None);
    }
    if options.contains(&"nts") {
        // The port of the key exchange, not of the time.
        server.port = None;
        server.proof = Some(Proof::Nts);
    } else if options.contains(&"key") || options.contains(&"autokey") {
        server.proof = Some(Proof::Key);
    }
    Ok(Some(server))
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
