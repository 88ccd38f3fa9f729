//! -a and -k of the program: every key file that is refused, with its words and its exit status, and one that is taken.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::io::Write as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use crate::support::ntpserver::{Behaviour, Builder, SECOND, Server};
use rntpdate::internals::wire::{Algorithm, Key, KeyId};
use zeroize::Zeroizing;

/// A secret that must never be seen in any output.
const SECRET: &str = "unmistakable";
const KEYS: &str = "# keys\n1 MD5 other\n7 SHA1 unmistakable\n";

fn key() -> Key {
    Key::new(KeyId::new(7).unwrap(), Algorithm::Sha1, Zeroizing::new(SECRET.as_bytes().to_vec())).unwrap()
}

/// A server that knows the key.
fn signing() -> Builder {
    Server::builder().offset(SECOND).edit(|_, reply| key().sign(reply))
}

/// A key file with this text and mode.
fn key_file(folder: &Path, text: &[u8], mode: u32) -> PathBuf {
    let file = folder.join("keys");
    fs::write(&file, text).unwrap();
    fs::set_permissions(&file, fs::Permissions::from_mode(mode)).unwrap();
    file
}

fn rntpdate(arguments: &[&str]) -> Output {
    let output = Command::new(env!("CARGO_BIN_EXE_rntpdate")).args(arguments).env("TZ", "UTC").output().unwrap();
    for text in [&output.stdout, &output.stderr] {
        assert!(!String::from_utf8_lossy(text).contains(SECRET), "the secret is printed: {output:?}");
    }
    output
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Runs with this file, and checks that it is refused for this before anything is sent.
#[track_caller]
fn assert_refused(file: &Path, cause: &str) {
    let server = signing().start();
    let (port, file) = (server.port().to_string(), file.to_str().unwrap());
    let output = rntpdate(&["-q", "-a7", "-k", file, "--port", &port, "127.0.0.1"]);
    let stderr = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{stderr}");
    assert_eq!(stderr, format!("rntpdate: key file {file}: {cause}\n"));
    assert!(output.stdout.is_empty() && server.requests().is_empty());
}

#[test]
fn files_that_cannot_be_used_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    assert_refused(&path("missing"), "there is no such file; -k names another one");
    symlink("nowhere", path("dangling")).unwrap();
    assert_refused(&path("dangling"), "there is no such file; -k names another one");
    assert_refused(folder.path(), "it is not a regular file");
    assert_refused(Path::new("/dev/zero"), "it is not a regular file");
    let _socket = std::os::unix::net::UnixListener::bind(path("socket")).unwrap();
    assert_refused(&path("socket"), "it is not a regular file");
    nix::unistd::mkfifo(&path("fifo"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    let started = Instant::now();
    assert_refused(&path("fifo"), "it is not a regular file");
    assert!(started.elapsed() < Duration::from_secs(5), "a pipe that nobody writes to does not hold it up");
}

#[test]
fn files_that_everyone_can_read_or_write_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    for (mode, doing) in [(0o644, "read"), (0o604, "read"), (0o666, "read"), (0o642, "write"), (0o602, "write")] {
        let file = key_file(folder.path(), KEYS.as_bytes(), mode);
        let remedy = format!("so its keys prove nothing: chmod 640 {}", file.display());
        assert_refused(&file, &format!("everyone can {doing} it (mode {mode:04o}), {remedy}"));
    }
}

#[test]
fn files_without_the_key_or_with_a_bad_one_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let huge = b"7 SHA1 unmistakable\n".repeat(1024 * 1024 / 20 + 1);
    let types = "MD5, SHA1, SHA256, SHA384, SHA512, AES128, AES256";
    for (text, cause) in [
        (&b""[..], "it has no key 7, nor any other"),
        (b"1 MD5 unmistakable\n2 M unmistakable", "it has no key 7, only 1, 2"),
        (b"\n7 SHA1", "line 2: key 7 (SHA1): there is no secret"),
        (
            b"7 SHA1 HEX:unmistakable",
            "line 1: key 7 (SHA1): the secret after HEX: has to be pairs of hexadecimal digits",
        ),
        (b"7 AES unmistakable", "line 1: key 7 (AES128): a secret for AES128 has 16 bytes, and this one has 12"),
        (b"7 AES256 unmistakable", "line 1: key 7 (AES256): a secret for AES256 has 32 bytes, and this one has 12"),
        (&huge, "it has more than 1048576 bytes"),
    ] {
        assert_refused(&key_file(folder.path(), text, 0o600), cause);
    }
    let unknown = format!("line 1: key 7 has the type RMD160, which is not supported (these are: {types})");
    assert_refused(&key_file(folder.path(), b"7 RMD160 unmistakable", 0o600), &unknown);
}

#[test]
fn a_file_that_we_may_not_read_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    fs::set_permissions(folder.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let file = key_file(folder.path(), KEYS.as_bytes(), if nix::unistd::geteuid().is_root() { 0o600 } else { 0 });
    let program = folder.path().join("rntpdate");
    // By another process: whoever is started by a test beside this one would have the copy open for a moment, "text file busy".
    assert!(Command::new("cp").arg(env!("CARGO_BIN_EXE_rntpdate")).arg(&program).status().unwrap().success());
    let mut command = Command::new(&program);
    if nix::unistd::geteuid().is_root() {
        // To root nothing is forbidden.
        command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups", "--"]).arg(&program);
    }
    let output = command.args(["-q", "-a7", "-k"]).arg(&file).arg("127.0.0.1").output().unwrap();
    let cause = "Permission denied (os error 13); run rntpdate as root or as a user who may read it";
    let expected = format!("rntpdate: key file {}: {cause}\n", file.display());
    assert_eq!((output.status.code(), text(&output.stderr)), (Some(1), expected));
}

#[test]
fn with_the_right_key_the_offset_is_found_and_the_key_is_named() {
    let folder = tempfile::tempdir().unwrap();
    for mode in [0o600, 0o640, 0o400, 0o660] {
        let file = key_file(folder.path(), KEYS.as_bytes(), mode);
        let (server, file) = (signing().start(), file.to_str().unwrap());
        let port = server.port().to_string();
        let last = ["-a", "7", "-k", file, "--port", &port, "127.0.0.1"];
        let named = format!(": authentication with key 7 (SHA1) of {file}");
        for option in ["-q", "-qv", "-d"] {
            let output = rntpdate(&[&[option, "-p1"], &last[..]].concat());
            let stdout = text(&output.stdout);
            assert_eq!(output.status.code(), Some(0), "{output:?}");
            assert!(stdout.contains("step time server 127.0.0.1 offset +"), "{stdout}");
            assert_eq!(stdout.contains(&named), option != "-q", "{stdout}");
            let passed = "receive(127.0.0.1)\nreceive: authentication passed\n";
            assert_eq!(stdout.contains(passed), option == "-d", "{stdout}");
        }
        assert_eq!(key().verify(&server.requests()[0].bytes), Ok(()));
    }
}

#[test]
fn a_failure_is_shown_where_ntpdate_shows_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = key_file(folder.path(), KEYS.as_bytes(), 0o600);
    let nak = Server::builder().edit(|_, reply| reply.extend([0; 4])).start();
    let port = nak.port().to_string();
    let last = ["-a7", "-k", file.to_str().unwrap(), "-p2", "-t0.2", "--interval=0.05", "--port", &port, "127.0.0.1"];
    let output = rntpdate(&[&["-d"], &last[..]].concat());
    let stdout = text(&output.stdout);
    assert_eq!(output.status.code(), Some(1));
    let failed = "receive(127.0.0.1)\nreceive: authentication failed: crypto-NAK\n";
    assert_eq!(stdout.matches(failed).count(), 2, "{stdout}");
    assert!(stdout.contains("127.0.0.1: Server dropped: Server is untrusted\n"), "{stdout}");
    assert!(stdout.contains("stratum 2, precision ") && stdout.contains(", leap 00, trust 003\n"), "{stdout}");
    let output = rntpdate(&[&["-q"], &last[..]].concat());
    let stderr = text(&output.stderr);
    assert!(
        stderr.contains(": 127.0.0.1: Server dropped: Server is untrusted (key 7, SHA1: crypto-NAK)\n"),
        "{stderr}"
    );
    assert!(stderr.ends_with(": no server suitable for synchronization found\n"), "{stderr}");
}

#[test]
fn whoever_answers_first_without_proof_does_not_end_the_wait() {
    let folder = tempfile::tempdir().unwrap();
    let file = key_file(folder.path(), KEYS.as_bytes(), 0o600);
    let answered = AtomicUsize::new(0);
    let late = Server::builder().edit(move |_, reply| {
        if answered.fetch_add(1, Ordering::Relaxed) > 1 {
            key().sign(reply);
        }
    });
    let server = late.start();
    let port = server.port().to_string();
    let key = ["-a7", "-k", file.to_str().unwrap()];
    let output = rntpdate(&[&["-q", "--wait", "20", "--port", &port, "127.0.0.1"], &key[..]].concat());
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(server.requests().len(), 3);
}

#[test]
fn the_json_object_has_the_key_and_what_came_of_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = key_file(folder.path(), KEYS.as_bytes(), 0o600);
    let report = |builder: Builder, with_key: bool| {
        let server = builder.start();
        let port = server.port().to_string();
        let key = ["-a7", "-k", file.to_str().unwrap()];
        let key = if with_key { &key[..] } else { &[] };
        let output = rntpdate(&[&["-q", "--json", "-t0.2", "--port", &port, "127.0.0.1"], key].concat());
        let report: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
        report["servers"][0]["authentication"].clone()
    };
    let expected = |result: &str, passed: u8, failed: u8, failure: Option<&str>| {
        serde_json::json!({
            "key": 7, "file": file.to_str(), "algorithm": "SHA1", "result": result, "passed": passed, "failed": failed, "failure": failure
        })
    };
    assert_eq!(report(signing(), true), expected("passed", 1, 0, None));
    assert_eq!(report(Server::builder(), true), expected("failed", 0, 1, Some("no MAC")));
    assert_eq!(report(signing().behave(Behaviour::Silent), true), expected("no-reply", 0, 0, None));
    assert_eq!(report(signing(), false), serde_json::Value::Null);
}

#[test]
fn without_a_no_file_is_read() {
    let server = Server::builder().start();
    let port = server.port().to_string();
    let output = rntpdate(&["-q", "-k", "/nonexistent/keys", "--port", &port, "127.0.0.1"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert_eq!(server.requests()[0].bytes.len(), 48);
    for option in ["--self-test", "--doctor", "--peers", "--history-show"] {
        let output = rntpdate(&[option, "-a7", "-k", "/nonexistent/keys"]);
        assert_eq!(output.status.code(), Some(2), "{option} proves nothing: {output:?}");
    }
}

#[test]
fn the_file_is_read_before_another_user_is_become() {
    if !nix::unistd::geteuid().is_root() {
        let _ = std::io::stderr().write_all(b"skipped: only root becomes another user\n");
        return;
    }
    let folder = tempfile::tempdir().unwrap();
    let file = key_file(folder.path(), KEYS.as_bytes(), 0o600);
    let server = signing().start();
    let port = server.port().to_string();
    let output = rntpdate(&["-q", "-U", "nobody", "-a7", "-k", file.to_str().unwrap(), "--port", &port, "127.0.0.1"]);
    assert_eq!(output.status.code(), Some(0), "{output:?}");
    assert!(text(&output.stdout).starts_with("server 127.0.0.1, stratum 2, offset +"), "{output:?}");
}

#[test]
fn a_file_that_others_can_change_is_taken_with_a_warning() {
    let folder = tempfile::tempdir().unwrap();
    let file = key_file(folder.path(), KEYS.as_bytes(), 0o640);
    let server = signing().start();
    let (port, name) = (server.port().to_string(), file.to_str().unwrap());
    let warnings = || {
        let output = rntpdate(&["-q", "-a7", "-k", name, "--port", &port, "127.0.0.1"]);
        assert_eq!(output.status.code(), Some(0), "{output:?}");
        text(&output.stderr)
    };
    assert_eq!(warnings(), "");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o660)).unwrap();
    let written = warnings();
    assert!(written.contains(&format!("key file {name} can be changed by group ")), "{written}");
    assert!(written.contains(&format!("(mode 0660): chmod 640 {name}")) && written.lines().count() == 1, "{written}");
    fs::set_permissions(&file, fs::Permissions::from_mode(0o600)).unwrap();
    if !nix::unistd::geteuid().is_root() {
        return;
    }
    std::os::unix::fs::chown(&file, Some(12345), None).unwrap();
    let owned = warnings();
    assert!(owned.contains(&format!("key file {name} belongs to user 12345, who can change its keys")), "{owned}");
}
