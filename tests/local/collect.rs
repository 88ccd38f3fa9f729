//! The results of many machines put together (`--collect`), as the tools that run a command everywhere deliver them: pdsh and
//! clush run here, over their own "exec" transport, what Ansible and others printed is recorded in tests/support/delivered.

use std::io::Write as _;
use std::net::Ipv4Addr;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use serde_json::Value;

use crate::support::crowd::{Crowd, Manner};
use crate::support::netns::Netns;
use crate::support::{require, schema};

const RNTPDATE: &str = env!("CARGO_BIN_EXE_rntpdate");

/// Puts such an input together.
fn collect(input: &[u8], options: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(RNTPDATE);
    command.arg("--collect").args(options).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the program");
    let mut stdin = child.stdin.take().expect("its input");
    let input = input.to_owned();
    // Whoever has seen enough reads no further.
    let writer = std::thread::spawn(move || stdin.write_all(&input));
    let Output { status, stdout, stderr } = child.wait_with_output().expect("its end");
    let _ = writer.join();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
    (status.code(), text(stdout), text(stderr))
}

/// The tree of tests/fetch-more's set.
fn tools() -> Option<PathBuf> {
    let tree = require::servers()?.path("more/fleet");
    if tree.join("stamp").exists() {
        return Some(tree);
    }
    require::missing("pdsh and clush (run tests/fetch-more fleet)");
    None
}

/// A namespace in which each server's clock is ahead by hundredths of a second, as many as its last number says.
fn world() -> (Netns, Crowd) {
    let netns = Netns::new();
    let crowd = Crowd::start(&netns, |asked: Ipv4Addr| match asked.octets()[3] {
        9 => Manner::Silent,
        last => Manner::Ahead(f64::from(last) / 100.0),
    });
    (netns, crowd)
}

/// "Node" 127.0.0.N asks the server there: so each has another offset, as it would with another clock.
const RUN: [&str; 6] = [RNTPDATE, "-q", "--json", "-t", "0.5", "%h"];

/// What the report has to say of nodes 1 to 3, and of 9, whose server is silent.
fn is_right((status, said, complaints): (Option<i32>, String, String)) {
    assert_eq!((status, complaints.as_str()), (Some(2), ""), "{said}");
    for (node, words) in [
        ("127.0.0.1: 0.0", "sec behind +/- 0.0"),
        ("127.0.0.2: 0.0", "sec behind +/- 0.0"),
        ("127.0.0.32: 0.3", "offset beyond its limit"),
        ("CRITICAL 127.0.0.9: ", "no server suitable for synchronization found"),
        ("3 of 4 machines measured against true time", ", 1 failed"),
        ("any two clocks differ by at most 0.", "(127.0.0.1 ahead, 127.0.0.32 behind)"),
    ] {
        let line = said.lines().find(|line| line.contains(node)).unwrap_or_else(|| panic!("{node} is not in {said}"));
        assert!(line.contains(words), "{line}");
    }
}

#[test]
fn pdsh_delivers_what_is_collected() {
    let Some(tree) = tools() else { return };
    let (netns, _crowd) = world();
    // It looks at the name that it is started by, and Debian's script has another one for it.
    let folder = tempfile::tempdir().expect("a folder");
    std::os::unix::fs::symlink(tree.join("usr/bin/pdsh.bin"), folder.path().join("pdsh")).expect("a link");
    std::fs::set_permissions(folder.path(), std::fs::Permissions::from_mode(0o755)).expect("a folder for all");
    // As root it takes modules from where it is installed and from nowhere else.
    let mut command = netns.command("setpriv");
    command.args(["--reuid", "65534", "--regid", "65534", "--clear-groups"]).arg(folder.path().join("pdsh"));
    command.env("LD_LIBRARY_PATH", tree.join("usr/lib/x86_64-linux-gnu"));
    command.env("PDSH_MODULE_DIR", tree.join("usr/lib/x86_64-linux-gnu/pdsh"));
    let output = command.args(["-R", "exec", "-w", "127.0.0.[1-2,9,32]"]).args(RUN).output().expect("pdsh");
    is_right(collect(&output.stdout, &[]));
    // rntpdate's status is told by pdsh itself, on its standard error: it takes nothing away from the object's words.
    is_right(collect(&[output.stdout, output.stderr].concat(), &[]));
}

#[test]
fn clush_delivers_what_is_collected() {
    let Some(tree) = tools() else { return };
    let (netns, _crowd) = world();
    for gathered in [false, true] {
        let mut command = netns.command("python3");
        command.env("PYTHONPATH", tree.join("usr/lib/python3/dist-packages"));
        command.arg(tree.join("usr/bin/clush")).args(["-R", "exec", "-w", "127.0.0.[1-2,9,32]"]);
        command.args(if gathered { &["-b"][..] } else { &[] }).args(RUN);
        let output = command.stdin(Stdio::null()).output().expect("clush");
        let delivered = [output.stdout, output.stderr].concat();
        if delivered.is_empty() || String::from_utf8_lossy(&delivered).contains("Traceback") {
            panic!("clush: {}", String::from_utf8_lossy(&delivered));
        }
        is_right(collect(&delivered, &[]));
    }
}

#[test]
fn a_loop_in_the_shell_delivers_what_is_collected() {
    if require::servers().is_none() {
        return;
    }
    let (netns, _crowd) = world();
    let script = format!(
        "for node in 127.0.0.1 127.0.0.2 127.0.0.9 127.0.0.32; do {RNTPDATE} -q --json -t 0.5 $node | sed \"s/^/$node: /\"; done"
    );
    let output = netns.command("sh").args(["-c", &script]).output().expect("a shell");
    is_right(collect(&output.stdout, &[]));
    // The same server for all: what is told is how far they are from each other.
    let script = format!("for node in a b c; do {RNTPDATE} -q --json 127.0.0.3 | sed \"s/^/$node: /\"; done");
    let output = netns.command("sh").args(["-c", &script]).output().expect("a shell");
    let (status, said, _) = collect(&output.stdout, &["--json", "--warning", "20", "--critical", "30"]);
    let objects: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
    objects.iter().for_each(schema::check_fleet);
    let last = objects.last().expect("an object");
    assert_eq!((status, &last["reference"], &last["measured"]), (Some(0), &"127.0.0.3".into(), &3.into()), "{last}");
    let spread = last["spread"].as_f64().expect("a number");
    // The same clock: what a busy machine adds is in the bounds.
    assert!((0.0..20.0).contains(&spread), "{spread}");
}

#[test]
fn what_ansible_printed_is_collected() {
    for (form, nodes) in [("adhoc", 3), ("oneline", 3), ("play", 3)] {
        let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/support/delivered/ansible-{form}.txt"));
        let (status, said, _) = collect(&std::fs::read(file).expect("the record"), &["--json"]);
        let objects: Vec<Value> = said.lines().map(|line| serde_json::from_str(line).expect("JSON")).collect();
        objects.iter().for_each(schema::check_fleet);
        assert_eq!((status, objects.len()), (Some(2), nodes + 1), "{form}: {said}");
        let of = |node: &str| {
            objects.iter().find(|object| object["node"] == node).unwrap_or_else(|| panic!("{form}: {node}"))
        };
        for node in ["node01", "node02"] {
            assert_eq!(of(node)["state"], "measured", "{form}: {node}");
            assert!((of(node)["offset"].as_f64().expect("a number") + 0.03).abs() < 0.01, "{form}: {node}");
        }
        let cause = of("node03")["cause"].as_str().expect("a text");
        assert!(cause.contains("Connection refused"), "{form}: {cause}");
    }
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/support/delivered/ansible-failing.txt");
    let (status, said, _) = collect(&std::fs::read(file).expect("the record"), &[]);
    assert_eq!(status, Some(2));
    assert!(said.contains("CRITICAL node01: no server suitable for synchronization found"), "{said}");
}

#[test]
fn who_is_missing_is_told_and_hostile_input_is_shown_harmlessly() {
    let folder = tempfile::tempdir().expect("a folder");
    let list = folder.path().join("nodes");
    std::fs::write(&list, "node01\nnode02 # rack 1\n").expect("a file");
    let list = list.to_str().expect("a path");
    let (status, said, _) = collect(b"node01: \x1b[31m\xff boom\n", &["--expect", list]);
    assert_eq!(status, Some(2));
    assert!(said.contains("CRITICAL node02: it is expected, and nothing came from it"), "{said}");
    assert!(said.contains("CRITICAL node01: no result: ") && !said.contains('\u{1b}'), "{said}");
    for (input, why) in [(&b""[..], "it is empty"), (b"hello\n", "1 line is no output")] {
        let (status, said, complaints) = collect(input, &[]);
        assert_eq!((status, said.as_str()), (Some(3), ""));
        assert!(complaints.contains(why), "{complaints}");
    }
    let long = [b"node01: {\"a\":\"".to_vec(), vec![b'x'; 3 << 20], b"\"}\nnode02: no\n".to_vec()].concat();
    let (status, said, _) = collect(&long, &[]);
    assert!(status == Some(2) && said.contains("node02: no result: no"), "{said}");
}
