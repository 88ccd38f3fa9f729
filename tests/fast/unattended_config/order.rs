//! Which file comes first, and which line counts.

use super::*;

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
