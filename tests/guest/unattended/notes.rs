//! What one run leaves for the next.

use std::time::Duration;

use super::{Lab, guest, run, say, statuses};
use crate::support::guest::Guest;
use crate::support::netns::Netns;
use crate::support::ntpserver::{Behaviour, Server};
use crate::support::require;

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
            run -p1 10.0.2.2; cat /run/rntpdate/rate; echo asked; run -p1 10.0.2.2
            rntpdate -t 0.2 -p1 127.0.0.1 2>&1 | sed 's/^/other: /'; echo forced; run -p1 --force 10.0.2.2
            echo garbage >/run/rntpdate/rate; run -p1 10.0.2.2",
        )
        .run();
    assert_eq!(statuses(&run), ["1", "1", "1", "1"], "{}", run.console);
    assert!(run.console.contains("10.0.2.2 is left alone for another "), "{}", run.console);
    assert!(run.console.contains("other: "), "{}", run.console);
    let mut others = run.console.lines().filter(|line| line.starts_with("other: "));
    assert!(
        others.all(|line| !line.contains("10.0.2.2")),
        "no word of servers that are not this run's: {}",
        run.console
    );
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
            printf '%s\\n10.9.9.9 3999\\n' $boot >/run/rntpdate/rate
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
    let run = guest(&lab, script).timeout(Duration::from_secs(300)).run();
    assert_eq!(run.status, 0, "{}", run.console);
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
    let run = run(
        &lab,
        "mount -t tmpfs -o ro none /run; run 10.0.2.2; run --quiet 10.0.2.2 2>&1 | sed 's/^/silent: /'; umount /run
        run --quiet --state-dir /nonexistent/a 10.0.2.2
        probe step 20; run -U ntp --max-first-step 1e9 --max-step 1 10.0.2.2; ls -ln /run/rntpdate
        probe step 20; run -U ntp --max-first-step 1e9 --max-step 1 10.0.2.2",
    );
    assert_eq!(statuses(&run), ["0", "0", "0", "4"], "{}", run.console);
    for why in ["/run/rntpdate: Read-only file system", "/nonexistent/a: No such file or directory"] {
        assert_eq!(run.console.matches(&format!("no lock and no notes: {why}")).count(), 1, "{why}: {}", run.console);
    }
    assert!(run.console.contains("silent: status 0"), "{}", run.console);
    assert_eq!(run.console.matches("silent: ").count(), 1, "{}", run.console);
}
