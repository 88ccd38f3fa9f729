//! rhwclock beside Debian's hwclock: the same cases in two guests that start alike; outputs, exit statuses and adjtime
//! files compared. What may differ is listed here and, for users, in the man page's section DIFFERENCES FROM hwclock.

use std::time::Duration;

use crate::support::guest::Guest;
use crate::support::hurry;
use crate::support::require::{self, Cache};

/// How much of a case has to agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Same {
    /// Output, status and file.
    All,
    /// Status and file; the output differs for a reason that the man page gives.
    StatusAndFile,
    /// The file.
    File,
}

use Same::{All, File, StatusAndFile};

/// An adjtime file as printf takes it (empty: none), arguments as a shell takes them, and what is to be the same. The
/// chip and the system clock are at 2026-11-23 10:00:00 UTC, which is 1795428000, each time.
const CASES: &[(&str, &str, Same)] = &[
    ("", "", All),
    ("", "-r -v", All),
    ("", "--get -v", All),
    ("", "-r -l", All),
    ("0 0 0\\n0\\nLOCAL\\n", "-r -v", All),
    ("0 0 0\\n0\\nLOCAL\\n", "-r -u -v", All),
    ("0 0 0\\n0\\n", "-r -v", All),
    ("1.5 1795341600 0.7\\n1795341600\\nUTC\\n", "--get -v", All),
    ("1.5 1795341600 0.7\\n1795341600\\nUTC\\n", "-r", All),
    ("", "-w", All),
    ("", "-w -v", All),
    ("", "-w -v -l", All),
    ("", "-w --noadjfile -u -v", All),
    ("1.5 7 0.7\\n8\\nUTC\\n", "-w -v", All),
    ("1.5 7 0.7\\n8\\nLOCAL\\n", "-w -v", All),
    ("1.5 7 0.7\\n8\\nLOCAL\\n", "-w -u -v", All),
    ("1.5 7 0.7\\n8\\nUTC\\n", "-w --test", All),
    ("1.5 7 0.7\\n8\\nUTC\\n", "-w --delay 0.25 -v", All),
    ("1.5 1795341600 0\\n1795341600\\nUTC\\n", "-w --update-drift -v", All),
    ("0 1795341600 0\\n0\\nUTC\\n", "-w --update-drift -v", All),
    ("0 1795341600 0\\n1795420000\\nUTC\\n", "-w --update-drift -v", All),
    ("3000 1795341600 0\\n1795341600\\nUTC\\n", "-w --update-drift -v", All),
    ("", "--set --date '2026-12-24 18:00:00' -v", All),
    ("2 7 0\\n8\\nLOCAL\\n", "--set --date '2026-07-01 18:00' -v", All),
    ("", "--set --date 2026-12-24T18:00:00 --test", All),
    ("1 1795341600 0\\n1795341600\\nUTC\\n", "--set --date '2026-11-23 11:00:40' --update-drift -v", All),
    ("0.5 1795341600 0\\n5\\nUTC\\n", "-a", All),
    ("0.5 1795341600 0\\n5\\nUTC\\n", "-a -v", All),
    ("0.5 1795341600 0\\n5\\nUTC\\n", "-a -v -l", All),
    ("1.5 1795341600 0.7\\n5\\nUTC\\n", "-a", All),
    ("1.5 1795341600 0.7\\n5\\nUTC\\n", "-a -v", All),
    ("1.5 1795341600 0.7\\n5\\nUTC\\n", "-a --test", All),
    ("-3 1795341600 0\\n5\\nUTC\\n", "-a -v", StatusAndFile),
    ("1.5 0 0\\n0\\nUTC\\n", "-a -v", All),
    ("9999 1795341600 0\\n0\\nUTC\\n", "-a -v", All),
    ("", "-s -v", All),
    ("1.5 1795341600 0.7\\n1795341600\\nUTC\\n", "-s -v", All),
    ("0 0 0\\n0\\nLOCAL\\n", "-s -v", All),
    ("0 0 0\\n0\\nLOCAL\\n", "-s --test", All),
    ("", "--systz -v", All),
    ("0 0 0\\n0\\nLOCAL\\n", "--systz -v", All),
    ("0 0 0\\n0\\nLOCAL\\n", "--systz -u -v", All),
    ("", "--systz -l --test", All),
    ("1.5 1795341600 0.7\\n1795341600\\nUTC\\n", "--predict --date 2026-12-25 -v", All),
    ("0 0 0\\n0\\nLOCAL\\n", "--predict --date '2026-12-25 10:00:00' -v", All),
    ("", "--predict --date 'Wed 2026-11-25 10:00:00'", All),
    ("", "--predict --date 26-11-25", All),
    ("", "--predict --date 20261125100000", All),
    ("", "--predict --date 10:00", All),
    ("", "--predict --date now", All),
    ("", "--predict --date today", All),
    ("", "--predict --date yesterday", All),
    ("", "--predict --date tomorrow", All),
    ("", "--predict --date '+5 days'", All),
    ("", "--predict --date '5 minutes ago'", All),
    ("", "--predict --date '2026-10-25 02:30:00'", All),
    ("", "--predict --date 'no date'", StatusAndFile),
    // A status of 1 with the right answer.
    ("", "--param-get features", File),
    ("", "--param-get correction", StatusAndFile),
    ("", "--param-get nothing", StatusAndFile),
    ("", "--param-set bsm=1", StatusAndFile),
    // Malformed files: another text, no memory printed, a copy kept.
    ("garbage\\n0\\nLOCAL\\n", "-w", StatusAndFile),
    ("1.5\\n", "-r", StatusAndFile),
    ("0 0 0\\n0\\nZULU\\n", "-w", StatusAndFile),
    // Wrong command lines.
    ("", "-r -w", StatusAndFile),
    ("", "-u -l", StatusAndFile),
    ("", "--noadjfile", StatusAndFile),
    ("", "--noadjfile -u -w --update-drift", StatusAndFile),
    ("", "--noadjfile -u --adjfile /etc/adjtime", StatusAndFile),
    ("", "--update-drift", StatusAndFile),
    ("", "--set", StatusAndFile),
    ("", "--predict", StatusAndFile),
    ("", "--delay x", StatusAndFile),
    ("", "--bogus", StatusAndFile),
    ("", "word", StatusAndFile),
    ("", "-D --systz -u --test", All),
    ("", "-w --adjfile /nowhere/adjtime", StatusAndFile),
    ("", "-f /dev/null", StatusAndFile),
    ("", "-f /dev/null -w", StatusAndFile),
    ("", "-f /dev/nothing", StatusAndFile),
    ("", "--hctos --loc --test", All),
];

fn script(program: &str) -> String {
    let mut script = "export TZ=Europe/Berlin\n".to_owned();
    for (number, (adjtime, arguments, _)) in CASES.iter().enumerate() {
        let file = if adjtime.is_empty() { "rm -f".to_owned() } else { format!("printf -- '{adjtime}' >") };
        script += &format!(
            "{file} /etc/adjtime
            probe rtc-set /dev/rtc0 1795427999
            probe rtc /dev/rtc0 >/dev/null; date -u -s @1795428000 >/dev/null
            echo '=== {number}'
            {program} {arguments} 2>&1
            echo \"--- $?\"
            cat /etc/adjtime 2>/dev/null
            "
        );
    }
    script
}

/// Each case's output, status and file.
fn cases(cache: &Cache, program: &str) -> Vec<[String; 3]> {
    // For each case to start alike in both.
    let _first = hurry::right_of_way();
    let run = Guest::new(cache)
        .rtc("2026-11-23T10:00:00")
        .program(env!("CARGO_BIN_EXE_rhwclock"))
        .timeout(Duration::from_secs(420))
        .script(&script(program))
        .run();
    let parts = run.console.split("=== ").skip(1);
    let found: Vec<[String; 3]> = parts
        .map(|part| {
            let (_, part) = part.split_once('\n').unwrap_or_default();
            let (output, rest) = part.split_once("--- ").unwrap_or_default();
            let (status, file) = rest.split_once('\n').unwrap_or_default();
            [output, status, file].map(str::to_owned)
        })
        .collect();
    assert_eq!(found.len(), CASES.len(), "{}", run.console);
    found
}

/// Lines that only one of the two prints, by their beginning, or by what is in them: how the write was timed, what the
/// program is called, and how the clock was set.
const OWN: &[&str] = &[
    "hwclock from ",
    "missed it - ",
    " is close enough to ",
    "Set RTC to ",
    ", NULL) to set the System time.",
    "rhwclock 0.",
    "Written ",
    "Setting the System time to ",
];

fn comparable(output: &str) -> Vec<String> {
    let shared = output.lines().filter(|line| !OWN.iter().any(|own| line.contains(own)));
    shared
        .map(|line| line.replace("rhwclock: ", "hwclock: ").split(" (within").next().unwrap_or_default().to_owned())
        .collect()
}

/// A word, or what it counts.
#[derive(Debug)]
enum Word {
    Text(String),
    Number(f64),
}

fn words(line: &str) -> Vec<Word> {
    // A date and time is its digits as one number, a time of day its seconds.
    line.split_whitespace()
        .map(|word| {
            let (time, offset) = match word.rfind(['+', '-']).filter(|&at| word[..at].contains(':')) {
                Some(at) => word.split_at(at),
                None => (word, ""),
            };
            let parts: Option<Vec<f64>> = time.split(':').map(|part| part.parse().ok()).collect();
            match parts.as_deref() {
                Some([number]) if offset.is_empty() => Word::Number(*number),
                Some([hour, minute, second]) if offset.is_empty() || offset == "+01:00" => {
                    Word::Number(hour * 3600.0 + minute * 60.0 + second)
                }
                _ => Word::Text(word.to_owned()),
            }
        })
        .collect()
}

/// Times may differ by the seconds that a run takes, other numbers by what follows from that.
fn alike(ours: &str, theirs: &str) -> bool {
    let (ours, theirs) = (words(ours), words(theirs));
    ours.len() == theirs.len()
        && ours.iter().zip(&theirs).all(|pair| match pair {
            (Word::Text(a), Word::Text(b)) => a == b,
            (Word::Number(a), Word::Number(b)) => (a - b).abs() <= if a.abs() < 4000.0 { 0.6 } else { 8.0 },
            _ => false,
        })
}

fn check(ours: &[String], theirs: &[String]) -> bool {
    ours.len() == theirs.len() && ours.iter().zip(theirs).all(|(a, b)| alike(a, b))
}

#[test]
fn outputs_statuses_and_files_are_hwclocks() {
    let Some(cache) = require::guest() else { return };
    let (theirs, ours) = std::thread::scope(|scope| {
        let theirs = scope.spawn(|| cases(&cache, "hwclock"));
        let ours = cases(&cache, "rhwclock");
        (theirs.join().expect("hwclock's cases"), ours)
    });
    let mut wrong = String::new();
    for ((ours, theirs), (adjtime, arguments, same)) in ours.iter().zip(&theirs).zip(CASES) {
        let output = *same != All || check(&comparable(&ours[0]), &comparable(&theirs[0]));
        let status = *same == File || ours[1] == theirs[1];
        let file = check(&comparable(&ours[2]), &comparable(&theirs[2]));
        if !(output && status && file) {
            wrong += &format!(
                "\n##### {arguments} with {adjtime:?}: {output} {status} {file}\n{}--- {}\n{}##### hwclock\n{}--- {}\n{}",
                ours[0], ours[1], ours[2], theirs[0], theirs[1], theirs[2]
            );
        }
    }
    assert!(wrong.is_empty(), "{wrong}");
}
