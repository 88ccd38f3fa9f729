//! How servers are shown, and which of them are worth a line.

use super::{Net, addresses};
use crate::support::ntpserver::Server;
use crate::support::require;

#[test]
fn a_family_that_is_not_there_is_no_news_while_the_other_serves() {
    if require::servers().is_none() {
        return;
    }
    let net = Net::new();
    let (output, errors, _) = net.run(&["-q", "both.test"]);
    assert!(output.contains("server 127.0.0.9") && !errors.contains("2001:db8::9"), "{output}{errors}");
    let (output, errors, _) = net.run(&["-q", "-v", "both.test"]);
    assert!(errors.contains("2001:db8::9: no data: network is unreachable"), "{output}{errors}");
    let (_, errors, _) = net.run(&["-q", "-6", "both.test"]);
    assert!(errors.contains("2001:db8::9: no data: network is unreachable"), "{errors}");
}

#[test]
fn what_is_printed_can_be_typed() {
    if require::servers().is_none() {
        return;
    }
    let net = Net::new();
    let _other = net.network.enter(|| Server::builder().bind("127.0.0.2:1123").start());
    let (report, _) = net.ask(&["-q", "127.0.0.2", "127.0.0.2:1123", "127.0.0.3:2123", "fe80::1%1"]);
    assert_eq!(addresses(&report), ["127.0.0.2", "127.0.0.2", "127.0.0.3", "fe80::1%1"], "{report}");
    let (output, errors, _) = net.run(&["-d", "127.0.0.2", "127.0.0.2:1123", "127.0.0.3:2123", "fe80::1%1"]);
    for word in ["127.0.0.2: fit", "127.0.0.2:1123: fit", "transmit(127.0.0.2:1123)", "127.0.0.3:2123: ", "fe80::1%1: "]
    {
        assert!(output.contains(word), "{word}: {output}{errors}");
    }
    let (output, errors, _) = net.run(&["-q", "127.0.0.2:1123", "[fe80::1%1]:1123"]);
    assert!(output.contains("server 127.0.0.2:1123, stratum"), "{output}{errors}");
    assert!(errors.contains("[fe80::1%1]:1123: "), "{output}{errors}");
}

#[test]
fn names_that_lead_to_one_server_are_one_voice() {
    if require::servers().is_none() {
        return;
    }
    let net = Net::new();
    let (output, errors, _) = net.run(&["-q", "alias.test", "other.test"]);
    assert!(
        errors.contains("alias.test and other.test lead to one server, 127.0.0.2: it counts once"),
        "{errors}{output}"
    );
    let (output, errors, _) = net.run(&["-q", "alias.test", "other.test", "127.0.0.3"]);
    assert!(!(errors + &output).contains("lead to one server"), "no news where there are others");
    let (_, errors, _) = net.run(&["-q", "--min-servers", "2", "alias.test", "other.test"]);
    assert!(errors.contains("too few servers agree"), "{errors}");
}
