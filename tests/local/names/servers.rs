//! Name servers that are of no use, told apart.

use super::Net;
use crate::support::require;

/// The code of the verdict on a name in a run that explains itself, and all words of it.
fn verdict(net: &Net, arguments: &[&str]) -> (String, String) {
    let (report, _) = net.ask(&[&["-d"], arguments].concat());
    let verdict = &report["hosts"][0]["verdict"];
    let words = ["seen", "cause", "here"].map(|part| verdict[part].as_str().unwrap_or_default()).join(" | ");
    (verdict["code"].as_str().unwrap_or_default().to_owned(), words)
}

#[test]
fn each_failure_has_its_own_verdict() {
    if require::servers().is_none() {
        return;
    }
    let net = Net::new();
    for (name, code, words) in [
        ("servfail.test", "name-server-failed", "127.0.0.1 says SERVFAIL"),
        ("refused.test", "name-server-refused", "127.0.0.1 says REFUSED"),
        ("silent.test", "name-server-silent", "127.0.0.1 does not answer"),
    ] {
        let found = verdict(&net, &[name, "--deadline", "2"]);
        assert!(found.0 == code && found.1.contains(words), "{name}: {found:?}");
    }
    let found = verdict(&net, &["-6", "quick.test"]);
    assert!(found.0 == "no-such-name" && found.1.contains("family"), "{found:?}");
    let none = Net::with_resolv_conf("search test\n");
    let found = verdict(&none, &["quick.test", "--deadline", "2"]);
    // The name server on this machine, which the C library asks where none is named, is there in this network.
    assert!(found.0.is_empty(), "{found:?}");
    let none = Net::with_resolv_conf("search test\n");
    let found = verdict(&none, &["servfail.test", "--deadline", "2"]);
    assert!(found.0 == "no-name-server" && found.1.contains("resolv.conf"), "{found:?}");
    let nobody = Net::with_resolv_conf("nameserver 127.0.0.77\nnameserver 192.0.2.53\n");
    let found = verdict(&nobody, &["quick.test", "--deadline", "2"]);
    assert!(found.0 == "name-server-silent" && found.1.contains("192.0.2.53 cannot be reached"), "{found:?}");
    // An address asks no name server, whatever is wrong with it; nor is one at fault that leads to no server.
    let (net, nobody) = (Net::new(), nobody);
    for (net, name, words) in [
        (&nobody, "fe80::1%nowhere", "there is no interface nowhere on this machine | the address holds on one link"),
        (&nobody, "ff02::101%lo", "a multicast address, which no server has"),
        (&net, "blocked.test", "DNS blockers"),
    ] {
        let found = verdict(net, &[name, "--deadline", "2"]);
        assert!(found.0 == "name-unresolved" && found.1.contains(words), "{name}: {found:?}");
        assert!(!found.1.contains("name server") && !found.1.contains("127.0.0"), "{name}: {found:?}");
    }
    // In the lines too, also where there is no server to say anything of.
    let (output, errors, _) = net.run(&["-d", "refused.test", "--deadline", "2"]);
    assert!(
        output.contains("refused.test: ") && output.contains("cause (certain): the name server refuses"),
        "{output}{errors}"
    );
}
