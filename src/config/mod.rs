//! From the text of a configuration file to the time servers that it names. Pure: nothing is read, nothing is executed.
//!
//! One module for each form. What a form allows besides servers is passed over; a line that names a server and cannot be
//! understood is a fault of that line, and the others still count.
#![forbid(unsafe_code)]

mod chrony;
mod dhclient;
mod guess;
pub mod keys;
mod networkd;
mod ntp;
mod ntpd_rs;
mod openntpd;
mod server;
mod shell;
mod step_tickers;
mod sysconfig;
mod timemaster;
mod timesyncd;
mod uci;
mod words;

pub use dhclient::{Lease, Leases, leases};
pub use guess::guess_form;
pub use networkd::{LinkState, link_state, takes_servers_of_dhcp};
pub use server::{Proof, Server};
pub use shell::{NtpdateDefaults, ntpdate_defaults};
pub use sysconfig::{Sysconfig, sysconfig};
pub use timesyncd::TimesyncdServers;

/// The forms that are understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// ntpd's ntp.conf, of ntp.org and NTPsec.
    Ntp,
    /// OpenNTPD's ntpd.conf.
    OpenNtpd,
    /// ntpd-rs's ntp.toml.
    NtpdRs,
    /// chronyd's chrony.conf, and its .sources files.
    Chrony,
    /// systemd-timesyncd's timesyncd.conf and its drop-ins.
    Timesyncd,
    /// networkd's .network files.
    Network,
    /// timemaster.conf of linuxptp.
    Timemaster,
    /// /etc/default/ntpdate: variables of the shell.
    NtpdateDefaults,
    /// /etc/sysconfig/ntpdate, /etc/conf.d/ntp-client and the like: variables of the shell with servers or options.
    Sysconfig,
    /// OpenWrt's /etc/config/system and the files of its packages.
    Uci,
    /// /etc/ntp/step-tickers: one server on a line.
    StepTickers,
    /// What networkd, and NetworkManager's own client, keep of a DHCP lease; and networkd's state of a link.
    NetworkdLease,
    /// dhclient's leases, for IPv4 and IPv6.
    DhclientLeases,
}

/// What a line is, as far as it matters here.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Item {
    /// A server.
    Server(Server),
    /// Other files to read in this place.
    Include(Include),
    /// The same, where they have another form than the file.
    IncludeAs(Form, Include),
    /// The least number of servers that have to agree, 1 or more, until another line says otherwise.
    MinServers(u32),
    /// Whether servers that prove nothing are not to be believed: the line that demands it, counted from 1; nothing where a
    /// line allows them again.
    OnlyProven(Option<usize>),
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

    /// A word that is none of those that are known in its place.
    fn unknown(&mut self, line: usize, word: &str, what: &str, known: &[&str]) {
        let text = words::unknown(word, what, known, self.faults.len());
        self.fault(line, text);
    }

    fn unknown_options(&mut self, line: usize, options: &words::Options<'_>) {
        options.fault.iter().for_each(|text| self.fault(line, text.as_str()));
    }

    /// The servers alone.
    pub fn servers(&self) -> impl Iterator<Item = &Server> {
        self.items.iter().filter_map(|item| match item {
            Item::Server(server) => Some(server),
            Item::Include(_) | Item::IncludeAs(..) | Item::MinServers(_) | Item::OnlyProven(_) => None,
        })
    }
}

/// Reads a text in one of the forms whose files stand for themselves: the variables of [`Form::NtpdateDefaults`] give
/// `NTPSERVERS` only, [`Form::Timesyncd`] gives `NTP=` or else `FallbackNTP=`, and of [`Form::DhclientLeases`] the newest lease
/// of each interface counts, whether or not it has expired.
pub fn parse(form: Form, text: &str) -> Parsed {
    match form {
        Form::Ntp => ntp::parse(text),
        Form::OpenNtpd => openntpd::parse(text),
        Form::NtpdRs => ntpd_rs::parse(text),
        Form::Chrony => chrony::parse(text),
        Form::Timemaster => timemaster::parse(text),
        Form::Sysconfig => sysconfig("", text).parsed,
        Form::Uci => uci::parse(text),
        Form::StepTickers => step_tickers::parse(text),
        Form::NetworkdLease => link_state(text).parsed,
        Form::DhclientLeases => {
            let Leases { newest, faults } = leases(text);
            let servers = newest.into_iter().flat_map(|lease| lease.servers);
            Parsed { items: servers.map(Item::Server).collect(), faults }
        }
        Form::Network => timesyncd::network(text),
        Form::NtpdateDefaults => {
            let defaults = ntpdate_defaults(text);
            Parsed { items: defaults.servers.into_iter().map(Item::Server).collect(), faults: defaults.faults }
        }
        Form::Timesyncd => {
            let mut servers = TimesyncdServers::default();
            let faults = servers.read(0, text);
            let chosen = servers.chosen().iter().map(|(_, server)| Item::Server(server.clone()));
            Parsed { items: chosen.collect(), faults }
        }
    }
}

/// The lines with their numbers, counted from 1.
fn numbered(text: &str) -> impl Iterator<Item = (usize, &str)> {
    text.lines().enumerate().map(|(index, line)| (index + 1, line))
}

/// The lines as they are meant, each with the number of its first: a backslash at the end has the next one go on with it.
fn continued(text: &str) -> Vec<(usize, String)> {
    let mut lines: Vec<(usize, String)> = Vec::new();
    let mut goes_on = false;
    for (number, line) in numbered(text) {
        let (content, continued) = line.strip_suffix('\\').map_or((line, false), |content| (content, true));
        match lines.last_mut() {
            Some((_, last)) if goes_on => {
                last.push(' ');
                last.push_str(content);
            }
            _ => lines.push((number, content.to_owned())),
        }
        goes_on = continued;
    }
    lines
}
