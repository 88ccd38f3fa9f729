//! A board with a system clock and a clock chip, on which time passes only when something is done.

use std::cell::RefCell;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use rntpdate::internals::discipline::Boot;
use rntpdate::internals::linux::rtc::tick;
use rntpdate::internals::machine::rtc::{Param, Rtc, Tick, TickSource};
use rntpdate::internals::machine::rtc_error::RtcError;
use rntpdate::internals::machine::{Clock, ClockError};
use rntpdate::internals::rtc::rtc_time::RtcTime;
use rntpdate::internals::rtc::write_effect::WriteEffect;
use rntpdate::internals::time::{Interval, Reading, Time};

/// What the chip does when it is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Chip {
    /// Begins the second anew and ticks this long afterwards: half a second for a PC's, a whole one for others.
    TicksAfter(Duration),
    /// Goes on ticking as before.
    KeepsPhase,
    /// Begins the second anew at every other write, and goes on ticking as before at the others.
    Fickle,
    /// Takes no notice.
    Ignores,
    /// Stands still, always.
    Stopped,
}

pub(crate) const EINVAL: i32 = 22;
pub(crate) const EIO: i32 = 5;

/// Everything about the board that a test sets or looks at.
#[derive(Debug)]
pub(crate) struct State {
    /// Time since switched on.
    pub(crate) raw: Duration,
    /// System clock − `raw`.
    pub(crate) clock: Interval,
    /// What the kernel still slews the clock by, at 500 ppm.
    pub(crate) slew: Interval,
    /// Sleeps last longer than asked for by this.
    pub(crate) oversleep: Duration,
    /// Added to the clock at the next sleep: somebody else steps it.
    pub(crate) step_in_sleep: Interval,
    pub(crate) chip: Chip,
    pub(crate) driver: Option<&'static str>,
    /// What the chip read when it was as old as `edge`.
    pub(crate) reads: i64,
    /// A moment of `raw` at which the chip's second began; it may be negative.
    pub(crate) edge: Interval,
    /// Does the chip have an interrupt?
    pub(crate) interrupt: bool,
    /// What a call to the chip costs; a write has its effect at the end.
    pub(crate) cost: Duration,
    /// The reads of the chip so far.
    pub(crate) reads_made: u64,
    /// The error number that the read of this count fails with, if it does.
    pub(crate) fails: fn(u64) -> Option<i32>,
    /// What is known of the chip's tick, right or not.
    pub(crate) effect: Option<WriteEffect>,
    /// The writes of the chip so far, also those that failed.
    pub(crate) writes_made: u64,
    /// The error number that the write of this count fails with, if it does; the chip is as before then.
    pub(crate) write_fails: fn(u64) -> Option<i32>,
    /// Every value that was set, with the moment.
    pub(crate) writes: Vec<(RtcTime, Duration)>,
    /// Kernel timezones set, in minutes west.
    pub(crate) zones: Vec<i32>,
}

impl State {
    fn pass(&mut self, span: Duration) {
        self.raw += span;
        let most = Interval::from(span) / 2000;
        let part = self.slew.clamp(-most, most);
        self.slew = self.slew - part;
        self.clock += part;
    }

    fn real(&self) -> Time {
        Time::UNIX_EPOCH + Interval::from(self.raw) + self.clock
    }

    /// Seconds on the chip since its edge, rounded down, and what is beyond them.
    fn ticks(&self) -> (i64, Interval) {
        let since = Interval::from(self.raw) - self.edge;
        let whole = since.nanos().div_euclid(1_000_000_000) as i64;
        (whole, since - Interval::from_secs(whole))
    }

    pub(crate) fn chip_time(&self) -> RtcTime {
        let ticks = if self.chip == Chip::Stopped { 0 } else { self.ticks().0 };
        RtcTime::from_unix(self.reads + ticks).expect("a date")
    }

    /// Chip − true time at the chip's tick, when `truth` is true time now.
    pub(crate) fn chip_error(&self, truth: Time) -> Interval {
        let (whole, beyond) = self.ticks();
        Time::from_unix(self.reads + whole, 0) - (truth - beyond)
    }
}

/// The board; a clone is the same board.
#[derive(Clone, Debug)]
pub(crate) struct Board(pub(crate) Rc<RefCell<State>>);

impl Board {
    /// A PC's chip at `chip` seconds since 1970, in the middle of its second, and the system clock at `clock`.
    pub(crate) fn new(clock: Time, chip: i64) -> Board {
        let raw = Duration::from_secs(100);
        Board(Rc::new(RefCell::new(State {
            raw,
            clock: clock - Time::UNIX_EPOCH - Interval::from(raw),
            slew: Interval::ZERO,
            oversleep: Duration::from_micros(60),
            step_in_sleep: Interval::ZERO,
            chip: Chip::TicksAfter(Duration::from_millis(500)),
            driver: Some("rtc_cmos"),
            reads: chip,
            edge: Interval::from(raw) - Interval::from_micros(500_000),
            interrupt: true,
            cost: Duration::from_micros(60),
            reads_made: 0,
            fails: |_| None,
            effect: None,
            writes_made: 0,
            write_fails: |_| None,
            writes: Vec::new(),
            zones: Vec::new(),
        })))
    }

    pub(crate) fn with(self, change: impl FnOnce(&mut State)) -> Board {
        change(&mut self.0.borrow_mut());
        self
    }

    /// True time − system clock is what is still to be slewed.
    pub(crate) fn truth(&self) -> Time {
        let state = self.0.borrow();
        state.real() + state.slew
    }

    pub(crate) fn chip_error(&self) -> Interval {
        self.0.borrow().chip_error(self.truth())
    }
}

impl Clock for Board {
    fn now(&self) -> Reading {
        let mut state = self.0.borrow_mut();
        state.pass(Duration::from_micros(3));
        Reading { real: state.real(), raw: state.raw }
    }

    fn step(&mut self, offset: Interval) -> Result<(), ClockError> {
        self.0.borrow_mut().clock += offset;
        Ok(())
    }

    fn slew(&mut self, offset: Interval) -> Result<(), ClockError> {
        self.0.borrow_mut().slew = offset;
        Ok(())
    }

    fn pending_slew(&self) -> Interval {
        self.0.borrow().slew
    }

    fn frequency(&self) -> Result<f64, ClockError> {
        panic!("nobody asks for the frequency here")
    }

    fn set_frequency(&mut self, _: f64) -> Result<(), ClockError> {
        panic!("nobody tunes this clock")
    }

    fn boot(&self) -> Boot {
        panic!("nobody remembers anything here")
    }

    fn sleep(&self, span: Duration) {
        let mut state = self.0.borrow_mut();
        let span = span + state.oversleep;
        state.pass(span);
        let step = std::mem::take(&mut state.step_in_sleep);
        state.clock += step;
    }
}

/// The board's chip, opened.
pub(crate) struct FakeRtc {
    board: Board,
    path: PathBuf,
}

impl FakeRtc {
    pub(crate) fn new(board: &Board) -> FakeRtc {
        FakeRtc { board: board.clone(), path: PathBuf::from("/dev/fake") }
    }
}

impl Rtc for FakeRtc {
    fn path(&self) -> &Path {
        &self.path
    }

    fn driver(&self) -> Option<&str> {
        self.board.0.borrow().driver
    }

    fn read(&mut self) -> Result<RtcTime, RtcError> {
        let mut state = self.board.0.borrow_mut();
        let half = state.cost / 2;
        state.pass(half);
        let time = state.chip_time();
        state.pass(half);
        state.reads_made += 1;
        let path = self.path.clone();
        match (state.fails)(state.reads_made) {
            None => Ok(time),
            Some(EINVAL) => Err(RtcError::NeverSet { path }),
            Some(number) => {
                Err(RtcError::Io { path, action: "read", source: std::io::Error::from_raw_os_error(number) })
            }
        }
    }

    fn set(&mut self, time: RtcTime) -> Result<(), RtcError> {
        let mut state = self.board.0.borrow_mut();
        let cost = state.cost;
        state.pass(cost);
        state.writes_made += 1;
        if let Some(number) = (state.write_fails)(state.writes_made) {
            let (path, source) = (self.path.clone(), std::io::Error::from_raw_os_error(number));
            return Err(match number {
                EINVAL => RtcError::Refused { path, time, source },
                _ => RtcError::Io { path, action: "set", source },
            });
        }
        let raw = Interval::from(state.raw);
        let chip = match state.chip {
            Chip::Fickle if state.writes.len().is_multiple_of(2) => Chip::KeepsPhase,
            Chip::Fickle => Chip::TicksAfter(Duration::from_millis(370)),
            chip => chip,
        };
        match chip {
            Chip::TicksAfter(span) => {
                state.reads = time.as_unix();
                state.edge = raw + Interval::from(span) - Interval::from_secs(1);
            }
            Chip::KeepsPhase => {
                let ticks = state.ticks().0;
                state.reads = time.as_unix();
                state.edge += Interval::from_secs(ticks);
            }
            Chip::Ignores | Chip::Stopped | Chip::Fickle => {}
        }
        let moment = state.raw;
        state.writes.push((time, moment));
        Ok(())
    }

    fn wait_tick(&mut self, clock: &dyn Clock) -> Result<Tick, RtcError> {
        let running = self.board.0.borrow().interrupt && self.board.0.borrow().chip != Chip::Stopped;
        if !running {
            return self.watch_tick(clock);
        }
        let left = Interval::from_secs(1) - self.board.0.borrow().ticks().1;
        self.board.0.borrow_mut().pass(left.to_duration() + Duration::from_micros(1));
        let time = self.board.0.borrow().chip_time();
        Ok(Tick { time, at: clock.now(), bound: Interval::ZERO, source: TickSource::Interrupt })
    }

    fn watch_tick(&mut self, clock: &dyn Clock) -> Result<Tick, RtcError> {
        tick::by_polling(self, clock)
    }

    fn param(&mut self, param: Param) -> Result<u64, RtcError> {
        Ok(param.number << 4 | u64::from(param.index))
    }

    fn set_param(&mut self, _: Param, _: u64) -> Result<(), RtcError> {
        Ok(())
    }

    fn voltage(&mut self) -> Result<u32, RtcError> {
        Ok(2)
    }

    fn clear_voltage(&mut self) -> Result<(), RtcError> {
        Ok(())
    }

    fn write_effect(&self) -> Option<WriteEffect> {
        self.board.0.borrow().effect
    }

    fn remember(&mut self, effect: Option<WriteEffect>) {
        self.board.0.borrow_mut().effect = effect;
    }
}
