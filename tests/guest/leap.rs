//! A leap second in a guest: announced on the last day of June, made by the kernel, and cleared by a run after it.

use std::time::Duration;

use crate::support::guest::Guest;
use crate::support::netns::Netns;
use crate::support::ntpserver::{Nanos, SECOND, Server, unix_now};
use crate::support::require;

/// 2027-06-30 23:57:30 UTC.
const EVENING: Nanos = 1_814_399_850;
const MIDNIGHT: Nanos = 1_814_400_000;

/// Port 123 announces it, port 1123 does not, and neither makes one: the guest's clock is a second beside them after it.
const SCRIPT: &str = "
until probe query 10.0.2.2 >/dev/null 2>&1; do sleep 1; done
rntpdate -b 10.0.2.2 | sed 's/^/plain /'
probe adjtimex | sed 's/^/plain_/'
rntpdate -b --mark-synced 10.0.2.2 | sed 's/^/told /'
probe adjtimex | sed 's/^/told_/'
while [ $(date +%s) -lt $((MIDNIGHT + 3)) ]; do sleep 1; done
rntpdate -q 10.0.2.2:1123 | sed 's/^/after /'
rntpdate --mark-synced 10.0.2.2:1123 >/dev/null || exit
probe adjtimex | sed 's/^/cleared_/'";

fn status(run: &crate::support::guest::GuestRun, when: &str) -> i64 {
    let text = run.value(&format!("{when}_status"));
    i64::from_str_radix(text.trim_start_matches("0x"), 16).expect("a number")
}

#[test]
fn the_kernel_makes_the_leap_second_that_servers_announce() {
    let Some(cache) = require::guest() else { return };
    std::thread::scope(|scope| {
        let cases = [(1_u8, 0x10, 1.0), (2, 0x20, -1.0)];
        for (leap, flag, offset) in cases {
            let cache = &cache;
            scope.spawn(move || watch(cache, leap, flag, offset));
        }
    });
}

fn watch(cache: &require::Cache, leap: u8, flag: i64, expected: f64) {
    let network = Netns::new();
    let script = SCRIPT.replace("MIDNIGHT", &MIDNIGHT.to_string());
    let guest = Guest::new(cache).network(&network).program(env!("CARGO_BIN_EXE_rntpdate"));
    let mut servers = Vec::new();
    let run = guest.timeout(Duration::from_secs(400)).script(&script).run_beside(|_| {
        // Not before the guest has its turn.
        let offset = EVENING * SECOND - unix_now();
        let server = |port: u16, leap: u8| {
            network.enter(|| Server::builder().bind(&format!("127.0.0.1:{port}")).offset(offset).leap(leap).start())
        };
        servers.extend([server(1123, 0), server(123, leap)]);
    });
    assert_eq!(run.status, 0, "{}", run.console);
    println!("{}", run.console);
    assert!(run.console.contains("plain") && run.console.contains("a leap second is announced: "), "{}", run.console);
    assert_eq!(status(&run, "plain") & 0x30, 0, "nobody asked for it: {}", run.console);
    assert_eq!(status(&run, "told") & 0x30, flag, "{}", run.console);
    assert!(run.console.contains("and the kernel knows of it"), "{}", run.console);
    let after =
        run.console.lines().find(|line| line.starts_with("after ") && line.contains("offset ")).expect("a line");
    let (_, rest) = after.split_once("offset ").expect("an offset");
    let reached: f64 = rest.split([',', ' ']).next().and_then(|word| word.parse().ok()).expect("a number");
    assert!((reached - expected).abs() < 0.3, "{after}");
    assert_eq!(status(&run, "cleared") & 0x30, 0, "{}", run.console);
}
