//! What the deciding process holds for true of what the other one says: nothing that a lying server could not have brought about.
//!
//! Each reply is measured again from the times and the header that came, so that an offset, a delay and an error bound always
//! belong together.

use std::net::SocketAddr;
use std::time::Duration;

use thiserror::Error;

use super::news::News;
use super::session::MOST_SAMPLES;
use super::{Contact, Pace, Renewal, Standings};
use crate::estimate::{Candidate, Kiss, LocalTimes, Sample};
use crate::net::Fault;
use crate::time::{Interval, Reading, Time};
use crate::wire::nts::MOST_COOKIES;
use crate::wire::{Header, Mode};

/// More news of one server than there can be: each says of at least one of its eight requests that it was sent, answered or lost.
const MOST_NEWS: usize = 64;
/// More datagrams than one run takes in.
const MOST_COUNTED: usize = 1 << 30;
/// How far the two clocks may come apart between a request and its reply: by slewing, and by what comes between two readings.
const CLOCKS_APART: Interval = Interval::from_micros(20_000);
/// How far the kernel's times and ours may be out of order.
const STAMPS_APART: Interval = Interval::from_micros(1000);
/// The newest version of the protocol.
const NEWEST_VERSION: u8 = 4;

/// Something that the process with the sockets cannot have seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Contradiction {
    /// A server that was not asked, or fewer servers than were.
    #[error("it speaks of a server that was not asked")]
    Server,
    /// More replies than requests, or more requests than any server gets.
    #[error("it counts more replies or requests than there can be")]
    Count,
    /// A time before this exchange, or one that is still to come.
    #[error("it tells a time at which nothing can have happened")]
    Time,
    /// A reply that cannot be one, or that should not have counted.
    #[error("it passes on a reply that cannot count")]
    Reply,
    /// More news than there can be.
    #[error("it says too much")]
    TooMuch,
}

/// One server, as far as is known.
#[derive(Debug)]
struct Mirrored {
    address: SocketAddr,
    /// Why there is no socket to it: nothing can come from there then.
    fault: Option<Fault>,
    candidate: Candidate,
    answered: usize,
    wanted: usize,
    is_active: bool,
    is_refreshing: bool,
    /// Whether it has NTS.
    has_nts: bool,
    /// More requests than any server gets that it may have had before its keys were exchanged anew.
    more: usize,
    /// New keys were sent for it.
    is_renewed: bool,
    renewal: Option<Renewal>,
}

/// All servers of an exchange that takes place in another process.
#[derive(Debug)]
pub struct Mirror {
    pace: Pace,
    started: Duration,
    servers: Vec<Mirrored>,
    /// How many news came.
    news: usize,
}

impl Mirror {
    /// A mirror of an exchange with nobody yet, which began at the raw monotonic time `started`.
    pub fn new(pace: Pace, started: Duration) -> Mirror {
        Mirror { pace, started, servers: Vec::new(), news: 0 }
    }

    /// Adds a server, which is asked from now on if there is a socket to it, and not where `fault` says why there is none.
    pub fn add(&mut self, address: SocketAddr, fault: Option<Fault>) {
        self.push(address, fault, false);
    }

    /// Adds a server with NTS.
    pub fn add_nts(&mut self, address: SocketAddr, fault: Option<Fault>) {
        self.push(address, fault, true);
    }

    /// A server goes on by new keys.
    pub fn renewed(&mut self, server: usize) {
        if let Some(server) = self.servers.get_mut(server) {
            (server.renewal, server.is_active, server.more) = (None, true, MOST_SAMPLES + 1);
            server.is_renewed = true;
        }
    }

    fn push(&mut self, address: SocketAddr, fault: Option<Fault>, has_nts: bool) {
        self.servers.push(Mirrored {
            address,
            fault,
            candidate: Candidate::default(),
            answered: 0,
            wanted: self.pace.samples,
            is_active: true,
            is_refreshing: false,
            has_nts,
            // A server with NTS may refuse the first keys and take others.
            more: usize::from(has_nts),
            is_renewed: false,
            renewal: None,
        });
    }

    /// Takes in what is said at this reading of the clock. Fails at the first thing that cannot be, and is of no use then.
    pub fn take(&mut self, news: Vec<News>, now: &Reading) -> Result<(), Contradiction> {
        self.news = self.news.saturating_add(news.len().max(1));
        if self.news > MOST_NEWS * (self.servers.len() + 1) {
            return Err(Contradiction::TooMuch);
        }
        news.into_iter().try_for_each(|news| self.take_one(news, now))
    }

    fn take_one(&mut self, news: News, now: &Reading) -> Result<(), Contradiction> {
        let server = self.servers.get_mut(news.server).ok_or(Contradiction::Server)?;
        let samples = server.candidate.samples.len() + news.measured.len();
        if news.renewal.is_some() && !server.has_nts {
            return Err(Contradiction::Server);
        }
        if server.fault.is_some() && (news.answered > 0 || news.kiss.is_some() || news.untrusted) {
            return Err(Contradiction::Server);
        }
        if samples > news.answered || news.answered > news.wanted || news.wanted > MOST_SAMPLES + server.more {
            return Err(Contradiction::Count);
        }
        for (local, header) in news.measured {
            let sample = measured(local, header, &self.pace, self.started, now)?;
            // Where this machine's clock was moved meanwhile, honest times do not fit each other either.
            if fit_each_other(&local) {
                server.candidate.samples.push(sample);
            } else {
                server.candidate.is_overtaken = true;
            }
        }
        server.candidate.kiss = news.kiss;
        server.candidate.untrusted = news.untrusted;
        server.candidate.contested = news.contested;
        server.renewal = news.renewal.filter(|_| news.is_renewed == server.is_renewed);
        (server.answered, server.wanted) = (news.answered, news.wanted);
        // News from before the new keys came there say nothing of whether it goes on.
        let is_active = news.is_active || (server.is_renewed && !news.is_renewed);
        (server.is_active, server.is_refreshing) = (is_active, news.is_refreshing && news.is_active);
        Ok(())
    }

    /// The result, per server in the order of asking. Samples from before a movement of this machine's clock by something else,
    /// as `now` shows it, are taken out. Fails where what is said contradicts what was said before.
    pub fn finish(self, contacts: Vec<Contact>, now: &Reading) -> Result<Vec<Contact>, Contradiction> {
        if contacts.len() != self.servers.len() {
            return Err(Contradiction::Server);
        }
        let judged = contacts.into_iter().zip(self.servers).map(|(mut contact, server)| {
            if contact.address != server.address {
                return Err(Contradiction::Server);
            }
            check_counts(&contact, &server)?;
            contact.fault = server.fault.or(contact.fault);
            contact.is_finished = !server.is_active || server.is_refreshing;
            contact.candidate = server.candidate;
            contact.forget_overtaken(now);
            Ok(contact)
        });
        judged.collect()
    }
}

/// What the reports count has to belong together too.
fn check_counts(contact: &Contact, server: &Mirrored) -> Result<(), Contradiction> {
    let measured = server.candidate.samples.len();
    let reached = contact.reach.count_ones() as usize;
    let answers = [contact.late, reached, measured].iter().all(|count| *count <= contact.answered);
    let requests = contact.answered <= contact.sent && contact.sent <= MOST_SAMPLES + server.more;
    let record = contact.authentication.map_or(0, |record| record.passed.max(record.failed));
    let nts = contact.nts.as_ref();
    // A server without NTS has no cookies, and of one with it each sample was sealed.
    let fits = nts.is_some() == server.has_nts
        && nts.is_none_or(|nts| measured <= nts.passed && nts.cookies.len() <= MOST_COOKIES);
    let nts = nts.map_or(0, |nts| nts.passed.max(nts.failed).max(nts.plain).max(nts.refused));
    let is_small = [contact.failed, contact.rejected.0, record, nts].iter().all(|count| *count <= MOST_COUNTED);
    if answers && requests && is_small && fits { Ok(()) } else { Err(Contradiction::Count) }
}

/// Whether a request left and its reply came between the two readings of the clock, and these are as far apart by either clock: so
/// what is measured by them is what a server could have said.
fn fit_each_other(local: &LocalTimes) -> bool {
    let real = local.after.real - local.before.real;
    let raw = Interval::from(local.after.raw) - Interval::from(local.before.raw);
    let is_steady = real - raw <= CLOCKS_APART && raw - real <= CLOCKS_APART;
    let in_order = |earlier: Time, later: Time| earlier <= later + STAMPS_APART;
    is_steady
        && in_order(local.before.real, local.sent)
        && in_order(local.sent, local.received)
        && in_order(local.received, local.after.real)
}

/// Measures a reply once more. The readings around it have to lie within the exchange: by them its age is judged.
fn measured(
    local: LocalTimes,
    header: Header,
    pace: &Pace,
    started: Duration,
    now: &Reading,
) -> Result<Sample, Contradiction> {
    let is_in_order = started <= local.before.raw && local.before.raw <= local.after.raw && local.after.raw <= now.raw;
    if !is_in_order {
        return Err(Contradiction::Time);
    }
    let is_reply = header.mode == Mode::SERVER && (1..=NEWEST_VERSION).contains(&header.version);
    if !is_reply || Kiss::in_header(&header).is_some() {
        return Err(Contradiction::Reply);
    }
    // This machine's precision is no news.
    let local = LocalTimes { precision: pace.precision, ..local };
    Sample::measure(header, &local, pace.era).map_err(|_| Contradiction::Reply)
}

impl Standings for Mirror {
    fn servers(&self) -> usize {
        self.servers.len()
    }

    fn measured(&self) -> Vec<(&Candidate, bool)> {
        self.servers.iter().map(|server| (&server.candidate, server.is_active && !server.is_refreshing)).collect()
    }

    fn progress(&self) -> (usize, usize) {
        let add = |(answered, wanted), server: &Mirrored| (answered + server.answered, wanted + server.wanted);
        self.servers.iter().fold((0, 0), add)
    }

    fn active(&self) -> usize {
        self.servers.iter().filter(|server| server.is_active).count()
    }

    fn is_served(&self) -> bool {
        self.servers.iter().any(|server| !server.candidate.samples.is_empty())
    }

    fn is_refreshing(&self) -> bool {
        self.servers.iter().any(|server| server.is_refreshing)
    }

    fn renewals(&self) -> Vec<(usize, Renewal)> {
        let wanted = self.servers.iter().enumerate().map(|(place, server)| (place, server.renewal));
        wanted.filter_map(|(place, renewal)| Some((place, renewal?))).collect()
    }
}
