//! Files that no reader should take in whole: without an end, huge, or without anything for ever. Each program has to get by
//! with little memory, and to end.

use std::fs::{self, File, OpenOptions};
use std::io::{Read as _, Seek as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// What a program may take, KiB of addresses.
const MEMORY: &str = "98304";
/// A run that takes longer hangs.
const HANGS: Duration = Duration::from_secs(20);

const RNTPDATE: &str = env!("CARGO_BIN_EXE_rntpdate");
const RHWCLOCK: &str = env!("CARGO_BIN_EXE_rhwclock");

/// The hostile files.
struct Files {
    folder: tempfile::TempDir,
    /// Keeps the named pipe from ending.
    _writer: File,
}

impl Files {
    fn new() -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        // 4 GiB that take no room on the disk.
        File::create(at("sparse")).and_then(|file| file.set_len(4 << 30)).expect("a sparse file");
        fs::write(at("line"), "server ".repeat(2 << 20)).expect("a file");
        fs::write(at("lines"), "server 127.0.0.1\n".repeat(50_000)).expect("a file");
        // Under every limit of length, and wrong throughout.
        fs::write(at("words"), "\u{1b}[31m".repeat(10_000)).expect("a file");
        fs::write(at("wrong"), "server a:b:[\x07\n".repeat(3_000)).expect("a file");
        fs::write(at("self"), format!("include {0}\ninclude {0}\n", at("self").display())).expect("a file");
        nix::unistd::mkfifo(&at("pipe"), nix::sys::stat::Mode::S_IRWXU).expect("a named pipe");
        let writer = OpenOptions::new()
            .read(true)
            .write(true)
            .custom_flags(libc::O_NONBLOCK)
            .open(at("pipe"))
            .expect("its writing end");
        Self { folder, _writer: writer }
    }

    fn all(&self) -> Vec<PathBuf> {
        let ours = ["sparse", "line", "lines", "words", "wrong", "self", "pipe", "."]
            .map(|name| self.folder.path().join(name));
        ours.into_iter().chain(["/dev/zero".into(), "/dev/null".into()]).collect()
    }
}

/// Runs a program, which sets nothing, to its end; it must end by itself, and by no signal.
fn run(program: &str, options: &[&str], file: &Path) {
    let started = Instant::now();
    let mut complaints = tempfile::tempfile().expect("a file");
    let mut child = Command::new("sh")
        .args(["-c", r#"ulimit -v "$0"; exec "$@""#, MEMORY, program])
        .args(options)
        .arg(file)
        .stdin(Stdio::null())
        .stdout(complaints.try_clone().expect("a file"))
        .stderr(complaints.try_clone().expect("a file"))
        .spawn()
        .expect("a shell");
    let status = loop {
        match child.try_wait().expect("its status") {
            Some(status) => break status,
            None if started.elapsed() > HANGS => {
                let _ = child.kill();
                panic!("{program} hangs at {}", file.display());
            }
            None => std::thread::sleep(Duration::from_millis(10)),
        }
    };
    let mut said = String::new();
    complaints.rewind().and_then(|()| complaints.read_to_string(&mut said)).expect("a file");
    let place = file.display();
    assert!(status.code().is_some() && !said.contains("panicked"), "{program} {options:?} {place}: {status} {said}");
    assert!(said.len() < 10_000, "{program} {place}: {} bytes of complaints", said.len());
    assert!(!said.contains(['\u{1b}', '\u{7}', '\0']), "{program} {place}: control characters");
}

#[test]
fn configurations() {
    let files = Files::new();
    for file in files.all() {
        // The port is closed: what is asked refuses at once.
        run(RNTPDATE, &["-q", "--port", "9", "--from"], &file);
    }
}

#[test]
fn histories() {
    let files = Files::new();
    for file in files.all() {
        run(RNTPDATE, &["--history-show", "--history"], &file);
        run(RNTPDATE, &["-q", "--discipline", "--port", "9", "127.0.0.1", "--drift-file"], &file);
    }
}

#[test]
fn adjustment_files() {
    let files = Files::new();
    for file in files.all() {
        run(RHWCLOCK, &["--predict", "--utc", "--date", "2026-01-01", "--adjfile"], &file);
        run(RNTPDATE, &["-q", "-w", "--port", "9", "127.0.0.1", "--adjfile"], &file);
    }
}
