//! The adjtime file, and outputs, that are not as they should be.

use super::*;

#[test]
fn a_test_changes_nothing() {
    let adjtime = format!("2 {} 0\n{0}\nUTC\n", NOW - 86_400);
    for function in ["-w --update-drift", "--set --date=@1", "-a", "-s"] {
        let mut desk = Desk::new(&adjtime, 100);
        let before = desk.board.now();
        let (out, _) = desk.run(&format!("{function} --test"));
        assert!(out.ends_with("Test mode: nothing was changed.\n"), "{out}");
        assert_eq!((desk.writes(), desk.adjtime()), (0, adjtime.clone()));
        assert_eq!(desk.board.now().moved_since(&before), Interval::ZERO);
    }
}

#[test]
fn a_malformed_file_is_reported_and_kept() {
    let mut desk = Desk::new("my notes\n0\nLOCAL\n", 0);
    let (_, err) = desk.run("-w");
    assert!(err.contains("unrecognized line in adjtime file") && err.contains("`my notes'"), "{err}");
    assert!(desk.adjtime().ends_with("\nLOCAL\n"), "{}", desk.adjtime());
    let copy = fs::read_to_string(desk.folder.path().join("adjtime.malformed")).unwrap();
    assert_eq!(copy, "my notes\n0\nLOCAL\n");
}

#[test]
fn a_file_that_cannot_be_written_is_an_error_after_the_write() {
    let mut desk = Desk::new("", 3600);
    fs::create_dir(desk.adjfile()).unwrap();
    let error = desk.run_to("-w", &mut io::sink(), &mut io::sink()).unwrap_err();
    assert!(error.to_string().ends_with("(the RTC was set all the same)"), "{error}");
    assert!(micros(desk.board.chip_error()).abs() < 100);
}

struct Closed;

impl Write for Closed {
    fn write(&mut self, _: &[u8]) -> io::Result<usize> {
        Err(io::ErrorKind::BrokenPipe.into())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[test]
fn a_reader_who_has_left_stops_nothing() {
    let mut desk = Desk::new("", 3600);
    desk.run_to("-w -v", &mut Closed, &mut io::sink()).unwrap();
    assert!(micros(desk.board.chip_error()).abs() < 100);
    assert!(desk.adjtime().ends_with("UTC\n"));
}

#[test]
fn an_adjtime_file_that_cannot_be_read_is_left_alone() {
    let mut desk = Desk::new(&"x".repeat(70_000), 0);
    let (mut out, mut err) = (Vec::new(), Vec::new());
    let error = desk.run_to("-w -u", &mut out, &mut err).unwrap_err().to_string();
    let text = "what is in it could not be read, and would be lost (the RTC was set all the same)";
    assert!(error.starts_with("cannot write ") && error.ends_with(text), "{error}");
    assert!(String::from_utf8(err).unwrap().contains("far too large"));
    assert_eq!((desk.writes(), desk.adjtime().len()), (1, 70_000));
}
