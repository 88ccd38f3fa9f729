//! `--json` of runs that set the clock.

use serde_json::Value;

use crate::support::guest::Guest;
use crate::support::{require, schema};

#[test]
fn a_sync_says_what_was_done() {
    let Some(cache) = require::guest() else { return };
    let script = "
        chronyd -x -d -u root -f /srv/conf >/dev/null 2>&1 & await port 123
        rntpdate --json --force -b 127.0.0.1
        rntpdate --json --force -b -w --utc --verify 127.0.0.1
        rntpdate --json --force -w --localtime -q 127.0.0.1
        rntpdate --json --force -w --utc --rtc /dev/null 127.0.0.1
        rntpdate --json --force --discipline 127.0.0.1
        rntpdate --json --force --max-step 0.001 -b --allow-past 127.0.0.1 --min-servers 2
        rntpdate --json --settle 120 127.0.0.1
        true";
    let conf = "local stratum 5\nallow all\ncmdport 0\nbindcmdaddress /\npidfile /run/chronyd.pid\n";
    let program = env!("CARGO_BIN_EXE_rntpdate");
    let run =
        Guest::new(&cache).rtc("2027-01-01T00:00:00").program(program).text("/srv/conf", conf).script(script).run();
    let lines = run.console.lines().filter(|line| line.starts_with('{'));
    let reports: Vec<Value> = lines.map(|line| serde_json::from_str(line).expect("JSON")).collect();
    reports.iter().for_each(schema::check);
    assert_eq!((run.status, reports.len()), (0, 7), "{}", run.console);
    let first = &reports[0];
    assert_eq!((first["mode"].as_str(), first["done"].as_str()), (Some("sync"), Some("step")));
    assert_eq!((first["error"].is_null(), first["servers"][0]["verdict"]["code"].as_str()), (true, Some("fit")));
    let rtc = |report: usize, member: &str| reports[report]["rtc"][member].clone();
    assert_eq!((rtc(1, "keeps"), rtc(1, "residual").is_number()), ("utc".into(), true), "{}", reports[1]);
    assert_eq!((rtc(2, "keeps"), rtc(2, "residual").is_null()), ("local".into(), true), "{}", reports[2]);
    assert!(rtc(3, "error").is_string() && reports[3]["exit_status"] == 3, "{}", reports[3]);
    assert!(reports[4]["discipline"].is_object(), "{}", reports[4]);
    assert!(reports[5]["error"].as_str().is_some_and(|error| error.contains("--min-servers wants 2")));
    assert_eq!(reports[6]["exit_status"], 2, "an option without the one that it belongs to");
}
