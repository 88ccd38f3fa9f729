//! The two errors of the guides, from the message alone to a working sync, on a machine whose clock is really set.

use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::support::firewall::firewall;
use crate::support::guest::{Guest, GuestRun};
use crate::support::netns::Netns;
use crate::support::ntpserver::Server;
use crate::support::peers::Peer;
use crate::support::require;

/// A guest whose clock is some seconds behind.
fn guest(cache: &require::Cache, network: &Netns, script: &str) -> GuestRun {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time after 1970").as_secs();
    let base = chrono::DateTime::from_timestamp(now.cast_signed() - 9, 0).expect("a date");
    let commands = "say() { echo \"# $*\"; \"$@\"; echo \"(exit status $?)\"; echo; }\n";
    let run = Guest::new(cache)
        .program(env!("CARGO_BIN_EXE_rntpdate"))
        .rtc(&base.format("%Y-%m-%dT%H:%M:%S").to_string())
        .network(network)
        .timeout(Duration::from_secs(150))
        .script(&format!("{commands}{script}"))
        .run();
    // Shown with --nocapture: the transcript.
    println!("{}", run.console);
    run
}

/// Waits for the guest's call, does what it asks for and says so.
fn answer_call<T>(calls: &TcpListener, done: &[u8], work: impl FnOnce() -> T) -> T {
    let (mut call, _) = calls.accept().expect("a call from the guest");
    let _ = call.read(&mut [0; 16]);
    let result = work();
    let _ = call.write_all(done);
    result
}

#[test]
fn the_server_was_just_restarted() {
    let (Some(cache), Some(_)) = (require::guest(), require::servers()) else { return };
    let (network, upstream) = (Netns::new(), Netns::new());
    network.link(&upstream, &["10.79.0.1/24"], &["10.79.0.2/24"]);
    let _upstream = upstream.enter(|| Server::builder().bind("10.79.0.2:123").start());
    let config = "restrict default nomodify\nrestrict 127.0.0.1\nserver 10.79.0.2 minpoll 3 maxpoll 3";
    let calls = network.enter(|| TcpListener::bind("127.0.0.1:7000")).expect("a port");
    // The server restarts when the guest is up, however long that takes.
    let script = r#"
        echo restart | nc 10.0.2.2 7000
        say rntpdate 10.0.2.2
        sleep 7
        echo '# rntpdate -d 10.0.2.2'; rntpdate -d 10.0.2.2 2>&1 | tee /tmp/said | sed -n '/^Diagnosis/,$p'; echo
        wait=$(sed -n 's/.*run it again in about \([0-9]*\) s.*/\1/p' /tmp/said)
        say sleep "${wait:-300}"
        say rntpdate 10.0.2.2
        rntpdate -q 10.0.2.2 >/dev/null"#;
    let run = std::thread::scope(|scope| {
        let server = scope.spawn(|| answer_call(&calls, b"restarted\n", || Peer::ntpd(&cache, &network, config)));
        let run = guest(&cache, &network, script);
        drop(server.join().expect("a server"));
        run
    });
    assert_eq!(run.status, 0, "{}", run.console);
    let (before, after) = run.console.split_once("# sleep").expect("a wait");
    assert!(before.contains("no server suitable for synchronization found"), "{before}");
    assert!(before.contains("it was started lately") && before.contains("10.79.0.2"), "{before}");
    assert!(after.contains("step time server 10.0.2.2 offset +"), "{after}");
}

#[test]
fn a_firewall_on_the_server() {
    let (Some(cache), Some(_)) = (require::guest(), require::servers()) else { return };
    let network = Netns::new();
    let chronyd = Peer::chronyd(&cache, &network, "local stratum 3\nallow all");
    chronyd.wait_synchronised(&network, "127.0.0.1");
    firewall(&network, "input", "udp dport 123 drop");
    let calls = network.enter(|| TcpListener::bind("127.0.0.1:7000")).expect("a port");
    let script = r#"
        say rntpdate 10.0.2.2
        echo '# rntpdate -d 10.0.2.2'; rntpdate -d 10.0.2.2 2>&1 | sed -n '/^Diagnosis/,$p'; echo
        # The administrator opens the server's firewall meanwhile.
        echo open | nc 10.0.2.2 7000
        say rntpdate 10.0.2.2"#;
    let run = std::thread::scope(|scope| {
        scope.spawn(|| {
            let open = || network.command("nft").args(["delete", "table", "inet", "t"]).status();
            assert!(answer_call(&calls, b"opened\n", open).expect("nft").success());
        });
        guest(&cache, &network, script)
    });
    let (before, after) = run.console.split_once("opened\n").expect("the firewall was opened");
    assert!(before.contains("no server suitable for synchronization found"), "{before}");
    assert!(before.contains("the host is up") && before.contains("firewall drops"), "{before}");
    assert!(after.contains("step time server 10.0.2.2 offset +") && after.contains("(exit status 0)"), "{after}");
}

#[test]
fn something_else_sets_this_clock() {
    let Some(cache) = require::guest() else { return };
    let script = "
        ip link set lo up; chronyd -x -d -u root -f /srv/conf >/dev/null 2>&1 & await port 123
        rntpdate -d --json -p8 --interval 1 127.0.0.1 >/tmp/steady
        (sleep 3; probe step 3) & rntpdate -d --json -p8 --interval 1 127.0.0.1 >/tmp/moved
        (sleep 3; probe step -3) & rntpdate -d -p8 --interval 1 127.0.0.1 | grep -A3 ^Diagnosis
        for run in steady moved; do
            echo \"$run $(sed 's/.*\"code\":\"\\([a-z-]*\\)\".*/\\1/' /tmp/$run)\"
        done";
    let conf = "local stratum 5\nallow all\ncmdport 0\nbindcmdaddress /\npidfile /run/chronyd.pid\n";
    let program = env!("CARGO_BIN_EXE_rntpdate");
    let run =
        Guest::new(&cache).rtc("2027-01-01T00:00:00").program(program).text("/srv/conf", conf).script(script).run();
    assert_eq!((run.value("steady"), run.value("moved")), ("fit", "clock-set-here"), "{}", run.console);
    let moved = run.console.split("the clock of this machine was moved by ").nth(1);
    let moved: f64 = moved.and_then(|text| text.split(' ').next()?.parse().ok()).unwrap_or_default();
    assert!((moved + 3.0).abs() < 0.01, "{}", run.console);
}
