//! Runs that nobody watches, on a machine whose clock may be set.
#![allow(clippy::unwrap_used, reason = "a test that fails may panic")]

#[path = "support/ntpserver/mod.rs"]
mod ntpserver;
mod support;

use std::time::Duration;

use ntpserver::{Behaviour, Server};
use support::guest::{Guest, GuestRun};
use support::netns::Netns;
use support::peers::Peer;
use support::require::{self, Cache};

/// A namespace with a server in it, and guests that reach it at 10.0.2.2.
struct Lab {
    cache: Cache,
    network: Netns,
    _server: Peer,
}

impl Lab {
    fn new() -> Option<Lab> {
        let cache = require::guest()?;
        require::servers()?;
        let network = Netns::new();
        let server = Peer::chronyd(&cache, &network, "local stratum 5\nallow all");
        server.wait_synchronised(&network, "127.0.0.1");
        Some(Lab { cache, network, _server: server })
    }

    fn guest(&self, script: &str) -> Guest<'_> {
        Guest::new(&self.cache)
            .program(env!("CARGO_BIN_EXE_rntpdate"))
            .network(&self.network)
            .script(&format!("run() {{ rntpdate \"$@\"; echo \"status $?\"; }}\n{script}"))
    }

    fn run(&self, script: &str) -> GuestRun {
        let run = self.guest(script).run();
        assert_eq!(run.status, 0, "{}", run.console);
        run
    }
}

/// The statuses that `run` printed, in order.
fn statuses(run: &GuestRun) -> Vec<&str> {
    run.console.lines().filter_map(|line| line.strip_prefix("status ")).collect()
}

#[test]
fn of_two_runs_at_once_one_works() {
    let Some(lab) = Lab::new() else { return };
    let run = lab.run(
        "(run --splay 0.001 -p4 --interval 1 10.0.2.2) & sleep 0.7; run 10.0.2.2 2>&1 | sed 's/^/second: /'
        run -q 10.0.2.2 | sed 's/^/query: /'; wait",
    );
    let seconds: Vec<&str> = run.console.lines().filter(|line| line.starts_with("second: ")).collect();
    assert_eq!(seconds, ["second: status 0"], "{}", run.console);
    assert!(run.console.contains("query: server 10.0.2.2"), "queries are free: {}", run.console);
    assert_eq!(run.console.matches("step time server").count(), 2, "the run's and the query's: {}", run.console);
    assert_eq!(statuses(&run), ["0"], "{}", run.console);
}

#[test]
fn a_running_chronyd_keeps_its_clock() {
    let Some(lab) = Lab::new() else { return };
    let run = lab.run(
        "echo 'local stratum 8' >/etc/chrony.conf; mkdir -p /run/chrony
        chronyd -f /etc/chrony.conf -u root -n & pid=$!; sleep 1; echo \"pid $pid\"
        run 10.0.2.2; run -q 10.0.2.2 | grep status
        date +'before %Y'; run --force 10.0.2.2; date +'after %Y'
        kill $pid; wait $pid; run 10.0.2.2",
    );
    assert_eq!(statuses(&run), ["4", "0", "0", "0"], "{}", run.console);
    let expected = format!("clock not set: chronyd (pid {}) is running and sets it", run.value("pid"));
    assert!(run.console.contains(&expected), "{}", run.console);
    assert_eq!(run.value("before"), "2019");
    assert_ne!(run.value("after"), "2019");
}

#[test]
fn each_limit_lets_through_and_refuses() {
    let Some(lab) = Lab::new() else { return };
    let run = lab.run(
        "run -b 10.0.2.2
        probe step -20; run --max-step 10 10.0.2.2; run --max-step 30 10.0.2.2
        probe step 20; run --forward-only 10.0.2.2; run 10.0.2.2
        probe step -20; run --forward-only 10.0.2.2
        probe step 0.1; run --forward-only --max-step 0.01 10.0.2.2",
    );
    assert_eq!(statuses(&run), ["0", "4", "0", "4", "0", "0", "0"], "{}", run.console);
    let refusals: Vec<&str> = run.console.lines().filter(|line| line.contains("clock not set")).collect();
    let expected = [
        ("offset +20.0", " sec: larger than --max-step 10.000 allows"),
        ("offset -20.0", " sec: --forward-only forbids a step back"),
    ];
    assert_eq!(refusals.len(), expected.len(), "{}", run.console);
    for (line, (offset, reason)) in refusals.iter().zip(expected) {
        assert!(line.contains(offset) && line.ends_with(reason), "{line}");
    }
    assert!(
        run.console.trim_end().ends_with("status 0")
            && run.console.contains("adjust time server 10.0.2.2 offset -0.09")
    );
}

#[test]
fn the_first_run_after_boot_may_step_further() {
    let Some(lab) = Lab::new() else { return };
    let limits = "--max-step 10 --max-first-step 1e9";
    let run = lab.run(&format!(
        "run {limits} 10.0.2.2; probe step -20; run {limits} 10.0.2.2; cat /run/rntpdate/set /proc/sys/kernel/random/boot_id
        echo other >/run/rntpdate/set; run {limits} 10.0.2.2; probe step -20; run --max-first-step 10 10.0.2.2
        rm /run/rntpdate/set; run --max-first-step 10 10.0.2.2",
    ));
    assert_eq!(statuses(&run), ["0", "4", "0", "0", "0"], "{}", run.console);
}

#[test]
fn a_time_before_the_release_is_refused() {
    let Some(cache) = require::guest() else { return };
    // The server is the guest's own and believes in 2019, as does the guest.
    let run = Guest::new(&cache)
        .program(env!("CARGO_BIN_EXE_rntpdate"))
        .script(
            "printf 'local stratum 8\\nallow all\\ncmdport 0\\npidfile /run/c.pid\\n' >/etc/chrony.conf
            chronyd -x -f /etc/chrony.conf -u root -n & sleep 2
            rntpdate 127.0.0.1; echo \"status $?\"; rntpdate --allow-past 127.0.0.1; echo \"status $?\"",
        )
        .run();
    assert_eq!(statuses(&run), ["4", "0"], "{}", run.console);
    assert!(run.console.contains("before this program's release; --allow-past lets it"), "{}", run.console);
}

#[test]
fn nothing_is_said_unless_it_matters() {
    let Some(lab) = Lab::new() else { return };
    let run = lab.run(
        "count() { run \"$@\" >/tmp/out 2>/tmp/err; echo \"lines $(cat /tmp/out /tmp/err | grep -vc ^status)\"; grep -h status /tmp/out; cat /tmp/err; }
        count --quiet 10.0.2.2; count --quiet 10.0.2.2; probe step -20; count --quiet --max-step 1 10.0.2.2
        count --quiet -t 0.2 10.0.2.2 --port 9",
    );
    let lines: Vec<&str> = run.console.lines().filter(|line| line.starts_with("lines ")).collect();
    assert_eq!(lines, ["lines 1", "lines 0", "lines 1", "lines 1"], "{}", run.console);
    assert_eq!(statuses(&run), ["0", "0", "4", "1"], "{}", run.console);
    let wanted = "no server suitable for synchronization found: 10.0.2.2: no data: ";
    assert!(run.console.contains(wanted), "{}", run.console);
}

#[test]
fn a_step_is_told_to_the_users_command() {
    let Some(lab) = Lab::new() else { return };
    let run = lab.run(
        "run --after-step 'echo told $RNTPDATE_OFFSET $RNTPDATE_SERVER' 10.0.2.2
        run --after-step 'echo told again' 10.0.2.2
        probe step 20; run --after-step 'echo back $RNTPDATE_OFFSET; exit 5' 10.0.2.2
        probe step 20; run -q --after-step 'echo never' 10.0.2.2 >/dev/null",
    );
    let told: Vec<&str> = run.value("told").split(' ').collect();
    assert!(told[0].parse::<f64>().unwrap() > 2e8 && told[1] == "10.0.2.2", "{told:?}");
    assert!((run.number("back") + 20.0).abs() < 0.1, "{}", run.console);
    assert!(!run.console.contains("again") && !run.console.contains("never"), "{}", run.console);
    assert!(run.console.contains("exit 5: exit status: 5"), "{}", run.console);
    assert_eq!(statuses(&run), ["0", "0", "0"], "{}", run.console);
}

#[test]
fn the_kernel_is_told_how_good_the_clock_is() {
    let Some(lab) = Lab::new() else { return };
    let run = lab.run(
        "probe adjtimex | sed 's/^/before_/'
        run --mark-synced 10.0.2.2; probe adjtimex | sed 's/^/step_/'
        probe step 0.2; probe adjtimex | sed 's/^/other_/'; run --mark-synced 10.0.2.2; probe adjtimex | sed 's/^/slew_/'
        probe step 20; run 10.0.2.2; probe adjtimex | sed 's/^/plain_/'
        printf '0.0 0 0.0\\n0\\nLOCAL\\n' >/etc/adjtime; run --mark-synced 10.0.2.2; probe adjtimex | sed 's/^/local_/'",
    );
    let unsynchronised =
        ["before", "step", "other", "slew", "plain", "local"].map(|when| run.number(&format!("{when}_unsynchronised")));
    assert_eq!(unsynchronised, [1.0, 0.0, 1.0, 0.0, 1.0, 1.0], "{}", run.console);
    let error = |when: &str| run.number(&format!("{when}_maxerror_us"));
    assert!((5_000.0..200_000.0).contains(&error("step")), "{}", run.console);
    assert!((200_000.0..400_000.0).contains(&error("slew")), "0.2 s are still to be slewed: {}", run.console);
    assert!(run.console.contains("not marked as synchronised: /etc/adjtime says that the RTC is in local time"));
    assert_eq!(statuses(&run), ["0"; 4], "{}", run.console);
}

/// The shell's part of the boot tests: `late SECONDS COMMAND` does something later and notes when, in seconds since boot.
const BOOT: &str = "
    now() { cut -d' ' -f1 /proc/uptime; }
    late() { (sleep $1; eval \"$2\"; echo \"late $(now)\") & }
    timed() { echo \"begun $(now)\"; rntpdate \"$@\"; echo \"status $?\"; echo \"ended $(now)\"; wait; }
    echo 'nameserver 10.0.2.2' >/etc/resolv.conf
";

fn boot(lab: &Lab, script: &str) -> GuestRun {
    let _names = support::dns::NameServer::start(&lab.network, [10, 0, 2, 2].into());
    let run = lab.guest(&format!("{BOOT}{script}")).rtc("1970-01-01T00:00:00").run();
    assert_eq!(run.status, 0, "{}", run.console);
    run
}

fn say(text: &str) {
    use std::io::Write as _;
    let _ = std::io::stderr().write_all(text.as_bytes());
}

/// The clock is set within a second of the moment when the last obstacle went.
#[track_caller]
fn assert_prompt(what: &str, run: &GuestRun) {
    let after = run.number("ended") - run.number("late");
    say(&format!(
        "{what}: obstacle gone after {:.2} s, clock set {after:.2} s later\n",
        run.number("late") - run.number("begun")
    ));
    assert_eq!(statuses(run), ["0"], "{}", run.console);
    assert!((0.0..=1.0).contains(&after), "{after} s: {}", run.console);
    assert!(run.console.contains("step time server 10.0.2.2 offset +1795"), "{}", run.console);
    assert_eq!(run.console.matches("rntpdate[").count(), 1, "{}", run.console);
}

#[test]
fn at_boot_the_clock_is_set_as_soon_as_the_network_is_there() {
    let Some(lab) = Lab::new() else { return };
    let options = "--deadline 30 --wait 30 --accuracy 0.05";
    let run = boot(&lab, &format!("ip link set eth0 down; late 5 'ip link set eth0 up'; timed {options} ntp.test"));
    assert_prompt("link 5 s late", &run);
    // No route is there, and it comes without any change of the link.
    let run = boot(
        &lab,
        &format!("ip addr flush dev eth0; late 5 'ip addr add 10.0.2.15/24 dev eth0'; timed {options} ntp.test"),
    );
    assert_prompt("address 5 s late", &run);
    // The worst case for the C library: the name server is silent first.
    let silent = "nft add table inet t; nft add chain inet t in '{ type filter hook input priority 0; }'
        nft add rule inet t in udp sport 53 drop";
    let run = boot(&lab, &format!("{silent}; late 5 'nft delete table inet t'; timed {options} ntp.test"));
    assert_prompt("name server silent for 5 s", &run);
}

#[test]
fn without_a_network_it_ends_in_time_with_one_line() {
    let Some(lab) = Lab::new() else { return };
    let run = boot(&lab, "ip link set eth0 down; timed --deadline 10 --wait 30 ntp.test 10.0.2.2");
    let took = run.number("ended") - run.number("begun");
    say(&format!("no network: ended after {took:.2} s of 10 s\n"));
    assert!((9.5..=10.5).contains(&took), "{took}: {}", run.console);
    assert_eq!(statuses(&run), ["1"], "{}", run.console);
    let lines: Vec<&str> = run.console.lines().filter(|line| line.contains("rntpdate[")).collect();
    assert_eq!(lines.len(), 1, "{}", run.console);
    assert!(lines[0].contains("no server suitable for synchronization found: ntp.test: "), "{}", lines[0]);
    assert!(lines[0].contains("10.0.2.2: no data: network is unreachable"), "{}", lines[0]);
}

#[test]
fn silence_is_waited_out_with_growing_pauses() {
    let Some(lab) = Lab::new() else { return };
    let script = "nft add table inet t; nft add chain inet t in '{ type filter hook input priority 0; }'
        nft add rule inet t in udp sport 123 drop
        nft add chain inet t out '{ type filter hook output priority 0; }'
        nft add rule inet t out udp dport 123 counter
        # Router advertisements would be news of the network, upon which it tries at once.
        echo 1 >/proc/sys/net/ipv6/conf/eth0/disable_ipv6; sleep 1
        late 12 'nft list table inet t | grep packets; nft delete table inet t'
        timed -v --wait 40 10.0.2.2";
    let run = boot(&lab, script);
    assert_eq!(statuses(&run), ["0"], "{}", run.console);
    assert_eq!(run.console.matches("waiting up to 40 s for an answer").count(), 1, "said once: {}", run.console);
    let packets = run.console.split("packets ").nth(1).unwrap().split(' ').next().unwrap();
    say(&format!("12 s of silence: {packets} requests, set {:.2} s later\n", run.number("ended") - run.number("late")));
    assert!(packets.parse::<u32>().unwrap() <= 6, "{}", run.console);
}

#[test]
fn a_server_that_says_rate_is_left_alone_by_the_next_runs() {
    let Some(cache) = require::guest() else { return };
    let Some(_) = require::servers() else { return };
    let network = Netns::new();
    let server = network.enter(|| Server::builder().bind("127.0.0.1:123").behave(Behaviour::Kiss(*b"RATE")).start());
    let run = Guest::new(&cache)
        .program(env!("CARGO_BIN_EXE_rntpdate"))
        .network(&network)
        .script(
            "run() { rntpdate \"$@\"; echo \"status $?\"; }
            run -p1 10.0.2.2; cat /run/rntpdate/rate; echo asked; run -p1 10.0.2.2; echo forced; run -p1 --force 10.0.2.2
            echo garbage >/run/rntpdate/rate; run -p1 10.0.2.2",
        )
        .run();
    assert_eq!(statuses(&run), ["1", "1", "1", "1"], "{}", run.console);
    assert!(run.console.contains("10.0.2.2 is left alone for another "), "{}", run.console);
    assert_eq!(server.requests().len(), 3, "not asked in the second run: {}", run.console);
}

#[test]
fn a_run_killed_at_any_moment_leaves_nothing_half_done() {
    let Some(lab) = Lab::new() else { return };
    let complaining =
        lab.network.enter(|| Server::builder().bind("127.0.0.1:1123").behave(Behaviour::Kiss(*b"RATE")).start());
    // Every state file is in use: the lock, the note of the set clock, notes of RATE, the mark, the command.
    let script = "
        options='-b -p1 --wait 5 --max-step 1e9 --max-first-step 1e10 --mark-synced --after-step true'
        boot=$(cat /proc/sys/kernel/random/boot_id); bad=0; killed=0; before=0; after=0
        run $options 10.0.2.2 10.0.2.2:1123; cat /run/rntpdate/rate | sed 's/^/noted /'
        rm /run/rntpdate/rate; begun=$(cut -d' ' -f1 /proc/uptime | tr -d .)
        for try in $(seq 10); do rntpdate $options --force 10.0.2.2 10.0.2.2:1123 >/dev/null 2>&1; done
        usual=$((($(cut -d' ' -f1 /proc/uptime | tr -d .) - begun) * 1000)); echo \"usual_us $usual\"
        for try in $(seq 100); do
            printf '%s\\n10.9.9.9 9999\\n' $boot >/run/rntpdate/rate
            rntpdate $options 10.0.2.2 10.0.2.2:1123 >/dev/null 2>&1 & pid=$!
            # From the first instruction to well after the usual end.
            usleep $(($(hexdump -n4 -e '\"%u\"' /dev/urandom) % (usual * 3 / 2)))
            kill -9 $pid 2>/dev/null; wait $pid 2>/dev/null; [ $? != 137 ] || killed=$((killed + 1))
            [ \"$(cat /run/rntpdate/set)\" = \"$boot\" ] || bad=$((bad + 1))
            case $(head -n1 /run/rntpdate/rate),$(tail -c1 /run/rntpdate/rate | hexdump -e '\"%x\"'),$(wc -l </run/rntpdate/rate) in
            $boot,a,2) before=$((before + 1)) ;;
            $boot,a,3) after=$((after + 1)) ;;
            *) bad=$((bad + 1)) ;;
            esac
        done
        echo \"killed $killed\"; echo \"noted_before $before\"; echo \"noted_after $after\"; echo \"bad $bad\"
        ls -1 /run/rntpdate; rm /run/rntpdate/rate; run $options 10.0.2.2; probe adjtimex; probe query 10.0.2.2";
    let run = lab.run(script);
    say(&format!(
        "a run takes {} us; kill -9 at 100 random moments: {} before the end, notes of RATE not yet written {} times, written {} times, {} bad\n",
        run.value("usual_us"),
        run.value("killed"),
        run.value("noted_before"),
        run.value("noted_after"),
        run.value("bad")
    ));
    assert!(complaining.requests().len() > 20, "{}", run.console);
    assert!(run.number("killed") >= 30.0 && run.number("noted_after") >= 10.0, "{}", run.console);
    assert!(run.number("noted_before") >= 10.0 && run.number("bad") == 0.0, "{}", run.console);
    assert!(run.console.lines().filter(|line| *line == "status 0").count() == 2, "{}", run.console);
    assert!(run.number("offset_s").abs() < 0.01 && run.number("unsynchronised") == 0.0, "{}", run.console);
    let listing = run.console.split("bad 0\n").nth(1).unwrap();
    let left: Vec<&str> = listing.lines().take_while(|line| !line.contains("rntpdate[")).collect();
    let known = ["lock", "rate", "rate.new", "set", "set.new"];
    assert!(left.iter().all(|name| known.contains(name)), "{left:?}");
}

#[test]
fn without_a_place_for_notes_the_clock_is_set_all_the_same() {
    let Some(lab) = Lab::new() else { return };
    let run = lab.run(
        "mount -t tmpfs -o ro none /run; run -v 10.0.2.2; umount /run
        probe step 20; run -U ntp --max-first-step 1e9 --max-step 1 10.0.2.2; ls -ln /run/rntpdate
        probe step 20; run -U ntp --max-first-step 1e9 --max-step 1 10.0.2.2",
    );
    assert_eq!(statuses(&run), ["0", "0", "4"], "{}", run.console);
    assert!(run.console.contains("no lock and no notes: /run/rntpdate: Read-only file system"), "{}", run.console);
}

#[test]
fn servers_come_from_the_machines_own_configuration() {
    let Some(lab) = Lab::new() else { return };
    let run = lab
        .guest(
            "run; mkdir -p /etc/chrony/sources.d
            run -q -v; printf 'server 10.0.2.2\\nserver\\n' >/etc/ntp.conf; run -q
            echo 10.0.2.2:123 >/etc/list; run -q -v --from /etc/list; run --from /etc/none",
        )
        .text("/etc/chrony/chrony.conf", "sourcedir /etc/chrony/sources.d\n! comment\n")
        .text("/etc/chrony/sources.d/lan.sources", "server 10.0.2.2 port 123 iburst\n")
        .run();
    assert_eq!(statuses(&run), ["0", "0", "0", "0", "1"], "{}", run.console);
    for line in [
        "servers from /etc/chrony/chrony.conf: 10.0.2.2:123",
        "/etc/ntp.conf:2: the server's name is missing",
        "servers from /etc/list: 10.0.2.2:123",
        "rntpdate: /etc/none: there is no such file",
    ] {
        assert!(run.console.contains(line), "{line}: {}", run.console);
    }
}

/// Five minutes, for what only time shows: the file for cron that comes with the program, at work.
#[test]
#[ignore = "takes five minutes"]
fn cron_keeps_a_clock_that_runs_100_ppm_fast() {
    let Some(lab) = Lab::new() else { return };
    let cron = include_str!("../contrib/rntpdate.cron");
    let job = cron.lines().find_map(|line| line.strip_prefix("*/15 * * * * root ")).unwrap();
    // Each minute, with its words and its log, without the delay that only keeps machines apart, and without learning: see
    // guest_discipline.rs for that.
    let job = job.replace(" --quiet", " -v").replace(" --splay 120", "").replace(" --discipline", "");
    let script = format!(
        "mkdir -p /var/spool/cron/crontabs
        echo '* * * * * PATH=/usr/bin {job} 10.0.2.2 >>/tmp/log 2>&1' >/var/spool/cron/crontabs/root
        run 10.0.2.2 >/dev/null; probe setfreq 100
        crond -f -l 2 -L /tmp/crond & sleep 310; cat /tmp/crond /tmp/log; probe query 10.0.2.2"
    );
    let run = lab.guest(&script).timeout(Duration::from_secs(400)).run();
    say(&run.console);
    let offsets: Vec<f64> = run
        .console
        .lines()
        .filter_map(|line| line.split("adjust time server 10.0.2.2 offset ").nth(1)?.split(' ').next()?.parse().ok())
        .collect();
    assert!(offsets.len() >= 5, "{}", run.console);
    // 60 s at 100 ppm are 6 ms.
    assert!(offsets[1..].iter().all(|offset| (-0.0075..-0.0045).contains(offset)), "{offsets:?}");
    assert!(run.number("offset_s").abs() < 0.0075, "{}", run.console);
}
