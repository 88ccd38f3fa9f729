//! Reading files and what they include, with bounds.

use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use super::{FileFault, Found};
use crate::config::{Form, Include, Item, LineFault, Parsed, Server, parse};

/// No configuration of servers is longer.
const MAX_BYTES: u64 = 1 << 20;
/// How deep files may include each other, as chronyd has it.
const MAX_DEPTH: usize = 10;
/// How many files one configuration may consist of.
const MAX_FILES: usize = 500;
/// More servers than a run asks are of no use.
const MAX_SERVERS: usize = 256;

/// So much of what is wrong is told, and so long: a file may be anything.
const MAX_FAULTS: usize = 20;
const MAX_FAULT_CHARS: usize = 200;

/// One configuration while it is read.
pub(super) struct Reading<'a> {
    root: &'a Path,
    depth: usize,
    files: usize,
    servers: Vec<Server>,
    min_servers: Option<u32>,
    faults: Vec<FileFault>,
    faults_left_out: usize,
}

impl<'a> Reading<'a> {
    /// Paths in the files are taken to be below `root`.
    pub(super) fn new(root: &'a Path) -> Reading<'a> {
        Reading {
            root,
            depth: 0,
            files: 0,
            servers: Vec::new(),
            min_servers: None,
            faults: Vec::new(),
            faults_left_out: 0,
        }
    }

    /// A file's path as the user knows it, below the root.
    pub(super) fn real(&self, file: &Path) -> PathBuf {
        self.root.join(file.strip_prefix("/").unwrap_or(file))
    }

    /// A whole regular file. What is no UTF-8 is replaced, and then shows as a fault of its line.
    pub(super) fn text(&mut self, file: &Path) -> Result<String, FileFault> {
        self.files += 1;
        let fault = |text: String| FileFault { file: file.to_owned(), line: None, text };
        if self.files > MAX_FILES {
            return Err(fault(format!("more than {MAX_FILES} files: not read")));
        }
        // A named pipe in the place of a file must not stop the run.
        let opened = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK).open(self.real(file));
        let file = opened.map_err(|error| fault(reason(&error)))?;
        let metadata = file.metadata().map_err(|error| fault(reason(&error)))?;
        // /dev/null stands for "nothing", where a file is to be masked.
        if metadata.is_dir() || (!metadata.is_file() && metadata.len() > 0) {
            return Err(fault("is not a file".to_owned()));
        }
        let mut bytes = Vec::new();
        file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(|error| fault(reason(&error)))?;
        if bytes.len() as u64 > MAX_BYTES {
            return Err(fault("longer than 1 MiB: not read".to_owned()));
        }
        Ok(String::from_utf8_lossy(&bytes).into_owned())
    }

    /// The text if there is such a file; that it cannot be read is noted.
    pub(super) fn text_if_there(&mut self, file: &Path) -> Option<String> {
        if !self.real(file).exists() {
            return None;
        }
        self.text(file).map_err(|fault| self.note(fault)).ok()
    }

    /// Reads a file in this form, if it is there.
    pub(super) fn read(&mut self, file: &Path, form: Form) -> bool {
        let text = self.text_if_there(file);
        if let Some(text) = &text {
            self.take_in(file, form, parse(form, text));
        }
        text.is_some()
    }

    /// Servers, and the files referred to, in their order.
    pub(super) fn take_in(&mut self, file: &Path, form: Form, parsed: Parsed) {
        self.add_faults(file, parsed.faults);
        for item in parsed.items {
            match item {
                Item::Server(server) => self.add(server),
                Item::MinServers(number) => self.min_servers = Some(number),
                Item::Include(_) if self.depth >= MAX_DEPTH => {
                    let text = format!("more than {MAX_DEPTH} files include each other");
                    self.note(FileFault { file: file.to_owned(), line: None, text });
                }
                Item::Include(include) => {
                    self.depth += 1;
                    self.include(file, form, include);
                    self.depth -= 1;
                }
            }
        }
    }

    pub(super) fn add(&mut self, server: Server) {
        if self.servers.len() < MAX_SERVERS
            && !self.servers.iter().any(|known| known.host == server.host && known.port == server.port)
        {
            self.servers.push(server);
        }
    }

    pub(super) fn add_faults(&mut self, file: &Path, faults: Vec<LineFault>) {
        for fault in faults {
            self.note(FileFault { file: file.to_owned(), line: Some(fault.line), text: fault.text });
        }
    }

    fn note(&mut self, mut fault: FileFault) {
        if self.faults.len() >= MAX_FAULTS {
            self.faults_left_out += 1;
            return;
        }
        if let Some((end, _)) = fault.text.char_indices().nth(MAX_FAULT_CHARS) {
            fault.text.truncate(end);
            fault.text.push_str(" ...");
        }
        self.faults.push(fault);
    }

    fn include(&mut self, from: &Path, form: Form, include: Include) {
        let files = match include {
            Include::Directories(directories, ending) => self.in_directories(&directories, ending),
            Include::Files(pattern) => {
                // ntpd reads a relative name from the including file's directory.
                let pattern = from.parent().unwrap_or(Path::new("/")).join(pattern);
                let files = self.matching(&pattern);
                if files.is_empty() {
                    let text = format!("includes {}, which is not there", pattern.display());
                    self.note(FileFault { file: from.to_owned(), line: None, text });
                }
                files
            }
        };
        for file in files {
            self.read(&file, form);
        }
    }

    /// The files of several directories by name; the earlier directory wins.
    pub(super) fn in_directories(&self, directories: &[String], ending: &str) -> Vec<PathBuf> {
        let mut files = BTreeMap::new();
        for directory in directories {
            for name in self.names(Path::new(directory)) {
                if name.ends_with(ending) && !name.starts_with('.') {
                    let path = Path::new(directory).join(&name);
                    files.entry(name).or_insert(path);
                }
            }
        }
        files.into_values().collect()
    }

    fn names(&self, directory: &Path) -> Vec<String> {
        let entries = fs::read_dir(self.real(directory)).into_iter().flatten().flatten();
        let mut names: Vec<String> =
            entries.filter_map(|entry| entry.file_name().into_string().ok()).take(MAX_FILES).collect();
        names.sort_unstable();
        names
    }

    fn matching(&self, pattern: &Path) -> Vec<PathBuf> {
        if self.real(pattern).is_dir() {
            return self.in_directories(&[pattern.to_string_lossy().into_owned()], ".conf");
        }
        let (Some(directory), Some(last)) = (pattern.parent(), pattern.file_name()) else { return Vec::new() };
        let last = last.to_string_lossy();
        if !last.contains(['*', '?']) {
            return if self.real(pattern).exists() { vec![pattern.to_owned()] } else { Vec::new() };
        }
        let names = self.names(directory).into_iter();
        names.filter(|name| !name.starts_with('.') && fits(&last, name)).map(|name| directory.join(name)).collect()
    }

    /// All that was found, under the name of the main file.
    pub(super) fn found(mut self, file: &Path, form: Form) -> Found {
        if self.faults_left_out > 0 {
            let text = format!("and {} faults more", self.faults_left_out);
            self.faults.push(FileFault { file: file.to_owned(), line: None, text });
        }
        Found {
            file: file.to_owned(),
            form,
            servers: self.servers,
            min_servers: self.min_servers,
            faults: self.faults,
            notes: Vec::new(),
        }
    }

    pub(super) fn has_servers(&self) -> bool {
        !self.servers.is_empty()
    }

    pub(super) fn has_anything(&self) -> bool {
        self.has_servers() || !self.faults.is_empty()
    }
}

fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "there is no such file".to_owned(),
        ErrorKind::PermissionDenied => "may not be read by this user".to_owned(),
        _ => error.to_string(),
    }
}

/// Whether a name fits a pattern in which `*` stands for anything and `?` for one character. Time: pattern × name.
fn fits(pattern: &str, name: &str) -> bool {
    let name: Vec<char> = name.chars().collect();
    // reached[n]: the pattern so far fits the first n characters.
    let mut reached = vec![false; name.len() + 1];
    reached[0] = true;
    for sign in pattern.chars() {
        if sign == '*' {
            let first = reached.iter().position(|fits| *fits).unwrap_or(reached.len());
            reached[first..].fill(true);
        } else {
            for place in (1..reached.len()).rev() {
                reached[place] = reached[place - 1] && (sign == '?' || sign == name[place - 1]);
            }
            reached[0] = false;
        }
    }
    reached[name.len()]
}

#[cfg(test)]
mod tests {
    use super::fits;

    #[test]
    fn patterns() {
        for (pattern, name, yes) in [
            ("*.conf", "a.conf", true),
            ("*.conf", ".conf", true),
            ("*.conf", "a.conf~", false),
            ("ntp?.conf", "ntp1.conf", true),
            ("ntp?.conf", "ntp.conf", false),
            ("a*b*c", "aXbYbc", true),
            ("a*b*c", "aXbYb", false),
            ("*", "", true),
            ("", "a", false),
        ] {
            assert_eq!(fits(pattern, name), yes, "{pattern} {name}");
        }
    }
}
