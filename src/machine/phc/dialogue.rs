//! A dialogue with servers, and clocks among them.

use std::net::SocketAddr;
use std::os::fd::BorrowedFd;
use std::time::Duration;

use super::Clocks;
use crate::estimate::Candidate;
use crate::exchange::{Contact, Pace, Renewal, Standings, Trace, WithNts};
use crate::machine::Clock;
use crate::machine::servers::{Dialogue, DialogueError, Progressed, Servers};
use crate::net::phc;
use crate::nts::{Established, KeyFailure, KeyOrder};
use crate::time::{Reading, Time};
use crate::wire::KeyId;

/// More samples no clock gives in one run, as no server does.
const MOST_SAMPLES: usize = 8;

/// Servers by one way, clocks by the other.
pub struct WithClocks<'a> {
    /// The way to servers.
    pub servers: &'a mut dyn Servers,
    /// The clocks.
    pub clocks: &'a Clocks,
    /// The system clock, by which they are read.
    pub clock: &'a dyn Clock,
}

impl Servers for WithClocks<'_> {
    fn begin(&mut self, pace: &Pace, deadline: Duration, now: &Reading) -> Box<dyn Dialogue + '_> {
        let others = self.servers.begin(pace, deadline, now);
        let (clocks, clock) = (self.clocks, self.clock);
        Box::new(Mixed { others, clocks, clock, pace: pace.clone(), places: Vec::new(), read: Vec::new() })
    }

    fn check_chains(&mut self, questions: &[(usize, Time)]) -> Result<Vec<Result<(), KeyFailure>>, DialogueError> {
        self.servers.check_chains(questions)
    }

    fn dismiss(&mut self) {
        self.servers.dismiss();
    }
}

/// What stands in a place of the order of asking.
#[derive(Clone, Copy, Debug)]
enum Place {
    /// The server in this place of the others.
    Server(usize),
    /// A clock, in this place of those that are read.
    Clock(usize),
}

/// A dialogue with servers, and clocks among them that are read at once.
struct Mixed<'a> {
    others: Box<dyn Dialogue + 'a>,
    clocks: &'a Clocks,
    clock: &'a dyn Clock,
    pace: Pace,
    places: Vec<Place>,
    read: Vec<Contact>,
}

impl Mixed<'_> {
    /// Reads a clock once more.
    fn read(&mut self, place: usize) {
        let Some(contact) = self.read.get_mut(place) else { return };
        let Some(number) = phc::number_of(contact.address.ip()) else { return };
        contact.sent += 1;
        contact.last_sent = Some(self.clock.now().real);
        let sample = self.clocks.sample(number, self.clock, &self.pace);
        contact.reach = contact.reach << 1 | u8::from(sample.is_some());
        contact.answered += usize::from(sample.is_some());
        match sample {
            Some(Ok(sample)) => {
                contact.last_reply = Some(sample.header.clone());
                contact.candidate.samples.push(sample);
            }
            Some(Err(rejection)) => contact.rejected = (contact.rejected.0 + 1, Some(rejection)),
            None => {}
        }
    }

    /// The places of the servers, in their order among the others.
    fn places_of_servers(&self) -> Vec<usize> {
        (0..self.places.len()).filter(|place| matches!(self.places[*place], Place::Server(_))).collect()
    }

    /// Reads a clock as often as a server is asked.
    fn begin(&mut self, address: SocketAddr) {
        self.places.push(Place::Clock(self.read.len()));
        self.read.push(Contact::none(address));
        for _ in 0..self.pace.samples {
            self.read(self.read.len() - 1);
        }
    }
}

impl Dialogue for Mixed<'_> {
    fn standings(&self) -> &dyn Standings {
        self
    }

    fn ask(&mut self, server: SocketAddr, key: Option<KeyId>, now: Duration) {
        if phc::number_of(server.ip()).is_some() {
            // What is a part of this machine has nothing to prove.
            self.begin(server);
        } else {
            self.places.push(Place::Server(self.others.standings().servers()));
            self.others.ask(server, key, now);
        }
    }

    fn ask_with_nts(&mut self, server: SocketAddr, with: WithNts, now: Duration) {
        self.places.push(Place::Server(self.others.standings().servers()));
        self.others.ask_with_nts(server, with, now);
    }

    fn renew(&mut self, server: usize, with: WithNts, now: Duration) {
        if let Some(Place::Server(server)) = self.places.get(server) {
            self.others.renew(*server, with, now);
        }
    }

    fn exchange_keys(&mut self, order: KeyOrder, now: Duration) -> Result<(), KeyFailure> {
        self.others.exchange_keys(order, now)
    }

    fn established(&mut self) -> Vec<Established> {
        self.others.established()
    }

    fn proceed(&mut self, clock: &dyn Clock, now: Duration) -> Progressed {
        self.others.proceed(clock, now)
    }

    fn watch(&mut self, other: BorrowedFd<'_>) {
        self.others.watch(other);
    }

    fn unwatch(&mut self, other: BorrowedFd<'_>) {
        self.others.unwatch(other);
    }

    fn wait(&mut self, clock: &dyn Clock, timeout: Duration) {
        self.others.wait(clock, timeout);
    }

    fn refresh(&mut self, before: Duration, clock: &dyn Clock) -> bool {
        for place in 0..self.read.len() {
            let samples = &self.read[place].candidate.samples;
            let is_old = samples.last().is_some_and(|sample| sample.taken.raw < before);
            if is_old && samples.len() < MOST_SAMPLES {
                self.read(place);
            }
        }
        self.others.refresh(before, clock)
    }

    fn finish(self: Box<Self>, clock: &dyn Clock) -> Result<(Vec<Contact>, Trace), DialogueError> {
        let of_others = self.places_of_servers();
        let Mixed { others, places, read, .. } = *self;
        let (contacts, mut trace) = others.finish(clock)?;
        let now = clock.now();
        for (server, _) in &mut trace.events {
            *server = of_others.get(*server).copied().unwrap_or(*server);
        }
        let (mut contacts, mut read) = (contacts.into_iter(), read.into_iter());
        let merged = places.iter().filter_map(|place| match place {
            Place::Server(_) => contacts.next(),
            Place::Clock(_) => read.next().map(|contact| without_overtaken(contact, &now)),
        });
        Ok((merged.collect(), trace))
    }
}

/// Without the samples from before a movement of this machine's clock by something else.
fn without_overtaken(mut contact: Contact, now: &Reading) -> Contact {
    let samples = &mut contact.candidate.samples;
    let before = samples.len();
    samples.retain(|sample| sample.clock_moved(now).is_none());
    contact.candidate.is_overtaken = before > 0 && samples.is_empty();
    contact
}

impl Standings for Mixed<'_> {
    fn servers(&self) -> usize {
        self.places.len()
    }

    fn measured(&self) -> Vec<(&Candidate, bool)> {
        let others = self.others.standings().measured();
        let measured = |place: &Place| match place {
            Place::Server(place) => others.get(*place).copied(),
            Place::Clock(place) => self.read.get(*place).map(|contact| (&contact.candidate, false)),
        };
        self.places.iter().filter_map(measured).collect()
    }

    fn progress(&self) -> (usize, usize) {
        let (answered, wanted) = self.others.standings().progress();
        let sum = |count: fn(&Contact) -> usize| self.read.iter().map(count).sum::<usize>();
        (answered + sum(|contact| contact.answered), wanted + sum(|contact| contact.sent))
    }

    fn active(&self) -> usize {
        self.others.standings().active()
    }

    fn is_served(&self) -> bool {
        self.others.standings().is_served() || self.read.iter().any(|contact| !contact.candidate.samples.is_empty())
    }

    fn is_refreshing(&self) -> bool {
        self.others.standings().is_refreshing()
    }

    fn renewals(&self) -> Vec<(usize, Renewal)> {
        let places = self.places_of_servers();
        let renewals = self.others.standings().renewals().into_iter();
        renewals.filter_map(|(server, why)| Some((*places.get(server)?, why))).collect()
    }
}
