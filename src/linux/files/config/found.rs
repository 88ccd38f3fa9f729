//! What was found in configuration files.

use std::fmt;
use std::path::PathBuf;

use crate::config::{Form, Server};

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
    /// The file that has the keys of the servers, where a line names one.
    pub key_file: Option<PathBuf>,
    /// Files and folders with authorities for NTS, each with the number of its set.
    pub authorities: Vec<(u32, PathBuf)>,
    /// The system's own authorities do not belong to set 0.
    pub no_system_authorities: bool,
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
