//! The JSON object: its members, its numbers, and that it says the same as the lines.

use serde_json::Value;

use super::wire::{CLIENT, SERVER, Wire};
use super::{rntpdate, run};
use crate::support::ntpserver::Server;
use crate::support::{require, schema};

const MEMBERS: [&str; 15] = [
    "version",
    "program",
    "mode",
    "started",
    "finished",
    "hosts",
    "servers",
    "estimate",
    "decision",
    "done",
    "rtc",
    "discipline",
    "warnings",
    "error",
    "exit_status",
];
const SERVER_MEMBERS: [&str; 21] = [
    "address",
    "port",
    "sent",
    "received",
    "reach",
    "unusable",
    "stratum",
    "leap",
    "refid",
    "root_delay",
    "root_dispersion",
    "offset",
    "delay",
    "dispersion",
    "jitter",
    "root_distance",
    "standing",
    "authentication",
    "verdict",
    "samples",
    "view",
];

#[track_caller]
fn assert_members(object: &Value, members: &[&str]) {
    let found: Vec<&String> = object.as_object().expect("an object").keys().collect();
    for member in members {
        assert!(found.iter().any(|name| name == member), "{member} is missing: {object}");
    }
}

#[test]
fn a_query_has_all_members_and_all_digits() {
    if require::servers().is_none() {
        return;
    }
    let wire = Wire::new();
    // Twenty years ahead, and a third of a second: a float of seconds would not hold the nanoseconds.
    let offset = 631_152_000_333_333_333;
    let _ntp = wire.server.enter(|| Server::builder().bind("10.78.0.2:123").offset(offset).start());
    let (status, output, errors) = run(rntpdate(&wire.client, &["-q", "-p4", "--json", SERVER]));
    assert_eq!((status, errors.as_str(), output.lines().count()), (Some(0), "", 1), "{output}");
    let report: Value = serde_json::from_str(&output).expect("JSON");
    schema::check(&report);
    assert_members(&report, &MEMBERS);
    assert_members(&report["servers"][0], &SERVER_MEMBERS);
    assert_members(&report["servers"][0]["verdict"], &["code", "certainty", "seen", "cause", "here", "on_server"]);
    assert_eq!((report["version"].as_i64(), report["mode"].as_str()), (Some(1), Some("query")));
    assert_eq!((report["decision"].as_str(), report["done"].as_str()), (Some("step"), Some("nothing")));
    assert_eq!(report["servers"][0]["samples"].as_array().map(Vec::len), Some(4));
    let (_, rest) = output.split_once(r#""estimate":{"offset":"#).expect("an estimate");
    let (digits, _) = rest.split_once(',').expect("more members");
    let nanos: i128 = digits.replace('.', "").parse().expect("nine decimals");
    assert!(digits.split_once('.').is_some_and(|(_, decimals)| decimals.len() == 9), "{digits}");
    assert!((nanos - offset).abs() < 5_000_000, "{nanos}");
    // The lines of the same server say the same.
    let (_, lines, _) = run(rntpdate(&wire.client, &["-q", "-p4", SERVER]));
    assert!(lines.contains("offset +631152000.33"), "{lines}");
}

#[test]
fn failures_are_in_the_object_and_in_the_status() {
    if require::servers().is_none() {
        return;
    }
    let wire = Wire::new();
    let (status, output, _) = run(rntpdate(&wire.client, &["--json", "-q", SERVER, "no-such-host.invalid"]));
    let report: Value = serde_json::from_str(&output).expect("JSON");
    schema::check(&report);
    assert_eq!((status, report["exit_status"].as_i64()), (Some(1), Some(1)));
    assert_eq!(report["servers"][0]["verdict"]["code"], "nothing-listens");
    assert!(report["hosts"][1]["error"].is_string() && report["estimate"].is_null(), "{output}");
    // The clock may not be set in this network.
    let _ntp = wire.client.enter(|| Server::builder().bind(&format!("{CLIENT}:123")).offset(7_000_000_000).start());
    let (status, output, _) = run(rntpdate(&wire.client, &["--json", "--force", CLIENT]));
    let report: Value = serde_json::from_str(&output).expect("JSON");
    schema::check(&report);
    assert_eq!(
        (status, report["decision"].as_str(), report["done"].as_str()),
        (Some(1), Some("step"), Some("nothing"))
    );
    assert!(report["error"].as_str().is_some_and(|error| error.contains("CAP_SYS_TIME")), "{output}");
}
