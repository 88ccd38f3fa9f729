//! Servers from the configuration files of other time services: which are read, in which order, and what breaks them.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

mod faults;
mod leases;
mod order;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use rntpdate::internals::linux::files::config::{Found, configured_under, named};

/// A root directory with configuration files.
struct Root(tempfile::TempDir);

impl Root {
    fn new() -> Root {
        Root(tempfile::tempdir().unwrap())
    }

    fn file(&self, path: &str, text: &str) -> &Root {
        let file = self.path(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
        self
    }

    fn path(&self, path: &str) -> PathBuf {
        self.0.path().join(path.trim_start_matches('/'))
    }

    fn configured(&self) -> Vec<Found> {
        configured_under(self.0.path())
    }

    /// The one configuration that there is.
    fn only(&self) -> Found {
        let mut found = self.configured();
        assert_eq!(found.len(), 1, "{found:?}");
        found.remove(0)
    }
}

fn hosts(found: &Found) -> Vec<&str> {
    found.servers.iter().map(|server| server.host.as_str()).collect()
}

fn faults(found: &Found) -> Vec<String> {
    found.faults.iter().map(ToString::to_string).collect()
}

#[test]
fn an_empty_machine_has_none() {
    assert_eq!(Root::new().configured(), []);
}

#[test]
fn a_file_that_the_user_names_may_have_any_form() {
    let root = Root::new();
    root.file("/list", "a.example\n").file("/conf", "pool b.example\nmakestep 1 3\n");
    assert_eq!(hosts(&named(&root.path("/list")).unwrap()), ["a.example"]);
    assert_eq!(hosts(&named(&root.path("/conf")).unwrap()), ["b.example"]);
    let missing = named(&root.path("/missing")).unwrap_err().to_string();
    assert!(missing.ends_with("/missing: there is no such file"), "{missing}");
}

/// The files as the packages bring them.
#[test]
fn debians_own_files() {
    let Some(conf) = crate::support::require::debian_files() else { return };
    let root = Root::new();
    let copied = std::process::Command::new("cp").arg("-a").arg(conf.join("etc")).arg(root.0.path()).status().unwrap();
    assert!(copied.success());
    let found: Vec<(String, String)> =
        root.configured().iter().map(|found| (found.file.display().to_string(), hosts(found).join(" "))).collect();
    let pool = "0.debian.pool.ntp.org 1.debian.pool.ntp.org 2.debian.pool.ntp.org 3.debian.pool.ntp.org";
    let expected = [
        // /etc/default/ntpsec-ntpdate says that the servers are there.
        ("/etc/ntpsec/ntp.conf", pool),
        ("/etc/ntpsec/ntp.conf", pool),
        ("/etc/openntpd/ntpd.conf", pool),
        ("/etc/chrony/chrony.conf", "2.debian.pool.ntp.org"),
        // All comments.
        ("/etc/systemd/timesyncd.conf", ""),
    ];
    assert_eq!(found, expected.map(|(file, servers)| (file.to_owned(), servers.to_owned())));
    assert!(root.configured().iter().all(|found| found.faults.is_empty()), "{:?}", root.configured());
}

#[test]
fn a_server_without_the_proof_that_the_file_wants_is_not_asked() {
    let root = Root::new();
    root.file("/conf", "server 127.0.0.1:9 key 5\nserver 127.0.0.2:9\nserver 127.0.0.3 nts\n");
    let said = |options: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_rntpdate"));
        let output =
            command.args(["-q", "-t", "0.2", "--from"]).arg(root.path("/conf")).args(options).output().unwrap();
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    };
    let (usual, without) = (said(&[]), said(&["--no-nts"]));
    assert!(usual.contains("host 127.0.0.1 is not asked: ") && usual.contains("names no file of keys"), "{usual}");
    let nts = "host 127.0.0.3 is not asked: ";
    assert!(usual.contains(nts) && !usual.contains("127.0.0.3: no data"), "{usual}");
    assert!(!without.contains(nts) && without.contains("127.0.0.3: no data"), "{without}");
}

#[test]
fn nobody_is_to_be_believed_without_proof_and_is_asked_in_plain_aloud() {
    let root = Root::new();
    root.file("/chrony.conf", "server 127.0.0.1 port 9\nconfdir /none\nauthselectmode require\n");
    let output = std::process::Command::new(env!("CARGO_BIN_EXE_rntpdate"))
        .args(["-q", "-t", "0.2", "--from"])
        .arg(root.path("/chrony.conf"))
        .output()
        .unwrap();
    let text = String::from_utf8_lossy(&output.stderr).into_owned();
    let warning =
        "/chrony.conf:3 wants no server believed that proves nothing (authselectmode require): asked without that";
    assert_eq!(text.matches("asked without that").count(), 1, "{text}");
    assert!(text.contains(warning), "{text}");
}

/// Runs the program under a name on a machine where DHCP has left a file for chronyd, and nothing else has a server.
fn beside_dhcp(name: &str, text: &str, options: &str) -> (Option<i32>, String) {
    let root = Root::new();
    let link = root.path(name);
    symlink(env!("CARGO_BIN_EXE_rntpdate"), &link).unwrap();
    let script = format!(
        "mount -t tmpfs none /run && mkdir /run/chrony-dhcp && echo '{text}' >/run/chrony-dhcp/eth0.sources && \
         exec {} -q -u -t 0.2 {options}",
        link.display()
    );
    let output = std::process::Command::new("unshare").args(["--mount", "sh", "-c", &script]).output().unwrap();
    (output.status.code(), String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned())
}

#[test]
fn through_a_link_called_ntpdate_only_named_servers_are_asked() {
    if !nix::unistd::geteuid().is_root() {
        return crate::support::require::missing("root (for mount namespaces)");
    }
    let server = "server 127.0.0.1 port 9";
    let (status, text) = beside_dhcp("/ntpdate", server, "");
    assert_eq!((status, text.lines().count()), (Some(2), 1), "{text}");
    assert!(text.starts_with("ntpdate: no server given; usage: "), "{text}");
    for (name, options) in
        [("/ntpdate", "--from /run/chrony-dhcp/eth0.sources"), ("/rntpdate", ""), ("/ntpdate-debian", "")]
    {
        let (status, text) = beside_dhcp(name, server, options);
        assert!(status == Some(1) && text.contains("127.0.0.1:9: no data: "), "{name}: {text}");
    }
}
