//! /etc/default/ntpdate and the like: variables that ntpdate-debian has the shell read. Here nothing is executed: a line that
//! would need the shell is a fault.

use std::collections::HashMap;
use std::iter::Peekable;
use std::str::Chars;

use super::{LineFault, Server, words};

/// The most that variables put into others may add up to, bytes: `A=$A$A` line after line would fill any memory.
const MAX_EXPANSION: usize = 64 * 1024;

/// The variables that matter.
const KNOWN: &[&str] = &["NTPSERVERS", "NTPDATE_USE_NTP_CONF", "NTPOPTIONS", "IGNORE_DHCP"];

/// What ntpdate-debian looks at.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct NtpdateDefaults {
    /// `NTPDATE_USE_NTP_CONF=yes`: the servers are in ntp.conf.
    pub use_ntp_conf: bool,
    /// `IGNORE_DHCP=yes`.
    pub ignore_dhcp: bool,
    /// `NTPSERVERS`.
    pub servers: Vec<Server>,
    /// `NTPOPTIONS`, which are not applied.
    pub options: String,
    /// Lines that are wrong.
    pub faults: Vec<LineFault>,
}

/// Reads them.
pub fn ntpdate_defaults(text: &str) -> NtpdateDefaults {
    let (variables, mut faults) = variables(text);
    let value = |name: &str| variables.get(name).map(|variable| variable.value.as_str()).unwrap_or_default();
    let mut servers = Vec::new();
    for word in value("NTPSERVERS").split_whitespace() {
        match Server::parse(word) {
            Ok(server) => servers.push(server),
            Err(text) => {
                let line = variables.get("NTPSERVERS").map_or(1, |variable| variable.line);
                faults.push(LineFault { line, text });
            }
        }
    }
    for (name, variable) in variables.iter().filter(|(_, variable)| !variable.is_used) {
        if let Some(meant) = words::meant(name, KNOWN) {
            faults.push(LineFault { line: variable.line, text: format!("{name}: is {meant} meant?") });
        }
    }
    faults.sort_by(|a, b| (a.line, &a.text).cmp(&(b.line, &b.text)));
    NtpdateDefaults {
        use_ntp_conf: value("NTPDATE_USE_NTP_CONF") == "yes",
        ignore_dhcp: value("IGNORE_DHCP") == "yes",
        options: value("NTPOPTIONS").to_owned(),
        servers,
        faults,
    }
}

/// A variable as it stands at the end of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Variable {
    /// The line that sets it, counted from 1.
    pub(super) line: usize,
    pub(super) value: String,
    /// Whether another one has been made with it.
    pub(super) is_used: bool,
}

type Variables = HashMap<String, Variable>;

/// The variables, and the lines that would need the shell.
pub(super) fn variables(text: &str) -> (Variables, Vec<LineFault>) {
    let mut reader = Reader { rest: text.chars().peekable(), line: 1, expanded: 0 };
    let (mut variables, mut faults) = (Variables::new(), Vec::new());
    while let Some(line) = reader.next_word() {
        match reader.assignment(&mut variables) {
            Ok(Some((name, value))) => {
                let is_used = variables.get(&name).is_some_and(|earlier| earlier.is_used);
                variables.insert(name, Variable { line, value, is_used });
            }
            Ok(None) => {}
            Err(text) => {
                faults.push(LineFault { line, text: text.to_owned() });
                reader.skip_line();
            }
        }
    }
    (variables, faults)
}

struct Reader<'a> {
    rest: Peekable<Chars<'a>>,
    line: usize,
    /// Bytes that have been put in for variables so far.
    expanded: usize,
}

impl Reader<'_> {
    fn take(&mut self) -> Option<char> {
        let c = self.rest.next()?;
        self.line += usize::from(c == '\n');
        Some(c)
    }

    fn skip_line(&mut self) {
        while self.rest.peek().is_some_and(|c| *c != '\n') {
            self.take();
        }
    }

    /// Over blanks, separators and comments; gives the line of what follows.
    fn next_word(&mut self) -> Option<usize> {
        loop {
            match self.rest.peek()? {
                '#' => self.skip_line(),
                c if c.is_whitespace() || *c == ';' => {
                    self.take();
                }
                _ => return Some(self.line),
            }
        }
    }

    /// `NAME=value`; nothing for the word `export`.
    fn assignment(&mut self, variables: &mut Variables) -> Result<Option<(String, String)>, &'static str> {
        let name = self.name();
        match self.rest.peek() {
            Some('=') if !name.is_empty() => {
                self.take();
                Ok(Some((name, self.value(variables)?)))
            }
            _ if name == "export" => Ok(None),
            _ => Err("not NAME=VALUE; the shell's commands are not executed"),
        }
    }

    fn name(&mut self) -> String {
        let mut name = String::new();
        while let Some(c) = self.rest.next_if(|c| c.is_ascii_alphanumeric() || *c == '_') {
            name.push(c);
        }
        name
    }

    /// Up to a blank, with quotes taken off and variables put in.
    fn value(&mut self, variables: &mut Variables) -> Result<String, &'static str> {
        let mut value = String::new();
        let mut quote = None;
        while let Some(c) = self.rest.peek().copied() {
            if quote.is_none() && (c.is_whitespace() || c == ';') {
                return Ok(value);
            }
            self.take();
            match (quote, c) {
                (Some(open), c) if c == open => quote = None,
                (Some('\''), c) => value.push(c),
                (None, '\'' | '"') => quote = Some(c),
                (_, '\\') => match self.take() {
                    // A line goes on.
                    None | Some('\n') => {}
                    Some(escaped) => {
                        if quote.is_some() && !matches!(escaped, '"' | '\\' | '$' | '`') {
                            value.push('\\');
                        }
                        value.push(escaped);
                    }
                },
                (_, '`') => return Err("command substitution is not executed"),
                (_, '$') => value.push_str(self.expansion(variables)?),
                (None, '&' | '|' | '<' | '>' | '(' | ')') => return Err("the shell's operators are not executed"),
                (_, c) => value.push(c),
            }
        }
        if quote.is_some() { Err("the closing quote is missing") } else { Ok(value) }
    }

    /// `$NAME` or `${NAME}`, after the dollar sign.
    fn expansion<'v>(&mut self, variables: &'v mut Variables) -> Result<&'v str, &'static str> {
        let braces = self.rest.next_if_eq(&'{').is_some();
        if self.rest.peek() == Some(&'(') {
            return Err("command substitution is not executed");
        }
        let name = self.name();
        if braces && self.rest.next_if_eq(&'}').is_none() {
            return Err("only $NAME and ${NAME} are understood");
        }
        if name.is_empty() && !braces {
            return Ok("$");
        }
        let value = match variables.get_mut(&name) {
            Some(variable) => {
                variable.is_used = true;
                variable.value.as_str()
            }
            None => "",
        };
        if self.expanded + value.len() > MAX_EXPANSION {
            return Err("the variables grow too long");
        }
        self.expanded += value.len();
        Ok(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hosts(defaults: &NtpdateDefaults) -> Vec<&str> {
        defaults.servers.iter().map(|server| server.host.as_str()).collect()
    }

    #[test]
    fn the_usual_file() {
        let defaults = ntpdate_defaults(
            "# a comment\nNTPDATE_USE_NTP_CONF=no\n\nNTPSERVERS=\"0.example 1.example 2001:db8::1\"\nNTPOPTIONS=\"-u\"\nIGNORE_DHCP=\"\"\n",
        );
        assert_eq!(hosts(&defaults), ["0.example", "1.example", "2001:db8::1"]);
        assert!(!defaults.use_ntp_conf && !defaults.ignore_dhcp);
        assert_eq!(defaults.options, "-u");
        assert_eq!(defaults.faults, []);
    }

    #[test]
    fn quotes_variables_and_lines_that_go_on() {
        let defaults = ntpdate_defaults(
            "ZONE='debian.pool'; export NTPSERVERS=0.$ZONE.example\\ 1.\"${ZONE}\".example # why\n\
             NTPDATE_USE_NTP_CONF='yes' IGNORE_DHCP=yes\n",
        );
        assert_eq!(hosts(&defaults), ["0.debian.pool.example", "1.debian.pool.example"]);
        assert!(defaults.use_ntp_conf && defaults.ignore_dhcp);
        let defaults = ntpdate_defaults("NTPSERVERS=\"a.example\n  b.example \\\n c.example\"\n");
        assert_eq!(hosts(&defaults), ["a.example", "b.example", "c.example"]);
    }

    #[test]
    fn nothing_is_executed_and_the_rest_counts() {
        let defaults = ntpdate_defaults(
            "if [ -r /etc/x ]; then\nNTPOPTIONS=`reboot`\nNTPSERVERS=$(cat /etc/servers)\nNTPSERVERS=a.example\nfi\nIGNORE_DHCP=yes>/tmp/x\n",
        );
        assert_eq!(hosts(&defaults), ["a.example"]);
        assert_eq!(defaults.faults.iter().map(|fault| fault.line).collect::<Vec<_>>(), [1, 2, 3, 5, 6]);
        assert!(defaults.faults[1].text.contains("not executed"));
        assert!(!defaults.ignore_dhcp);
    }

    #[test]
    fn misspelt_variables_are_named_unless_another_one_is_made_with_them() {
        let defaults =
            ntpdate_defaults("NTPSEVRERS=a.example\nNTPSERVER=b.example\nNTPSERVERS=\"$NTPSERVER\"\nZONE=x\n");
        assert_eq!(defaults.faults, [LineFault { line: 1, text: "NTPSEVRERS: is NTPSERVERS meant?".to_owned() }]);
        assert_eq!(hosts(&defaults), ["b.example"]);
    }

    #[test]
    fn variables_that_double_each_other_come_to_an_end() {
        let text = "NTPOPTIONS=0123456789\n".to_owned() + &"NTPOPTIONS=$NTPOPTIONS$NTPOPTIONS\n".repeat(60);
        let defaults = ntpdate_defaults(&text);
        assert!((10_000..=MAX_EXPANSION).contains(&defaults.options.len()), "{}", defaults.options.len());
        assert!(defaults.faults.iter().all(|fault| fault.text == "the variables grow too long"));
    }

    #[test]
    fn an_open_quote_is_a_fault_of_the_line_where_it_starts() {
        let defaults = ntpdate_defaults("IGNORE_DHCP=yes\nNTPSERVERS=\"a.example\nNTPOPTIONS=x\n");
        assert_eq!(defaults.faults, [LineFault { line: 2, text: "the closing quote is missing".to_owned() }]);
        assert!(defaults.ignore_dhcp);
    }
}
