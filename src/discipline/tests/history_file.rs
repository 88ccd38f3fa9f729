//! The history as a text: what is kept, and what is not read.

use super::*;

#[test]
fn no_history_grows_without_end() {
    let history = taught(20e-6, 900.0, 100).history;
    assert_eq!((history.points.len(), history.runs()), (MAX_RUNS, MAX_RUNS));
    let mut crowded = run(1e6, 20.0);
    crowded.points = vec![crowded.points[0]; MAX_POINTS_OF_RUN];
    let mut history = History::default();
    for _ in 0..100 {
        history = learn(&history, &crowded).unwrap().history;
        crowded.points.iter_mut().for_each(|point| point.raw += Duration::from_secs(60));
    }
    assert_eq!(history.points.len(), MAX_POINTS);
}

#[test]
fn a_history_of_the_version_before_is_read_on() {
    let history = taught(20e-6, 900.0, 5).history;
    let text = render(&History { told: None, ..history.clone() });
    let body = text.split_once("end ").unwrap().0;
    let body = body.replace("rntpdate-history 2", "rntpdate-history 1").replace(" 0.000000000 192", " 0.001234000 192");
    let read = parse(&format!("{body}end {:016x}\n", text::checksum(&body))).unwrap();
    assert_eq!(read.points, parse(&text).unwrap().points);
    let raw = 100.0 + 5.0 * 900.0;
    let update = learn(&read, &run(raw, 20e-6 * raw)).unwrap();
    assert_eq!((update.runs, update.dropped), (6, None));
    assert!(render(&update.history).starts_with("rntpdate-history 2\n"));
}

#[test]
fn steps_are_kept_as_comments_and_teach_nothing() {
    let mut history = taught(20e-6, 900.0, 5).history;
    let plain = render(&history);
    history.note_step(Interval::from_secs(-2));
    history.note_step(Interval::from_micros(700_000));
    let text = render(&history);
    let step = format!("# step {} 0.700000000\n", history.points.last().unwrap().run);
    assert_eq!(text.matches("# step").count(), 1, "one run steps once: {text}");
    assert!(text.contains(&step), "{text}");
    let read = parse(&text).unwrap();
    assert_eq!((&read.steps, &read.points), (&history.steps, &parse(&plain).unwrap().points));
    let raw = 100.0 + 5.0 * 900.0;
    let [with, without] = [&text, &plain].map(|text| learn(&parse(text).unwrap(), &run(raw, 20e-6 * raw)).unwrap());
    assert_eq!((with.frequency, with.history.steps.len()), (without.frequency, 1));
    for bad in [
        "# step",
        "# step 1",
        "# step x 0.700000000",
        "# step 1 1e9",
        "# step 1 9999999999.000000000",
        "# step 1 0.700000000 x",
    ] {
        let body = text.replace(&step, &format!("{bad}\n"));
        let body = body.rsplit_once("end ").unwrap().0;
        let read = parse(&format!("{body}end {:016x}\n", text::checksum(body))).unwrap();
        assert_eq!(read.steps, [], "{bad} is a comment");
    }
    let mut grown = history.clone();
    for number in 0..100 {
        let raw = 100.0 + f64::from(number + 5) * 900.0;
        grown = learn(&grown, &run(raw, 20e-6 * raw)).unwrap().history;
        grown.note_step(Interval::from_secs(1));
    }
    assert!(grown.steps.len() <= MAX_RUNS && grown.steps.len() == grown.runs(), "{}", grown.steps.len());
    assert_eq!(parse(&render(&grown)).unwrap().steps, grown.steps);
}

#[test]
fn a_text_that_was_changed_is_not_read() {
    let text = render(&taught(20e-6, 900.0, 3).history);
    assert_eq!(parse(&text.replace("point 2", "point 3")), Err(BadHistory::Checksum));
    assert_eq!(parse(text.trim_end()), Err(BadHistory::Checksum));
    assert_eq!(parse(&text.replace("rntpdate-history 2", "rntpdate-history 3")), Err(BadHistory::Version));
    assert_eq!(parse("0.0 0 0.0\n"), Err(BadHistory::Foreign));
    assert_eq!(parse(""), Err(BadHistory::Foreign));
}

#[test]
fn a_text_with_a_good_checksum_and_impossible_values_is_not_read() {
    let sealed = |lines: &str| {
        let body = format!("{}\n{lines}", text::TITLE);
        parse(&format!("{body}end {:016x}\n", text::checksum(&body)))
    };
    assert!(sealed("boot - suspended 0.000000000\n").is_ok());
    let good = "point 1 5.000000000 7.000000000 0.000000000 0.000000000 ::1\n";
    assert!(sealed(good).is_ok());
    assert_eq!(sealed("start 500.1 1 ppm\n"), Err(BadHistory::Range(2)));
    assert_eq!(sealed("start 5 0 ppm\n"), Err(BadHistory::Range(2)));
    assert_eq!(sealed("start nan 1 ppm\n"), Err(BadHistory::Range(2)));
    assert_eq!(sealed("start 5 1\n"), Err(BadHistory::Line(2)));
    assert_eq!(sealed("sing a song\n"), Err(BadHistory::Line(2)));
    assert_eq!(sealed("settling now\n"), Err(BadHistory::Line(2)));
    assert!(sealed("break 3 phase\nbreak 5 frequency 33.5 ppm\n").is_ok());
    assert_eq!(sealed("break 3 phase\nbreak 3 phase\n"), Err(BadHistory::Range(3)));
    assert_eq!(sealed("break 3 frequency 501 ppm\n"), Err(BadHistory::Range(2)));
    assert_eq!(sealed("break 3 frequency nan ppm\n"), Err(BadHistory::Range(2)));
    assert_eq!(sealed("break 3 colour\n"), Err(BadHistory::Line(2)));
    assert_eq!(sealed("told 5 0 ppm\n"), Err(BadHistory::Range(2)));
    assert_eq!(sealed(&format!("{good}{}", good.replace("5.0", "4.0"))), Err(BadHistory::Range(3)), "goes back");
    assert_eq!(sealed(&good.replace(" 7.0", " 99999999999.0")), Err(BadHistory::Range(2)));
    assert_eq!(sealed(&good.replace(" 7.0", " -7e9")), Err(BadHistory::Line(2)));
    assert_eq!(sealed(&good.repeat(MAX_POINTS + 1)), Err(BadHistory::TooLong));
}
