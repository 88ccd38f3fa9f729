//! Two clocks behind one address, as behind a load balancer of which one machine is wrong.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use super::{Lab, assert_within, guest, line};
use crate::support::ntpserver::{Behaviour, ReceivedRequest, SECOND, Server};

/// How often each is tried, and where the first of its servers listens.
const RUNS: usize = 10;
const FIRST_PORT: usize = 9100;
/// How far the wrong clock is ahead, in seconds.
const APART: f64 = 3.0;

/// Whether the wrong clock answers this request: in turns, at random (by the bits), or by the client's port.
fn is_wrong(run: usize, bits: u64, n: usize, request: &ReceivedRequest) -> bool {
    match run % 5 {
        0 | 1 => n.is_multiple_of(2),
        2 => !n.is_multiple_of(2),
        3 => bits >> (n % 64) & 1 == 1,
        _ => bits.wrapping_mul(u64::from(request.from.port()) | 1) >> 63 == 1,
    }
}

/// One address with both, and how many answers were the wrong one's. The wrong one is nearer: its samples look better.
fn backends(lab: &Lab, run: usize) -> (Server, Arc<AtomicUsize>) {
    let bits = getrandom::u64().expect("random numbers");
    let wrong = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&wrong);
    let is_right = move |n, request: &ReceivedRequest| !is_wrong(run, bits, n, request);
    let choose = move |n, request: &ReceivedRequest| {
        let chosen = is_wrong(run, bits, n, request);
        count.fetch_add(usize::from(chosen), Ordering::Relaxed);
        chosen
    };
    let way = Duration::from_millis(5);
    let server = Server::builder()
        .bind(&format!("127.0.0.1:{}", FIRST_PORT + run))
        .matching(choose, Behaviour::Shift(APART as i128 * SECOND))
        .matching(is_right, Behaviour::RequestDelay(way))
        .matching(is_right, Behaviour::ReplyDelay(way));
    (lab.network.enter(|| server.start()), wrong)
}

/// Where the client's port decides, all answers may come from the wrong one: then nobody could know.
#[test]
fn the_wrong_one_of_two_backends_is_not_followed_without_a_majority() {
    let Some(lab) = Lab::empty() else { return };
    let _truth = lab.network.enter(|| Server::builder().bind("[::1]:123").start());
    let servers: Vec<_> = (0..RUNS).map(|run| backends(&lab, run)).collect();
    let script = format!(
        "for n in $(seq 0 {}); do
            rntpdate -b fec0::2 >/dev/null; residual before$n fec0::2
            run set$n rntpdate -bv --port $(({FIRST_PORT} + n)) $host; residual after$n fec0::2
        done",
        RUNS - 1
    );
    let run = guest(&lab, &script).run();
    let mut followed = Vec::new();
    for (n, (server, wrong)) in servers.iter().enumerate() {
        assert_within(&run, &format!("before{n}"), 0.1);
        let (answers, wrong) = (server.replies().len(), wrong.load(Ordering::Relaxed));
        let status = run.value(&format!("set{n}-status"));
        // Positive: the clock is behind.
        let ahead = -run.number(&format!("after{n}-residual"));
        let (stream, part) = if status == "0" { ("out", " time server ") } else { ("err", "rntpdate[") };
        let said = line(&run, &format!("set{n}-{stream}"), part);
        println!("run {n}: {wrong} of {answers} answers wrong, status {status}, {ahead:+.3} s: {said}");
        assert!(status == "0" || ahead.abs() < 0.1, "refused, and set all the same: {}", run.console);
        if status == "0" && ahead.abs() > 0.1 && wrong * 2 <= answers {
            followed.push(n);
        }
    }
    assert!(followed.is_empty(), "runs {followed:?} followed the wrong clock without a majority");
}
