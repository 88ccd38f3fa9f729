//! Which configuration files of time services there are on this machine, and the servers that they name.

mod dhcp;
mod ntpdate;
mod reading;
mod sources;
mod systemd;

use std::fmt;
use std::path::{Path, PathBuf};

use super::{Clock as _, SystemClock};
use crate::config::{Form, Server, guess_form, parse};

use reading::Reading;

/// What the forms are that a user may name, for a message.
const FORMS: &str = "ntp.conf, chrony.conf, timesyncd.conf, .network files, ntp.toml, OpenNTPD's ntpd.conf, timemaster.conf, OpenWrt's \
                     /etc/config/system, variables as in /etc/default/ntpdate and /etc/sysconfig, DHCP leases, or a list with one full name \
                     or address on a line";

/// A file, or a file and all that it refers to, that configures a time service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The main file, and of several of the same rank the first that names a server.
    pub file: PathBuf,
    /// What it is.
    pub form: Form,
    /// The servers that it names, in their order, each once.
    pub servers: Vec<Server>,
    /// For each of the servers the file that names it.
    pub files: Vec<PathBuf>,
    /// The least number of servers that have to agree, where a line demands one; of several lines the last that is read.
    pub min_servers: Option<u32>,
    /// The file and line that wants no server to be believed that proves nothing.
    pub only_proven: Option<(PathBuf, usize)>,
    /// Lines and files that could not be understood or read.
    pub faults: Vec<FileFault>,
    /// What it asks for and does not get, such as options for ntpdate.
    pub notes: Vec<String>,
    /// What was passed over, and why: leases that are over.
    pub passed_over: Vec<String>,
}

/// Something wrong in a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileFault {
    /// The file.
    pub file: PathBuf,
    /// Counted from 1; none where it is the file as a whole.
    pub line: Option<usize>,
    /// What is wrong.
    pub text: String,
}

impl fmt::Display for FileFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.line {
            Some(line) => write!(f, "{}:{line}: {}", self.file.display(), self.text),
            None => write!(f, "{}: {}", self.file.display(), self.text),
        }
    }
}

/// All that exist, in the order in which they are asked for servers: the first with any is used.
pub fn configured() -> Vec<Found> {
    configured_under(Path::new("/"))
}

/// The same below another root directory.
pub fn configured_under(root: &Path) -> Vec<Found> {
    sources::all(root, now())
}

/// By this machine's clock, in seconds since 1970: leases that are over by then do not count.
fn now() -> i64 {
    SystemClock.now().real.to_unix().0
}

/// The file that the user names, of whatever form. Fails where it cannot be read, and where it is of none that is known.
pub fn named(file: &Path) -> Result<Found, FileFault> {
    let absolute = std::path::absolute(file);
    let file = absolute.as_deref().unwrap_or(file);
    let mut reading = Reading::new(Path::new("/"));
    let text = reading.text(file)?;
    let form = guess_form(&file.to_string_lossy(), &text).map_err(|looks_like| {
        let text =
            format!("this looks like {looks_like}, and not like a file that names time servers: those are {FORMS}");
        FileFault { file: file.to_owned(), line: None, text }
    })?;
    match form {
        Form::NtpdateDefaults => return Ok(ntpdate::defaults(reading, file, &text, None)),
        Form::Sysconfig => ntpdate::sysconfig(&mut reading, file, &text),
        Form::DhclientLeases => dhcp::take_in(&mut reading, &[(file.to_owned(), text)], now()),
        _ => reading.take_in(file, form, parse(form, &text)),
    }
    Ok(reading.found(file, form))
}
