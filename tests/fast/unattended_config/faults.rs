//! Files that are broken, too long, missing, or not for everybody.

use super::*;

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
fn servers_beyond_what_one_run_asks_are_left_out_with_a_word() {
    let root = Root::new();
    let lines: String = (0..300).map(|number| format!("ntp{number}.example\n")).collect();
    root.file("/etc/ntp/step-tickers", &lines);
    let found = root.only();
    assert_eq!(found.servers.len(), 256);
    let faults = faults(&found);
    assert!(faults.len() == 1 && faults[0].contains("more than 256") && faults[0].contains("--fleet"), "{faults:?}");
}
