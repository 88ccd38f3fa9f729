//! Network Time Security where the clock is set: clocks that cannot be right, certificates that are not believed, and servers that
//! have lost their keys.

use std::net::{SocketAddr, TcpListener, TcpStream};
use std::time::{Duration, Instant};

use rntpdate::internals::wire::nts::{ALPN, Aead};

use super::{Lab, assert_set, guest, result};
use crate::support::netns::Netns;
use crate::support::nts::certificates::{Authority, Issued, Validity};
use crate::support::nts::key_server::{Answer, Door, KeyServer, record};
use crate::support::nts::time_server::{Play, TimeServer};
use crate::support::peers::Peer;
use crate::support::require;

const HOSTS: &str = "127.0.0.1 localhost\n10.0.2.2 nts1.example.net nts2.example.net\n";
const BUNDLE: &str = "/etc/ssl/certs/ca-certificates.crt";
/// Two servers, of which each has a name of its own.
const BOTH: &str = "nts:nts1.example.net nts:nts2.example.net:4461";

/// chronyd number 1 or 2 of a network, with the certificate for its name.
fn chronyd(lab: &Lab, authority: &Authority, number: u16) -> Peer {
    let cache = require::servers().expect("the lab has one");
    let certificate = authority.issue(&[&format!("nts{number}.example.net")], Validity::good());
    let (port, key_port) = if number == 1 { (123, 4460) } else { (11123, 4461) };
    let config = format!("local stratum 3\nallow all\nbindaddress 127.0.0.1\nport {port}\nntsport {key_port}");
    let peer = Peer::chronyd_with_nts(&cache.root(), &lab.network, &config, &certificate);
    wait_for_keys(&lab.network, key_port, &peer);
    peer
}

/// Waits until keys can be had.
fn wait_for_keys(network: &Netns, port: u16, peer: &Peer) {
    let begun = Instant::now();
    let address = SocketAddr::from(([127, 0, 0, 1], port));
    while network.enter(|| TcpStream::connect(address)).is_err() {
        assert!(begun.elapsed() < Duration::from_secs(30), "no keys on port {port}: {}", peer.log());
        std::thread::sleep(Duration::from_millis(50));
    }
}

/// Servers with this certificate: for keys on this port, for the time on the one that is 10000 above it.
fn fake(network: &Netns, certificate: &Issued, port: u16) -> (KeyServer, TimeServer) {
    let time_port = port + 10_000;
    let extra = record(0x8007, &time_port.to_be_bytes());
    let listener = network.enter(|| TcpListener::bind(("127.0.0.1", port)).expect("a port"));
    let answer = Answer::Good { aead: Aead::SivCmac256, cookies: 8, extra };
    let keys = KeyServer::start(listener, certificate, Door::Tls(vec![ALPN]), answer);
    let socket = network.udp(SocketAddr::from(([127, 0, 0, 1], time_port)));
    let time = TimeServer::start(socket, keys.vault.clone(), Play::Honest, Duration::ZERO);
    (keys, time)
}

#[test]
fn a_clock_in_1970_without_an_rtc_and_one_in_2100() {
    let Some(lab) = Lab::empty() else { return };
    let authority = Authority::new("Test Root");
    let _servers = [chronyd(&lab, &authority, 1), chronyd(&lab, &authority, 2)];
    let script = format!(
        "date -u +'start %F'; ls /dev/rtc* 2>/dev/null | sed 's/^/clock /'
        uptime() {{ cut -d' ' -f1 /proc/uptime; }}
        echo \"begun $(uptime)\"; run first rntpdate -b {BOTH}; echo \"ended $(uptime)\"; residual first
        ls -ln /var/lib/rntpdate/nts | sed 's/^/kept /'
        run cookies rntpdate -b -v {BOTH}; residual cookies
        probe settime 4102444800; date -u +'late %F'
        run strict rntpdate -b --nts-forget --nts-strict {BOTH}
        run alone rntpdate -b --nts-forget nts:nts1.example.net; date -u +'still %Y'
        echo \"begun2100 $(uptime)\"; run late rntpdate -b --nts-forget {BOTH}; echo \"ended2100 $(uptime)\"; residual late
        probe settime 100
        run saved rntpdate -b nts:nts1.example.net; residual saved"
    );
    // The kernel reads the time when it starts, and then knows no RTC.
    let machine = guest(&lab, &script).rtc("1970-01-01T00:00:10").kernel_arg("initcall_blacklist=cmos_init");
    let run = machine.text("/etc/hosts", HOSTS).text(BUNDLE, &authority.pem()).run();
    assert_eq!(run.value("start"), "1970-01-01", "{}", run.console);
    assert!(!run.console.contains("clock /dev/rtc"), "{}", run.console);
    for name in ["first", "cookies", "late", "saved"] {
        println!("{name}: {:?}", result(&run, name));
        assert_set(&run, name);
    }
    for (begun, ended) in [("begun", "ended"), ("begun2100", "ended2100")] {
        let took = run.number(ended) - run.number(begun);
        println!("{ended}: {took:.2} s");
        assert!(took < 5.0, "{took} s\n{}", run.console);
    }
    assert_eq!(run.value("late"), "2100-01-01");
    for (refused, status) in [("strict", "1"), ("alone", "4")] {
        assert_eq!(run.value(&format!("{refused}-status")), status, "{}", run.console);
    }
    assert!(!run.console.contains("lead to one server"), "{}", run.console);
    assert_eq!(run.value("still"), "2100", "one server alone has set the clock\n{}", run.console);
    assert!(run.console.contains("kept -rw------- "), "{}", run.console);
}

#[test]
fn certificates_that_are_not_believed_in_1970() {
    let Some(lab) = Lab::empty() else { return };
    let authority = Authority::new("Test Root");
    let name = "nts1.example.net";
    let stranger = Authority::new("Strange Root").issue(&[name], Validity::good());
    let cases = [
        ("expired", authority.issue(&[name], Validity::expired()), "expired"),
        ("future", authority.issue(&[name], Validity::future()), "not valid yet"),
        ("host", authority.issue(&["www.example.org"], Validity::good()), "for another host"),
        ("issuer", stranger, "issuer is not trusted"),
    ];
    let ports = || (4462..).zip(&cases);
    let _servers: Vec<_> = ports().map(|(port, (_, certificate, _))| fake(&lab.network, certificate, port)).collect();
    let step = |(port, (name, ..)): (u16, &(&str, Issued, &str))| {
        format!(
            "run {name} rntpdate -b --nts-forget --nts-first nts:nts1.example.net:{port}; date -u +'{name}-year %Y'
            echo \"{name}-kept $(cat /var/lib/rntpdate/nts/cookies 2>/dev/null | grep -c '^keys ')\"\n"
        )
    };
    let script: String = ports().map(step).collect();
    let machine = guest(&lab, &script).rtc("1970-01-01T00:00:10");
    let run = machine.text("/etc/hosts", HOSTS).text(BUNDLE, &authority.pem()).run();
    for (name, _, words) in &cases {
        assert_eq!(run.value(&format!("{name}-status")), "1", "{}", run.console);
        assert_eq!(run.value(&format!("{name}-year")), "1970", "{}", run.console);
        assert_eq!(run.value(&format!("{name}-kept")), "0", "keys of a refused certificate\n{}", run.console);
        let said: Vec<&str> = run.console.lines().filter(|line| line.starts_with(&format!("{name}-err"))).collect();
        println!("{said:#?}");
        assert!(said.iter().any(|line| line.contains(words)), "no {words:?} in {said:#?}");
    }
}

/// The guest's signal is a packet to this port.
const SIGNAL: u16 = 9999;

/// A script that asks, has the server started anew, and asks again.
fn again(words: &str) -> String {
    format!(
        "run first rntpdate -b -v {words}
        rntpdate -q -t 0.1 $host:{SIGNAL} >/dev/null 2>&1
        until rntpdate -q -t 0.5 --max-distance 16 $host >/dev/null 2>&1; do sleep 0.5; done
        run again rntpdate -b -v {words}; residual again"
    )
}

/// Runs rntpdate in a guest, starts the server anew when that was done, and runs it again: the server has lost its keys.
#[track_caller]
fn ask_again(words: &str, why: &str, start: impl Fn(&Lab, &Authority) -> Peer + Sync) {
    let Some(lab) = Lab::empty() else { return };
    let authority = Authority::new("Test Root");
    let script = again(words);
    let signal = lab.network.udp(SocketAddr::from(([127, 0, 0, 1], SIGNAL)));
    let first = start(&lab, &authority);
    let run = std::thread::scope(|scope| {
        scope.spawn(|| {
            signal.recv_from(&mut [0; 100]).expect("a signal");
            drop(first);
            let second = start(&lab, &authority);
            // Until the script has ended: no signal comes then.
            signal.set_read_timeout(Some(Duration::from_secs(90))).expect("a time to wait");
            let _ = signal.recv_from(&mut [0; 100]);
            drop(second);
        });
        let run = guest(&lab, &script).text("/etc/hosts", HOSTS).text(BUNDLE, &authority.pem()).run();
        let end = lab.network.udp(SocketAddr::from(([127, 0, 0, 1], 0)));
        let _ = end.send_to(b"end", ("127.0.0.1", SIGNAL));
        run
    });
    assert_eq!(result(&run, "first").0, "step");
    result(&run, "again");
    assert_set(&run, "again");
    println!("{}", run.console);
    let told = run.console.lines().any(|line| line.starts_with("again-out ") && line.contains(why));
    assert!(told, "no {why:?} in\n{}", run.console);
}

#[test]
fn chronyd_that_has_lost_its_keys_says_so_and_the_clock_is_set_all_the_same() {
    let words = "nts:nts1.example.net --nts-first";
    ask_again(words, "did not know its cookies any more", |lab, authority| chronyd(lab, authority, 1));
}

#[test]
fn ntpsec_that_has_lost_its_keys_is_silent_and_the_clock_is_set_all_the_same() {
    let words = "nts:nts1.example.net --nts-first --max-distance 16 --interval 0.5";
    ask_again(words, "was silent to cookies of an earlier run", |lab, authority| {
        let cache = require::servers().expect("the lab has one");
        let certificate = authority.issue(&["nts1.example.net"], Validity::good());
        let config = "refclock local unit 0 stratum 4 prefer minpoll 0 maxpoll 0";
        let peer = Peer::ntpd_with_nts(&cache.root(), &lab.network, config, &certificate);
        peer.wait_synchronised(&lab.network, "127.0.0.1");
        peer
    });
}
