//! From the text of a configuration file to the time servers that it names. Pure: nothing is read, nothing is executed.
//!
//! One module for each form. What a form allows besides servers is passed over; a line that names a server and cannot be
//! understood is a fault of that line, and the others still count.
#![forbid(unsafe_code)]

mod chrony;
mod dhcp;
pub mod keys;
mod ntp;
mod server;
mod shell;
mod step_tickers;
mod timesyncd;

pub use dhcp::{dhclient_leases, networkd_lease};
pub use server::{Proof, Server};
pub use shell::{NtpdateDefaults, ntpdate_defaults};
pub use timesyncd::TimesyncdServers;

/// The forms that are understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// ntpd's ntp.conf, of ntp.org, NTPsec and OpenNTPD.
    Ntp,
    /// chronyd's chrony.conf, and its .sources files.
    Chrony,
    /// systemd-timesyncd's timesyncd.conf and its drop-ins.
    Timesyncd,
    /// /etc/default/ntpdate: variables of the shell.
    NtpdateDefaults,
    /// /etc/ntp/step-tickers: servers and comments.
    StepTickers,
    /// What networkd, and NetworkManager's own client, keep of a DHCP lease.
    NetworkdLease,
    /// dhclient's leases.
    DhclientLeases,
}

/// What a line is, as far as it matters here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// A server.
    Server(Server),
    /// Other files to read in this place.
    Include(Include),
    /// The least number of servers that have to agree, 1 or more, until another line says otherwise.
    MinServers(u32),
}

/// Files that a file refers to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Include {
    /// A file, or those that a pattern with `*` and `?` in its last part stands for; NTPsec also takes a directory.
    Files(String),
    /// All files with this ending of these directories, by name; of two with one name, that of the earlier directory.
    Directories(Vec<String>, &'static str),
}

/// A line that cannot be understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LineFault {
    /// Counted from 1.
    pub line: usize,
    /// What is wrong with it.
    pub text: String,
}

/// What a file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Parsed {
    /// In their order.
    pub items: Vec<Item>,
    /// The lines that are wrong.
    pub faults: Vec<LineFault>,
}

impl Parsed {
    fn server(&mut self, line: usize, server: Result<Server, String>) {
        match server {
            Ok(server) => self.items.push(Item::Server(server)),
            Err(text) => self.fault(line, text),
        }
    }

    fn fault(&mut self, line: usize, text: impl Into<String>) {
        self.faults.push(LineFault { line, text: text.into() });
    }

    /// Takes in the least number of servers that have to agree, as `word` has it; 0 demands what 1 does.
    fn min_servers(&mut self, line: usize, directive: &str, word: Option<&str>) {
        match word.map(str::parse::<u32>) {
            Some(Ok(number)) => self.items.push(Item::MinServers(number.max(1))),
            Some(Err(_)) | None => self.fault(line, format!("{directive} needs a number of servers")),
        }
    }

    /// The servers alone.
    pub fn servers(&self) -> impl Iterator<Item = &Server> {
        self.items.iter().filter_map(|item| match item {
            Item::Server(server) => Some(server),
            Item::Include(_) | Item::MinServers(_) => None,
        })
    }
}

/// Reads a text in one of the forms whose files stand for themselves; the variables of [`Form::NtpdateDefaults`] give
/// `NTPSERVERS` only, and [`Form::Timesyncd`] gives `NTP=` or else `FallbackNTP=`.
pub fn parse(form: Form, text: &str) -> Parsed {
    match form {
        Form::Ntp => ntp::parse(text),
        Form::Chrony => chrony::parse(text),
        Form::StepTickers => step_tickers::parse(text),
        Form::NetworkdLease => networkd_lease(text),
        Form::DhclientLeases => dhclient_leases(text),
        Form::NtpdateDefaults => {
            let defaults = ntpdate_defaults(text);
            Parsed { items: defaults.servers.into_iter().map(Item::Server).collect(), faults: defaults.faults }
        }
        Form::Timesyncd => {
            let mut servers = TimesyncdServers::default();
            let faults = servers.read(text);
            Parsed { items: servers.chosen().iter().cloned().map(Item::Server).collect(), faults }
        }
    }
}

/// The form of a file that the user names: by what it is called, else by what is in it.
pub fn guess_form(path: &str, text: &str) -> Form {
    let name = path.rsplit('/').next().unwrap_or(path);
    let in_name = |part: &str| name.contains(part);
    if in_name("timesyncd") {
        Form::Timesyncd
    } else if in_name("chrony") || name.ends_with(".sources") || path.contains("/chrony/") {
        Form::Chrony
    } else if in_name("step-tickers") {
        Form::StepTickers
    } else if name == "ntp.conf" || name == "ntpd.conf" || in_name("ntp.conf.") {
        Form::Ntp
    } else {
        guess_by_text(text)
    }
}

fn guess_by_text(text: &str) -> Form {
    let lines = || text.lines().map(str::trim_start);
    let starts =
        |words: &[&str]| lines().any(|line| words.contains(&line.split_whitespace().next().unwrap_or_default()));
    if lines().any(|line| line.starts_with("[Time]")) {
        Form::Timesyncd
    } else if lines().any(|line| line.starts_with("option ntp-servers") || line.starts_with("lease {")) {
        Form::DhclientLeases
    } else if lines().any(|line| line.trim_start_matches("export ").starts_with("NTPSERVERS=")) {
        Form::NtpdateDefaults
    } else if lines().any(|line| line.starts_with("NTP=")) {
        Form::NetworkdLease
    } else if starts(&["confdir", "sourcedir", "makestep", "rtcsync"]) {
        Form::Chrony
    } else if starts(&["server", "servers", "pool", "peer", "driftfile", "restrict", "includefile"]) {
        Form::Ntp
    } else {
        Form::StepTickers
    }
}

/// The lines with their numbers, counted from 1.
fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(index, line)| (index + 1, line))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_form_is_known_by_name_or_content() {
        assert_eq!(guess_form("/etc/chrony.conf", ""), Form::Chrony);
        assert_eq!(guess_form("/etc/chrony/conf.d/x.conf", ""), Form::Chrony);
        assert_eq!(guess_form("/run/chrony-dhcp/eth0.sources", ""), Form::Chrony);
        assert_eq!(guess_form("/etc/systemd/timesyncd.conf", ""), Form::Timesyncd);
        assert_eq!(guess_form("/etc/ntpsec/ntp.conf", ""), Form::Ntp);
        assert_eq!(guess_form("/run/ntpsec/ntp.conf.dhcp", ""), Form::Ntp);
        assert_eq!(guess_form("/etc/ntp/step-tickers", "server a"), Form::StepTickers);
        assert_eq!(guess_form("a", "# x\n  pool a.example\n"), Form::Ntp);
        assert_eq!(guess_form("a", "pool a.example\nmakestep 1 3\n"), Form::Chrony);
        assert_eq!(guess_form("a", "[Time]\nNTP=a\n"), Form::Timesyncd);
        assert_eq!(guess_form("a", "export NTPSERVERS=\"a b\"\n"), Form::NtpdateDefaults);
        assert_eq!(guess_form("a", "lease {\n}\n"), Form::DhclientLeases);
        assert_eq!(guess_form("a", "ADDRESS=192.0.2.1\nNTP=192.0.2.2\n"), Form::NetworkdLease);
        assert_eq!(guess_form("a", "a.example\nb.example\n"), Form::StepTickers);
    }
}
