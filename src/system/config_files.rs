//! Which configuration files of time services there are on this machine, and the servers that they name.

mod reading;
mod sources;

use std::fmt;
use std::path::{Path, PathBuf};

use crate::config::{Form, Server, guess_form, parse};

use reading::Reading;

/// A file, or a file and all that it refers to, that configures a time service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Found {
    /// The file to name to a user: the main one.
    pub file: PathBuf,
    /// What it is.
    pub form: Form,
    /// The servers that it names, in their order, each once.
    pub servers: Vec<Server>,
    /// The least number of servers that have to agree, where a line demands one; of several lines the last that is read.
    pub min_servers: Option<u32>,
    /// Lines and files that could not be understood or read.
    pub faults: Vec<FileFault>,
    /// What it asks for and does not get, such as options for ntpdate.
    pub notes: Vec<String>,
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
    sources::all(root)
}

/// The file that the user names, of whatever form. Fails where it cannot be read.
pub fn named(file: &Path) -> Result<Found, FileFault> {
    let absolute = std::path::absolute(file);
    let file = absolute.as_deref().unwrap_or(file);
    let mut reading = Reading::new(Path::new("/"));
    let text = reading.text(file)?;
    let form = guess_form(&file.to_string_lossy(), &text);
    let parsed = parse(form, &text);
    reading.take_in(file, form, parsed);
    Ok(reading.found(file, form))
}
