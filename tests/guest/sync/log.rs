//! -s: to a real syslog receiver, and to stderr where there is none.

use super::{Lab, TOLERANCE, assert_set, guest, line, lines, offset_in};

#[test]
fn results_go_to_syslog_or_to_stderr() {
    let Some(lab) = Lab::new() else { return };
    let script = "
        residual warm
        run lost rntpdate -s -b $host; residual lost
        syslogd -n -O /var/log/messages &
        receiver=$!
        until [ -e /dev/log ]; do sleep 0.05; done
        probe step 9; run logged rntpdate -s -b $host; residual logged
        run failed rntpdate -s -t 0.2 -p 1 --port 9 $host
        run query rntpdate -s -q $host
        sleep 0.3; sed 's/^/messages /' /var/log/messages
        kill $receiver; wait $receiver
        run stale rntpdate -s -b $host";
    let run = guest(&lab, script).run();
    for name in ["lost", "logged", "query"] {
        assert_eq!(run.value(&format!("{name}-status")), "0", "{}", run.console);
    }
    assert_set(&run, "lost");
    assert_set(&run, "logged");

    let logged = line(&run, "messages", "step time server 10.0.2.2");
    println!("{logged}");
    assert!((offset_in(logged) + 9.0).abs() < TOLERANCE, "{logged}");
    let words: Vec<&str> = logged.split_whitespace().collect();
    assert!(words[4] == "daemon.notice" && words[5].starts_with("rntpdate["), "{logged}");
    assert!(lines(&run, "logged-out").is_empty() && lines(&run, "logged-err").is_empty(), "{}", run.console);

    let failed = line(&run, "messages", "no server suitable for synchronization found");
    println!("{failed}");
    assert!(failed.contains("daemon.err"), "{failed}");
    line(&run, "messages", "10.0.2.2: no data: no reply to 1 request");
    assert!(lines(&run, "failed-err").is_empty() && run.value("failed-status") == "1", "{}", run.console);
    // The lines of -q are what it was asked for.
    line(&run, "query-out", "server 10.0.2.2, stratum 5");

    for name in ["lost", "stale"] {
        let result = line(&run, &format!("{name}-err"), "step time server 10.0.2.2");
        println!("{name}: {result}");
        line(&run, &format!("{name}-err"), "/dev/log");
    }
}
