//! Hardware clocks of this machine among servers, on a board where time passes only when something is done.

use std::cell::RefCell;
use std::rc::Rc;
use std::{io, time::Duration};

use crate::support::fake_rtc::Board;
use crate::support::ntpserver::Builder;
use proptest::prelude::*;
use rntpdate::internals::cli::rntpdate::RntpdateCli;
use rntpdate::internals::estimate::Verdict;
use rntpdate::internals::exchange::Keyring;
use rntpdate::internals::linux::SystemClock;
use rntpdate::internals::linux::files::adjtime::Disk;
use rntpdate::internals::linux::net::{SystemResolver, UdpNetwork};
use rntpdate::internals::machine::phc::{Clocks, NoServers, OpenPhc, PhcReading, ReadPhc, WithClockNames, WithClocks};
use rntpdate::internals::machine::rtc_error::RtcError;
use rntpdate::internals::machine::{Clock, DryClock, Here, NoProgress, Servers};
use rntpdate::internals::net::ResolveError;
use rntpdate::internals::net::phc::{Method, Phc, Scale};
use rntpdate::internals::outcome::{Conclusion, Outcome};
use rntpdate::internals::plan::Plan;
use rntpdate::internals::run::sync::{self, System};
use rntpdate::internals::time::{Interval, Time};

const NOW: i64 = 1_795_428_000;

/// What a clock does.
#[derive(Clone, Copy, Debug)]
struct Habit {
    /// So far the clock is ahead of the system clock, in µs.
    ahead: i64,
    /// Each reading takes so long, in µs.
    takes: u64,
    /// The number of the first reading that fails.
    fails_from: usize,
}

const RIGHT: Habit = Habit { ahead: 0, takes: 2, fails_from: usize::MAX };

/// A clock over another one.
struct Fake<C> {
    info: Phc,
    habit: Habit,
    reads: Rc<RefCell<usize>>,
    clock: C,
}

impl<C: Clock> ReadPhc for Fake<C> {
    fn info(&self) -> &Phc {
        &self.info
    }

    fn read(&mut self) -> io::Result<PhcReading> {
        *self.reads.borrow_mut() += 1;
        if *self.reads.borrow() >= self.habit.fails_from {
            return Err(io::Error::from_raw_os_error(5));
        }
        let before = self.clock.now().real;
        self.clock.sleep(Duration::from_micros(self.habit.takes / 2));
        let clock = self.clock.now().real + Interval::from_micros(self.habit.ahead) + self.info.ahead;
        self.clock.sleep(Duration::from_micros(self.habit.takes / 2));
        Ok(PhcReading { before, clock, after: self.clock.now().real })
    }
}

fn info(number: u32, ahead: i64) -> Phc {
    let scale = if ahead == 0 { Scale::Utc } else { Scale::Tai };
    let ahead = Interval::from_secs(ahead);
    Phc { number, name: "fake".to_owned(), method: Method::Extended, scale, ahead }
}

fn fake<C: Clock + 'static>(word: &str, info: Phc, habit: Habit, clock: C) -> OpenPhc {
    (word.to_owned(), Ok(Box::new(Fake { info, habit, reads: Rc::default(), clock })))
}

fn plan(words: &[&str]) -> Plan {
    let words = words.iter().map(|word| (*word).into());
    let cli: RntpdateCli = rntpdate::internals::cli::parse("rntpdate", words).expect("a good command line");
    Plan::new("rntpdate", &cli).expect("a good plan")
}

fn run(plan: &Plan, clock: &mut dyn Clock, by: &dyn Clock, servers: &mut dyn Servers, clocks: Vec<OpenPhc>) -> Outcome {
    let clocks = Clocks::new(clocks);
    let keys = Keyring::default();
    let mut servers = WithClocks { servers, clocks: &clocks, clock: by };
    let mut system = System {
        clock,
        servers: &mut servers,
        resolver: &WithClockNames { names: &SystemResolver, clocks: &clocks },
        keys: &keys,
        nts: rntpdate::internals::machine::NtsState::default(),
        open_rtc: &mut |_| Err(RtcError::None { tried: Vec::new() }),
        store: &Disk::default(),
        local: &chrono::Utc,
        progress: &mut NoProgress,
    };
    let mut outcome = sync::run(plan, &mut system).expect("nobody else asks");
    outcome.clocks = clocks.known();
    outcome
}

/// A run by clocks alone on a board, which is set.
fn set_by(words: &[&str], clocks: &[(Phc, Habit)]) -> (Board, Outcome) {
    let board = Board::new(Time::from_unix(NOW, 0), NOW);
    let open = clocks.iter().zip(words.iter().filter(|word| word.starts_with("phc:")));
    let open = open.map(|((info, habit), word)| fake(word, info.clone(), *habit, board.clone())).collect();
    let outcome = run(&plan(words), &mut board.clone(), &board, &mut NoServers, open);
    (board, outcome)
}

fn offset(outcome: &Outcome) -> Interval {
    match &outcome.conclusion {
        Conclusion::Decided { estimate, failure: None, .. } => estimate.offset,
        other => panic!("no offset: {other:?}"),
    }
}

proptest! {
    /// Whatever the offset, and whatever the clock keeps: half the time of a reading is the most that it is off by.
    #[test]
    fn a_clock_alone_gives_its_time(ahead in -4_000_000_000_i64..4_000_000_000, takes in 0_u64..2000, tai: bool) {
        let habit = Habit { ahead, takes, ..RIGHT };
        let (_, outcome) = set_by(&["-b", "--allow-past", "phc:/dev/ptp0"], &[(info(0, if tai { 37 } else { 0 }), habit)]);
        let error = offset(&outcome) - Interval::from_micros(ahead);
        prop_assert!(error.abs() <= Interval::from_micros(200 + takes.cast_signed() / 2), "{error}");
        prop_assert_eq!(outcome.servers[0].verdict, Verdict::Truechimer);
        prop_assert_eq!(outcome.shown(&outcome.servers[0]), "phc:/dev/ptp0");
    }
}

#[test]
fn two_clocks_that_disagree_are_no_majority_and_three_have_one() {
    let wrong = Habit { ahead: 37_000_000, ..RIGHT };
    let words = ["-b", "phc:a", "phc:b", "phc:c"];
    let (_, outcome) = set_by(&words[..3], &[(info(0, 0), RIGHT), (info(1, 0), wrong)]);
    assert!(matches!(outcome.conclusion, Conclusion::NoEstimate(_)), "{:?}", outcome.conclusion);
    let (_, outcome) = set_by(&words, &[(info(0, 0), RIGHT), (info(1, 0), wrong), (info(2, 0), RIGHT)]);
    assert!(offset(&outcome).abs() < Interval::from_micros(100));
    assert_eq!(outcome.servers[1].verdict, Verdict::Falseticker);
    let said = rntpdate::internals::diagnosis::diagnose(&outcome.servers[1], &outcome);
    assert_eq!(
        (said.cause.as_str(), said.here.as_deref()),
        ("it keeps TAI, and was taken to keep UTC", Some("--phc-offset 37"))
    );
}

/// However often it is named.
#[test]
fn one_clock_has_one_vote() {
    let (_, outcome) = set_by(&["-q", "phc:a", "phc:b"], &[(info(0, 0), RIGHT), (info(0, 0), RIGHT)]);
    assert_eq!(outcome.servers.len(), 1);
    let Conclusion::Decided { estimate, .. } = &outcome.conclusion else { panic!("{:?}", outcome.conclusion) };
    assert_eq!((estimate.agreeing, estimate.voters), (1, 1));
}

#[test]
fn a_clock_that_fails_later_has_no_part_and_one_that_was_not_opened_says_why() {
    let failing = Habit { fails_from: 1, ..RIGHT };
    let (_, outcome) = set_by(&["-q", "phc:a"], &[(info(0, 0), failing)]);
    assert!(matches!(outcome.conclusion, Conclusion::NoEstimate(_)));
    let said = rntpdate::internals::diagnosis::diagnose(&outcome.servers[0], &outcome);
    assert_eq!(said.cause, "its device was removed, or its driver fails");

    let board = Board::new(Time::from_unix(NOW, 0), NOW);
    let closed = vec![("phc:x".to_owned(), Err(ResolveError::NoClock("the clock stands still".to_owned())))];
    let outcome = run(&plan(&["-q", "phc:x"]), &mut board.clone(), &board, &mut NoServers, closed);
    assert!(matches!(outcome.conclusion, Conclusion::NobodyToAsk));
    assert_eq!(outcome.hosts[0].addresses.as_ref().unwrap_err().to_string(), "the clock stands still");
}

/// Over real sockets: a clock and two servers, of which one lies, in whichever order they are named.
#[test]
fn a_clock_and_a_server_outvote_a_server_that_lies() {
    let honest = Builder::default().bind("127.0.0.2:0").start();
    let port = honest.addr().port();
    let liar = Builder::default().offset(5_000_000_000).bind(&format!("127.0.0.3:{port}")).start();
    let (first, second, port) = (honest.addr().ip().to_string(), liar.addr().ip().to_string(), port.to_string());
    for words in [["phc:x", &first, &second], [&second, "phc:x", &first], [&second, &first, "phc:x"]] {
        let plan = plan(&[&["-q", "-p", "4", "--port", &port], &words[..]].concat());
        let mut network = UdpNetwork::new().expect("sockets");
        let (keys, mut nonce) = (Keyring::default(), || getrandom::u64().ok());
        let mut here =
            Here { network: &mut network, nonce: &mut nonce, keys: &keys, source_port: None, exchanges: None };
        let clocks = vec![fake("phc:x", info(0, 0), RIGHT, SystemClock)];
        let outcome = run(&plan, &mut DryClock::new(SystemClock), &SystemClock, &mut here, clocks);
        assert!(offset(&outcome).abs() < Interval::from_micros(5000), "{}", offset(&outcome));
        for server in &outcome.servers {
            let is_liar = server.contact.address.ip() == liar.addr().ip();
            let expected = if is_liar { Verdict::Falseticker } else { Verdict::Truechimer };
            assert_eq!(server.verdict, expected, "{words:?}: {}", outcome.shown(server));
        }
        let order: Vec<String> = outcome.servers.iter().map(|server| outcome.shown(server)).collect();
        let named =
            words.map(|word| if word == "phc:x" { "phc:/dev/ptp0".to_owned() } else { format!("{word}:{port}") });
        assert!(
            order.iter().zip(&named).all(|(shown, named)| named.starts_with(shown.as_str())),
            "{order:?} {named:?}"
        );
    }
}
