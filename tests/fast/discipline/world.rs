//! A machine with an oscillator and a kernel that keeps a clock by it, and a server that a network leads to.

use std::cell::RefCell;
use std::net::{IpAddr, SocketAddr};
use std::rc::Rc;
use std::time::Duration;

use rntpdate::internals::discipline::Boot;
use rntpdate::internals::machine::{Clock, ClockError, Network, Resolver};
use rntpdate::internals::net::{Event, Family, Fault, Resolved};
use rntpdate::internals::time::{Interval, Reading, Time};
use rntpdate::internals::wire::{Header, Mode, NtpTimestamp, RefId, Stratum};

use crate::support::random::Random;

/// True time 0 of the simulation: 2027-01-01, after the program's release.
const START: i64 = 1_798_761_600;
/// What the raw clock says then.
const UPTIME: f64 = 1000.0;
/// The kernel's rate of slewing.
const SLEW: f64 = 500e-6;
/// How long the server takes.
const HELD: f64 = 20e-6;
/// The oscillator changes no faster: seconds.
const LONGEST: f64 = 10.0;
const DAY: f64 = 86_400.0;

/// Kinds of servers: by how much further away than the network's delays say, with how long queues, and by how much wrong.
/// Seconds.
const KINDS: [(f64, f64, f64); 4] = [(0.0, 0.0, 0.0), (3.8e-3, 0.4e-3, 0.0), (14.8e-3, 2e-3, 0.0), (0.0, 0.0, 1.0)];

/// One way through the network: seconds.
pub(crate) type Delays = fn(random: &mut Random, time: f64) -> (f64, f64);

/// What the machine and the network are like. Times in seconds, frequencies as fractions.
#[derive(Clone, Copy)]
pub(crate) struct Nature {
    /// By how much the oscillator is fast.
    pub(crate) frequency: f64,
    /// Random walk of the frequency, per √s.
    pub(crate) wander: f64,
    /// Amplitude of the frequency's daily sine.
    pub(crate) daily: f64,
    /// What is added to the frequency at a time.
    pub(crate) extra: fn(f64) -> f64,
    /// There and back, at a time.
    pub(crate) delays: Delays,
    /// The fraction of packets that get lost.
    pub(crate) loss: f64,
    /// By how much the server is ahead at a time.
    pub(crate) server_error: fn(f64) -> f64,
}

/// The state of all of it.
pub(crate) struct World {
    nature: Nature,
    pub(crate) random: Random,
    pub(crate) time: f64,
    walked: f64,
    /// The clocks minus true time.
    raw_error: f64,
    pub(crate) real_error: f64,
    /// What the kernel was told.
    pub(crate) frequency: f64,
    slew: f64,
    pub(crate) boot: Boot,
    /// Slews are this many times as long as asked for.
    pub(crate) overshoot: f64,
    /// The program is killed instead of slewing.
    pub(crate) killed_before_slew: bool,
    /// The last two numbers of each open server's address: of which kind it is, and for how many tenths of a millisecond and one
    /// its way there is longer.
    servers: Vec<(u8, u8)>,
    /// On their way to us.
    arrivals: Vec<(f64, usize, Vec<u8>)>,
}

/// The world as its clock, its network and its names.
#[derive(Clone)]
pub(crate) struct Shared(pub(crate) Rc<RefCell<World>>);

impl World {
    pub(crate) fn start(nature: Nature, seed: u64) -> Shared {
        Shared(Rc::new(RefCell::new(World {
            nature,
            random: Random::new(seed),
            time: 0.0,
            walked: 0.0,
            raw_error: UPTIME,
            real_error: 0.003,
            frequency: 0.0,
            slew: 0.0,
            boot: Boot { id: "first".to_owned(), suspended: Duration::ZERO },
            overshoot: 1.0,
            killed_before_slew: false,
            servers: Vec::new(),
            arrivals: Vec::new(),
        })))
    }

    /// By how much the oscillator is fast just now.
    pub(crate) fn oscillator(&self) -> f64 {
        let daily = self.nature.daily * (std::f64::consts::TAU * self.time / DAY).sin();
        self.nature.frequency + self.walked + daily + (self.nature.extra)(self.time)
    }

    /// Lets true time pass, at most some seconds at once.
    pub(crate) fn pass_until(&mut self, until: f64) {
        while self.time < until {
            let span = (until - self.time).min(LONGEST);
            let oscillator = self.oscillator();
            let raw = span * (1.0 + oscillator);
            let slewed = self.slew.clamp(-SLEW * raw, SLEW * raw);
            self.slew -= slewed;
            self.raw_error += span * oscillator;
            self.real_error += span * (oscillator + self.frequency * (1.0 + oscillator)) + slewed;
            self.time = if until - self.time <= LONGEST { until } else { self.time + span };
            if self.nature.wander > 0.0 {
                self.walked += self.nature.wander * span.sqrt() * self.random.normal();
            }
        }
    }

    fn at(time: f64, error: f64) -> Time {
        Time::from_unix(START, 0) + Interval::from_secs_f64(time) + Interval::from_secs_f64(error)
    }

    fn real(&self) -> Time {
        World::at(self.time, self.real_error)
    }

    /// What the raw clock says, seconds.
    pub(crate) fn raw(&self) -> f64 {
        self.time + self.raw_error
    }

    /// One exchange with the nearest server as another program sees it: when by the raw clock, the server's time minus the raw
    /// clock, and the delay. Seconds; nothing if it is lost.
    pub(crate) fn sample(&mut self) -> Option<(f64, f64, f64)> {
        let (there, back) = (self.nature.delays)(&mut self.random, self.time);
        let is_lost = self.random.uniform() < self.nature.loss;
        let error = (self.nature.server_error)(self.time) - self.raw_error;
        (!is_lost).then_some((self.raw(), error + (there - back) / 2.0, there + back))
    }

    /// Slews the clock to what such a program takes the server's time minus the raw clock for, or steps it there.
    pub(crate) fn correct(&mut self, server_minus_raw: f64) {
        let offset = server_minus_raw + self.raw_error - self.real_error;
        if offset.abs() < 0.5 {
            self.slew = offset;
        } else {
            (self.real_error, self.slew) = (self.real_error + offset, 0.0);
        }
    }

    /// A power cycle: the raw clock and the kernel start anew, the clock itself is set by the RTC.
    pub(crate) fn reboot(&mut self) {
        self.boot.id.push('x');
        self.raw_error = 20.0 - self.time;
        (self.frequency, self.slew) = (0.0, 0.0);
    }

    /// The raw clock stands still, the other does not.
    pub(crate) fn suspend(&mut self, span: f64) {
        let before = self.raw_error;
        self.pass_until(self.time + span);
        self.raw_error = before - span;
        self.boot.suspended += Duration::from_secs_f64(span);
    }

    /// Forgets the sockets of a run, and what is still on its way to them.
    pub(crate) fn close(&mut self) {
        self.servers.clear();
        self.arrivals.clear();
    }

    /// The reply to a request, and when it comes.
    fn serve(&mut self, socket: usize, request: &[u8]) {
        if self.random.uniform() < self.nature.loss {
            return;
        }
        let (there, back) = (self.nature.delays)(&mut self.random, self.time);
        let (kind, detour) = self.servers[socket];
        let (farther, queues, wrong) = KINDS[usize::from(kind)];
        let there = there + farther + self.random.exponential(queues) + f64::from(detour - 1) * 1e-4;
        let back = back + farther + self.random.exponential(queues);
        let arrived = self.time + there;
        let error = (self.nature.server_error)(arrived) + wrong;
        let (asked, _) = Header::parse(request).expect("a packet");
        let transmit = World::at(arrived + HELD, error);
        let reply = Header {
            mode: Mode::SERVER,
            stratum: Stratum(1),
            precision: -24,
            refid: RefId(*b"SIM\0"),
            reference: NtpTimestamp::from_time(transmit - Interval::from_secs(16)),
            receive: NtpTimestamp::from_time(World::at(arrived, error)),
            transmit: NtpTimestamp::from_time(transmit),
            ..Header::request(4, NtpTimestamp::ZERO)
        };
        let reply = Header { origin: asked.transmit, ..reply };
        self.arrivals.push((arrived + HELD + back, socket, reply.to_bytes().to_vec()));
    }
}

impl Clock for Shared {
    fn now(&self) -> Reading {
        let world = self.0.borrow();
        let raw = Interval::from_secs_f64(world.time) + Interval::from_secs_f64(world.raw_error);
        Reading { real: world.real(), raw: raw.to_duration() }
    }

    fn step(&mut self, offset: Interval) -> Result<(), ClockError> {
        self.0.borrow_mut().real_error += offset.as_secs_f64();
        Ok(())
    }

    fn slew(&mut self, offset: Interval) -> Result<(), ClockError> {
        let mut world = self.0.borrow_mut();
        if world.killed_before_slew {
            return Err(ClockError::Other(std::io::ErrorKind::Interrupted.into()));
        }
        // The kernel takes microseconds.
        world.slew = offset.micros() as f64 * 1e-6 * world.overshoot;
        Ok(())
    }

    fn pending_slew(&self) -> Interval {
        Interval::from_secs_f64(self.0.borrow().slew)
    }

    fn frequency(&self) -> Result<f64, ClockError> {
        Ok(self.0.borrow().frequency)
    }

    fn set_frequency(&mut self, fraction: f64) -> Result<(), ClockError> {
        assert!(fraction.abs() <= 500e-6, "{fraction}");
        self.0.borrow_mut().frequency = fraction;
        Ok(())
    }

    fn boot(&self) -> Boot {
        self.0.borrow().boot.clone()
    }
}

impl Network for Shared {
    fn open(&mut self, server: SocketAddr, _: Option<u16>) -> Result<(), Fault> {
        let IpAddr::V4(address) = server.ip() else { panic!("an IPv4 address") };
        let [first, _, kind, detour] = address.octets();
        // A public address is one like the first.
        self.0.borrow_mut().servers.push((if first == 10 { kind } else { 0 }, detour));
        Ok(())
    }

    fn send(&mut self, socket: usize, datagram: &[u8]) -> Result<(), Fault> {
        self.0.borrow_mut().serve(socket, datagram);
        Ok(())
    }

    fn wait(&mut self, timeout: Duration, events: &mut Vec<Event>) {
        let mut world = self.0.borrow_mut();
        let until = world.time + timeout.as_secs_f64().max(1e-6);
        let next = (0..world.arrivals.len()).min_by(|a, b| world.arrivals[*a].0.total_cmp(&world.arrivals[*b].0));
        match next.filter(|next| world.arrivals[*next].0 <= until) {
            Some(next) => {
                let (at, socket, datagram) = world.arrivals.swap_remove(next);
                world.pass_until(at);
                let at = Some(world.real());
                events.push(Event::Received { socket, datagram, at });
            }
            None => world.pass_until(until),
        }
    }
}

impl Resolver for Shared {
    fn resolve(&self, names: &[String], _: Family, _: Duration) -> Vec<Resolved> {
        let address = |name: &String| vec![SocketAddr::new(name.parse().expect("an address"), 0)];
        names.iter().map(|name| Ok(address(name))).collect()
    }

    fn reverse(&self, addresses: &[IpAddr], _: Duration) -> Vec<Option<String>> {
        vec![None; addresses.len()]
    }
}
