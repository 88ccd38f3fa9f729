//! Local time.

use super::*;

/// Runs the program itself, whose zone is `tz`, without a chip. Gives standard output and error.
fn predict(tz: &str, arguments: &[&str]) -> (String, String) {
    let begun = std::time::Instant::now();
    let run = std::process::Command::new(env!("CARGO_BIN_EXE_rhwclock"))
        .args(["--predict", "--utc", "--noadjfile"])
        .args(arguments)
        .env("TZ", tz)
        .output()
        .expect("the program cannot be run");
    assert!(begun.elapsed() < std::time::Duration::from_secs(5), "{tz} took {:?}", begun.elapsed());
    let text = |bytes| String::from_utf8(bytes).expect("no text").trim_end().to_owned();
    (text(run.stdout), text(run.stderr))
}

#[test]
fn zones_are_read_as_the_c_library_does_and_others_are_named() {
    let noon = ["--date", "2026-07-01 12:00:00Z"];
    let silent = |shown: &str| (shown.to_owned(), String::new());
    assert_eq!(predict("CET-1CEST", &noon), silent("2026-07-01 14:00:00.000000+02:00"));
    assert_eq!(predict("EST5EDT,0/0,J365/25", &noon), silent("2026-07-01 08:00:00.000000-04:00"));
    assert_eq!(predict("<-02>2<-01>,M3.5.0/-1,M10.5.0/0", &noon), silent("2026-07-01 11:00:00.000000-01:00"));
    assert_eq!(predict("CET-1CEST", &["--date", "2026-07-01 2:00 PM"]), silent("2026-07-01 14:00:00.000000+02:00"));
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
    for tz in [pipe.to_str().unwrap(), "/dev/zero", "Nowhere/City"] {
        let (shown, said) = predict(tz, &noon);
        assert_eq!(shown, "2026-07-01 12:00:00.000000+00:00");
        assert!(said.starts_with("rhwclock: Warning: ") && said.contains(tz) && said.lines().count() == 1, "{said}");
    }
}

#[test]
fn a_chip_in_local_time_follows_a_rule_without_its_dates() {
    let mut desk = Desk::new("", 0);
    desk.zone = Box::new(rntpdate::internals::linux::host::LocalZone::named(Some("AAA5BBB")));
    desk.run("-w -l");
    assert_eq!(desk.board.0.borrow().writes[0].0.to_string(), "2026/11/23 05:00:01");
    desk.run("--set -l --date=2026-07-01T12:00:00Z");
    assert_eq!(desk.board.0.borrow().writes[1].0.to_string(), "2026/07/01 08:00:00");
}

#[test]
fn rntpdate_prints_the_same_local_time_and_never_waits_for_a_zone() {
    let folder = tempfile::tempdir().unwrap();
    let pipe = folder.path().join("pipe");
    nix::unistd::mkfifo(&pipe, nix::sys::stat::Mode::S_IRWXU).unwrap();
    let hour = |tz: &str| {
        let begun = std::time::Instant::now();
        let run = std::process::Command::new(env!("CARGO_BIN_EXE_rntpdate"))
            .args(["-q", "-t", "0.2", "-p", "1", "--deadline", "1", "127.0.0.1:9"])
            .env("TZ", tz)
            .output()
            .expect("the program cannot be run");
        assert!(begun.elapsed() < std::time::Duration::from_secs(5), "{tz} took {:?}", begun.elapsed());
        let said = String::from_utf8(run.stderr).expect("no text");
        let last = said.lines().last().expect("no line").to_owned();
        (last[7..9].parse::<u32>().expect("no hour"), said)
    };
    // Now and then an hour goes by between two runs.
    let is_ahead = |east: u32, utc: u32| [12, 13].contains(&((east + 24 - utc) % 24));
    let (utc, said) = hour(pipe.to_str().unwrap());
    assert!(said.contains("cannot be used: it is not a regular file; going on in UTC"), "{said}");
    let (east, said) = hour("ABC-12");
    assert!(!said.contains("zone") && is_ahead(east, utc), "{utc} and {east}: {said}");
}
