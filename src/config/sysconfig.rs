//! /etc/sysconfig and /etc/conf.d: variables of the shell that hold servers, or the options that a client or daemon is started
//! with, among which servers may be. Nothing is executed.

use super::shell::{Variable, variables};
use super::{LineFault, Parsed, Server, words};

/// What holds nothing but servers.
const SERVERS: &[&str] = &[
    "NTPSERVERS",
    "NTPSERVER",
    "NTP_SERVERS",
    "NTP_SERVER",
    "SERVERS",
    "SERVER",
    "NTPDATE_SERVERS",
    "NTPDATE_SERVER",
    "NTPCLIENT_SERVERS",
    "TIMESERVERS",
    "TIMESERVER",
    "NTPD_INITIAL_NTPDATE",
    "XNTPD_INITIAL_NTPDATE",
];
/// What holds a command line of ntpdate, of a daemon that is known by the name of the file or the variable, or of another client.
const OPTIONS: &[&str] = &[
    "OPTIONS",
    "OPTS",
    "ARGS",
    "DAEMON_OPTS",
    "NTPOPTIONS",
    "NTP_OPTIONS",
    "NTP_OPTS",
    "NTPDATE_OPTIONS",
    "NTPDATE_OPTS",
    "NTPCLIENT_OPTS",
    "NTP_CLIENT_OPTION",
    "NTPD_OPTIONS",
    "NTPD_OPTS",
    "SNTP_OPTS",
    "CHRONYD_OPTIONS",
    "CHRONYD_ARGS",
];

/// Options that a value follows.
const OF_NTPDATE: &str = "aekoptU";
/// The same for the ntpd of ntp.org and NTPsec, and that of busybox, whose -p is a server.
const OF_NTPD: &str = "cfiIklprsStuUvVw";
const OF_SNTP: &str = "aBbcDdKkLlMoptuw";
const OF_CHRONYD: &str = "fFLlPPrtu";

/// What such a file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Sysconfig {
    /// The servers, and the lines that are wrong.
    pub parsed: Parsed,
    /// The variables with other options, which are not applied: names and values.
    pub options: Vec<(String, String)>,
}

/// Whether a variable's name is one of those that matter.
pub(super) fn is_known(name: &str) -> bool {
    SERVERS.contains(&name) || OPTIONS.contains(&name)
}

/// Reads a file whose name, without its directory, tells which program it is for.
pub fn sysconfig(name: &str, text: &str) -> Sysconfig {
    let (variables, faults) = variables(text);
    let mut found = Sysconfig { parsed: Parsed { faults, ..Parsed::default() }, options: Vec::new() };
    let client = variables.get("NTPCLIENT_CMD").map(|variable| variable.value.as_str());
    let mut by_line: Vec<(&String, &Variable)> = variables.iter().collect();
    by_line.sort_by_key(|(name, variable)| (variable.line, *name));
    for (variable_name, Variable { line, value, is_used }) in by_line {
        let words = value.split_whitespace();
        if SERVERS.contains(&variable_name.as_str()) {
            // SUSE: from ntp.conf, all of them or so many.
            let named = words.filter(|word| !(variable_name.ends_with("NTPDATE") && word.starts_with("AUTO")));
            named.for_each(|word| found.parsed.server(*line, Server::parse(word)));
        } else if OPTIONS.contains(&variable_name.as_str()) {
            let program = client.filter(|_| variable_name.starts_with("NTPCLIENT")).unwrap_or(variable_name);
            found.command_line(*line, Program::of(program, name), &words.collect::<Vec<_>>());
            if value.split_whitespace().any(|word| word.starts_with('-')) {
                found.options.push((variable_name.clone(), value.clone()));
            }
        } else if !is_used && let Some(meant) = words::meant(variable_name, SERVERS) {
            let text = format!("{}: is {meant} meant?", variable_name.escape_default());
            found.parsed.faults.push(LineFault { line: *line, text });
        }
    }
    found.parsed.faults.sort_by_key(|fault| fault.line);
    found
}

/// The program that the options belong to.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Program {
    Ntpdate,
    Ntpd,
    Sntp,
    Chronyd,
}

impl Program {
    /// By the name of the variable or the command, else by that of the file.
    fn of(name: &str, file: &str) -> Program {
        let by = |name: &str| {
            let name = name.to_ascii_lowercase();
            let is = |part: &str| name.contains(part);
            if is("chrony") {
                Some(Program::Chronyd)
            } else if is("sntp") {
                Some(Program::Sntp)
            } else if is("ntpdate") || is("client") {
                Some(Program::Ntpdate)
            } else {
                (is("ntpd") || is("busybox")).then_some(Program::Ntpd)
            }
        };
        by(name).or_else(|| by(file)).unwrap_or(Program::Ntpdate)
    }

    fn with_value(self) -> &'static str {
        match self {
            Program::Ntpdate => OF_NTPDATE,
            Program::Ntpd => OF_NTPD,
            Program::Sntp => OF_SNTP,
            Program::Chronyd => OF_CHRONYD,
        }
    }
}

impl Sysconfig {
    /// The servers of a command line.
    fn command_line(&mut self, line: usize, program: Program, words: &[&str]) {
        let mut rest = words.iter().copied();
        while let Some(word) = rest.next() {
            let Some(letters) = word.strip_prefix('-') else {
                // chronyd's own are lines of chrony.conf, which a word is not enough for.
                if program != Program::Chronyd {
                    self.parsed.server(line, Server::parse(word));
                }
                continue;
            };
            if letters.starts_with('-') {
                continue;
            }
            let Some(place) = letters.find(|letter| program.with_value().contains(letter)) else { continue };
            let (option, glued) = letters[place..].split_at(1);
            let value = if glued.is_empty() { rest.next().unwrap_or_default() } else { glued };
            // busybox's -p is a server, ntp.org's the file for the process number.
            if program == Program::Ntpd && option == "p" && !value.contains('/') {
                self.parsed.server(line, Server::parse(value));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(name: &str, text: &str) -> Vec<String> {
        let found = sysconfig(name, text);
        assert_eq!(found.parsed.faults, [], "{text}");
        found.parsed.servers().map(|server| server.host.clone()).collect()
    }

    #[test]
    fn servers_among_the_options_of_each_program() {
        for (name, text, servers) in [
            ("ntpdate", "OPTIONS=\"-U ntp -s -b\"\nRETRIES=2\nSYNC_HWCLOCK=no\n", ""),
            ("ntpdate", "OPTIONS=\"-p 2 -bu -t4 a.example\"\n", "a.example"),
            (
                "ntp-client",
                "NTPCLIENT_CMD=\"ntpdate\"\nNTPCLIENT_OPTS=\"-s -b -u -p 4 \\\n\t0.example 1.example\"\n",
                "0.example 1.example",
            ),
            (
                "ntp-client",
                "NTPCLIENT_CMD=\"busybox ntpd\"\nNTPCLIENT_OPTS=\"-n -q -p a.example -p b.example\"\n",
                "a.example b.example",
            ),
            ("ntp-client", "NTPCLIENT_CMD=\"sntp\"\nNTPCLIENT_OPTS=\"-M 128 -s a.example\"\n", "a.example"),
            ("ntpd", "NTPD_OPTS=\"-N -p pool.example\"\n", "pool.example"),
            ("ntpd", "OPTIONS=\"-u ntp:ntp -p /var/run/ntpd.pid -g\"\n", ""),
            ("ntpd", "NTPD_OPTS=\"-g -c /etc/other.conf -u ntp\"\n", ""),
            ("ntp", "NTPD_OPTIONS=\"-g\"\nNTPD_INITIAL_NTPDATE=\"AUTO-2 c.example\"\n", "c.example"),
            ("chronyd", "OPTIONS=\"-F 2 -f /etc/other.conf -u chrony\"\nARGS='-r'\n", ""),
            ("x", "NTP_SERVERS='192.0.2.1 2001:db8::1'\nTIMESERVER=d.example\n", "192.0.2.1 2001:db8::1 d.example"),
        ] {
            assert_eq!(hosts(name, text).join(" "), servers, "{text}");
        }
        let options = sysconfig("ntpdate", "OPTIONS=\"-p 2 a.example\"\n").options;
        assert_eq!(options, [("OPTIONS".to_owned(), "-p 2 a.example".to_owned())]);
    }

    #[test]
    fn what_is_wrong_is_named() {
        let found = sysconfig("ntpdate", "OPTIONS=\"-b 4\"\n\nNTP_SEVRERS=a.example\nSERVERS=\"b|c\"\nSERVERS2=\"x\n");
        let faults: Vec<(usize, &str)> = found.parsed.faults.iter().map(|fault| (fault.line, &*fault.text)).collect();
        assert_eq!(
            faults,
            [
                (1, "\"4\" is no server name or address"),
                (3, "NTP_SEVRERS: is NTP_SERVERS meant?"),
                (4, "\"b|c\" is no server name or address"),
                (5, "the closing quote is missing"),
            ]
        );
    }
}
