use super::*;
use crate::collect::run::Done;
use proptest::prelude::*;

/// A run's object as rntpdate prints it, with this offset.
fn object(offset: f64) -> String {
    format!(
        "{{\"version\":1,\"program\":\"rntpdate 0.1.0\",\"mode\":\"query\",\"started\":1800000000.1,\"finished\":1800000000.2,\
         \"hosts\":[],\"servers\":[{{\"address\":\"192.0.2.1\",\"port\":123,\"offset\":{offset},\"delay\":0.002,\
         \"dispersion\":0.001,\"jitter\":0.0005,\"standing\":\"truechimer\",\"samples\":[{{\"sent\":1.0}}]}}],\
         \"estimate\":{{\"offset\":{offset},\"root_distance\":0.01,\"interval\":[0,1],\"agreeing\":1}},\"decision\":\"slew\",\
         \"done\":\"nothing\",\"rtc\":null,\"warnings\":[],\"error\":null,\"exit_status\":0}}"
    )
}

fn read_all(text: &str) -> (Vec<Delivered>, Vec<String>) {
    let mut reader = Reader::default();
    text.lines().for_each(|line| reader.line(line));
    reader.finish()
}

/// The nodes, each with its offset in milliseconds or its text.
fn nodes(text: &str) -> Vec<(String, Result<i64, String>)> {
    let short = |one: Delivered| {
        let result = one.result.map(|run| run.estimate.map_or(-1, |estimate| estimate.offset.micros() as i64 / 1000));
        (one.node, result)
    };
    read_all(text).0.into_iter().map(short).collect()
}

fn ok(name: &str, millis: i64) -> (String, Result<i64, String>) {
    (name.to_owned(), Ok(millis))
}

fn bad(name: &str, text: &str) -> (String, Result<i64, String>) {
    (name.to_owned(), Err(text.to_owned()))
}

#[test]
fn the_object_is_understood_as_far_as_it_is_needed() {
    let (delivered, warnings) = read_all(&object(0.25));
    let run = delivered[0].result.as_ref().unwrap();
    assert_eq!((run.done, run.exit_status, &run.error, warnings.len()), (Done::Nothing, 0, &None, 0));
    let (server, measured) = run.servers[0];
    assert_eq!(server, "192.0.2.1:123".parse().unwrap());
    assert_eq!((measured.offset.micros(), measured.bound.micros()), (250_000, 2_500));
    assert_eq!(run.finished.micros(), 1_800_000_000_200_000);
}

#[test]
fn each_tools_output_is_read() {
    let (a, b) = (object(0.001), object(0.002));
    assert_eq!(nodes(&format!("{a}\n{b}\n")), [ok("#1", 1), ok("#2", 2)], "bare");
    let pdsh = format!(
        "n2: {b}\nn1: {a}\nn3: ssh: connect to host n3 port 22: No route to host\n\
         pdsh@head: n3: ssh exited with exit code 255\nn4: bash: rntpdate: command not found\n"
    );
    let expected = [
        ok("n2", 2),
        ok("n1", 1),
        bad("n3", "ssh: connect to host n3 port 22: No route to host"),
        bad("n4", "bash: rntpdate: command not found"),
    ];
    assert_eq!(nodes(&pdsh), expected);
    let clush = format!("n1: {a}\nclush: n5: command timeout\nclush: in progress(1/2)\n");
    assert_eq!(nodes(&clush), [ok("n1", 1), bad("n5", "command timeout")]);
    let gathered =
        format!("---------------\nn1\n---------------\n{a}\n---------------\nn2 (1)\n---------------\n x: y\n{b}\n");
    assert_eq!(nodes(&gathered), [ok("n1", 1), ok("n2", 2)]);
    let srun = format!("0: {a}\n 12: {b}\nsrun: error: n9: task 3: Exited with exit code 127\n");
    assert_eq!(nodes(&srun), [ok("0", 1), ok("12", 2), bad("3", "error: n9: task 3: Exited with exit code 127")]);
    let kubectl = format!("[pod/clock-a/rntpdate] {b}\n[pod/clock-a/rntpdate] {a}\n[pod/clock-b/x] Error: no\n");
    assert_eq!(nodes(&kubectl), [ok("clock-a", 1), bad("clock-b", "Error: no")], "the last run counts");
}

#[test]
fn ansibles_forms_are_read() {
    let (a, b) = (object(0.001), object(0.002));
    let ad_hoc = format!(
        "n1 | CHANGED | rc=0 >>\n{a}\nn2 | FAILED | rc=1 >>\n{b}non-zero return code\n\
         n3 | FAILED | rc=127 >>\n/bin/sh: 1: rntpdate: not found\nn4 | UNREACHABLE! => {{\n    \"changed\": false,\n    \
         \"msg\": \"Failed to connect: \\\"n4\\\" {{\",\n    \"unreachable\": true\n}}\nn5 | SUCCESS | rc=0 >>\n"
    );
    let expected = [
        ok("n1", 1),
        ok("n2", 2),
        bad("n3", "/bin/sh: 1: rntpdate: not found"),
        bad("n4", "Failed to connect: \"n4\" {"),
        bad("n5", "it printed nothing"),
    ];
    assert_eq!(nodes(&ad_hoc), expected);
    assert_eq!(nodes(&format!("n1 | CHANGED | rc=0 | (stdout) {a}\n")), [ok("n1", 1)]);
    let quoted = serde_json::to_string(&format!("a banner\n{a}\n")).unwrap();
    let document = format!(
        "{{\n \"custom_stats\": {{}},\n \"plays\": [\n  {{\n   \"tasks\": [\n    {{\"hosts\": {{\"n0\": {{\"ansible_facts\": \
         {{}}}}}}}},\n    {{\n     \"hosts\": {{\n      \"n1\": {{\"cmd\": [\"rntpdate\"], \"rc\": 0, \"stdout\": {quoted}, \
         \"msg\": [1]}},\n      \"n2\": {{\"unreachable\": true, \"msg\": \"no way\"}},\n      \"n3\": {{\"failed\": true, \
         \"stderr\": \"\", \"msg\": \"oh\"}}\n     }}\n    }}\n   ]\n  }}\n ],\n \"stats\": {{\n  \"n\": {{}}\n }}\n}}\n"
    );
    assert_eq!(nodes(&document), [ok("n1", 1), bad("n2", "no way"), bad("n3", "oh")]);
    assert_eq!(nodes(&document.replace('\n', "")), nodes(&document), "on one line");
}

#[test]
fn what_is_cut_off_harms_nobody_else() {
    let (a, b) = (object(0.001), object(0.002));
    for cut in 1..a.len() {
        let text = format!("n1: {}\nn2: {b}\nn3: {a}\n", &a[..cut]);
        let found = nodes(&text);
        assert_eq!(found.len(), 3, "{text}");
        assert!(found[0].1.is_err(), "{cut}");
        assert_eq!(found[1..], [ok("n2", 2), ok("n3", 1)], "{cut}");
    }
    assert_eq!(nodes(&format!("n1: {a} trailing\n")), [ok("n1", 1)]);
}

#[test]
fn numbers_that_are_no_clocks_are_no_results() {
    let a = object(0.001);
    for (from, to) in [
        ("\"root_distance\":0.01", "\"root_distance\":-1"),
        ("\"root_distance\":0.01", "\"root_distance\":1e300"),
        ("\"offset\":0.001,\"root", "\"offset\":1e11,\"root"),
        ("\"finished\":1800000000.2", "\"finished\":\"x\""),
        ("\"exit_status\":0", "\"exit_status\":-1"),
        ("\"offset\":0.001,\"root", "\"offset\":1e999,\"root"),
        ("rntpdate 0.1.0", "somebody else"),
    ] {
        assert!(a.contains(from), "{from}");
        let found = nodes(&format!("n1: {}\n", a.replace(from, to)));
        assert!(found[0].1.is_err(), "{to}: {found:?}");
    }
    let unknown = a.replace("\"standing\":\"truechimer\"", "\"standing\":\"falseticker\"");
    assert!(read_all(&unknown).0[0].result.as_ref().unwrap().servers.is_empty(), "no ruler");
    let many =
        a.replace("\"servers\":[", &format!("\"servers\":[{}", "{\"address\":\"192.0.2.9\",\"port\":1},".repeat(5000)));
    assert!(read_all(&many).0[0].result.is_ok());
}

/// In an object of a later version a member may mean something else, in whatever it is wrapped.
#[test]
fn what_a_newer_rntpdate_printed_is_not_believed() {
    let newer = object(0.001).replace("\"version\":1", "\"version\":2");
    let why = "its output is from a newer rntpdate (version 2): collect with that one";
    assert_eq!(nodes(&format!("n1: {newer}\n")), [bad("n1", why)]);
    let indented = newer.replace(",\"", ",\n\"").replacen('{', "{\n", 1);
    assert_eq!(nodes(&format!("n1 | SUCCESS => {indented}\n")), [bad("n1", why)]);
    let task = serde_json::json!({"plays": [{"tasks": [{"hosts": {"n1": {"stdout": newer}}}]}]});
    assert_eq!(nodes(&format!("{task:#}\n")), [bad("n1", why)]);
    let (none, warnings) = read_all(&newer);
    assert!(none.is_empty() && warnings[0].starts_with("1 line is no output") && warnings[0].contains(why));
    for same in ["\"version\":null", "\"version\":1", "\"version\":\"1\""] {
        assert_eq!(nodes(&newer.replace("\"version\":2", same)), [ok("#1", 1)]);
    }
}

#[test]
fn lines_that_are_no_object_lack_an_option() {
    let line = "server 192.0.2.1, stratum 1, offset +0.000012, delay 0.02574";
    assert_eq!(nodes(&format!("n1: {line}\n")), [bad("n1", "it ran rntpdate without --json")]);
}

#[test]
fn json_that_is_whole_is_not_called_cut_off() {
    let texts = ["{\"version\":1}", "{\"program\":\"rntpdate 0.1.0\",\"version\":1}", "{\"a\":[1,2]}"];
    for text in texts {
        assert!(nodes(&format!("n1: {text}\n"))[0].1.as_ref().unwrap_err().contains("lacks members"), "{text}");
        let cut = &text[..text.len() - 1];
        assert!(nodes(&format!("n1: {cut}\n"))[0].1.as_ref().unwrap_err().contains("cut off"), "{cut}");
    }
}

#[test]
fn there_is_an_end_to_everything() {
    let mut reader = Reader::default();
    for number in 0..MAX_NODES + 5 {
        reader.line(&format!("n{number}: x"));
    }
    let (delivered, warnings) = reader.finish();
    assert_eq!(delivered.len(), MAX_NODES);
    assert!(warnings[0].starts_with("5 lines of nodes beyond"), "{warnings:?}");
    let deep = format!("n1: {}\n", "{\"plays\":[".repeat(100_000));
    assert!(nodes(&deep)[0].1.is_err());
    let long = format!("n1: {}\n", "x".repeat(10_000));
    assert!(nodes(&long)[0].1.as_ref().unwrap_err().len() < 300);
    let (none, warnings) = read_all("hello\nworld\n");
    assert!(none.is_empty() && warnings[0].contains("2 lines are no output") && warnings[0].ends_with("hello"));
}

#[test]
fn a_text_that_never_ends_costs_its_length_once() {
    // Each line opens what the next one goes on with.
    let mut reader = Reader::default();
    for _ in 0..50_000 {
        reader.line("{");
        reader.line("\"a\": {");
    }
    // Were each read anew from its beginning, this would take hours.
    assert!(reader.finish().0.is_empty());
}

proptest! {
    #[test]
    fn any_lines_are_read_to_their_end(lines in prop::collection::vec("(\\PC|[{}\\[\\]\":,|>=0-9a-z\\- ]){0,40}", 0..30)) {
        let (delivered, _) = read_all(&lines.join("\n"));
        prop_assert!(delivered.len() <= lines.len());
        for one in delivered {
            prop_assert!(one.result.is_err() && is_node(&one.node));
        }
    }
}
