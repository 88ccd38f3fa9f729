//! Hardware clocks of this machine in the place of servers: they are read where servers are asked.
#![forbid(unsafe_code)]

mod dialogue;
mod names;
mod nobody;

use std::cell::RefCell;
use std::io;

pub use dialogue::WithClocks;
pub use names::WithClockNames;
pub use nobody::NoServers;

use super::Clock;
use crate::estimate::{LocalTimes, Rejection, Sample};
use crate::exchange::Pace;
use crate::net::phc::{self, Phc};
use crate::net::{ResolveError, Resolved};
use crate::time::Time;
use crate::wire::{Header, Mode, NtpTimestamp, RefId, Stratum};

/// A billionth of a second: what a hardware clock counts in.
const PRECISION: i8 = -30;

/// What one reading gives: the clock, and the system clock before and after.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PhcReading {
    /// The system clock before.
    pub before: Time,
    /// The clock, in its own scale.
    pub clock: Time,
    /// The system clock after; the same as before where the hardware gives both at one moment.
    pub after: Time,
}

/// A clock that can be read.
pub trait ReadPhc {
    /// What is known of it.
    fn info(&self) -> &Phc;

    /// Reads it, of several times the one with the narrowest bounds.
    fn read(&mut self) -> io::Result<PhcReading>;
}

/// A clock by its word: open, or why it is not.
pub type OpenPhc = (String, Result<Box<dyn ReadPhc>, ResolveError>);

/// The clocks of a run.
#[derive(Default)]
pub struct Clocks(RefCell<Vec<OpenPhc>>);

impl Clocks {
    /// The clocks that these words name.
    pub fn new(clocks: Vec<OpenPhc>) -> Clocks {
        Clocks(RefCell::new(clocks))
    }

    /// What is known of those that are open.
    pub fn known(&self) -> Vec<Phc> {
        let clocks = self.0.borrow();
        clocks.iter().filter_map(|(_, clock)| Some(clock.as_ref().ok()?.info().clone())).collect()
    }

    /// The place of the clock that a word names.
    fn resolve(&self, word: &str) -> Resolved {
        let clocks = self.0.borrow();
        match clocks.iter().find(|(known, _)| known == word) {
            Some((_, Ok(clock))) => Ok(vec![phc::address_of(clock.info().number)]),
            Some((_, Err(why))) => Err(why.clone()),
            None => Err(ResolveError::NoClock("it was not opened".to_owned())),
        }
    }

    /// A sample of the clock with this number, unless it cannot be read.
    fn sample(&self, number: u32, clock: &dyn Clock, pace: &Pace) -> Option<Result<Sample, Rejection>> {
        let mut clocks = self.0.borrow_mut();
        let mut open = clocks.iter_mut().filter_map(|(_, clock)| clock.as_mut().ok());
        let device = open.find(|clock| clock.info().number == number)?;
        let ahead = device.info().ahead;
        let before = clock.now();
        let reading = device.read().ok()?;
        let after = clock.now();
        let stamp = NtpTimestamp::from_time(reading.clock - ahead);
        let header = Header {
            mode: Mode::SERVER,
            stratum: Stratum(1),
            precision: PRECISION,
            refid: RefId(*b"PHC\0"),
            reference: stamp,
            receive: stamp,
            transmit: stamp,
            ..Header::request(pace.version, NtpTimestamp::ZERO)
        };
        let local =
            LocalTimes { sent: reading.before, received: reading.after, before, after, precision: pace.precision };
        Some(Sample::measure(header, &local, pace.era))
    }
}
