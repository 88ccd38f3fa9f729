//! ntpd-rs's ntp.toml (ntp.toml(5)).

use toml::Spanned;
use toml::de::{DeTable, DeValue};

use super::{Authorities, Item, LineFault, NtsWish, Parsed, ProofWish, Server, words};

const SECTIONS: &[&str] =
    &["source", "server", "nts-ke-server", "observability", "synchronization", "source-defaults", "keyset"];
/// Sources that are no servers: clocks of this machine, and other protocols than NTP.
const NOT_ASKED: &[&str] = &["sock", "pps", "csptp"];
const MODES: &[&str] = &["server", "pool", "nts", "nts-pool", "sock", "pps", "csptp"];
const AGREEING: &str = "minimum-agreeing-sources";
const SYNCHRONIZATION: &[&str] = &[
    AGREEING,
    "accumulated-step-panic-threshold",
    "algorithm",
    "local-stratum",
    "reference-id",
    "single-step-panic-threshold",
    "startup-step-panic-threshold",
    "warn-on-jump",
];

pub(super) fn parse(text: &str) -> Parsed {
    let ends = text.match_indices('\n').map(|(place, _)| place).collect();
    let mut reader = Reader { ends, lines: text.lines().count().max(1), parsed: Parsed::default() };
    let (file, errors) = DeTable::parse_recoverable(text);
    for error in errors {
        // The parser's own words may quote the line, with control characters.
        let words: String = error.message().chars().filter(|c| !c.is_control()).collect();
        reader.fault(error.span().map_or(0, |span| span.start), format!("this is no TOML: {words}"));
    }
    for (name, value) in file.get_ref() {
        match name.get_ref().as_ref() {
            "source" => reader.sources(value),
            "synchronization" => reader.synchronization(value),
            other if SECTIONS.contains(&other) => {}
            other => reader.unknown(name.span().start, other, "section of ntp.toml", SECTIONS),
        }
    }
    let mut parsed = reader.parsed;
    parsed.faults.sort_by_key(|fault| fault.line);
    parsed
}

struct Reader {
    /// Where the lines end, in bytes.
    ends: Vec<usize>,
    lines: usize,
    parsed: Parsed,
}

impl Reader {
    /// `at` is the place in the text, in bytes.
    fn fault(&mut self, at: usize, text: impl Into<String>) {
        // Where the text ends too early, its last line is the one.
        let line = (self.ends.partition_point(|end| *end < at) + 1).min(self.lines);
        self.parsed.faults.push(LineFault { line, text: text.into() });
    }

    /// A word that is none of those that are known in its place.
    fn unknown(&mut self, at: usize, word: &str, what: &str, known: &[&str]) {
        self.fault(at, words::unknown(word, what, known, self.parsed.faults.len()));
    }

    fn sources(&mut self, value: &Spanned<DeValue<'_>>) {
        let Some(sources) = value.get_ref().as_array() else {
            return self.fault(value.span().start, "a source is written [[source]]");
        };
        for source in sources {
            match source.get_ref().as_table() {
                Some(table) => self.source(source.span().start, table),
                None => self.fault(source.span().start, "a source is written [[source]]"),
            }
        }
    }

    fn source(&mut self, at: usize, source: &DeTable<'_>) {
        let mode = match text_of(source, "mode") {
            Some((_, mode)) if NOT_ASKED.contains(&mode) => return,
            Some((_, mode)) if MODES.contains(&mode) => mode,
            Some((at, mode)) => return self.unknown(at, mode, "mode of a source", MODES),
            None => return self.fault(at, "the source has no mode"),
        };
        let Some((at, address)) = text_of(source, "address") else {
            return self.fault(at, "the source has no address");
        };
        match Server::parse(address) {
            // The port behind the name is that of the key exchange, not of the time.
            Ok(server) if mode.starts_with("nts") => {
                let file = text_of(source, "certificate-authority").map(|(_, file)| file.to_owned());
                let authorities = file.map_or(Authorities::Usual, Authorities::Besides);
                let proof = Some(ProofWish::Nts(NtsWish { port: server.port, authorities }));
                self.parsed.items.push(Item::Server(Server { port: None, proof, ..server }));
            }
            Ok(server) => self.parsed.items.push(Item::Server(server)),
            Err(text) => self.fault(at, text),
        }
    }

    fn synchronization(&mut self, value: &Spanned<DeValue<'_>>) {
        let Some(table) = value.get_ref().as_table() else {
            return self.fault(value.span().start, "synchronization is a section");
        };
        for (name, value) in table {
            match (name.get_ref().as_ref(), value.get_ref()) {
                (AGREEING, value_read) => match number(value_read) {
                    Some(number) => self.parsed.items.push(Item::MinServers(number.max(1))),
                    None => self.fault(value.span().start, format!("{AGREEING} needs a number of servers")),
                },
                (other, _) if SYNCHRONIZATION.contains(&other) => {}
                (other, _) => self.unknown(name.span().start, other, "setting of [synchronization]", SYNCHRONIZATION),
            }
        }
    }
}

/// A member that is text, with its place.
fn text_of<'t>(table: &'t DeTable<'_>, name: &str) -> Option<(usize, &'t str)> {
    let value = table.get(name)?;
    Some((value.span().start, value.get_ref().as_str()?))
}

fn number(value: &DeValue<'_>) -> Option<u32> {
    let integer = value.as_integer()?;
    u32::from_str_radix(&integer.as_str().replace('_', ""), integer.radix()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sources_in_their_modes() {
        let parsed = parse(
            "[observability]\nlog-level = \"info\"\n\n[[source]]\nmode = \"pool\"\naddress = \"pool.example\"\ncount = 4\n\n\
             [[source]]\nmode = \"nts\"\naddress = \"nts.example:4461\"\ncertificate-authority = \"/etc/a.pem\"\n\n[[source]]\nmode = \"server\"\naddress = '[2001:db8::1]:1123'\n\n\
             [[source]]\nmode = \"sock\"\npath = \"/run/gps.sock\"\nprecision = 1e-3\n\n[synchronization]\n\
             minimum-agreeing-sources = 0x2\nsingle-step-panic-threshold = 1800\nstartup-step-panic-threshold = { forward=\"inf\", backward = 86400 }\n\n\
             [[server]]\nlisten = \"[::]:123\"\n",
        );
        assert_eq!(parsed.faults, []);
        let servers: Vec<_> = parsed.servers().map(|s| (s.host.as_str(), s.port, s.proof.clone())).collect();
        let wish = NtsWish { port: Some(4461), authorities: Authorities::Besides("/etc/a.pem".to_owned()) };
        assert_eq!(
            servers,
            [
                ("pool.example", None, None),
                ("nts.example", None, Some(ProofWish::Nts(wish))),
                ("2001:db8::1", Some(1123), None)
            ]
        );
        assert!(parsed.items.contains(&Item::MinServers(2)));
    }

    #[test]
    fn inline_sources() {
        let parsed = parse(
            "source = [{ mode = \"server\", address = \"a.example\" }, { mode = \"pool\", address = \"b.example\" }]\n",
        );
        assert_eq!(parsed.servers().map(|s| s.host.as_str()).collect::<Vec<_>>(), ["a.example", "b.example"]);
        assert_eq!(parsed.faults, []);
    }

    #[test]
    fn what_is_wrong_is_named_and_the_rest_counts() {
        let parsed = parse(
            "[[source]]\nmode = \"sever\"\naddress = \"a.example\"\n[[source]]\nmode = \"server\"\naddres = \"b.example\"\n\
             [[sources]]\nmode = \"server\"\n[[source]]\nmode = \"server\"\naddress = \"4\"\n\
             [[source]]\nmode = \"server\"\naddress = \"good.example\"\n[synchronization]\nminimum-agreeing-source = 3\n",
        );
        let faults: Vec<(usize, &str)> = parsed.faults.iter().map(|fault| (fault.line, &*fault.text)).collect();
        assert_eq!(
            faults,
            [
                (2, "\"sever\" is no mode of a source: is \"server\" meant?"),
                (4, "the source has no address"),
                (7, "\"sources\" is no section of ntp.toml: is \"source\" meant?"),
                (11, "\"4\" is no server name or address"),
                (
                    16,
                    "\"minimum-agreeing-source\" is no setting of [synchronization]: is \"minimum-agreeing-sources\" meant?"
                ),
            ]
        );
        assert_eq!(parsed.servers().map(|s| s.host.as_str()).collect::<Vec<_>>(), ["good.example"]);
    }

    #[test]
    fn what_is_no_toml_is_named_with_its_line() {
        let parsed = parse("[[source]]\nmode = \"server\"\naddress = \"a.example\n\n[[source]]\nmode = pool\n");
        let faults: Vec<(usize, &str)> = parsed.faults.iter().map(|fault| (fault.line, &*fault.text)).collect();
        assert_eq!(
            faults,
            [
                (3, "this is no TOML: invalid basic string, expected `\"`"),
                (5, "the source has no address"),
                (6, "this is no TOML: string values must be quoted, expected literal string"),
            ]
        );
    }
}
