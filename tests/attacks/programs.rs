//! The programs under attack, and what each reports.

use std::fs::File;
use std::io::{Read as _, Seek as _};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use super::task::Task;
use crate::support::netns::Netns;
use crate::support::peers;
use crate::support::require::Cache;

/// A program that still runs then hangs.
pub(crate) const HANGS: Duration = Duration::from_secs(40);
/// What rntpdate may take of memory, KiB of addresses: a flood that it kept would not fit.
const MEMORY: &str = "65536";

/// Which program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Program {
    Rntpdate,
    Chronyd,
    Ntpdig,
    Rkik,
}

/// In the order of the table's columns.
pub(crate) const ALL: [Program; 4] = [Program::Rntpdate, Program::Chronyd, Program::Ntpdig, Program::Rkik];

/// What came of it.
#[derive(Debug)]
pub(crate) struct Report {
    /// The offset that it would set the clock by, in seconds.
    pub(crate) offset: Option<f64>,
    /// How wrong that can be, by its own word, in seconds.
    pub(crate) bound: Option<f64>,
    /// `None`: it had to be killed.
    pub(crate) status: Option<ExitStatus>,
    pub(crate) took: Duration,
    pub(crate) text: String,
}

impl Report {
    /// Whether the program hangs, or a signal ended it (an abort after a panic, a fault).
    pub(crate) fn is_broken(&self) -> bool {
        self.status.is_none_or(|status| status.code().is_none())
    }
}

/// A program that runs.
pub(crate) struct Running {
    program: Program,
    child: Child,
    output: File,
    started: Instant,
}

impl Running {
    /// Without the right to set the clock. `names`: a folder with the resolv.conf to use.
    pub(crate) fn start(program: Program, cache: &Cache, network: &Netns, task: &Task, names: Option<&Path>) -> Self {
        let output = tempfile::tempfile().expect("a temporary file");
        let mut command = program.command(cache, network, &program.arguments(task), names);
        let stream = || Stdio::from(output.try_clone().expect("a second handle"));
        let child = command
            .envs([("TZ", "UTC0"), ("LC_ALL", "C")])
            .stdin(Stdio::null())
            .stdout(stream())
            .stderr(stream())
            .spawn()
            .expect("cannot start a program");
        Self { program, child, output, started: Instant::now() }
    }

    pub(crate) fn is_over(&mut self) -> bool {
        self.child.try_wait().expect("a child's status").is_some() || self.started.elapsed() > HANGS
    }

    /// Waits for its end, and ends it where it hangs.
    pub(crate) fn finish(mut self) -> Report {
        while !self.is_over() {
            std::thread::sleep(Duration::from_millis(5));
        }
        let status = self.child.try_wait().expect("a child's status");
        let took = self.started.elapsed();
        if status.is_none() {
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
        let mut text = String::new();
        let read = self.output.rewind().and_then(|()| self.output.read_to_string(&mut text));
        read.unwrap_or_else(|error| panic!("{:?} printed what is no text: {error}", self.program));
        let (offset, bound) = self.program.found(&text);
        Report { offset, bound, status, took, text }
    }
}

impl Program {
    pub(crate) fn label(self) -> &'static str {
        match self {
            Program::Rntpdate => "rntpdate",
            Program::Chronyd => "chronyd -Q",
            Program::Ntpdig => "ntpdig",
            Program::Rkik => "rkik",
        }
    }

    fn command(self, cache: &Cache, network: &Netns, arguments: &[String], names: Option<&Path>) -> Command {
        let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
        match self {
            Program::Chronyd | Program::Ntpdig => {
                // The folder for temporary files is the tree's /srv.
                let folder = names.and_then(Path::file_name).map(|name| format!("/srv/{}/etc", name.display()));
                let script = r#"busybox mount --bind "$0" /etc || exit; exec "$@""#;
                let mount = folder.iter().flat_map(|folder| ["sh", "-c", script, folder]);
                peers::client(cache, network, &mount.chain(words).collect::<Vec<_>>())
            }
            Program::Rntpdate | Program::Rkik => {
                let program = if self == Program::Rntpdate { rntpdate() } else { rkik(cache) };
                let mut command = network.command("unshare");
                let script = match names {
                    Some(_) => {
                        r#"mount --bind "$1" /etc/resolv.conf && mount -t tmpfs tmpfs /run || exit; ulimit -v "$2"; shift 2; exec "$@""#
                    }
                    None => r#"shift; mount -t tmpfs tmpfs /run || exit; ulimit -v "$1"; shift; exec "$@""#,
                };
                let memory = if self == Program::Rntpdate && names.is_none() { MEMORY } else { "unlimited" };
                command.args(["--mount", "sh", "-c", script, "sh"]);
                command.arg(names.map_or_else(PathBuf::new, |folder| folder.join("resolv.conf")));
                command.arg(memory).arg(program).args(words);
                command
            }
        }
    }

    fn arguments(self, task: &Task) -> Vec<String> {
        let samples = task.samples.to_string();
        let mut words: Vec<String> = match self {
            Program::Rntpdate => {
                let mut words: Vec<String> = vec!["--json".into(), "-p".into(), samples];
                words.extend((!task.sets).then(|| "-q".into()));
                words.extend(task.accuracy.map(|seconds| format!("--accuracy={seconds}")));
                words.extend(task.least.filter(|_| knows_least()).map(|least| format!("--min-servers={least}")));
                words
            }
            Program::Chronyd => {
                // Its time-out counts from the start.
                let all = (f64::from(task.samples) * (task.interval.unwrap_or(0.1) + task.patience)).clamp(12.0, 30.0);
                ["chronyd", "-Q", "-u", "root", "-t"]
                    .iter()
                    .map(ToString::to_string)
                    .chain([format!("{all:.0}")])
                    .chain(task.least.map(|least| format!("minsources {least}")))
                    .collect()
            }
            Program::Ntpdig => vec!["ntpdig".into(), "-p".into(), samples, "-t".into(), task.patience.to_string()],
            Program::Rkik => {
                vec!["ntp".into(), "--count".into(), samples, "--timeout".into(), task.patience.to_string()]
            }
        };
        if self == Program::Rntpdate {
            words.extend(["-t".into(), task.patience.to_string()]);
            words.extend(task.interval.map(|interval| format!("--interval={interval}")));
        }
        if self == Program::Ntpdig {
            words.extend(task.interval.iter().flat_map(|interval| ["-g".into(), (interval * 1000.0).to_string()]));
        }
        if let Some(file) = &task.nts {
            words.extend(self.by_nts(file));
        }
        for server in &task.servers {
            words.push(match self {
                Program::Chronyd if task.nts.is_some() => format!("server {server} nts iburst"),
                // As its manual has it for a single correction; two seconds apart.
                Program::Chronyd => format!("server {server} iburst"),
                _ => server.clone(),
            });
        }
        words
    }

    /// What has it ask by NTS, with these authorities.
    fn by_nts(self, file: &Path) -> Vec<String> {
        match self {
            Program::Chronyd => {
                // The folder for temporary files is the tree's /srv.
                let inside = file.strip_prefix(std::env::temp_dir()).expect("a temporary file").display();
                vec!["nosystemcert".into(), "cmdport 0".into(), format!("ntstrustedcerts /srv/{inside}")]
            }
            _ => {
                let folder = file.with_file_name("nts");
                let words = ["--nts-ca", &file.display().to_string(), "--nts-dir", &folder.display().to_string()];
                ["--nts"].into_iter().chain(words).map(str::to_owned).collect()
            }
        }
    }

    /// The offset and its bound.
    fn found(self, text: &str) -> (Option<f64>, Option<f64>) {
        match self {
            Program::Rntpdate => {
                let object = text.lines().rev().find(|line| line.starts_with('{')).unwrap_or_default();
                let object: serde_json::Value = serde_json::from_str(object).unwrap_or_default();
                let estimate = &object["estimate"];
                (estimate["offset"].as_f64(), estimate["root_distance"].as_f64())
            }
            Program::Chronyd => (after_last(text, "System clock wrong by "), None),
            Program::Ntpdig => (after_last(text, "(+0000) "), after_last(text, "+/- ")),
            Program::Rkik => {
                let found = ["Clock Offset: ", ": avg ", ", avg: "].iter().find_map(|words| after_last(text, words));
                (found.map(|milliseconds| milliseconds / 1000.0), None)
            }
        }
    }
}

fn rntpdate() -> PathBuf {
    std::env::var_os("RNTPDATE").map_or_else(|| env!("CARGO_BIN_EXE_rntpdate").into(), PathBuf::from)
}

/// The table is also made for editions that lack the option: their runs go without.
fn knows_least() -> bool {
    static KNOWN: OnceLock<bool> = OnceLock::new();
    *KNOWN.get_or_init(|| {
        let help = Command::new(rntpdate()).arg("--help").output().expect("cannot start rntpdate");
        String::from_utf8_lossy(&help.stdout).contains("--min-servers")
    })
}

/// Where tests/bench/run builds it.
pub(crate) fn rkik(cache: &Cache) -> PathBuf {
    cache.path("rkik-2.2.4/bin/rkik")
}

/// The number that follows the last occurrence of `words`.
fn after_last(text: &str, words: &str) -> Option<f64> {
    let (_, rest) = text.rsplit_once(words)?;
    let end = rest.find(|c: char| !matches!(c, '+' | '-' | '.' | '0'..='9')).unwrap_or(rest.len());
    rest[..end].parse().ok()
}
