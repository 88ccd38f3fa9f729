//! What a confined run still does: step, slew, RTC, syslog, the command after a step, history, notes.

use super::{Lab, lines, run, say};

#[test]
fn everything_that_a_run_does_it_does_confined() {
    let Some(lab) = Lab::new() else { return };
    let script = "
        syslogd -n -O /var/log/messages & receiver=$!
        until [ -e /dev/log ]; do sleep 0.05; done
        ln -sf /usr/share/zoneinfo/Europe/Berlin /etc/localtime
        chmod 700 /root; umask 022
        printf '0 0 0\\n0\\nUTC\\nmy own note\\n' >/etc/adjtime
        probe step 7
        # Reading a file of another user's and making one in a folder of his takes rights that the run has given up.
        mkdir -m 700 /tmp/his; echo secret >/tmp/his/file; chown -R 101:101 /tmp/his; chmod 000 /tmp/his/file
        run step rntpdate -s -b -w --verify --after-step 'PATH=$PATH:/usr/lib/busybox; cat /tmp/his/file >/tmp/his/read; ip addr add 192.0.2.9/32 dev lo; echo $RNTPDATE_OFFSET $RNTPDATE_SERVER' $host
        echo \"read $(cat /tmp/his/read)\"; echo \"route $(ip addr show dev lo | grep -c 192.0.2.9)\"
        sed 's/^/adjtime /' /etc/adjtime; sed 's/^/copy /' /etc/adjtime.malformed
        probe rtc-edge /dev/rtc0 | sed 's/^/rtc-/'
        probe step 0.2; run slew rntpdate -v --discipline --mark-synced $host; probe adjtimex | sed 's/^/slew-/'
        run again rntpdate --discipline $host
        sed 's/^/history /' /var/lib/rntpdate/history | head -n 3; ls -ln /var/lib/rntpdate /run/rntpdate | sed 's/^/listing /'
        sed 's/^/set /' /run/rntpdate/set /proc/sys/kernel/random/boot_id
        # Longer than a second: then the zone's file is looked at again.
        echo \"hour-before $(date +%H)\"; run late rntpdate -q -t 2 10.0.2.200 $host; echo \"hour-after $(date +%H)\"
        echo \"hour-utc $(date -u +%H)\"
        probe step 3; run leak rntpdate -b --after-step 'PATH=$PATH:/usr/lib/busybox; readlink /proc/$$/fd/9; echo ran' $host 9</etc/passwd
        echo \"free $(sh -c 'readlink /proc/$$/fd/9' 9</etc/passwd)\"
        run self rntpdate --self-test
        run unknown rntpdate -b --adjfile /nonexistent/adjtime -w --utc $host
        probe step 3; run object rntpdate --json -b --after-step 'PATH=$PATH:/usr/lib/busybox; cat; echo noise' $host </dev/zero
        probe step 3; run failing rntpdate --after-step 'exit 3' $host
        probe step 3; run slow rntpdate --deadline 1 --after-step 'PATH=$PATH:/usr/lib/busybox; sleep 30' $host
        echo \"left $(processes)\"
        sleep 0.3; kill $receiver; sed 's/^/messages /' /var/log/messages";
    let run = run(&lab, script);
    for name in ["step", "slew", "again", "late", "leak", "self", "object", "unknown", "failing", "slow"] {
        assert_eq!(run.value(&format!("{name}-status")), "0", "{name}\n{}", run.console);
    }
    // The step, in syslog, in local time; what the command said came through.
    let logged: Vec<&str> =
        lines(&run, "messages").into_iter().filter(|line| line.contains("step time server")).collect();
    assert!(logged.len() == 1 && logged[0].contains("daemon.notice rntpdate["), "{}", run.console);
    assert!(lines(&run, "step-out").is_empty(), "{}", run.console);
    let messages = lines(&run, "messages");
    let told = messages.iter().find(|line| line.ends_with(" 10.0.2.2")).unwrap_or_else(|| panic!("{}", run.console));
    let [server, offset] = told.rsplit(' ').take(2).collect::<Vec<_>>()[..] else { panic!("{}", run.console) };
    assert!(server == "10.0.2.2" && offset.parse::<f64>().unwrap().abs() > 6.0, "{}", run.console);
    assert_eq!(
        (run.value("read"), run.value("route")),
        ("secret", "1"),
        "the command has root's rights\n{}",
        run.console
    );
    // The RTC, and its file.
    assert!(run.number("rtc-rtc_error").abs() < 0.02e9, "{}", run.console);
    let adjtime = lines(&run, "adjtime");
    assert!(adjtime.len() == 3 && adjtime[0].starts_with("0.000000 17") && adjtime[2] == "UTC", "{}", run.console);
    assert!(lines(&run, "copy").contains(&"my own note"), "{}", run.console);
    // The slew, the mark, the history and the notes.
    assert!((run.number("slew-adjtime_us") + 200_000.0).abs() < 5000.0 && run.number("slew-unsynchronised") == 0.0);
    assert!(!lines(&run, "history").is_empty(), "{}", run.console);
    let set = lines(&run, "set");
    assert_eq!(set[0], set[1], "{}", run.console);
    assert!(
        lines(&run, "listing").iter().filter(|line| line.ends_with(" set") || line.ends_with(" history")).count() == 2
    );
    assert!(lines(&run, "self-out").iter().any(|line| line.starts_with("self-test passed")), "{}", run.console);
    // Local time, to the end of a run that takes seconds.
    let hour = lines(&run, "late-out").last().unwrap().split(':').next().unwrap();
    let hour = hour.split_whitespace().next_back().unwrap();
    assert!([run.value("hour-before"), run.value("hour-after")].contains(&hour), "{}", run.console);
    assert_ne!(run.value("hour-utc"), run.value("hour-after"), "{}", run.console);
    // What the caller has open is not the command's.
    assert_eq!((run.value("free"), lines(&run, "leak-out")[0]), ("/etc/passwd", "ran"), "{}", run.console);
    // Errors keep their words.
    let object = lines(&run, "object-out");
    assert!(
        object.len() == 1 && object[0].starts_with('{') && lines(&run, "object-err") == ["noise"],
        "{}",
        run.console
    );
    let said = |name: &str, part: &str| lines(&run, &format!("{name}-err")).iter().any(|line| line.contains(part));
    assert!(
        said("unknown", "cannot write /nonexistent/adjtime: No such file or directory (os error 2)"),
        "{}",
        run.console
    );
    assert!(said("failing", "after the step: exit 3: exit status: 3"), "{}", run.console);
    assert!(
        said("slow", "after the step: PATH=$PATH:/usr/lib/busybox; sleep 30: still running (pid "),
        "{}",
        run.console
    );
    assert_eq!(run.value("left"), "0", "{}", run.console);
    say(&format!("{}\n", logged[0]));
}

#[test]
fn the_zone_stays_as_it_was_at_the_start() {
    let Some(lab) = Lab::new() else { return };
    // Runs that wait for a server which is not there (a new one each time: the kernel remembers them), in a zone that only /etc/timezone names, and in one that changes meanwhile.
    let script = "
        rntpdate -b $host; rm -f /etc/localtime; echo Asia/Kathmandu >/etc/timezone
        printf '0 0 0\n0\nLOCAL\n' >/etc/adjtime
        run there rntpdate -q -t 2 10.0.2.200 $host
        probe step -3; run set rntpdate -b -w --localtime -t 2 10.0.2.201 $host
        probe rtc-edge /dev/rtc0 | sed 's/^/there-/'
        ln -s /usr/share/zoneinfo/Asia/Kathmandu /etc/localtime; rm /etc/timezone
        (sleep 1; rm /etc/localtime) & run gone rntpdate -q -t 2 10.0.2.202 $host; wait
        ln -s /usr/share/zoneinfo/Asia/Kathmandu /etc/localtime
        (sleep 1; ln -sf /usr/share/zoneinfo/America/New_York /etc/localtime) &
        run other rntpdate -q -t 2 10.0.2.203 $host; wait
        echo \"utc $(date -u +%s)\"
        probe step 3; run command rntpdate -b --after-step 'echo TZ=$TZ' $host";
    let run = run(&lab, script);
    let seconds = run.number("utc") as i64;
    // Five hours and three quarters east; the runs before took seconds, not hours.
    let expected = (seconds + 20_700) / 60 % 1440;
    for name in ["there", "set", "gone", "other"] {
        assert_eq!(run.value(&format!("{name}-status")), "0", "{}", run.console);
        let line = *lines(&run, &format!("{name}-out")).last().unwrap();
        let time = line.split_whitespace().nth(2).unwrap();
        let [hour, minute] = [0, 1].map(|part| time.split(':').nth(part).unwrap().parse::<i64>().unwrap());
        let behind = (expected - (hour * 60 + minute)).rem_euclid(1440);
        assert!(behind < 5, "{name}: {line}\n{}", run.console);
        say(&format!("{name}: {line}\n"));
    }
    assert!((run.number("there-rtc_error") / 1e9 - 20_700.0).abs() < 1.0, "{}", run.console);
    assert_eq!(lines(&run, "command-out")[0], "TZ=", "{}", run.console);
}

#[test]
fn who_reads_the_output_of_a_run_does_not_wait_for_its_helpers() {
    let Some(lab) = Lab::new() else { return };
    // A name server that never answers: the C library asks it for ten seconds.
    let script = "
        now() { cut -d' ' -f1 /proc/uptime; }
        echo 'nameserver 10.0.2.9' >/etc/resolv.conf
        echo \"begun $(now)\"; said=$(rntpdate --deadline 2 ntp.test 2>&1); echo \"status $?\"; echo \"ended $(now)\"
        echo \"said $said\"; echo \"left $(processes)\"
        rntpdate --deadline 9 ntp.test >/dev/null 2>&1 & pid=$!
        sleep 1; echo \"during $(processes)\"; kill -9 $pid; wait $pid; sleep 0.1; echo \"killed $(processes)\"
        # Names that resolve while others do not.
        echo '10.0.2.2 good.test' >>/etc/hosts
        run mixed rntpdate -p 1 --deadline 6 good.test bad.test";
    let run = run(&lab, script);
    let took = run.number("ended") - run.number("begun");
    say(&format!("a silent name server, --deadline 2: over after {took:.2} s\n"));
    assert!((0.9..3.0).contains(&took) && run.value("status") == "1", "{}", run.console);
    // Half of the deadline, less what the machine took until then.
    let within = |seconds: &&str| run.value("said").contains(&format!("cannot be used: no answer in {seconds} s"));
    assert!(["0.8", "0.9", "1.0"].iter().any(within), "{}", run.console);
    assert_eq!((run.value("left"), run.value("during"), run.value("killed")), ("0", "3", "0"), "{}", run.console);
    assert_eq!(run.value("mixed-status"), "0", "{}", run.console);
}

#[test]
fn whoever_reads_packets_is_gone_before_the_rtc_is_set_and_the_command_begins() {
    let Some(lab) = Lab::new() else { return };
    let script = "
        look='PATH=$PATH:/usr/lib/busybox; cat /proc/[0-9]*/comm'
        probe step 3; run command rntpdate -b --after-step \"$look\" $host
        probe step 3; run chip strace -f -o /tmp/trace -e trace=kill,ioctl rntpdate -b -w --after-step \"$look\" $host
        sed 's/^/trace /' /tmp/trace";
    let run = run(&lab, script);
    for name in ["command", "chip"] {
        assert_eq!(run.value(&format!("{name}-status")), "0", "{}", run.console);
        let out = lines(&run, &format!("{name}-out"));
        assert!(out.contains(&"rntpdate") && out.contains(&"rntpdate-step"), "{}", run.console);
        assert!(!out.contains(&"rntpdate-net"), "{}", run.console);
    }
    let trace = lines(&run, "trace");
    let first = |part: &str| trace.iter().position(|line| line.contains(part));
    let (ended, set) = (first("kill("), first("RTC_SET_TIME"));
    assert!(ended.is_some() && ended < set, "{}", run.console);
}
