//! A name service for users that never answers, as one that waits for the network at boot.

use std::process::Command;
use std::time::{Duration, Instant};

use super::Net;
use crate::support::require;

/// A module of the C library's that hangs whatever it is asked.
const MODULE: &str = "
    #include <unistd.h>
    int _nss_hang_getpwnam_r() { for (;;) pause(); }
    int _nss_hang_getpwuid_r() { for (;;) pause(); }
    int _nss_hang_getgrnam_r() { for (;;) pause(); }
    int _nss_hang_initgroups_dyn() { for (;;) pause(); }";

#[test]
fn users_are_looked_up_only_where_one_is_named_and_until_the_deadline() {
    if require::servers().is_none() {
        return;
    }
    let net = Net::new();
    let (source, module) = (net.folder.path().join("hang.c"), net.folder.path().join("libnss_hang.so.2"));
    std::fs::write(&source, MODULE).expect("a file");
    let built = Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&module).arg(&source).status();
    assert!(built.expect("a C compiler").success());
    let run = |arguments: &[&str]| {
        let started = Instant::now();
        let mut command = net.command(arguments);
        let output = command.env("LD_LIBRARY_PATH", net.folder.path()).output().expect("unshare");
        let text = String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned();
        (output.status.code(), text, started.elapsed())
    };
    for arguments in [["-q", "127.0.0.2"], ["-q", "quick.test"], ["-d", "127.0.0.2"]] {
        let (status, text, took) = run(&arguments);
        assert_eq!(status, Some(0), "{arguments:?}: {text}");
        assert!(took < Duration::from_secs(3), "{arguments:?}: {took:?}");
    }
    let (status, text, took) = run(&["-q", "-U", "daemon", "--deadline", "1.5", "127.0.0.2"]);
    assert_eq!(status, Some(1), "{text}");
    assert!(text.contains("cannot look up user daemon: no answer from the name service in 1.5 s"), "{text}");
    assert!(took < Duration::from_secs(4), "{took:?}");
}
