//! The programs compared, their command lines, and the offset each reports.

use super::servers::{AUTHORITY, DEAD, GOOD, SILENT};
use std::path::PathBuf;

/// Where the programs are.
#[derive(Default)]
pub(crate) struct Paths {
    /// The tree of unpacked Debian packages, with chronyd and ntpdig.
    pub(crate) root: PathBuf,
    pub(crate) rntpdate: PathBuf,
    pub(crate) rkik: PathBuf,
}

/// One command line.
pub(crate) struct Program {
    pub(crate) label: String,
    pub(crate) kind: Kind,
    pub(crate) arguments: Vec<String>,
    /// Whether the program sets the clock, or would, had it the right: to fail at that is its success here.
    pub(crate) sets: bool,
}

/// Which program it is.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Kind {
    Rntpdate,
    Chronyd,
    Ntpdig,
    Rkik,
}

/// A set of servers and a number of samples.
pub(crate) struct Scenario {
    /// For the command line.
    pub(crate) name: &'static str,
    pub(crate) text: &'static str,
    servers: &'static [&'static str],
    samples: u8,
    /// The clock is to be set, as far as that goes: without the right to it a run ends with the attempt.
    sets: bool,
    /// By Network Time Security.
    nts: bool,
    /// The number of runs is divided by this: some peers wait for many seconds here.
    pub(crate) thinning: usize,
}

/// The dead and the silent server come first: a program that asks one after another waits there.
pub(crate) const SCENARIOS: [Scenario; 9] = [
    Scenario { servers: &[GOOD[0]], ..query("one", "one good server, one sample") },
    query("three", "three good servers, one sample each"),
    Scenario { servers: &[DEAD, GOOD[1], GOOD[2]], ..query("dead", "two good servers and a closed port (refused)") },
    Scenario {
        servers: &[SILENT, GOOD[1], GOOD[2]],
        thinning: 4,
        ..query("silent", "two good servers and one that never answers")
    },
    Scenario { servers: &[GOOD[0]], samples: 4, ..query("four", "one good server, four samples") },
    Scenario { sets: true, ..query("set", "three good servers, the clock set (dry clock)") },
    Scenario {
        sets: true,
        servers: &[SILENT, GOOD[1], GOOD[2]],
        ..query("set-silent", "two and a silent one, the clock set (dry clock)")
    },
    Scenario {
        servers: &[GOOD[0]],
        nts: true,
        thinning: 4,
        ..query("nts", "NTS: one good server, keys exchanged, one sample")
    },
    Scenario {
        servers: &[GOOD[0]],
        samples: 4,
        sets: true,
        nts: true,
        thinning: 4,
        ..query(
            "nts-set",
            "NTS: one good server, four samples, with cookies of the run before, the clock set (dry clock)",
        )
    },
];

/// Three good servers are asked once each.
const fn query(name: &'static str, text: &'static str) -> Scenario {
    Scenario { name, text, servers: &GOOD, samples: 1, sets: false, nts: false, thinning: 1 }
}

impl Kind {
    /// The program's file as the runner finds it: in the unpacked tree for Debian's, else on this machine.
    pub(crate) fn file(self, paths: &Paths) -> PathBuf {
        match self {
            Kind::Rntpdate => paths.rntpdate.clone(),
            Kind::Chronyd => "/usr/sbin/chronyd".into(),
            Kind::Ntpdig => "/usr/bin/ntpdig".into(),
            Kind::Rkik => paths.rkik.clone(),
        }
    }

    /// Whether it runs with the unpacked tree as its root directory.
    pub(crate) fn in_tree(self) -> bool {
        matches!(self, Kind::Chronyd | Kind::Ntpdig)
    }

    /// The offset it reports, in seconds; `None` when it reports none.
    pub(crate) fn offset(self, output: &str) -> Option<f64> {
        match self {
            Kind::Rntpdate => after_last(output, "offset "),
            Kind::Chronyd => after_last(output, "System clock wrong by "),
            Kind::Ntpdig => after_last(output, "(+0000) "),
            Kind::Rkik => ["Clock Offset: ", ": avg ", ", avg: "]
                .iter()
                .find_map(|words| after_last(output, words))
                .map(|milliseconds| milliseconds / 1000.0),
        }
    }
}

/// The number that follows the last occurrence of `words`.
fn after_last(output: &str, words: &str) -> Option<f64> {
    let (_, rest) = output.rsplit_once(words)?;
    let end = rest.find(|c: char| !matches!(c, '+' | '-' | '.' | '0'..='9')).unwrap_or(rest.len());
    rest[..end].parse().ok()
}

/// The command lines of all programs for one scenario.
pub(crate) fn of(scenario: &Scenario, paths: &Paths) -> Vec<Program> {
    let servers = scenario.servers;
    let samples = scenario.samples;
    if scenario.nts {
        return by_nts(scenario, paths);
    }
    if scenario.sets {
        // -v prints the offset that is not set. chronyd -Q does all but set it.
        let rntpdate = program("rntpdate", Kind::Rntpdate, &["-v", "-p", &samples.to_string()], servers);
        let options = format!("iburst maxsamples {samples}");
        return vec![Program { sets: true, ..rntpdate }, chronyd("chronyd -Q", servers, &options)];
    }
    let mut programs = vec![
        program("rntpdate -q", Kind::Rntpdate, &["-q", "-p", &samples.to_string()], servers),
        chronyd("chronyd -Q", servers, &format!("iburst maxsamples {samples}")),
        program("ntpdig", Kind::Ntpdig, &["-p", &samples.to_string()], servers),
        match servers.len() {
            1 => program("rkik ntp", Kind::Rkik, &["ntp", "--count", &samples.to_string()], servers),
            _ => program("rkik compare", Kind::Rkik, &["compare"], servers),
        },
    ];
    if samples > 1 {
        // Two seconds apart by default; this is what its manual allows on a LAN.
        let quick = format!("iburst maxsamples {samples} minpoll -4 maxpoll -4");
        programs.insert(2, chronyd("chronyd -Q minpoll -4", servers, &quick));
    }
    programs
}

/// The same by NTS, and a run without beside it. Where the clock is set, both programs have cookies of the run before.
fn by_nts(scenario: &Scenario, paths: &Paths) -> Vec<Program> {
    let (servers, samples) = (scenario.servers, scenario.samples.to_string());
    let below = |file: &str| paths.root.join(file.trim_start_matches('/')).display().to_string();
    let (ca, cookies) = (below(AUTHORITY), below("/run/cookies"));
    let nts = ["--nts", "--nts-ca", &ca];
    let mode = if scenario.sets { "-v" } else { "-q" };
    let plain = [mode, "-p", &samples];
    let kept: &[&str] = if scenario.sets { &["--nts-dir", &cookies] } else { &[] };
    let label = format!("rntpdate {}--nts", if scenario.sets { "" } else { "-q " });
    let ours = |label: &str, options: &[&str]| Program {
        sets: scenario.sets,
        ..program(label, Kind::Rntpdate, options, servers)
    };
    let mut theirs = chronyd("chronyd -Q nts", servers, &format!("nts iburst maxsamples {samples}"));
    theirs.arguments.extend([
        "nosystemcert".to_owned(),
        format!("ntstrustedcerts {AUTHORITY}"),
        "cmdport 0".to_owned(),
    ]);
    let mut programs = vec![ours(&label, &[&plain[..], &nts, kept].concat()), ours("rntpdate without NTS", &plain)];
    if scenario.sets {
        let mut keeping = theirs.arguments.clone();
        keeping.push("ntsdumpdir /run/dump".to_owned());
        programs.push(Program { label: "chronyd -Q nts, ntsdumpdir".to_owned(), arguments: keeping, ..theirs });
    } else {
        programs.push(theirs);
    }
    programs
}

/// What prints each program's version, and its file as seen from outside the tree.
pub(crate) fn versions(paths: &Paths) -> Vec<(Program, PathBuf)> {
    let of = |label, kind: Kind, option| {
        let file = kind.file(paths);
        let inside = file.strip_prefix("/").map(|file| paths.root.join(file)).unwrap_or_default();
        (program(label, kind, &[option], &[]), if kind.in_tree() { inside } else { file })
    };
    vec![
        of("rntpdate", Kind::Rntpdate, "--version"),
        of("chronyd", Kind::Chronyd, "--version"),
        of("ntpdig", Kind::Ntpdig, "--version"),
        of("rkik", Kind::Rkik, "--version"),
    ]
}

fn program(label: &str, kind: Kind, options: &[&str], servers: &[&str]) -> Program {
    let arguments = options.iter().chain(servers).map(ToString::to_string).collect();
    Program { label: label.to_owned(), kind, arguments, sets: false }
}

fn chronyd(label: &str, servers: &[&str], options: &str) -> Program {
    let directives = servers.iter().map(|server| format!("server {server} {options}"));
    // A time-out above its own of 10 s, so that it ends by itself where it can.
    let arguments = ["-Q", "-u", "root", "-t", "20"].map(str::to_owned).into_iter().chain(directives).collect();
    Program { label: label.to_owned(), kind: Kind::Chronyd, arguments, sets: false }
}
