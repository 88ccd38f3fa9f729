//! What the text of a file says.

use super::server::Server;
use super::words;

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
    /// The file that has the keys of all servers; of several the last counts.
    KeyFile(String),
    /// Whether servers that prove nothing are not to be believed: the line that demands it, counted from 1; nothing where a
    /// line allows them again.
    OnlyProven(Option<usize>),
    /// Authorities for the certificates of NTS servers: this file or folder belongs to the set with this number. Set 0 is that of
    /// servers that name none.
    Authorities(u32, String),
    /// The system's own authorities do not belong to set 0.
    NoSystemAuthorities,
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
    pub(super) fn server(&mut self, line: usize, server: Result<Server, String>) {
        match server {
            Ok(server) => self.items.push(Item::Server(server)),
            Err(text) => self.fault(line, text),
        }
    }

    pub(super) fn fault(&mut self, line: usize, text: impl Into<String>) {
        self.faults.push(LineFault { line, text: text.into() });
    }

    /// Takes in the least number of servers that have to agree, as `word` has it; 0 demands what 1 does.
    pub(super) fn min_servers(&mut self, line: usize, directive: &str, word: Option<&str>) {
        match word.map(str::parse::<u32>) {
            Some(Ok(number)) => self.items.push(Item::MinServers(number.max(1))),
            Some(Err(_)) | None => self.fault(line, format!("{directive} needs a number of servers")),
        }
    }

    /// Takes in the file of keys that `word` names.
    pub(super) fn key_file(&mut self, line: usize, directive: &str, word: Option<&str>) {
        match word.map(|word| word.trim_matches('"')).filter(|word| !word.is_empty()) {
            Some(path) => self.items.push(Item::KeyFile(path.to_owned())),
            None => self.fault(line, format!("{directive} needs a path")),
        }
    }

    /// A word that is none of those that are known in its place.
    pub(super) fn unknown(&mut self, line: usize, word: &str, what: &str, known: &[&str]) {
        let text = words::unknown(word, what, known, self.faults.len());
        self.fault(line, text);
    }

    pub(super) fn unknown_options(&mut self, line: usize, options: &words::Options<'_>) {
        options.fault.iter().for_each(|text| self.fault(line, text.as_str()));
    }

    /// The servers alone.
    pub fn servers(&self) -> impl Iterator<Item = &Server> {
        self.items.iter().filter_map(|item| match item {
            Item::Server(server) => Some(server),
            Item::Include(_)
            | Item::IncludeAs(..)
            | Item::MinServers(_)
            | Item::KeyFile(_)
            | Item::OnlyProven(_)
            | Item::Authorities(..)
            | Item::NoSystemAuthorities => None,
        })
    }
}
