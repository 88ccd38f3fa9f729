//! What is said, to whom, and from where the servers come.

use super::{Lab, guest, run, statuses};

#[test]
fn nothing_is_said_unless_it_matters() {
    let Some(lab) = Lab::new() else { return };
    let run = run(
        &lab,
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
fn quiet_runs_say_nothing_of_a_file_unless_they_fail() {
    let Some(lab) = Lab::new() else { return };
    let run = run(
        &lab,
        "count() { run \"$@\" >/tmp/out 2>/tmp/err; echo \"lines $(cat /tmp/out /tmp/err | grep -vc ^status)\"; cat /tmp/out /tmp/err; }
        printf 'server 10.0.2.2\\nserver 10.0.2.9 key 1\\nsevrer x\\n' >/tmp/ntp.conf
        run 10.0.2.2 >/dev/null
        count --quiet --from /tmp/ntp.conf; count --from /tmp/ntp.conf; count --quiet -t 0.2 --port 9 --from /tmp/ntp.conf",
    );
    let parts: Vec<&str> = run.console.split("lines ").skip(1).collect();
    assert_eq!(parts.len(), 3, "{}", run.console);
    assert!(parts[0].starts_with("0\n") && parts[0].contains("status 0"), "{}", run.console);
    let fault = "/tmp/ntp.conf:3: \"sevrer\" is no directive of ntp.conf: is \"server\" meant?";
    let key = "/tmp/ntp.conf wants key 1 for it, and names no file of keys";
    // A run that fails says all causes in its one line.
    for (part, beginning) in parts[1..].iter().zip(["10.0.2.9 is not asked: ", "found: 10.0.2.9: "]) {
        assert!(part.contains(fault) && part.contains(&format!("{beginning}{key}")), "{}", run.console);
    }
    assert!(parts[1].contains("status 0") && parts[2].contains("status 1"), "{}", run.console);
}

#[test]
fn a_step_is_told_to_the_users_command() {
    let Some(lab) = Lab::new() else { return };
    let run = run(
        &lab,
        "run --after-step 'echo told $RNTPDATE_OFFSET $RNTPDATE_SERVER' 10.0.2.2
        run --after-step 'echo told again' 10.0.2.2
        probe step 20; run --after-step 'echo back $RNTPDATE_OFFSET; exit 5' 10.0.2.2
        probe step 20; run -d --after-step 'echo never' 10.0.2.2 >/dev/null",
    );
    let told: Vec<&str> = run.value("told").split(' ').collect();
    assert!(told[0].parse::<f64>().unwrap() > 2e8 && told[1] == "10.0.2.2", "{told:?}");
    assert!((run.number("back") + 20.0).abs() < 0.1, "{}", run.console);
    assert!(!run.console.contains("again") && !run.console.contains("never"), "{}", run.console);
    assert!(run.console.contains("exit 5: exit status: 5"), "{}", run.console);
    assert_eq!(statuses(&run), ["0", "0", "0"], "{}", run.console);
}

#[test]
fn what_the_users_command_prints_goes_to_syslog_with_the_rest() {
    let Some(lab) = Lab::new() else { return };
    let run = run(
        &lab,
        "syslogd -O /tmp/messages; sleep 0.5
        rntpdate -s --after-step 'echo told; echo worse >&2; printf \"\\033[2J\\n\"' 10.0.2.2 & echo \"pid $!\"; wait $!
        probe step 20; date +%s >/tmp/begun
        run -s --deadline 1 --after-step 'PATH=$PATH:/usr/lib/busybox; sleep 12; echo late; echo done >/tmp/done' 10.0.2.2
        sleep 3; cat /tmp/done; sed 's/^/messages /' /tmp/messages",
    );
    let logged: Vec<&str> = run.console.lines().filter(|line| line.starts_with("messages ")).collect();
    for text in ["told", "worse", "\\u{1b}[2J"] {
        let wanted = format!("daemon.notice rntpdate[{}]: {text}", run.value("pid"));
        assert!(logged.iter().any(|line| line.contains(&wanted)), "{wanted}: {}", run.console);
    }
    // The command that is left to itself may still print.
    assert!(logged.iter().any(|line| line.ends_with(": late")) && run.console.contains("\ndone"), "{}", run.console);
    let elsewhere = run.console.lines().filter(|line| !line.starts_with("messages ") && line.contains("told"));
    assert_eq!(elsewhere.count(), 0, "{}", run.console);
}

#[test]
fn the_kernel_is_told_how_good_the_clock_is() {
    let Some(lab) = Lab::new() else { return };
    let run = run(
        &lab,
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

#[test]
fn servers_come_from_the_machines_own_configuration() {
    let Some(lab) = Lab::new() else { return };
    let run = guest(
        &lab,
        "run; mkdir -p /etc/chrony/sources.d
            run -q -v; printf 'server 10.0.2.2\\nserver\\n' >/etc/ntp.conf; run -q
            echo 10.0.2.2:123 >/etc/list; run -q -v --from /etc/list; run --from /etc/none",
    )
    .text("/etc/chrony/chrony.conf", "sourcedir /etc/chrony/sources.d\n! comment\n")
    .text("/etc/chrony/sources.d/lan.sources", "server 10.0.2.2 port 123 iburst\n")
    .run();
    assert_eq!(statuses(&run), ["0", "0", "0", "0", "1"], "{}", run.console);
    for line in [
        "servers from /etc/chrony/sources.d/lan.sources: 10.0.2.2:123",
        "/etc/ntp.conf:2: the server's name is missing",
        "servers from /etc/list: 10.0.2.2:123",
        "rntpdate: /etc/none: there is no such file",
    ] {
        assert!(run.console.contains(line), "{line}: {}", run.console);
    }
}

#[test]
fn syslog_gets_priorities() {
    let Some(lab) = Lab::new() else { return };
    let run = run(
        &lab,
        "syslogd -O /tmp/messages; sleep 0.5
        run -s 10.0.2.2; run -s 10.0.2.2; probe step 20; run -s --forward-only 10.0.2.2; run -s -t 0.2 --port 9 10.0.2.2
        sleep 0.5; sed 's/^/messages /' /tmp/messages",
    );
    let logged: Vec<&str> =
        run.console.lines().filter(|line| line.starts_with("messages ") && line.contains("rntpdate[")).collect();
    let expected = [
        ("daemon.notice", "step time server"),
        ("daemon.notice", "adjust time server"),
        ("daemon.err", "--forward-only forbids"),
        ("daemon.warn", "10.0.2.2: no data"),
        ("daemon.err", "no server suitable"),
    ];
    assert_eq!(logged.len(), expected.len(), "{}", run.console);
    for (line, (priority, text)) in logged.iter().zip(expected) {
        assert!(line.contains(priority) && line.contains(text), "{line}");
    }
    assert_eq!(statuses(&run), ["0", "0", "4", "1"], "{}", run.console);
    assert_eq!(
        run.console.lines().filter(|line| line.contains("rntpdate[") && !line.starts_with("messages ")).count(),
        0
    );
}

#[test]
fn a_warning_that_did_no_harm_is_not_said_to_who_wants_quiet() {
    let Some(lab) = Lab::new() else { return };
    let run = run(
        &lab,
        "count() { run \"$@\" >/tmp/out 2>/tmp/err; echo \"lines $(cat /tmp/out /tmp/err | grep -vc ^status)\"; }
        run 10.0.2.2 >/dev/null; printf '0.0 0 0.0\\n0\\nLOCAL\\n' >/etc/adjtime
        count --mark-synced 10.0.2.2; count --quiet --mark-synced 10.0.2.2
        count --quiet --mark-synced -t 0.2 10.0.2.2 --port 9",
    );
    let lines: Vec<&str> = run.console.lines().filter(|line| line.starts_with("lines ")).collect();
    assert_eq!(lines, ["lines 2", "lines 0", "lines 2"], "the warning, and what was done: {}", run.console);
}
