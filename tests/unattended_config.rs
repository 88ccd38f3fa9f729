//! Servers from the configuration files of other time services: which are read, in which order, and what breaks them.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

mod support;

use std::fs;
use std::os::unix::fs::symlink;
use std::path::{Path, PathBuf};

use rntpdate::system::config_files::{Found, configured_under, named};

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
fn the_order_is_that_of_the_manual() {
    let root = Root::new();
    root.file("/etc/default/ntpdate", "NTPSERVERS=a.example\n")
        .file("/etc/ntp/step-tickers", "b.example\n")
        .file("/etc/ntp.conf", "server c.example\n")
        .file("/etc/chrony.conf", "pool d.example\n")
        .file("/etc/systemd/timesyncd.conf", "[Time]\nNTP=e.example\n")
        .file("/run/chrony-dhcp/eth0.sources", "server f.example iburst\n")
        .file("/run/systemd/netif/leases/2", "ADDRESS=192.0.2.15\nNTP=192.0.2.1\n")
        .file("/var/lib/NetworkManager/internal-x-eth0.lease", "NTP=192.0.2.3\n")
        .file("/var/lib/NetworkManager/dhclient-x-eth1.lease", "lease {\n  option ntp-servers 192.0.2.4;\n}\n")
        .file("/var/lib/dhcp/dhclient.eth0.leases", "lease {\n  option ntp-servers 192.0.2.2;\n}\n");
    let order: Vec<String> = root.configured().iter().map(|found| hosts(found).join(" ")).collect();
    assert_eq!(
        order,
        [
            "a.example",
            "b.example",
            "c.example",
            "d.example",
            "e.example",
            "f.example",
            "192.0.2.1",
            "192.0.2.4",
            "192.0.2.3",
            "192.0.2.2"
        ]
    );
}

#[test]
fn ntpdate_debian_takes_ntp_conf_where_it_says_so_and_dhcp_over_both() {
    let root = Root::new();
    root.file("/etc/default/ntpdate", "NTPDATE_USE_NTP_CONF=yes\nNTPSERVERS=own.example\nNTPOPTIONS=\"-u -b\"\n");
    let found = root.only();
    assert_eq!(hosts(&found), ["own.example"], "there is no ntp.conf");
    assert_eq!(found.notes, ["NTPOPTIONS in /etc/default/ntpdate is not applied: -u -b"]);
    root.file("/etc/ntp.conf", "server conf.example\n");
    assert_eq!(hosts(&root.configured()[0]), ["conf.example"]);
    root.file("/var/lib/ntpdate/default.dhcp", "NTPSERVERS='192.0.2.1 192.0.2.2'\n");
    assert_eq!(hosts(&root.configured()[0]), ["192.0.2.1", "192.0.2.2"]);
    assert_eq!(root.configured()[0].file, Path::new("/var/lib/ntpdate/default.dhcp"));
    root.file("/etc/default/ntpdate", "NTPSERVERS=own.example\nIGNORE_DHCP=yes\n");
    assert_eq!(hosts(&root.configured()[0]), ["own.example"]);
}

#[test]
fn chrony_directories_by_name_and_the_earlier_one_wins() {
    let root = Root::new();
    root.file(
        "/etc/chrony/chrony.conf",
        "confdir /etc/chrony/conf.d /usr/lib/chrony\nsourcedir /run/chrony-dhcp\ninclude /etc/chrony/more/*.inc\nserver last.example\n",
    )
    .file("/etc/chrony/conf.d/20.conf", "server b.example port 1123\n")
    .file("/etc/chrony/conf.d/README", "server no.example\n")
    .file("/usr/lib/chrony/10.conf", "server a.example\n")
    .file("/usr/lib/chrony/20.conf", "server masked.example\n")
    .file("/run/chrony-dhcp/eth0.sources", "server 2001:db8::1 iburst\n")
    .file("/run/chrony-dhcp/eth0.conf", "server no.example\n")
    .file("/etc/chrony/more/x.inc", "pool c.example\n");
    let found = root.configured().remove(0);
    assert_eq!(hosts(&found), ["a.example", "b.example", "2001:db8::1", "c.example", "last.example"]);
    assert_eq!(found.servers[1].port, Some(1123));
    assert_eq!(faults(&found), [""; 0]);
}

#[test]
fn the_last_line_that_demands_so_many_servers_counts() {
    let root = Root::new();
    root.file("/etc/chrony.conf", "minsources 4\nconfdir /etc/chrony.d\nserver a.example\n")
        .file("/etc/chrony.d/1.conf", "minsources 2\n")
        .file("/etc/chrony.d/2.conf", "minsources 3\n");
    assert_eq!(root.only().min_servers, Some(3));
    root.file("/etc/chrony.conf", "include /etc/chrony.d/*.conf\nserver a.example\nminsources 4\n");
    assert_eq!(root.only().min_servers, Some(4));
    let root = Root::new();
    root.file("/etc/ntp.conf", "tos minclock 4 minsane 3\npool a.example\nincludefile more.conf\n");
    assert_eq!(root.only().min_servers, Some(3));
    root.file("/etc/more.conf", "tos minsane 2 mindist 0.01\n");
    assert_eq!(root.only().min_servers, Some(2));
    root.file("/etc/ntp.conf", "pool a.example\n");
    assert_eq!(root.only().min_servers, None);
}

#[test]
fn timesyncd_drop_ins_by_name_over_all_directories() {
    let root = Root::new();
    root.file("/etc/systemd/timesyncd.conf", "[Time]\nNTP=main.example\nFallbackNTP=fall.example\n")
        .file("/usr/lib/systemd/timesyncd.conf.d/10-vendor.conf", "[Time]\nNTP=vendor.example\n")
        .file("/usr/lib/systemd/timesyncd.conf.d/30-masked.conf", "[Time]\nNTP=masked.example\n")
        .file("/run/systemd/timesyncd.conf.d/01-dhclient.conf", "[Time]\nNTP=192.0.2.1\n");
    fs::create_dir_all(root.path("/etc/systemd/timesyncd.conf.d")).unwrap();
    symlink("/dev/null", root.path("/etc/systemd/timesyncd.conf.d/30-masked.conf")).unwrap();
    let found = root.only();
    assert_eq!(hosts(&found), ["main.example", "192.0.2.1", "vendor.example"]);
    root.file("/etc/systemd/timesyncd.conf.d/99.conf", "[Time]\nNTP=\n");
    assert_eq!(hosts(&root.only()), ["fall.example"]);
    assert_eq!(faults(&root.only()), [""; 0]);
}

#[test]
fn broken_lines_and_files_are_named_and_the_others_count() {
    let root = Root::new();
    root.file("/etc/ntp.conf", "server\nserver good.example\nincludefile /etc/missing.conf\nincludefile extra.conf\n")
        .file("/etc/extra.conf", "server [2001:db8::1\nserver also.example:1123\n");
    let found = root.only();
    assert_eq!(hosts(&found), ["good.example", "also.example"]);
    assert_eq!(
        faults(&found),
        [
            "/etc/ntp.conf:1: the server's name is missing",
            "/etc/ntp.conf: includes /etc/missing.conf, which is not there",
            "/etc/extra.conf:1: \"[2001:db8::1\" lacks its closing bracket",
        ]
    );
}

#[test]
fn files_that_include_each_other_come_to_an_end() {
    let root = Root::new();
    root.file("/etc/ntp.conf", "server a.example\nincludefile /etc/ntp.conf\nincludefile /etc/ntp.conf\n");
    let found = root.only();
    assert_eq!(hosts(&found), ["a.example"]);
    assert!(!found.faults.is_empty());
}

#[test]
fn what_is_no_file_or_too_long_does_not_stop_the_run() {
    let root = Root::new();
    root.file("/etc/chrony.conf", &format!("server a.example\n{}", "# long\n".repeat(1 << 18)));
    nix::unistd::mkfifo(&root.path("/etc/ntp.conf"), nix::sys::stat::Mode::S_IRWXU).unwrap();
    fs::create_dir_all(root.path("/etc/ntp/step-tickers")).unwrap();
    let texts: Vec<String> = root.configured().iter().flat_map(faults).collect();
    assert_eq!(texts[0], "/etc/ntp/step-tickers: is not a file");
    assert_eq!(texts.last().unwrap(), "/etc/chrony.conf: longer than 1 MiB: not read");
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
    let Some(conf) = support::require::debian_files() else { return };
    let root = Root::new();
    let copied = std::process::Command::new("cp").arg("-a").arg(conf.join("etc")).arg(root.0.path()).status().unwrap();
    assert!(copied.success());
    let found: Vec<(String, String)> =
        root.configured().iter().map(|found| (found.file.display().to_string(), hosts(found).join(" "))).collect();
    let pool = "0.debian.pool.ntp.org 1.debian.pool.ntp.org 2.debian.pool.ntp.org 3.debian.pool.ntp.org";
    let expected = [
        // It says that the servers are in ntp.conf.
        ("/etc/default/ntpsec-ntpdate", pool),
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
fn a_key_that_the_file_wants_and_nobody_gives_is_missed_aloud() {
    let root = Root::new();
    root.file("/conf", "server 127.0.0.1:9 key 5\nserver 127.0.0.2:9\nserver 127.0.0.3 nts\n");
    let said = |options: &[&str]| {
        let mut command = std::process::Command::new(env!("CARGO_BIN_EXE_rntpdate"));
        let output =
            command.args(["-q", "-t", "0.2", "--from"]).arg(root.path("/conf")).args(options).output().unwrap();
        String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
    };
    let (usual, verbose) = (said(&[]), said(&["-v"]));
    assert!(usual.contains("/conf wants a key for 127.0.0.1, and none is used: -a KEY -k FILE"), "{usual}");
    assert!(
        !usual.contains("NTS") && verbose.contains("asked without the NTS that the file wants: 127.0.0.3"),
        "{verbose}"
    );
}
