//! Whoever has taken over the process that speaks with the servers says what they like: the run ends, in time, and knows no lie that
//! a server could not have told.

mod key_exchanges;
mod lies;
mod silence;

use std::io::Write as _;
use std::net::SocketAddr;
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;
use std::thread;
use std::time::{Duration, Instant};

use super::process::{NetworkProcess, Source};
use crate::estimate::{Kiss, LocalTimes};
use crate::exchange::{Contact, News, Order, Pace, Report};
use crate::linux::SystemClock;
use crate::linux::processes::channel::{receive, send};
use crate::linux::processes::child::Child;
use crate::machine::{Clock as _, Progressed, Servers as _};
use crate::nts::{Established, KeyFailure, KeyOrder};
use crate::time::{Interval, Time};
use crate::wire::{Header, Mode, NtpShort, NtpTimestamp, RefId, Stratum};

fn pace() -> Pace {
    Pace {
        samples: 4,
        timeout: Duration::from_secs(1),
        burst: Duration::from_millis(60),
        polite: Duration::from_secs(2),
        most_lost: 2,
        version: 4,
        precision: Interval::from_micros(1),
        era: Time::UNIX_EPOCH,
    }
}

/// What came of a dialogue with one server, 127.0.0.1 port 9, in which `forge` plays the other process; it is given its end of the
/// line once it knows of the server. `seconds`: the deadline.
fn heard(seconds: u64, forge: impl FnOnce(UnixStream) + Send) -> Result<Vec<Contact>, String> {
    let (ours, theirs) = UnixStream::pair().unwrap();
    let process = NetworkProcess::new(Child::played(ours), Source { address: None, port: None });
    thread::scope(|scope| {
        scope.spawn(|| {
            let end = || Some(Instant::now() + Duration::from_secs(30));
            assert!(matches!(receive::<Order>(&theirs, end()), Ok(Some(Order::Begin { .. }))));
            assert!(matches!(receive::<Order>(&theirs, end()), Ok(Some(Order::Ask(_)))));
            crate::linux::ffi::receive_descriptors(theirs.as_fd()).unwrap();
            forge(theirs);
        });
        let (clock, mut servers) = (SystemClock, &process);
        let now = clock.now();
        let deadline = now.raw + Duration::from_secs(seconds);
        let mut dialogue = servers.begin(&pace(), deadline, &now);
        dialogue.ask("127.0.0.1:9".parse().unwrap(), None, now.raw);
        loop {
            match dialogue.proceed(&clock, clock.now().raw) {
                Progressed::Waits(until) => dialogue.wait(&clock, until.saturating_sub(clock.now().raw)),
                Progressed::Sent => {}
                Progressed::Done | Progressed::Broken => break,
            }
        }
        let heard = dialogue.finish(&clock).map(|(contacts, _)| contacts).map_err(|error| error.to_string());
        let _ = process.child.stream().and_then(|stream| stream.shutdown(std::net::Shutdown::Both));
        heard
    })
}

/// What the real process would say of a server whose clock is ahead by so much.
fn news(ahead: Interval) -> News {
    let before = SystemClock.now();
    thread::sleep(Duration::from_millis(1));
    let after = SystemClock.now();
    let local =
        LocalTimes { sent: before.real, received: after.real, before, after, precision: Interval::from_micros(1) };
    let stamp = |time: Time| NtpTimestamp::from_time(time + ahead);
    let header = Header {
        mode: Mode::SERVER,
        stratum: Stratum(1),
        precision: -20,
        root_dispersion: NtpShort::from_bits(1),
        refid: RefId(*b"GPS\0"),
        receive: stamp(before.real + Interval::from_micros(400)),
        transmit: stamp(before.real + Interval::from_micros(500)),
        ..Header::request(4, NtpTimestamp::ZERO)
    };
    News {
        server: 0,
        measured: vec![(local, header)],
        kiss: None,
        untrusted: false,
        renewal: None,
        is_renewed: false,
        contested: None,
        answered: 1,
        wanted: 4,
        is_active: false,
        is_refreshing: false,
    }
}

fn contact(address: &str, sent: usize) -> Contact {
    Contact { sent, answered: 1, reach: 1, ..Contact::none(address.parse().unwrap()) }
}

/// Says this, and then what is asked for.
fn say_and_finish(stream: &UnixStream, reports: Vec<Report>, contacts: &[Contact]) {
    for report in reports {
        // Nobody may be listening any more.
        if send(stream, &report, Some(Instant::now() + Duration::from_secs(30))).is_err() {
            return;
        }
    }
    while let Ok(Some(order)) = receive::<Order>(stream, Some(Instant::now() + Duration::from_secs(30))) {
        let report = match order {
            Order::Finish => Report::Finished(contacts.to_vec()),
            Order::Answer => Report::Here,
            _ => continue,
        };
        let _ = send(stream, &report, None);
    }
}

#[test]
fn what_a_server_says_arrives_with_what_follows_from_it() {
    let ahead = Interval::from_secs(1000);
    let contacts = heard(20, |stream| {
        say_and_finish(&stream, vec![Report::News(vec![news(ahead)])], &[contact("127.0.0.1:9", 1)]);
    })
    .unwrap();
    let samples = &contacts[0].candidate.samples;
    // The policy of the process that decides sees the offset, and its limits are out of the other's reach.
    assert!(samples.len() == 1 && (samples[0].offset - ahead).abs() < Interval::from_micros(100_000), "{samples:?}");
    assert!(!samples[0].delay.is_negative());
}
