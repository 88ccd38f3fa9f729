//! Reading files and what they include, with bounds.

use crate::plural::{counted, verb};
use std::collections::BTreeMap;
use std::fs::{self, OpenOptions};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::{FileTypeExt, OpenOptionsExt, PermissionsExt};
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
/// The mode of a file that everybody may read.
const ALL_MAY_READ: u32 = 0o004;

/// One configuration while it is read.
pub(super) struct Reading<'a> {
    root: &'a Path,
    depth: usize,
    files: usize,
    /// The servers, each with the file that names it.
    servers: Vec<(Server, PathBuf)>,
    /// With the file that demands it.
    min_servers: Option<(u32, PathBuf)>,
    only_proven: Option<(PathBuf, usize)>,
    key_file: Option<PathBuf>,
    authorities: Vec<(u32, PathBuf)>,
    no_system_authorities: bool,
    faults: Vec<FileFault>,
    notes: Vec<String>,
    passed_over: Vec<String>,
    faults_left_out: usize,
    /// Files whose text is not to be shown to those who may not read them and have this program do it.
    private: Vec<PathBuf>,
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
            only_proven: None,
            key_file: None,
            authorities: Vec::new(),
            no_system_authorities: false,
            faults: Vec::new(),
            notes: Vec::new(),
            passed_over: Vec::new(),
            faults_left_out: 0,
            private: Vec::new(),
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
        let opened = opened.map_err(|error| fault(reason(&error)))?;
        let metadata = opened.metadata().map_err(|error| fault(reason(&error)))?;
        // /dev/null stands for "nothing", where a file is to be masked.
        if !metadata.is_file() && !metadata.file_type().is_char_device() {
            return Err(fault("is not a file".to_owned()));
        }
        let mut bytes = Vec::new();
        opened.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(|error| fault(reason(&error)))?;
        if bytes.len() as u64 > MAX_BYTES {
            return Err(fault("longer than 1 MiB: not read".to_owned()));
        }
        if metadata.permissions().mode() & ALL_MAY_READ == 0 {
            self.private.push(file.to_owned());
        }
        let text = String::from_utf8_lossy(&bytes);
        // Editors of another system begin a file with this mark.
        Ok(text.trim_start_matches('\u{feff}').to_owned())
    }

    /// The text if there is such a file; that it cannot be read is noted.
    pub(super) fn text_if_there(&mut self, file: &Path) -> Option<String> {
        if !self.real(file).exists() {
            return None;
        }
        self.text(file).map_err(|fault| self.fault(fault)).ok()
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
                Item::Server(server) => self.add(server, file),
                Item::MinServers(number) => self.min_servers = Some((number, file.to_owned())),
                Item::KeyFile(path) => self.key_file = Some(self.real(&beside(file, &path))),
                Item::Authorities(set, path) => {
                    let path = self.real(&beside(file, &path));
                    self.authorities.push((set, path));
                }
                Item::NoSystemAuthorities => self.no_system_authorities = true,
                Item::OnlyProven(line) => self.only_proven = line.map(|line| (file.to_owned(), line)),
                Item::Include(include) => self.include(file, form, include),
                Item::IncludeAs(form, include) => self.include(file, form, include),
            }
        }
    }

    /// A server that this file names. One that is known keeps what it was to be asked by, and has to prove itself if any line
    /// wants it to.
    pub(super) fn add(&mut self, server: Server, file: &Path) {
        let is_same = |known: &Server| known.host == server.host && known.port == server.port;
        let has_room = self.servers.len() < MAX_SERVERS;
        match self.servers.iter_mut().find(|(known, _)| is_same(known)) {
            Some((known, _)) => known.proof = known.proof.take().or(server.proof),
            None if has_room => self.servers.push((server, file.to_owned())),
            None => self.tell_too_many(file),
        }
    }

    /// Says once that servers are left out.
    fn tell_too_many(&mut self, file: &Path) {
        let text = format!(
            "more than {MAX_SERVERS} servers are named: the others are not asked (--fleet looks at many clocks)"
        );
        if !self.faults.iter().any(|fault| fault.text == text) {
            self.fault(FileFault { file: file.to_owned(), line: None, text });
        }
    }

    /// What does not count, and why.
    pub(super) fn pass_over(&mut self, text: String) {
        self.passed_over.push(text);
    }

    /// Notes that the options in a variable of a file are not applied.
    pub(super) fn note_options(&mut self, file: &Path, name: &str, options: &str) {
        let options = if self.is_private(file) { String::new() } else { format!(": {options}") };
        self.notes.push(format!("{name} in {} is not applied{options}", file.display()));
    }

    fn is_private(&self, file: &Path) -> bool {
        self.private.iter().any(|private| private == file)
    }

    pub(super) fn add_faults(&mut self, file: &Path, faults: Vec<LineFault>) {
        for fault in faults {
            self.fault(FileFault { file: file.to_owned(), line: Some(fault.line), text: fault.text });
        }
    }

    fn fault(&mut self, mut fault: FileFault) {
        if self.faults.len() >= MAX_FAULTS {
            self.faults_left_out += 1;
            return;
        }
        if fault.line.is_some() && self.is_private(&fault.file) {
            fault.text =
                "this line is not understood; its text is not shown, as not everybody may read the file".to_owned();
        }
        if let Some((end, _)) = fault.text.char_indices().nth(MAX_FAULT_CHARS) {
            fault.text.truncate(end);
            fault.text.push_str(" ...");
        }
        self.faults.push(fault);
    }

    fn include(&mut self, from: &Path, form: Form, include: Include) {
        if self.depth >= MAX_DEPTH {
            let text = format!("more than {MAX_DEPTH} files include each other");
            return self.fault(FileFault { file: from.to_owned(), line: None, text });
        }
        let files = match include {
            Include::Directories(directories, ending) => self.in_directories(&directories, ending),
            Include::Files(pattern) => {
                // ntpd reads a relative name from the including file's directory.
                let pattern = beside(from, &pattern);
                let (files, is_pattern) = self.matching(&pattern);
                // The daemons miss a file that is named, and nothing where a pattern fits none.
                if files.is_empty() && !is_pattern {
                    let text = format!("includes {}, which is not there", pattern.display());
                    self.fault(FileFault { file: from.to_owned(), line: None, text });
                }
                files
            }
        };
        self.depth += 1;
        for file in files {
            self.read(&file, form);
        }
        self.depth -= 1;
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

    /// The files that a path stands for, and whether it may stand for none: a pattern (glob(7)), or a directory.
    fn matching(&self, path: &Path) -> (Vec<PathBuf>, bool) {
        if self.real(path).is_dir() {
            return (self.in_directories(&[path.to_string_lossy().into_owned()], ".conf"), true);
        }
        let text = path.to_string_lossy();
        if !text.contains(['*', '?', '[']) {
            return (self.real(path).exists().then(|| path.to_owned()).into_iter().collect(), false);
        }
        // `**` would be all directories below, and is no more than `*` to the daemons.
        let mut pattern = text.trim_start_matches('/').to_owned();
        while pattern.contains("**") {
            pattern = pattern.replace("**", "*");
        }
        let root = glob::Pattern::escape(&self.root.to_string_lossy());
        let options = glob::MatchOptions { require_literal_leading_dot: true, ..glob::MatchOptions::new() };
        let found = glob::glob_with(&format!("{}/{pattern}", root.trim_end_matches('/')), options);
        let files = found.into_iter().flatten().flatten().take(MAX_FILES);
        let below_root = |file: PathBuf| Some(Path::new("/").join(file.strip_prefix(self.root).ok()?));
        (files.filter_map(below_root).collect(), true)
    }

    /// The configuration that was found, under the name of the main file.
    pub(super) fn found(mut self, file: &Path, form: Form) -> Found {
        if self.faults_left_out > 0 {
            let text = format!("and {} more", counted(self.faults_left_out, "fault"));
            self.faults.push(FileFault { file: file.to_owned(), line: None, text });
        }
        if let Some((number, demanding)) = &self.min_servers {
            let (number, file) = (usize::try_from(*number).unwrap_or(usize::MAX), demanding.display());
            let agree = verb(number, "agrees", "agree");
            self.notes.push(format!("{file} demands {} that {agree}", counted(number, "server")));
        }
        let (servers, files) = self.servers.into_iter().unzip();
        Found {
            file: file.to_owned(),
            form,
            servers,
            files,
            min_servers: self.min_servers.map(|(number, _)| number),
            only_proven: self.only_proven,
            key_file: self.key_file,
            authorities: self.authorities,
            no_system_authorities: self.no_system_authorities,
            faults: self.faults,
            notes: self.notes,
            passed_over: self.passed_over,
        }
    }

    /// The file that names the first of the servers.
    pub(super) fn first_file(&self) -> Option<&Path> {
        self.servers.first().map(|(_, file)| file.as_path())
    }

    pub(super) fn has_servers(&self) -> bool {
        !self.servers.is_empty()
    }

    pub(super) fn has_anything(&self) -> bool {
        self.has_servers() || !self.faults.is_empty()
    }
}

/// A path that a file names; a relative one begins at the file's folder.
fn beside(file: &Path, path: &str) -> PathBuf {
    file.parent().unwrap_or(Path::new("/")).join(path)
}

fn reason(error: &std::io::Error) -> String {
    match error.kind() {
        ErrorKind::NotFound => "there is no such file".to_owned(),
        ErrorKind::PermissionDenied => "may not be read by this user".to_owned(),
        _ => error.to_string(),
    }
}
