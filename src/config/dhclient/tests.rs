//! Files as dhclient writes them.

use super::*;

fn hosts(lease: &Lease) -> Vec<&str> {
    lease.servers.iter().map(|server| server.host.as_str()).collect()
}

#[test]
fn the_newest_lease_of_each_interface() {
    let found = leases(
        "lease {\n  interface \"eth0\";\n  option ntp-servers 192.0.2.9;\n  expire 2 2026/11/24 00:00:00;\n}\n\
         lease {\n  interface \"eth1\";\n  fixed-address 198.51.100.7;\n  option ntp-servers 198.51.100.1;\n  expire never;\n}\n\
         lease {\n  interface \"eth0\";\n  option domain-name \"a { b; }\";\n  option ntp-servers 192.0.2.1, 192.0.2.2;\n\
         \x20 renew 2 2026/11/24 00:00:00;\n  expire 3 2026/11/25 01:02:03;\n}\n",
    );
    assert_eq!(found.faults, []);
    let seen: Vec<_> = found.newest.iter().map(|lease| (lease.interface.as_deref(), hosts(lease))).collect();
    assert_eq!(seen, [(Some("eth0"), vec!["192.0.2.1", "192.0.2.2"]), (Some("eth1"), vec!["198.51.100.1"])]);
    assert_eq!(found.newest[0].expires, Some(1_795_568_523));
    assert!(found.newest[0].is_over(1_795_568_523) && !found.newest[0].is_over(1_795_568_522));
    assert!(!found.newest[1].is_over(i64::MAX));
}

#[test]
fn a_newer_lease_without_servers_and_seconds_since_1970() {
    let found = leases(
        "lease {\n option ntp-servers 192.0.2.9;\n}\nlease {\n expire epoch 1700000000; # Tue Nov 14 22:13:20 2023\n}\n",
    );
    assert_eq!(found.newest.len(), 1);
    assert_eq!(hosts(&found.newest[0]), [""; 0]);
    assert_eq!(found.newest[0].expires, Some(1_700_000_000));
}

#[test]
fn dhcpv6() {
    let found = leases(
        "default-duid \"\\000\\001\\000\\001\";\nlease6 {\n  interface \"eth0\";\n  ia-na 11:22:33:44 {\n    starts 1700000000;\n    renew 3600;\n\
         \x20   iaaddr 2001:db8::15 {\n      starts 1700000000;\n      preferred-life 7200;\n      max-life 7500;\n    }\n  }\n\
         \x20 option dhcp6.client-id 0:1:0:1;\n  option dhcp6.sntp-servers 2001:db8::123,2001:db8::124;\n\
         \x20 option dhcp6.unknown-56 0:3:0:d:3:6e:74:70:7:65:78:61:6d:70:6c:65:0;\n}\n\
         lease6 {\n  interface \"eth1\";\n  released;\n  ia-na 1 {\n    iaaddr 2001:db8:1::15 {\n      starts 1700000000;\n      max-life 4294967295;\n    }\n  }\n}\n",
    );
    assert_eq!(hosts(&found.newest[0]), ["2001:db8::123", "2001:db8::124", "ntp.example"]);
    assert_eq!(found.newest[0].expires, Some(1_700_007_500));
    assert!(found.newest[0].is_v6);
    assert_eq!(found.newest[1].expires, Some(i64::MAX));
}

#[test]
fn what_is_wrong_in_the_newest_is_named() {
    let found = leases(
        "lease {\n option ntp-servers 4;\n}\nlease {\n  option ntp-servers 192.0.2.1,\n  4;\n}\nlease {\n  interface \"eth9\";\n",
    );
    let faults: Vec<(usize, &str)> = found.faults.iter().map(|fault| (fault.line, &*fault.text)).collect();
    assert_eq!(faults, [(5, "\"4\" is no server name or address"), (8, "the lease lacks its closing brace")]);
}
