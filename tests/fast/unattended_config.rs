//! Servers from the configuration files of other time services: which are read, in which order, and what breaks them.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

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
fn the_order_is_that_of_the_manual() {
    let root = Root::new();
    let places = [
        ("/etc/default/ntpdate", "NTPSERVERS=a.example\n"),
        ("/etc/default/ntpsec-ntpdate", "NTPSERVERS=b.example\n"),
        ("/etc/sysconfig/ntpdate", "OPTIONS=\"-b c.example\"\n"),
        ("/etc/conf.d/ntp-client", "NTPCLIENT_OPTS=\"-s -b -u d.example\"\n"),
        ("/etc/ntp/step-tickers", "e.example\n"),
        ("/etc/ntpsec/ntp.conf", "server f.example\n"),
        ("/etc/ntp.conf", "server g.example\n"),
        ("/etc/openntpd/ntpd.conf", "servers h.example\n"),
        ("/etc/ntpd.conf", "server i.example\n"),
        ("/etc/chrony/chrony.conf", "pool j.example\n"),
        ("/etc/chrony.conf", "pool k.example\n"),
        ("/etc/linuxptp/timemaster.conf", "[ntp_server l.example]\n"),
        ("/etc/ntpd-rs/ntp.toml", "[[source]]\nmode = \"pool\"\naddress = \"m.example\"\n"),
        ("/etc/config/system", "config timeserver 'ntp'\n\tlist server 'n.example'\n"),
        ("/etc/config/chrony", "config pool\n\toption hostname 'o.example'\n"),
        ("/etc/conf.d/ntpd", "NTPD_OPTS=\"-N -p p.example\"\n"),
        ("/etc/systemd/timesyncd.conf", "[Time]\nNTP=q.example\n"),
        ("/run/chrony-dhcp/eth0.sources", "server r.example iburst\n"),
        ("/var/lib/NetworkManager/internal-x-eth0.lease", "NTP=192.0.2.1\n"),
        ("/var/lib/dhcp/dhclient.eth0.leases", "lease {\n  option ntp-servers 192.0.2.2;\n}\n"),
    ];
    // The last first, so that no file is found earlier than it should be because of its age.
    for (path, text) in places.iter().rev() {
        root.file(path, text);
    }
    let found = root.configured();
    let files: Vec<&str> = found.iter().map(|found| found.file.to_str().unwrap()).collect();
    assert_eq!(files, places.map(|(path, _)| path));
    let order: Vec<String> = found.iter().map(|found| hosts(found).join(" ")).collect();
    let letters = ('a'..='r').map(|letter| format!("{letter}.example"));
    assert_eq!(order, letters.chain(["192.0.2.1".to_owned(), "192.0.2.2".to_owned()]).collect::<Vec<_>>());
    assert!(found.iter().all(|found| faults(found).is_empty()), "{found:?}");
    let manual =
        fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/man/prose/rntpdate/60-unattended.roff")).unwrap();
    let manual = manual.replace('\\', "");
    let mut rest = manual.as_str();
    for (path, _) in &places[..17] {
        rest = &rest[rest.find(path).unwrap_or_else(|| panic!("{path} is not in its place in the manual"))..];
    }
}

#[test]
fn systemds_order_has_the_links_beside_ntp_and_the_fallback_behind_both() {
    let root = Root::new();
    root.file("/etc/systemd/timesyncd.conf", "[Time]\nFallbackNTP=fall.example\n");
    assert_eq!(hosts(&root.only()), ["fall.example"]);
    root.file("/run/systemd/netif/leases/2", "ADDRESS=192.0.2.15\nNTP=192.0.2.1\n");
    assert_eq!(hosts(&root.only()), ["192.0.2.1"]);
    assert_eq!(root.only().files, [Path::new("/run/systemd/netif/leases/2")]);
    root.file("/run/systemd/netif/links/2", "ADMIN_STATE=configured\nNTP=link.example 192.0.2.1\n")
        .file("/run/systemd/netif/links/3", "ADMIN_STATE=configured\nNTP=other.example\n");
    assert_eq!(hosts(&root.only()), ["link.example", "192.0.2.1", "other.example"]);
    root.file("/etc/systemd/timesyncd.conf", "[Time]\nNTP=main.example\nFallbackNTP=fall.example\n");
    assert_eq!(hosts(&root.only()), ["main.example", "link.example", "192.0.2.1", "other.example"]);
    // A network whose DHCP is not to give any.
    root.file("/etc/systemd/timesyncd.conf", "[Time]\nFallbackNTP=fall.example\n")
        .file("/run/systemd/netif/links/2", "ADMIN_STATE=configured\nNETWORK_FILE=/etc/systemd/network/lan.network\n")
        .file("/run/systemd/netif/links/3", "ADMIN_STATE=configured\n")
        .file("/etc/systemd/network/lan.network", "[Network]\nDHCP=yes\n[DHCPv4]\nUseNTP=no\n");
    assert_eq!(hosts(&root.only()), ["fall.example"]);
}

#[test]
fn the_newest_leases_of_all_interfaces_unless_they_are_over() {
    let lease = |interface: &str, server: &str, expire: &str| {
        format!("lease {{\n  interface \"{interface}\";\n  option ntp-servers {server};\n  expire {expire};\n}}\n")
    };
    let root = Root::new();
    root.file(
        "/var/lib/dhcp/dhclient.leases",
        &[
            lease("eth0", "192.0.2.1", "2 2998/01/01 00:00:00"),
            lease("eth1", "192.0.2.2", "never"),
            lease("eth2", "192.0.2.3", "4 1999/12/30 12:00:00"),
            lease("eth0", "192.0.2.4", "epoch 32500000000"),
        ]
        .concat(),
    )
    .file("/var/lib/dhcp/dhclient.eth3.leases", &lease("eth3", "192.0.2.5", "2 2998/01/01 00:00:00"))
    .file("/var/lib/dhclient/dhclient--eth1.lease", &lease("eth1", "192.0.2.6", "4 1999/12/30 12:00:00"))
    .file(
        "/var/lib/dhcp/dhclient6.eth0.leases",
        "lease6 {\n  interface \"eth0\";\n  ia-na 1 {\n    iaaddr 2001:db8::9 {\n      starts 1700000000;\n      max-life 4294967295;\n    }\n  }\n\
         \x20 option dhcp6.sntp-servers 2001:db8::123;\n}\n",
    );
    let found = root.only();
    let mut sorted = hosts(&found);
    sorted.sort_unstable();
    assert_eq!(sorted, ["192.0.2.2", "192.0.2.4", "192.0.2.5", "2001:db8::123"]);
    let note = "/var/lib/dhcp/dhclient.leases:11: this lease is over since 1999-12-30 12:00:00 UTC: its servers are passed over";
    assert_eq!(found.passed_over, [note]);
}

#[test]
fn what_a_pattern_does_not_find_is_not_missed() {
    let root = Root::new();
    root.file(
        "/etc/chrony.conf",
        "include /etc/chrony.d/*.conf\ninclude /etc/chrony.d/[0-9]?.inc\nserver a.example\nconfdir /etc/none\n",
    );
    assert_eq!(faults(&root.only()), [""; 0]);
    root.file("/etc/chrony.d/b.conf", "server b.example\n")
        .file("/etc/chrony.d/.hidden.conf", "server no.example\n")
        .file("/etc/chrony.d/1x.inc", "server c.example\n")
        .file("/etc/chrony.d/xx.inc", "server no.example\n");
    let found = root.only();
    assert_eq!(hosts(&found), ["b.example", "c.example", "a.example"]);
    assert_eq!(found.files[0], Path::new("/etc/chrony.d/b.conf"));
    // chronyd does not start without a file that is named.
    root.file("/etc/chrony.conf", "include /etc/none.conf\nserver a.example\n");
    assert_eq!(faults(&root.only()), ["/etc/chrony.conf: includes /etc/none.conf, which is not there"]);
}

#[test]
fn servers_for_the_first_step_are_servers() {
    let root = Root::new();
    root.file("/etc/chrony.conf", "initstepslew 30 a.example b.example\ndriftfile /var/lib/chrony/drift\n");
    assert_eq!(hosts(&root.only()), ["a.example", "b.example"]);
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
    assert_eq!(root.configured()[0].file, Path::new("/etc/ntp.conf"), "the file that the server's line is in");
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
    for name in ["/etc/ntp/step-tickers", "/etc/ntp.conf"] {
        assert!(texts.contains(&format!("{name}: is not a file")), "{texts:?}");
    }
    assert_eq!(texts.last().unwrap(), "/etc/chrony.conf: longer than 1 MiB: not read");
}

/// Files as long as they may be, and as bad: the time must not go with the square.
#[test]
fn long_files_of_any_form_are_read_in_no_time() {
    let long = |line: &str| line.repeat((1 << 20) / line.len());
    let numbered =
        |start: &str, end: &str| (0..40_000).map(|number| format!("{start}{number}{end}")).collect::<String>();
    let root = Root::new();
    for (name, text) in [
        ("/ntp.conf", long("sevrer x\n")),
        ("/chrony.conf", long("sevrer x y\n")),
        ("/ntp.toml", long("[[source]]\n")),
        ("/ntp.toml", numbered("a", " = [[[[\n")),
        ("/timemaster.conf", long("[chrony.conf]\nx\n")),
        ("/timesyncd.conf", "[Time]\n".to_owned() + &numbered("NPT", "=4\n")),
        ("/etc/config/system", long("lst server a\n")),
        ("/etc/conf.d/ntp-client", numbered("NTP_SEVRER", "=x\n")),
        ("/etc/default/ntpdate", numbered("NTPSEVRER", "=x\n")),
        ("/ntpd.conf", long("server a \\\n")),
        ("/dhclient.leases", numbered("lease{interface x", ";}\n")),
        ("/list", long("a\n")),
    ] {
        root.file(name, &text);
        let started = std::time::Instant::now();
        let _ = named(&root.path(name));
        let taken = started.elapsed();
        println!("{name}: {taken:?}");
        // A build without optimisation, on a busy machine.
        assert!(taken < std::time::Duration::from_secs(20), "{name}: {taken:?}");
    }
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

#[test]
fn what_is_wrong_in_the_files_is_the_reason_why_no_server_is_named() {
    if !nix::unistd::geteuid().is_root() {
        return crate::support::require::missing("root (for mount namespaces)");
    }
    let (status, text) = beside_dhcp("/rntpdate", "sevrer 127.0.0.1", "");
    let reason = "/run/chrony-dhcp/eth0.sources:1: \"sevrer\" is no directive of chrony.conf: is \"server\" meant?";
    assert!(status == Some(1) && text.contains(reason), "{status:?} {text}");
}

#[test]
fn the_text_of_a_file_that_not_everybody_may_read_is_not_shown() {
    use std::os::unix::fs::PermissionsExt as _;
    let root = Root::new();
    root.file("/ntp.conf", "server a.example\nroot:secret:19000\nserver b:secret\n");
    let said = || faults(&named(&root.path("/ntp.conf")).unwrap()).join("\n");
    assert!(said().contains("secret"));
    fs::set_permissions(root.path("/ntp.conf"), fs::Permissions::from_mode(0o640)).unwrap();
    let hidden = said();
    assert!(!hidden.contains("secret"), "{hidden}");
    assert!(hidden.contains("/ntp.conf:2: this line") && hidden.contains("/ntp.conf:3: this line"), "{hidden}");
}

#[test]
fn leases_of_network_manager_hold_from_when_they_were_written() {
    let root = Root::new();
    root.file("/var/lib/NetworkManager/internal-a-eth0.lease", "ADDRESS=192.0.2.15\nLIFETIME=3600\nNTP=192.0.2.1\n")
        .file("/var/lib/NetworkManager/internal-b-eth1.lease", "ADDRESS=192.0.2.16\nLIFETIME=3600\nNTP=192.0.2.2\n");
    assert_eq!(hosts(&root.only()), ["192.0.2.1", "192.0.2.2"]);
    let old =
        fs::File::options().append(true).open(root.path("/var/lib/NetworkManager/internal-a-eth0.lease")).unwrap();
    old.set_modified(std::time::SystemTime::now() - std::time::Duration::from_secs(7200)).unwrap();
    let found = root.only();
    assert_eq!(hosts(&found), ["192.0.2.2"]);
    assert!(
        found.passed_over[0].contains("internal-a-eth0.lease: this lease is over since"),
        "{:?}",
        found.passed_over
    );
}

#[test]
fn servers_beyond_what_one_run_asks_are_left_out_with_a_word() {
    let root = Root::new();
    let lines: String = (0..300).map(|number| format!("ntp{number}.example\n")).collect();
    root.file("/etc/ntp/step-tickers", &lines);
    let found = root.only();
    assert_eq!(found.servers.len(), 256);
    let faults = faults(&found);
    assert!(faults.len() == 1 && faults[0].contains("more than 256") && faults[0].contains("--fleet"), "{faults:?}");
}
