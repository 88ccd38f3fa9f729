//! The program's own output, line for line in the form that ntpdate 4.2.8p15 gave it. It runs through a link called
//! ntpdate, and never without -q or -d.
//!
//! In the patterns `#` is a digit, `?` a digit or a space, `^` a letter, `h` a hexadecimal digit, `~` a sign, `@` a number, `*`
//! the rest of the line. `%` stands for `DATE ntpdate[PID]: ` and `§` for an NTP timestamp and its local time.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::os::unix::fs::symlink;
use std::process::{Command, Output};
use std::time::Duration;

use crate::support::ntpserver::{Behaviour, Builder, DAY, MILLISECOND, SECOND, Server};

/// Whether a line has the pattern's form.
fn fits(pattern: &str, line: &str) -> bool {
    let Some(sign) = pattern.chars().next() else { return line.is_empty() };
    let (rest, first) = (&pattern[sign.len_utf8()..], line.chars().next());
    let one = |wanted: fn(char) -> bool| first.is_some_and(|c| wanted(c) && fits(rest, &line[c.len_utf8()..]));
    match sign {
        '*' => true,
        '%' => fits(&format!("?# ^^^ ##:##:## ntpdate[@]: {rest}"), line),
        '§' => fits(&format!("hhhhhhhh.hhhhhhhh  ^^^, ^^^ ?# #### ?#:##:##.###{rest}"), line),
        '#' => one(|c| c.is_ascii_digit()),
        '?' => one(|c| c.is_ascii_digit() || c == ' '),
        '^' => one(char::is_alphabetic),
        'h' if rest.starts_with(['h', '.', ' ']) => one(|c| c.is_ascii_hexdigit() || c == 'h'),
        '~' => one(|c| c == '+' || c == '-'),
        '@' => {
            let after = line.trim_start_matches(|c: char| c.is_ascii_digit());
            after.len() < line.len() && fits(rest, after)
        }
        sign => first == Some(sign) && fits(rest, &line[sign.len_utf8()..]),
    }
}

#[track_caller]
fn assert_fits(pattern: &str, text: &str) {
    let (patterns, lines): (Vec<&str>, Vec<&str>) = (pattern.lines().collect(), text.lines().collect());
    for (pattern, line) in patterns.iter().zip(&lines) {
        assert!(fits(pattern, line), "{line:?} is not {pattern:?} in\n{text}");
    }
    assert_eq!(patterns.len(), lines.len(), "expected\n{pattern}\ngot\n{text}");
}

fn ntpdate(arguments: &[&str]) -> Output {
    let folder = tempfile::tempdir().unwrap();
    let link = folder.path().join("ntpdate");
    symlink(env!("CARGO_BIN_EXE_rntpdate"), &link).unwrap();
    Command::new(link).args(arguments).output().unwrap()
}

/// What ntpdate prints too: after the servers' blocks -d has one paragraph of its own.
#[track_caller]
fn without_diagnosis(stdout: &str) -> String {
    let Some((before, after)) = stdout.split_once("\n\nDiagnosis:\n127.0.0.1: ") else {
        assert!(!stdout.contains("Looking for host"), "-d without a diagnosis:\n{stdout}");
        return stdout.to_owned();
    };
    let (_, rest) = after.split_once("\n\n").unwrap_or_else(|| panic!("the paragraph has no end:\n{stdout}"));
    assert!(rest.lines().count() <= 1, "only the result comes after the diagnosis:\n{stdout}");
    format!("{before}\n\n{rest}")
}

#[track_caller]
fn assert_output(output: &Output, status: i32, stdout: &str, stderr: &str) {
    assert_fits(stdout, &without_diagnosis(std::str::from_utf8(&output.stdout).unwrap()));
    assert_fits(stderr, std::str::from_utf8(&output.stderr).unwrap());
    assert_eq!(output.status.code(), Some(status));
}

/// Runs it against one server.
fn against(builder: Builder, options: &[&str]) -> Output {
    let server = builder.start();
    let port = server.addr().port().to_string();
    assert!(
        options.iter().any(|option| option.starts_with("-q") || option.starts_with("-d")),
        "the clock is never set"
    );
    ntpdate(&[options, &["--port", &port, "127.0.0.1"]].concat())
}

/// What -d prints before the packets.
const HEAD: &str = "%rntpdate #.#.#, in place of ntpdate 4.2.8p15
Looking for host 127.0.0.1 and service ntp
127.0.0.1 reversed to *
";
const PACKET: &str = "transmit(127.0.0.1)\nreceive(127.0.0.1)\n";
const NO_SERVER: &str = "%no server suitable for synchronization found\n";
const FOUND: &str = "host found : *\n";

/// One server's block of -d, between its empty lines.
fn block(stratum: &str, refid: &str, reference: &str, samples: usize) -> String {
    let row = |cell: &str, count: usize| {
        (0..4).map(|place| if place < count { cell.to_owned() } else { format!(" {:<10}", "----") }).collect::<String>()
    };
    let (delay, offset) = (" #.#####   ", " ~#.###### ");
    let (first, second) = (samples.min(4), samples.saturating_sub(4));
    format!(
        "
server 127.0.0.1, port @
{stratum}, trust 000
refid [{refid}], root delay #.######, root dispersion #.######
reference time:      {reference}
originate timestamp: §
transmit timestamp:  §
filter delay: {}
              {}
filter offset:{}
              {}
delay #.#####, dispersion #.#####, offset ~#.######

",
        row(delay, first),
        row(delay, second),
        row(offset, first),
        row(offset, second)
    )
}

fn good() -> Builder {
    Server::builder().offset(250 * MILLISECOND).refid([127, 0, 0, 99])
}

const GOOD: &str = "stratum 2, precision -##, leap 00";

#[test]
fn a_good_server() {
    let stdout = format!(
        "{HEAD}{}{}%adjust time server 127.0.0.1 offset +0.2##### sec\n",
        PACKET.repeat(4),
        block(GOOD, "127.0.0.99", "§", 4)
    );
    assert_output(&against(good(), &["-d"]), 0, &stdout, FOUND);
    let stratum1 = good().stratum(1).refid(*b"GPS\0");
    let stdout = format!(
        "{HEAD}{}{}%adjust time server 127.0.0.1 offset +0.2##### sec\n",
        PACKET.repeat(8),
        block("stratum 1, precision -##, leap 00", "GPS", "§", 8)
    );
    assert_output(&against(stratum1, &["-d", "-p", "8"]), 0, &stdout, FOUND);
    let behind = Server::builder().offset(-750 * MILLISECOND).refid([127, 0, 0, 99]);
    let stdout = format!(
        "{HEAD}{}{}%step time server 127.0.0.1 offset -0.7##### sec\n",
        PACKET.repeat(4),
        block(GOOD, "127.0.0.99", "§", 4)
    );
    assert_output(&against(behind, &["-dv"]), 0, &stdout, FOUND);
}

#[test]
fn a_query() {
    let stdout = "server 127.0.0.1, stratum 2, offset +0.2#####, delay #.#####
%adjust time server 127.0.0.1 offset +0.2##### sec\n";
    assert_output(&against(good(), &["-q"]), 0, stdout, "");
    assert_output(&against(good(), &["-qp4"]), 0, stdout, "");
    let hour = || Server::builder().offset(3600 * SECOND);
    let stdout = "server 127.0.0.1, stratum 2, offset +####.######, delay #.#####
%step time server 127.0.0.1 offset +####.###### sec\n";
    assert_output(&against(hour(), &["-q"]), 0, stdout, "");
    let unsigned = stdout.replace('+', "");
    assert_output(&against(hour(), &["-q", "--no-plus"]), 0, &unsigned, "");
}

#[test]
fn a_server_without_sync() {
    let unsync = || Server::builder().leap(3).stratum(0).refid(*b"INIT").zero_reftime();
    let drop = "127.0.0.1: Server dropped: strata too high\n";
    let stdout = format!(
        "{HEAD}{}{drop}{}",
        PACKET.repeat(4),
        block("stratum 16, precision -##, leap 11", "INIT", "(no time)", 4)
    );
    assert_output(&against(unsync(), &["-d"]), 1, &stdout, &format!("{FOUND}{NO_SERVER}"));
    let stderr = format!(
        "%127.0.0.1: Server dropped: strata too high (stratum 16, leap 11, refid INIT: the server is not synchronised itself)\n\
         {NO_SERVER}"
    );
    let stdout = "server 127.0.0.1, stratum 16, offset ~#.######, delay #.#####\n";
    assert_output(&against(unsync(), &["-q"]), 1, stdout, &stderr);
}

#[test]
fn a_literal_stratum_of_16_is_said_to_be_too_high() {
    let packets = format!("{PACKET}receive: mode 4 stratum 16\n").repeat(4);
    let block = block("stratum 16, precision -##, leap 00", "127.0.0.99", "§", 4);
    let stdout = format!("{HEAD}{packets}127.0.0.1: Server dropped: strata too high\n{block}");
    let output = against(Server::builder().stratum(16).refid([127, 0, 0, 99]), &["-d"]);
    assert_output(&output, 1, &stdout, &format!("{FOUND}{NO_SERVER}"));
}

#[test]
fn the_other_reasons_for_dropping() {
    for (builder, reason, leap) in [
        (Server::builder().future_reftime(3600 * SECOND), "server is very broken", "00"),
        (Server::builder().ref_age(DAY + 3600 * SECOND), "server has gone too long without sync", "00"),
        (Server::builder().leap(3), "leap not in sync", "11"),
    ] {
        let builder = builder.stratum(3).refid([127, 0, 0, 99]);
        let head = format!("stratum 3, precision -##, leap {leap}");
        let block = block(&head, "127.0.0.99", "§", 4);
        let stdout = format!("{HEAD}{}127.0.0.1: Server dropped: {reason}\n{block}", PACKET.repeat(4));
        assert_output(&against(builder, &["-d"]), 1, &stdout, &format!("{FOUND}{NO_SERVER}"));
    }
}

#[test]
fn a_server_too_far_away_and_a_block_of_one_sample() {
    let far = Server::builder().refid([127, 0, 0, 99]).delay(Duration::from_millis(8500));
    let stdout = format!(
        "{HEAD}{PACKET}127.0.0.1: Server dropped: server too far away

server 127.0.0.1, port @
stratum 2, precision -##, leap 00, trust 000
refid [127.0.0.99], root delay #.######, root dispersion #.######
reference time:      §
originate timestamp: §
transmit timestamp:  §
delay 8.5####, dispersion #.#####, offset ~#.######

"
    );
    assert_output(&against(far, &["-d", "-p", "1", "-t", "12"]), 1, &stdout, &format!("{FOUND}{NO_SERVER}"));
}

/// The block of a server that sent nothing to measure by.
const EMPTY_TAIL: &str = "filter delay:  ----       ----       ----       ----      
               ----       ----       ----       ----      
filter offset: ----       ----       ----       ----      
               ----       ----       ----       ----      
delay 0.00000, dispersion 64.00000, offset +0.000000
";

#[test]
fn kisses_of_death() {
    let denied = format!(
        "{HEAD}{PACKET}receive: kiss code DENY: access denied by the server
127.0.0.1: Server dropped: kiss code DENY: access denied by the server

server 127.0.0.1, port @
stratum 16, precision -##, leap 11, trust 000
refid [DENY], root delay #.######, root dispersion #.######
reference time:      *
originate timestamp: §
transmit timestamp:  §
{EMPTY_TAIL}
"
    );
    let output = against(Server::builder().behave(Behaviour::Kiss(*b"DENY")), &["-d"]);
    assert_output(&output, 1, &denied, &format!("{FOUND}{NO_SERVER}"));
    let output = against(Server::builder().behave(Behaviour::Kiss(*b"RATE")), &["-d", "--interval=0.1"]);
    let stderr = format!("{FOUND}%127.0.0.1 rate limit response from server.\n{NO_SERVER}");
    let slow = denied
        .replace("receive: kiss code DENY: access denied by the server\n", "")
        .replace("DENY: access denied by the server", "RATE: the server was asked too often")
        .replace("DENY", "RATE");
    assert_output(&output, 1, &slow, &stderr);
}

#[test]
fn a_silent_server() {
    let silent = || Server::builder().behave(Behaviour::Silent);
    let stdout = format!(
        "{HEAD}transmit(127.0.0.1)\ntransmit(127.0.0.1)\n127.0.0.1: Server dropped: no data

server 127.0.0.1, port @
stratum 0, precision 0, leap 00, trust 000
refid [0.0.0.0], root delay 0.000000, root dispersion 0.000000
reference time:      (no time)
originate timestamp: (no time)
transmit timestamp:  §
{EMPTY_TAIL}no data: no reply to 2 requests

"
    );
    let output = against(silent(), &["-d", "-t0.2"]);
    assert_output(&output, 1, &stdout, &format!("{FOUND}{NO_SERVER}"));
    let output = against(silent(), &["-q", "-t0.2"]);
    assert_output(
        &output,
        1,
        "",
        &format!("%127.0.0.1: no data: no reply to 1 request (-d looks for the cause)\n{NO_SERVER}"),
    );
}

#[test]
fn command_lines_that_make_no_sense() {
    let usage = "ntpdate: no server given; usage: ntpdate [-46bBdqsuvw] [-a key] *\n";
    // On a machine with a time service too: nobody named its servers.
    assert_output(&ntpdate(&[]), 2, "", usage);
    for (words, line) in [
        (vec!["-Z", "127.0.0.1"], "ntpdate: unknown option -Z*"),
        (vec!["-p", "9", "127.0.0.1"], "ntpdate: number of samples (9) is invalid*"),
        (vec!["-qp0", "127.0.0.1"], "ntpdate: number of samples (0) is invalid*"),
        (vec!["-q", "-t", "-1", "127.0.0.1"], "ntpdate: time to wait (-1) is invalid*"),
        (vec!["-q", "-tnan", "127.0.0.1"], "ntpdate: time to wait (nan) is invalid*"),
        (vec!["-q", "-e", "1", "127.0.0.1"], "ntpdate: encryption delay 1 is unlikely*"),
        (vec!["-q", "-o5", "127.0.0.1"], "ntpdate: protocol version (5) is invalid*"),
        (vec!["-q", "--port=0", "127.0.0.1"], "ntpdate: port (0) is invalid*"),
        (vec!["-q", "--source-port=65536", "127.0.0.1"], "ntpdate: source port (65536) is invalid*"),
        (vec!["-qa", "0", "127.0.0.1"], "ntpdate: key (0) is invalid: it is 1 to 4294967295*"),
        (vec!["-qa", "x", "127.0.0.1"], "ntpdate: key (x) is invalid*"),
        (vec!["-qa", "-1", "127.0.0.1"], "ntpdate: key (-1) is invalid*"),
        (vec!["-qa4294967296", "127.0.0.1"], "ntpdate: key (4294967296) is invalid*"),
    ] {
        assert_output(&ntpdate(&words), 2, "", line);
    }
}

#[test]
fn its_version_says_both_names() {
    assert_output(&ntpdate(&["-V"]), 0, "rntpdate #.#.#, in place of ntpdate 4.2.8p15\n", "");
    let output = Command::new(env!("CARGO_BIN_EXE_rntpdate")).arg("-V").output().unwrap();
    assert_output(&output, 0, "rntpdate #.#.#\n", "");
}

#[test]
fn a_name_without_address_is_named_and_the_others_go_on() {
    let stderr = "%Can't find host no-such-host.invalid: *\n%no servers can be used, exiting\n";
    assert_output(&ntpdate(&["-q", "no-such-host.invalid"]), 1, "", stderr);
    let server = good().start();
    let port = server.addr().port().to_string();
    let output = ntpdate(&["-q", "--port", &port, "no-such-host.invalid", "127.0.0.1", "127.0.0.1"]);
    let stdout = "server 127.0.0.1, stratum 2, offset +0.2#####, delay #.#####
%adjust time server 127.0.0.1 offset +0.2##### sec\n";
    assert_output(&output, 0, stdout, "%Can't find host no-such-host.invalid: *\n");
}

#[test]
fn options_bundle_and_attach_as_getopt_takes_them() {
    let server = good().start();
    let port = server.addr().port().to_string();
    for words in [vec!["-qup1"], vec!["-qu", "-t5"], vec!["-bBqu", "-t", "0.5"], vec!["-4q", "-o", "3"], vec!["-q46"]] {
        let output = ntpdate(&[&words[..], &["--port", &port, "localhost"]].concat());
        let family_fits = output.status.success() || words[0].ends_with('6');
        assert!(family_fits, "{words:?}: {output:?}");
    }
    let late = |words: &[&str]| {
        let output = ntpdate(&[words, &["-q", "--port", &port, "127.0.0.1"]].concat());
        String::from_utf8(output.stdout).unwrap().contains("step time server")
    };
    assert!(late(&["-B", "-b"]) && !late(&["-b", "-B"]), "the later of -b and -B counts");
}

#[test]
fn a_reader_who_leaves_is_no_crash() {
    let server = good().start();
    let port = server.addr().port().to_string();
    let program = env!("CARGO_BIN_EXE_rntpdate");
    let script = format!("{program} -d --port {port} 127.0.0.1 2>&1 | head -n 1; exit ${{PIPESTATUS[0]}}");
    let output = Command::new("bash").args(["-c", &script]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(String::from_utf8(output.stdout).unwrap().lines().count(), 1);
}

#[test]
fn the_self_test_finds_its_offset() {
    let output = ntpdate(&["--self-test"]);
    let stdout = String::from_utf8(output.stdout).unwrap();
    assert_eq!(output.status.code(), Some(0), "{stdout}");
    let last = stdout.lines().last().unwrap_or_default();
    assert!(last.starts_with("self-test passed: true offset +0.250000, measured +0.2"), "{last}");
}
