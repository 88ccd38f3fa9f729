//! The servers' own clients with the key files that rntpdate reads: if they pass with a file, so has rntpdate.

use std::process::Output;

use super::types::{KEYS, file};
use super::{LOOPBACK, with_key};
use crate::support::keyed::{KeyFile, Kind, Served};
use crate::support::peers::{client_with, write_secret};
use crate::support::require::{self, Cache};

fn run(cache: &Cache, server: &Served, keys: &str, command: &[&str]) -> Output {
    let folder = tempfile::tempdir().expect("cannot make a temporary folder");
    write_secret(&folder.path().join("keys"), keys);
    client_with(cache, &server.network, folder.path(), command).output().expect("cannot start a client")
}

/// ntpdig does not cut long digests to 20 bytes, and so cannot use the longer types with any server.
#[test]
fn ntpdig_passes_where_we_pass() {
    let Some(cache) = require::servers() else { return };
    let keys = file(Kind::Ntpd);
    let ours = KeyFile::new(&keys);
    for kind in Kind::BOTH {
        let server = Served::start(&cache, kind, &file(kind));
        for (id, name, _) in KEYS.into_iter().filter(|(_, name, _)| matches!(*name, "MD5" | "SHA1" | "AES128")) {
            let command = ["ntpdig", "-t", "2", "-a", &id.to_string(), "-k", "/srv/keys", LOOPBACK];
            let output = run(&cache, &server, &keys, &command);
            assert!(output.status.success(), "{kind:?} {name}: {output:?}");
            with_key(&server.network, "-q", id, ours.path(), &[LOOPBACK]).assert_passed();
        }
        // It does tell right keys from wrong ones.
        let wrong = super::types::wrong_file(Kind::Ntpd);
        let output = run(&cache, &server, &wrong, &["ntpdig", "-t", "1", "-a", "2", "-k", "/srv/keys", LOOPBACK]);
        assert!(!output.status.success(), "{output:?}");
    }
}

#[test]
fn chronyd_as_a_client_passes_where_we_pass() {
    let Some(cache) = require::servers() else { return };
    let keys = file(Kind::Chronyd);
    let ours = KeyFile::new(&keys);
    for kind in Kind::BOTH {
        let server = Served::start(&cache, kind, &file(kind));
        for (id, name, _) in KEYS {
            // For long digests it would take version 3 by itself, in which it and ntpd differ.
            let source = format!("server {LOOPBACK} key {id} version 4 iburst maxsamples 1");
            let rest = ["keyfile /srv/keys", "cmdport 0", "pidfile /run/client.pid"];
            let command = [&["chronyd", "-Q", "-u", "root", "-t", "5", source.as_str()], &rest[..]].concat();
            let output = run(&cache, &server, &keys, &command);
            let said = String::from_utf8_lossy(&output.stderr);
            assert!(output.status.success() && said.contains("System clock wrong by"), "{kind:?} {name}: {said}");
            with_key(&server.network, "-q", id, ours.path(), &[LOOPBACK]).assert_passed();
        }
    }
}
