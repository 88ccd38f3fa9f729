//! Many clocks at one look (`--fleet`), in a network namespace whose loopback addresses are all servers.

use std::fmt::Write as _;
use std::fs;
use std::net::Ipv4Addr;
use std::process::{Output, Stdio};
use std::time::{Duration, Instant};

use crate::support::crowd::{Crowd, Manner};
use crate::support::netns::Netns;
use crate::support::{require, schema};
use serde_json::Value;

const RNTPDATE: &str = env!("CARGO_BIN_EXE_rntpdate");

/// The address of this number: 250 in each /24, from 127.1.0.1 on.
fn address(number: u32) -> Ipv4Addr {
    Ipv4Addr::from_bits(0x7f01_0000 + (number / 250) * 256 + number % 250 + 1)
}

fn list(numbers: std::ops::Range<u32>) -> String {
    numbers.fold(String::new(), |mut text, number| {
        let _ = writeln!(text, "{}", address(number));
        text
    })
}

/// Runs the program over a list, with these options.
fn fleet(netns: &Netns, list: &str, options: &[&str]) -> Output {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("clocks");
    fs::write(&file, list).expect("a file");
    let mut command = netns.command(RNTPDATE);
    command.arg("--fleet").arg(&file).args(options).stdin(Stdio::null()).output().expect("the program")
}

/// The same with a time-out of 2 s, and the most memory that it had at once, in KiB.
fn measured(netns: &Netns, list: &str) -> (Output, u64) {
    let folder = tempfile::tempdir().expect("a folder");
    let (file, said) = (folder.path().join("clocks"), folder.path().join("said"));
    fs::write(&file, list).expect("a file");
    let mut command = netns.command(RNTPDATE);
    command.arg("--fleet").arg(&file).args(["-t", "2", "--warning", "1", "--critical", "2"]).stdin(Stdio::null());
    let mut child = command.stdout(fs::File::create(&said).expect("a file")).spawn().expect("the program");
    let (mut most, mut is_over) = (0, false);
    while !is_over {
        // The kernel keeps the highest value that there was; only what comes after the last look is missed.
        let text = fs::read_to_string(format!("/proc/{}/status", child.id())).unwrap_or_default();
        let peak = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let peak = peak.and_then(|value| value.trim().strip_suffix(" kB")).and_then(|value| value.parse().ok());
        most = most.max(peak.unwrap_or(0));
        std::thread::sleep(Duration::from_millis(2));
        is_over = child.try_wait().expect("its status").is_some();
    }
    let status = child.wait().expect("its end");
    (Output { status, stdout: fs::read(&said).expect("what it said"), stderr: Vec::new() }, most)
}

fn text(output: &Output) -> (String, String) {
    let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("UTF-8");
    (text(&output.stdout), text(&output.stderr))
}

#[test]
fn ten_thousand_clocks_are_looked_at_in_seconds_and_little_memory() {
    if require::servers().is_none() {
        return;
    }
    let netns = Netns::new();
    let _crowd = Crowd::start(&netns, |asked| {
        let number = (asked.to_bits() - 0x7f01_0000) / 256 * 250 + asked.to_bits() % 256 - 1;
        match number {
            number if number % 100 == 50 => Manner::Silent,
            number if number % 1000 == 7 => Manner::Ahead(-3.0),
            _ => Manner::Ahead(0.0),
        }
    });
    let begun = Instant::now();
    let (output, memory) = measured(&netns, &list(0..10_000));
    let took = begun.elapsed();
    let (said, complaints) = text(&output);
    assert_eq!(output.status.code(), Some(2), "{complaints}");
    assert_eq!(complaints, "");
    let lines: Vec<&str> = said.lines().collect();
    let of = |what: &str| lines.iter().filter(|line| line.contains(what)).count();
    assert_eq!(of("behind, and it claims to be right"), 10, "{said}");
    assert!(lines[..10].iter().all(|line| line.starts_with("CRITICAL 127.1.") && line.contains("behind")), "{said}");
    assert_eq!(of(": no reply to a request"), 100, "{said}");
    let summary =
        "CRITICAL: 9900 of 10000 clocks answered, 9890 agree, 9890 within the limits, 10 critical, 100 silent";
    assert!(lines[110].starts_with(summary), "{}", lines[110]);
    assert!(lines[111].starts_with("|offset|: half within 0.000"), "{}", lines[111]);
    // 2.5 s by the pace and 2 s of time-out; what a busy machine adds is its own.
    assert!(took < Duration::from_secs(40), "{took:?}");
    assert!((1024..48 * 1024).contains(&memory), "{memory} KiB");
}

#[test]
fn nobody_answers_for_another_clock() {
    if require::servers().is_none() {
        return;
    }
    let netns = Netns::new();
    let _crowd = Crowd::start(&netns, |asked| match asked.octets()[3] {
        1 => Manner::Elsewhere(Ipv4Addr::new(127, 0, 0, 9)),
        2 => Manner::Twice,
        3 => Manner::Guessing,
        4 => Manner::Rate,
        5 => Manner::Stratum(0.0, 16),
        6 => Manner::Ahead(3600.2),
        _ => Manner::Ahead(0.0),
    });
    let all = "127.0.0.1\n127.0.0.2\n127.0.0.3 # a comment\n127.0.0.4\n127.0.0.5\n127.0.0.6\n127.0.0.7\n";
    let output = fleet(&netns, all, &["-t", "2", "-v", "--warning", "100", "--critical", "200"]);
    let (said, _) = text(&output);
    for (address, words) in [
        (1, "CRITICAL 127.0.0.1: its reply came from 127.0.0.9"),
        (2, "OK       127.0.0.2: offset "),
        (3, "CRITICAL 127.0.0.3: no reply to a request"),
        (4, "CRITICAL 127.0.0.4: no time: kiss code RATE"),
        (5, "it is not synchronised itself (stratum 16"),
        (6, "ahead by 1.00 hours"),
        (7, "OK       127.0.0.7: offset "),
    ] {
        let line = said.lines().find(|line| line.contains(&format!("127.0.0.{address}:"))).expect("a line");
        assert!(line.contains(words), "{line}");
    }
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn one_network_gets_no_more_than_its_rate() {
    if require::servers().is_none() {
        return;
    }
    let netns = Netns::new();
    let crowd = Crowd::start(&netns, |_| Manner::Ahead(0.0));
    let output =
        fleet(&netns, "127.5.5.0/26\n127.5.6.0/26\n", &["--rate", "50", "--warning", "20", "--critical", "30"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    let asked = crowd.asked();
    assert_eq!(asked.len(), 2 * 62);
    for network in [5, 6] {
        let moments: Vec<Instant> =
            asked.iter().filter(|(_, address)| address.octets()[2] == network).map(|(at, _)| *at).collect();
        let within =
            |start: Instant| moments.iter().filter(move |at| **at >= start && **at < start + Duration::from_secs(1));
        let busiest = moments.iter().map(|start| within(*start).count()).max();
        // A thread of this test that does not run for a while sees what came meanwhile at once.
        assert!(busiest.is_some_and(|busiest| busiest <= 58), "{busiest:?}");
        assert!(moments[61] - moments[0] > Duration::from_millis(1100), "62 at 50 a second take 1.2 s");
    }
}

#[test]
fn a_reference_takes_the_place_of_this_machine() {
    if require::servers().is_none() {
        return;
    }
    let netns = Netns::new();
    let _crowd = Crowd::start(&netns, |asked| match asked.octets()[3] {
        9 => Manner::Silent,
        _ => Manner::Ahead(5.0),
    });
    let clocks = "127.0.0.1\nlocalhost\n127.0.0.3\n127.0.0.4\n";
    let against_us = fleet(&netns, clocks, &["--warning", "2", "--critical", "3"]);
    let (said, _) = text(&against_us);
    assert_eq!(against_us.status.code(), Some(2));
    assert!(said.contains("4 clocks agree with each other and not with this machine's clock"), "{said}");
    let against_another = fleet(&netns, clocks, &["--reference", "127.0.0.8", "--warning", "2", "--critical", "3"]);
    let (said, complaints) = text(&against_another);
    assert_eq!(against_another.status.code(), Some(0), "{said}{complaints}");
    let silent = fleet(&netns, clocks, &["--reference", "127.0.0.9", "-t", "0.2"]);
    let (said, complaints) = text(&silent);
    assert_eq!((silent.status.code(), said.as_str()), (Some(3), ""));
    assert!(complaints.contains("the reference 127.0.0.9 cannot be compared with: no reply"), "{complaints}");
}

#[test]
fn programs_get_an_object_for_each_clock_and_one_for_all() {
    if require::servers().is_none() {
        return;
    }
    let netns = Netns::new();
    let _crowd = Crowd::start(&netns, |asked| match asked.octets()[3] {
        1 => Manner::Silent,
        _ => Manner::Ahead(0.2),
    });
    let output = fleet(
        &netns,
        "127.0.0.1\n127.0.0.2\nno-such-name.invalid\n127.0.1.0/30\n",
        &["--json", "-t", "2", "--critical", "50"],
    );
    let (said, _) = text(&output);
    let objects: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    objects.iter().for_each(schema::check_fleet);
    let of = |target: &str| objects.iter().find(|object| object["target"] == target).expect("an object");
    assert_eq!(of("127.0.0.1")["level"], "critical");
    assert_eq!((&of("127.0.0.2")["level"], &of("127.0.0.2")["stratum"]), (&"warning".into(), &2.into()));
    assert!(of("no-such-name.invalid")["cause"].as_str().is_some_and(|cause| cause.starts_with("no address")));
    assert_eq!(of("127.0.1.1")["absent"], true, "an address of a block may be nobody's");
    let last = objects.last().expect("an object");
    assert_eq!(last["kind"], "fleet-summary");
    assert_eq!((&last["clocks"], &last["answered"], &last["absent"]), (&4.into(), &2.into(), &1.into()));
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn the_run_is_nobody_without_rights_while_it_waits() {
    if require::servers().is_none() {
        return;
    }
    let netns = Netns::new();
    let crowd = Crowd::start(&netns, |_| Manner::Silent);
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("clocks");
    fs::write(&file, "127.0.0.1\n").expect("a file");
    let mut command = netns.command(RNTPDATE);
    let mut child =
        command.arg("--fleet").arg(&file).args(["-t", "20"]).stdout(Stdio::null()).spawn().expect("it runs");
    let begun = Instant::now();
    while crowd.asked().is_empty() {
        assert!(begun.elapsed() < Duration::from_secs(20), "nobody was asked");
        std::thread::sleep(Duration::from_millis(10));
    }
    let status = fs::read_to_string(format!("/proc/{}/status", child.id())).expect("its status");
    let _ = child.kill();
    let _ = child.wait();
    let value = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).expect(name).trim().to_owned();
    assert_eq!(value("Uid:").split_whitespace().collect::<Vec<_>>(), ["65534"; 4]);
    for set in ["CapPrm:", "CapEff:", "CapInh:", "CapBnd:", "CapAmb:"] {
        assert_eq!(value(set), "0000000000000000", "{set}");
    }
    assert_eq!((value("Seccomp:").as_str(), value("NoNewPrivs:").as_str()), ("2", "1"));
}
