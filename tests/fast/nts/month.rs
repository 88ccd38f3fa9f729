//! A month of cron runs by the program's own pipeline, in a world of its own: how often keys are exchanged, and what a run that is
//! killed at any moment costs.

use std::cell::RefCell;
use std::collections::HashSet;
use std::net::SocketAddr;
use std::os::fd::BorrowedFd;
use std::panic::{AssertUnwindSafe, catch_unwind, panic_any};
use std::rc::Rc;
use std::time::Duration;

use rntpdate::internals::cli::rntpdate::RntpdateCli;
use rntpdate::internals::discipline::Boot;
use rntpdate::internals::exchange::Keyring;
use rntpdate::internals::linux::files::adjtime::Disk;
use rntpdate::internals::linux::net::SystemResolver;
use rntpdate::internals::machine::rtc_error::RtcError;
use rntpdate::internals::machine::{
    Clock, ClockError, CookieStore, Here, KeyExchanges, KeyWay, Network, NoProgress, NtsState,
};
use rntpdate::internals::net::{Event, Fault};
use rntpdate::internals::nts::jar::{Jar, Peer, parse, render};
use rntpdate::internals::nts::{Established, KeyFailure, KeyOrder, NewAssociation};
use rntpdate::internals::outcome::ExitStatus;
use rntpdate::internals::plan::{Plan, TrustPlan};
use rntpdate::internals::run::sync;
use rntpdate::internals::run::sync::System;
use rntpdate::internals::time::{Interval, Reading, Time};
use rntpdate::internals::wire::nts::{Aead, Association, Cookie, Keys, Secret, fields};
use rntpdate::internals::wire::{HEADER_LEN, Header, Mode, NtpTimestamp, RefId, Stratum};
use socket2::Socket;
use zeroize::Zeroizing;

const AEAD: Aead = Aead::SivCmac256;
const HOUR: u64 = 3600;
const DAY: u64 = 24 * HOUR;

/// A server, a disk and the time.
struct World {
    now: Duration,
    /// How long the server seals cookies with one key, and how many old ones it keeps.
    rotation: u64,
    old_keys: u64,
    /// A server that does not know a cookie says nothing.
    is_mute: bool,
    serial: u64,
    used: HashSet<Vec<u8>>,
    exchanges: usize,
    due: Option<KeyOrder>,
    arrivals: Vec<(Duration, Vec<u8>)>,
    disk: String,
    /// So many steps until the run is killed.
    life: Option<usize>,
    steps: usize,
}

struct Killed;

#[derive(Clone)]
struct Shared(Rc<RefCell<World>>);

fn keys() -> Keys {
    let secret = |byte| Secret::new(Zeroizing::new(vec![byte; 32])).unwrap();
    Keys { c2s: secret(1), s2c: secret(2) }
}

impl World {
    fn epoch(&self) -> u64 {
        self.now.as_secs() / self.rotation
    }

    fn cookie(&mut self) -> Vec<u8> {
        self.serial += 1;
        let mut cookie = vec![0; 100];
        cookie[..8].copy_from_slice(&self.epoch().to_be_bytes());
        cookie[8..16].copy_from_slice(&self.serial.to_be_bytes());
        cookie
    }

    /// Something happens that a kill could come before.
    fn step(&mut self) {
        self.steps += 1;
        match &mut self.life {
            Some(0) => panic_any(Killed),
            Some(left) => *left -= 1,
            None => {}
        }
    }

    fn serve(&mut self, request: &[u8]) {
        let all: Vec<_> = fields(&request[HEADER_LEN..], 16).map(Result::unwrap).collect();
        let body = |kind| all.iter().filter(|field| field.kind == kind).map(|field| field.body).collect::<Vec<_>>();
        let (cookie, identifier) = (body(0x0204)[0].to_vec(), body(0x0104)[0]);
        assert!(self.used.insert(cookie.clone()), "a cookie is used twice");
        let epoch = u64::from_be_bytes(cookie[..8].try_into().unwrap());
        let time = NtpTimestamp::from_time(real(self.now));
        let mut header = Header {
            mode: Mode::SERVER,
            stratum: Stratum(2),
            refid: RefId([192, 0, 2, 9]),
            origin: Header::parse(request).unwrap().0.transmit,
            reference: time,
            receive: time,
            transmit: time,
            ..Header::request(4, NtpTimestamp::ZERO)
        };
        let is_known = epoch + self.old_keys >= self.epoch();
        if !is_known {
            (header.stratum, header.refid) = (Stratum(0), RefId(*b"NTSN"));
        }
        let mut reply = [&header.to_bytes()[..], &[0x01, 0x04, 0, 36], identifier].concat();
        if is_known {
            let wanted = 1 + body(0x0304).len();
            let plain: Vec<u8> = (0..wanted).flat_map(|_| [vec![0x02, 0x04, 0, 104], self.cookie()].concat()).collect();
            let sealed = AEAD.seal(&keys().s2c, &[9; 16], &reply, &plain).unwrap();
            reply.extend([0x04, 0x04]);
            for number in [8 + 16 + sealed.len(), 16, sealed.len()] {
                reply.extend(u16::try_from(number).unwrap().to_be_bytes());
            }
            reply.extend([&[9; 16], &sealed[..]].concat());
        }
        if is_known || !self.is_mute {
            self.arrivals.push((self.now + Duration::from_millis(1), reply));
        }
    }
}

fn real(now: Duration) -> Time {
    Time::from_unix(1_795_000_000, 0) + Interval::from(now)
}

impl Clock for Shared {
    fn now(&self) -> Reading {
        let raw = self.0.borrow().now;
        Reading { real: real(raw), raw }
    }

    fn step(&mut self, _: Interval) -> Result<(), ClockError> {
        Ok(())
    }

    fn slew(&mut self, _: Interval) -> Result<(), ClockError> {
        self.0.borrow_mut().step();
        Ok(())
    }

    fn pending_slew(&self) -> Interval {
        Interval::ZERO
    }

    fn frequency(&self) -> Result<f64, ClockError> {
        Ok(0.0)
    }

    fn set_frequency(&mut self, _: f64) -> Result<(), ClockError> {
        Ok(())
    }

    fn boot(&self) -> Boot {
        Boot { id: "1".to_owned(), suspended: Duration::ZERO }
    }
}

impl Network for Shared {
    fn open(&mut self, _: SocketAddr, _: Option<u16>) -> Result<(), Fault> {
        Ok(())
    }

    fn send(&mut self, _: usize, datagram: &[u8]) -> Result<(), Fault> {
        let mut world = self.0.borrow_mut();
        world.step();
        world.serve(datagram);
        // Sent, and killed before anything is known of it.
        world.step();
        Ok(())
    }

    fn wait(&mut self, timeout: Duration, events: &mut Vec<Event>) {
        let mut world = self.0.borrow_mut();
        world.step();
        let until = world.now + timeout.max(Duration::from_micros(1));
        match world.arrivals.first().map(|(at, _)| *at).filter(|at| *at <= until) {
            Some(at) => {
                world.now = world.now.max(at);
                let (_, datagram) = world.arrivals.remove(0);
                events.push(Event::Received { socket: 0, datagram, at: Some(real(world.now)) });
            }
            None => world.now = until,
        }
    }
}

impl KeyExchanges for Shared {
    fn begin(&mut self, order: KeyOrder, _: Socket, _: Duration) {
        let mut world = self.0.borrow_mut();
        world.step();
        world.exchanges += 1;
        world.due = Some(order);
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        None
    }

    fn due(&self) -> Option<Duration> {
        self.0.borrow().due.as_ref().map(|order| order.deadline)
    }

    fn proceed(&mut self, _: Duration) -> Vec<Established> {
        let mut world = self.0.borrow_mut();
        let Some(order) = world.due.take() else { return Vec::new() };
        let cookies = (0..8).map(|_| Cookie::new(world.cookie()).unwrap()).collect();
        let association = Association { aead: AEAD, keys: keys(), other_keys: None, cookies, is_saved: false };
        let new = NewAssociation { association, server: None, port: None, provisional: None };
        vec![Established { number: order.number, result: Ok(new) }]
    }

    fn check(&mut self, _: usize, _: Time) -> Result<(), KeyFailure> {
        Ok(())
    }
}

impl CookieStore for Shared {
    fn change(&self, change: &mut dyn FnMut(&mut Jar)) -> bool {
        let mut world = self.0.borrow_mut();
        let mut jar = if world.disk.is_empty() { Jar::default() } else { parse(&world.disk).unwrap() };
        change(&mut jar);
        world.step();
        world.disk = render(&jar).to_string();
        world.step();
        true
    }
}

impl Shared {
    fn new(rotation: u64, old_keys: u64, is_mute: bool) -> Shared {
        let world = World {
            now: Duration::from_secs(1000),
            rotation,
            old_keys,
            is_mute,
            serial: 0,
            used: HashSet::new(),
            exchanges: 0,
            due: None,
            arrivals: Vec::new(),
            disk: String::new(),
            life: None,
            steps: 0,
        };
        Shared(Rc::new(RefCell::new(world)))
    }

    /// One run of cron, which is killed after so many steps; whether it came to its end. A run that does has set the clock.
    fn run(&self, life: Option<usize>) -> bool {
        {
            let mut world = self.0.borrow_mut();
            (world.life, world.steps, world.due) = (life, 0, None);
            world.arrivals.clear();
        }
        let words = ["--nts", "10.0.0.1"].map(Into::into);
        let cli: RntpdateCli = rntpdate::internals::cli::parse("rntpdate", words).unwrap();
        let plan = Plan::new("rntpdate", &cli).unwrap();
        let (mut clock, mut network, mut exchanges) = (self.clone(), self.clone(), self.clone());
        let mut random = self.0.borrow().serial;
        let mut nonce = || {
            random += 1;
            Some(random)
        };
        let connect = |_: SocketAddr| Ok(Socket::new(socket2::Domain::IPV4, socket2::Type::DGRAM, None).unwrap());
        let keys = Keyring::default();
        let exchanges = Some(KeyWay { exchanges: &mut exchanges, connect: &connect });
        let mut here = Here { network: &mut network, nonce: &mut nonce, keys: &keys, source_port: None, exchanges };
        let mut system = System {
            clock: &mut clock,
            servers: &mut here,
            resolver: &SystemResolver,
            keys: &keys,
            nts: NtsState { store: Some(self), is_kept_right: false },
            open_rtc: &mut |_| Err(RtcError::None { tried: Vec::new() }),
            store: &Disk::default(),
            local: &chrono::Utc,
            progress: &mut NoProgress,
        };
        let ended = catch_unwind(AssertUnwindSafe(|| sync::run(&plan, &mut system)));
        match ended {
            Ok(outcome) => {
                assert_eq!(outcome.unwrap().exit_status(), ExitStatus::Done);
                true
            }
            Err(why) if why.is::<Killed>() => false,
            Err(why) => std::panic::resume_unwind(why),
        }
    }

    fn cookies(&self) -> usize {
        let peer = Peer { name: "10.0.0.1".to_owned(), port: 4460, trust: TrustPlan::SYSTEM.identity() };
        let world = self.0.borrow();
        if world.disk.is_empty() { 0 } else { parse(&world.disk).unwrap().cookies(&peer) }
    }

    fn exchanges(&self) -> usize {
        self.0.borrow().exchanges
    }

    /// Until the next run of cron.
    fn pause(&self) {
        self.0.borrow_mut().now += Duration::from_secs(HOUR);
    }
}

/// Kills are no news.
fn quietly<T>(work: impl FnOnce() -> T) -> T {
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(move |info| {
        if !info.payload().is::<Killed>() {
            hook(info);
        }
    }));
    work()
}

#[test]
fn a_month_of_runs_exchanges_keys_no_more_often_than_the_server_forgets_them() {
    // The month begins in the middle of the first hour; without a grace each rotation costs one exchange.
    for (rotation, old_keys, is_mute, expected) in
        [(6 * HOUR, 0, false, 1 + 120), (6 * HOUR, 0, true, 1 + 120), (DAY, 7, false, 2), (7 * DAY, 2, false, 2)]
    {
        let world = Shared::new(rotation, old_keys, is_mute);
        for _ in 0..30 * 24 {
            assert!(world.run(None));
            assert_eq!(world.cookies(), 8);
            world.pause();
        }
        assert!((expected - 1..=expected + 1).contains(&world.exchanges()), "{rotation}: {}", world.exchanges());
        println!("keys each {} h, {old_keys} old ones: {} exchanges in 720 runs", rotation / HOUR, world.exchanges());
    }
}

#[test]
fn a_run_that_is_killed_at_any_moment_costs_two_cookies_at_the_most() {
    quietly(|| {
        let mut moments = 0;
        for life in 0.. {
            let world = Shared::new(7 * DAY, 2, false);
            assert!(world.run(None));
            world.pause();
            let is_over = world.run(Some(life));
            assert!(world.cookies() >= 6, "killed after {life} steps: {}", world.cookies());
            world.pause();
            // The next run has all it needs, and what is lost comes back.
            assert!(world.run(None));
            assert_eq!((world.exchanges(), world.cookies()), (1, 8), "killed after {life} steps");
            moments += 1;
            if is_over {
                break;
            }
        }
        assert!(moments > 10, "{moments}");
    });
}

#[test]
fn kills_among_the_runs_of_a_month_use_no_cookie_twice() {
    quietly(|| {
        let world = Shared::new(6 * HOUR, 0, false);
        let mut killed = 0;
        for run in 0..30 * 24_usize {
            let life = (run % 5 == 4).then_some(run * 7 % 23);
            killed += usize::from(!world.run(life));
            world.pause();
        }
        // Each rotation costs an exchange, and one more where the run that made it was killed.
        assert!(killed > 80 && world.exchanges() <= 121 + killed / 5, "{killed} killed, {}", world.exchanges());
        println!("{killed} of 720 runs killed, keys each 6 h: {} exchanges", world.exchanges());
    });
}
