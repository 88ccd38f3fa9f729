//! Zones and dates beside the answers that the C library and GNU date(1) of coreutils 9.1 gave (tests/gnu/ask asked them).

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use rntpdate::internals::linux::host::LocalZone;
use rntpdate::internals::rhwclock::date;
use rntpdate::internals::rhwclock::date::DateError;
use rntpdate::internals::time::Time;
use rntpdate::internals::zone::rules::ZoneRules;
use rntpdate::internals::zone::{Season, Zone};

/// The moment at which the dates were asked for.
const NOW: i64 = 1_795_400_086;

fn answers(name: &str) -> String {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/gnu").join(name);
    fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

fn rules(text: &str) -> ZoneRules {
    let (rules, in_part) = ZoneRules::from_text(text).unwrap_or_else(|error| panic!("{text}: {error}"));
    assert!(!in_part, "{text} is understood in part only");
    rules
}

/// `+05:30:00` in seconds.
fn offset(text: &str) -> i32 {
    let parts: Vec<i32> = text[1..].split(':').map(|part| part.parse().expect("no number")).collect();
    let seconds = parts.iter().fold(0, |sum, part| sum * 60 + part);
    if text.starts_with('-') { -seconds } else { seconds }
}

#[test]
fn rules_are_read_as_the_c_library_reads_them() {
    let text = answers("zones.tsv");
    let mut zones: BTreeMap<&str, BTreeMap<i64, (i32, &str)>> = BTreeMap::new();
    for line in text.lines() {
        let [zone, at, east, name] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
        zones.entry(zone).or_default().insert(at.parse().expect("no moment"), (offset(east), name));
    }
    assert!(zones.len() >= 40, "{}", zones.len());
    let mut wrong = 0;
    for (zone, changes) in &zones {
        let rules = rules(zone);
        for at in (1_767_225_600..1_830_297_600).step_by(1800) {
            let expected = changes.range(..=at).next_back().expect("no answer").1;
            let Season { offset, name, .. } = rules.season_at(at);
            // Summer time all the year round (RFC 8536): the C library forgets it for the hours in which UTC has another year.
            let is_forgotten = *zone == "EST5EDT,0/0,J365/25" && expected.1 == "EST";
            if (offset, name.as_str()) != *expected && !is_forgotten {
                println!("{zone} at {at}: {offset} {name}, and not {expected:?}");
                wrong += 1;
                break;
            }
        }
    }
    println!("{} zones right, {wrong} wrong", zones.len() - wrong);
    assert_eq!(wrong, 0);
}

/// Asks date(1) of this machine about each file of zoneinfo, if it has any.
#[test]
fn zone_files_are_read_as_the_c_library_reads_them() {
    let files = zone_files(Path::new("/usr/share/zoneinfo"));
    let moments: Vec<i64> = (0..220).map(|step| -2_208_988_800 + step * 28_700_123).collect();
    let asked: String = moments.iter().map(|at| format!("@{at}\n")).collect();
    for file in &files {
        let rules =
            ZoneRules::from_file(&fs::read(file).unwrap()).unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        let mut date = Command::new("date")
            .args(["-f", "-", "+%::z"])
            .env("TZ", file)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("no date(1)");
        date.stdin.take().expect("no pipe").write_all(asked.as_bytes()).expect("date(1) does not read");
        let answers = String::from_utf8(date.wait_with_output().expect("date(1) is lost").stdout).expect("no text");
        assert_eq!(answers.lines().count(), moments.len());
        for (at, answer) in moments.iter().zip(answers.lines()) {
            assert_eq!(rules.offset_at(*at), offset(answer), "{} at {at}", file.display());
        }
    }
    assert_eq!(files.is_empty(), !Path::new("/usr/share/zoneinfo/Europe/Berlin").exists());
    println!("{} files read", files.len());
}

/// Without those that count leap seconds, which the clocks of none of our machines do.
fn zone_files(folder: &Path) -> Vec<PathBuf> {
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() && !path.ends_with("right") && !path.ends_with("posix") {
            files.extend(zone_files(&path));
        } else if path.is_file() && fs::read(&path).is_ok_and(|bytes| bytes.starts_with(b"TZif")) {
            files.push(path);
        }
    }
    files
}

/// A date without its zone.
fn words(text: &str) -> &str {
    text.split_once("\" ").filter(|_| text.starts_with("TZ=")).map_or(text, |(_, words)| words)
}

/// Where we differ on purpose.
fn differs(text: &str, expected: &str, got: &Result<(i64, u32), DateError>) -> bool {
    match got {
        // A day of the week that the date has not is refused.
        Err(DateError::OtherWeekday(..)) => true,
        // So is no date at all, which for date(1) is midnight.
        Err(_) if text.trim().is_empty() => true,
        // So is a zone that is none, which date(1) takes for UTC, and what no chip and no clock of Linux can hold.
        Err(_) if text.starts_with("TZ=") => {
            let has_files = Path::new("/usr/share/zoneinfo/Europe/Berlin").exists();
            text.contains("Nowhere") || text.contains("\\\"") || !has_files && text.contains('/')
        }
        Err(_) => expected.split('.').next().and_then(|seconds| seconds.parse().ok()) > Some(1_i64 << 40),
        // These are midnight for hwclock, and the present time of that day for date(1).
        Ok(_) if ["today", "yesterday", "tomorrow"].contains(&&*words(text).to_lowercase()) => true,
        // Summer time in the south before 1970 is lost on the C library.
        Ok(_) if text == "8/25/69" => true,
        // An hour in the zone +1 is shifted by date(1) because the local clocks leave it out.
        Ok(_) if text == "2026-03-28 02:30 +1 day" => true,
        // Fourteen digits and units of one letter are taken, abbreviations of the other half of the year, and J everywhere.
        Ok(_) => {
            let zone = ["CET", "CEST", "EST", "EDT", " J"].iter().any(|zone| text.contains(zone));
            expected == "invalid" && (text == "20261123100000" || zone)
        }
    }
}

#[test]
fn dates_are_read_as_gnu_date_reads_them() {
    let text = answers("dates.tsv");
    let (mut right, mut other, mut wrong) = (0, 0, 0);
    for line in text.lines() {
        let [zone, expected, date] = line.splitn(3, '\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
        let got = date::parse(date, Time::from_unix(NOW, 0), &LocalZone::named(Some(zone))).map(Time::to_unix);
        let shown = got.as_ref().map_or("invalid".to_owned(), |(seconds, nanos)| format!("{seconds}.{nanos:09}"));
        if shown == expected {
            right += 1;
        } else if differs(date, expected, &got) {
            other += 1;
        } else {
            println!("{zone}: '{date}' is {shown}, and not {expected}");
            wrong += 1;
        }
    }
    println!("{right} dates right, {other} other on purpose, {wrong} wrong");
    assert_eq!(wrong, 0);
    assert!(right > 3000 && other < 100);
}
