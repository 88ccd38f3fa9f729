//! OpenNTPD's ntpd.conf (ntpd.conf(5)).

use super::lines::continued;
use super::{Parsed, Server, words};

const DIRECTIVES: &[&str] = &["server", "servers", "listen", "query", "constraint", "constraints", "sensor"];
/// What may stand behind a server, and whether a value follows.
const SERVER_OPTIONS: &[(&str, bool)] = &[("rtable", true), ("trusted", false), ("weight", true)];

pub(super) fn parse(text: &str) -> Parsed {
    let mut parsed = Parsed::default();
    for (number, line) in continued(text) {
        let words = match words::quoted(&line) {
            Ok(words) => words,
            Err(text) => {
                parsed.fault(number, text);
                continue;
            }
        };
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match words.as_slice() {
            ["server" | "servers", host, rest @ ..] => {
                parsed.server(number, Server::parse(host));
                parsed.unknown_options(number, &words::options(rest, SERVER_OPTIONS));
            }
            ["server" | "servers"] => parsed.fault(number, "the server's name is missing"),
            [directive, ..] if !DIRECTIVES.contains(directive) => {
                parsed.unknown(number, directive, "directive of OpenNTPD's ntpd.conf", DIRECTIVES);
            }
            _ => {}
        }
    }
    parsed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_with_quotes_weights_and_lines_that_go_on() {
        let parsed = parse(
            "# $OpenBSD$\nlisten on *\nquery from 192.0.2.15\nservers pool.example weight 2\nserver \"ntp.example\" \\\n  trusted\n\
             sensor nmea0 correction 70\nconstraint from \"https://www.example\"\nconstraints from \"https://www.example\"\n\
             server 2001:db8::1 # one more\n",
        );
        let hosts: Vec<&str> = parsed.servers().map(|server| server.host.as_str()).collect();
        assert_eq!(hosts, ["pool.example", "ntp.example", "2001:db8::1"]);
        assert_eq!(parsed.faults, []);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let parsed = parse("server\nsevrer a.example\nserver \"b.example\nserver c.example weigth 2\nserver \\\n 4\n");
        let faults: Vec<(usize, &str)> = parsed.faults.iter().map(|fault| (fault.line, &*fault.text)).collect();
        assert_eq!(
            faults,
            [
                (1, "the server's name is missing"),
                (2, "\"sevrer\" is no directive of OpenNTPD's ntpd.conf: is \"server\" meant?"),
                (3, "the closing quote is missing"),
                (4, "\"weigth\" is no option of a server: is \"weight\" meant?"),
                (5, "\"4\" is no server name or address"),
            ]
        );
    }
}
