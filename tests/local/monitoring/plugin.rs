//! Started as check_ntp_time, rntpdate is as good as the plugin of that name, and better where the manual page says so.

use std::os::unix::fs::symlink;

use super::{Ran, Servers};
use crate::support::require;

/// How the two compare.
enum Wanted {
    /// Status, offset and performance data are the same.
    Same,
    /// The status is the same, and what the plugin says is followed by the cause, which has this text.
    Cause(&'static str),
    /// A wanted difference: our status, and a part of our line.
    Other(i32, &'static str),
}
use Wanted::{Cause, Other, Same};

#[rustfmt::skip]
const LINES: &[(&str, Wanted)] = &[
    ("-H 127.0.0.1", Same),
    ("-H 127.0.0.1 -w 0.01 -c 1", Same),
    ("-H 127.0.0.2", Same),
    ("-H 127.0.0.2 -w 0.5 -c 1", Same),
    ("-H 127.0.0.4 -w 0.1 -c 1", Same),
    ("-H 127.0.0.4 -w -1:0.1 -c @0:0.2", Same),
    ("-H 127.0.0.4 -w @0.2:0.4 -c 1", Same),
    ("-H 127.0.0.1 -w 0.05: -c ~:0.01", Same),
    ("-H 127.0.0.1 -w 10:20 -c 1", Same),
    ("-H 127.0.0.1 -c 0.01 -w 1", Same),
    ("-H 127.0.0.8", Same),
    ("-H 127.0.0.1 -o 5", Same),
    ("-H 127.0.0.2 -o -5", Same),
    ("-H 127.0.0.2 -o 5 -w 0.1 -c 1", Same),
    ("-H 127.0.0.7 -p 1123", Same),
    ("-H 127.0.0.1 -4", Same),
    ("-H ::1 -6 -w 0.01", Same),
    ("-H ::1", Same),
    ("-H 127.0.0.1 -H 127.0.0.2", Same),
    ("-H localhost -4", Same),
    ("-H 127.0.0.1 -t 0", Same),
    ("--hostname=127.0.0.1 --warning=0.5 --critical=1 --timeout=5 --port=123 --use-ipv4 --quiet", Same),
    ("-H 127.0.0.3", Cause("it answers, and is not synchronised itself (stratum 16")),
    ("-H 127.0.0.3 -q", Cause("it answers, and is not synchronised itself (stratum 16")),
    ("-H 127.0.0.5 -t 3", Cause("no reply to 2 requests; the host is up")),
    ("-H 127.0.0.5 -t 3 -q", Cause("cause (likely): the server ignores us")),
    ("-H 127.0.0.9 -t 3", Cause("nothing listens on UDP 123")),
    ("-H nobody.invalid", Cause("name server")),
    ("-V", Other(3, "check_ntp_time v0.1.0 (rntpdate 0.1.0)")),
    ("-h", Other(3, "Usage: check_ntp_time [OPTIONS]")),
    ("", Other(3, "NTP UNKNOWN: no server given: write -H HOST")),
    ("-x", Other(3, "NTP UNKNOWN: unknown option -x")),
    ("-H", Other(3, "NTP UNKNOWN: a value is required for '--hostname <ADDRESS>'")),
    ("127.0.0.1", Other(3, "NTP UNKNOWN: \"127.0.0.1\" stands alone: a server follows -H")),
    ("-H 127.0.0.1 extra", Other(3, "NTP UNKNOWN: \"extra\" stands alone")),
    ("-H 127.0.0.1 -w abc", Other(3, "NTP UNKNOWN: offset for a warning (abc) is invalid: it is a range")),
    ("-H 127.0.0.1 -w 5:1", Other(3, "NTP UNKNOWN: offset for a warning (5:1) is invalid: it is a range")),
    ("-H 127.0.0.1 -t abc", Other(3, "NTP UNKNOWN: time for a check (abc) is invalid")),
    ("-H 127.0.0.1 -p 0", Other(3, "NTP UNKNOWN: port (0) is invalid: it is 1 to 65535")),
    ("-H 127.0.0.2 -w 0.1 -c 1 --time_offset=-5", Other(0, "NTP OK: Offset ")),
    ("-H 127.0.0.2 -o 0.5", Other(0, "NTP OK: Offset 5.")),
    ("-H 127.0.0.1 -v", Other(0, "NTP OK: Offset 0.0")),
];

/// The offset in a line, and all of the line with it left out.
fn parts(line: &str) -> Option<(f64, String)> {
    let (text, data) = line.strip_suffix('\n')?.split_once('|')?;
    let (level, words) = text.split_once(": Offset ")?;
    let offset: f64 = words.strip_suffix(" secs")?.parse().ok()?;
    let (shown, thresholds) = data.strip_prefix("offset=")?.split_once("s;")?;
    // The two numbers of a line are one.
    ((shown.parse::<f64>().ok()? - offset).abs() < 1e-6).then(|| (offset, format!("{level} {thresholds}")))
}

/// What differs, if anything does. On a machine that is busy an offset may be off for once.
fn difference(words: &str, wanted: &Wanted, theirs: &Ran, ours: &Ran) -> Option<String> {
    let failed = |what: &str| {
        Some(format!(
            "{words}: {what}\n  theirs {} {:?}\n  ours   {} {:?}",
            theirs.status, theirs.stdout, ours.status, ours.stdout
        ))
    };
    let is_one_line = ours.stdout.lines().count() == 1 || words == "-h";
    if !is_one_line || !ours.stderr.is_empty() {
        return failed("not one line");
    }
    match wanted {
        Other(status, text) => {
            if ours.status == *status && ours.stdout.contains(text) {
                None
            } else {
                failed("not what is wanted")
            }
        }
        _ if ours.status != theirs.status => failed("another status"),
        Cause(text) => {
            let first = theirs.stdout.lines().next().unwrap_or_default();
            let (kept, bar) = first.strip_suffix('|').map_or((first, ""), |kept| (kept, "|"));
            let line = ours.stdout.trim_end();
            let is_kept = line.strip_prefix(kept).is_some_and(|rest| rest.starts_with(": "));
            if is_kept && line.ends_with(bar) && line.contains(text) { None } else { failed("no cause") }
        }
        Same => match (parts(&theirs.stdout), parts(&ours.stdout)) {
            (Some((their, rest)), Some((our, ours))) if rest == ours && (their - our).abs() < 0.001 => None,
            (Some((_, rest)), Some((_, ours))) if rest == ours => failed("the offsets are more than 1 ms apart"),
            _ => failed("another line"),
        },
    }
}

#[test]
fn command_lines_beside_those_of_the_real_plugin() {
    if require::servers().is_none() {
        return;
    }
    let Some(tree) = require::more("monitoring") else { return };
    let servers = Servers::start();
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("check_ntp_time");
    symlink(env!("CARGO_BIN_EXE_rntpdate"), &link).unwrap();
    let plugin = tree.join("usr/lib/nagios/plugins/check_ntp_time");
    let mut differences = Vec::new();
    for (words, wanted) in LINES {
        let arguments: Vec<&str> = words.split_whitespace().collect();
        let mut found = None;
        for _ in 0..5 {
            let (theirs, ours) = (servers.run(&plugin, &arguments), servers.run(&link, &arguments));
            found = difference(words, wanted, &theirs, &ours);
            if found.is_none() {
                println!("{words:60} {} {:.2?} {:.2?}", ours.status, theirs.took, ours.took);
                break;
            }
        }
        differences.extend(found);
    }
    assert!(differences.is_empty(), "{}", differences.join("\n"));
}
