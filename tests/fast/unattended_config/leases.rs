//! Servers that DHCP has handed out.

use super::*;

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
