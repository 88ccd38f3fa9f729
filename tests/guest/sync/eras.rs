//! Clocks at the ends of the eras.

use std::time::Duration;

use super::{Lab, TOLERANCE, assert_set, guest, result};
use crate::support::ntpserver::{ReceivedRequest, SECOND, Server, unix_now};

/// 2036-02-07 06:28:16 UTC, when NTP's seconds begin anew, in seconds since 1970.
const ERA_END: i64 = 2_085_978_496;

#[test]
fn clocks_in_1970_and_at_the_end_of_the_era() {
    let Some(lab) = Lab::new() else { return };
    let script = format!(
        "date -u +'start %F'
        residual before; run from1970 rntpdate -b $host; residual from1970
        probe settime {from}
        run from2036 rntpdate -b -p 8 --interval 0.5 $host; residual from2036
        probe settime {from}; date -u +'begin %s'
        run dry rntpdate -d -p 8 --interval 0.5 $host; date -u +'end %s'
        run again rntpdate -b $host; residual again",
        from = ERA_END - 2
    );
    let run = guest(&lab, &script).rtc("1970-01-01T00:00:00").run();
    assert_eq!(run.value("start"), "1970-01-01");
    for name in ["from1970", "from2036", "again"] {
        let (verb, offset) = result(&run, name);
        println!("{name}: {verb} {offset:+.6} s");
        assert_eq!(verb, "step");
        assert_set(&run, name);
    }
    let (_, offset) = result(&run, "from1970");
    assert!((offset - run.number("before-residual")).abs() < TOLERANCE, "{}", run.console);
    let crossed = (run.number("begin") as i64) < ERA_END && (run.number("end") as i64) > ERA_END;
    assert!(crossed, "the clock did not cross the era's end during the run\n{}", run.console);
    // The dry run comes seconds after the other, with the clock set to the same time.
    let (before, after) = (result(&run, "from2036").1, result(&run, "dry").1);
    assert!((before..before + 30.0).contains(&after), "{before} {after}\n{}", run.console);
}

/// The server's clock passes the end of the era between two samples.
#[test]
fn server_that_crosses_the_end_of_the_era() {
    let Some(lab) = Lab::empty() else { return };
    let server = lab.network.enter(|| Server::builder().bind("127.0.0.1:123").start());
    let script = "
        probe query $host >/dev/null; sleep 0.5
        run set rntpdate -b -p 8 --interval 0.8 $host; residual set; date -u +'now %s'";
    let (run, offset) = std::thread::scope(|scope| {
        let setter = scope.spawn(|| {
            assert!(server.wait_for_requests(1, Duration::from_secs(140)), "the guest never asked");
            let offset = i128::from(ERA_END - 4) * SECOND - unix_now();
            server.set_offset(offset);
            offset
        });
        (guest(&lab, script).run(), setter.join().expect("an offset"))
    });
    let until_end = |request: &ReceivedRequest| i128::from(ERA_END) * SECOND - (request.received + offset);
    let times: Vec<f64> = server.requests()[1..9].iter().map(|request| until_end(request) as f64 / -1e9).collect();
    println!("requests at {times:.1?} s from the end of the era");
    assert!(times[0] < 0.0 && times[7] > 0.0, "the run does not cross the end of the era: {times:?}");
    let (verb, offset) = result(&run, "set");
    println!("{verb} {offset:+.6} s");
    assert_eq!(verb, "step");
    assert_set(&run, "set");
    assert!((ERA_END..ERA_END + 60).contains(&(run.number("now") as i64)), "{}", run.console);
}
