//! A network for one run: hostile and honest servers at port 123, and the program that asks them.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use super::crowd::Crowd;
use super::names::Names;
use super::programs::{Program, Report, Running};
use super::secured::Secured;
use super::task::Task;
use crate::support::netns::Netns;
use crate::support::ntpserver::{Builder, Server};
use crate::support::query;
use crate::support::require::Cache;

/// What one run, or all of a row, came to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Score {
    pub(crate) tries: usize,
    pub(crate) wins: usize,
    /// Runs without any time, where that is counted apart.
    pub(crate) kept_away: usize,
}

impl Score {
    pub(crate) fn one(won: bool) -> Self {
        Self { tries: 1, wins: usize::from(won), kept_away: 0 }
    }

    pub(crate) fn add(&mut self, other: Score) {
        self.tries += other.tries;
        self.wins += other.wins;
        self.kept_away += other.kept_away;
    }
}

/// One run's network and client.
pub(crate) struct Lab<'a> {
    cache: &'a Cache,
    program: Program,
    network: Netns,
    /// Floods are divided by this, for tests that have to be quick.
    thinning: usize,
    log: bool,
    /// Servers prove themselves by NTS.
    secured: Option<Secured>,
}

impl<'a> Lab<'a> {
    pub(crate) fn new(cache: &'a Cache, program: Program, thinning: usize) -> Self {
        let log = std::env::var_os("RNTPDATE_ATTACK_LOG").is_some();
        Self { cache, program, network: Netns::new(), thinning, log, secured: None }
    }

    /// The same, with servers that prove themselves by NTS and a program that wants them to.
    pub(crate) fn by_nts(mut self) -> Self {
        self.secured = Some(Secured::new());
        self
    }

    pub(crate) fn packets(&self, most: usize) -> usize {
        most / self.thinning
    }

    /// Starts a server at port 123 of an address.
    pub(crate) fn start(&self, address: &str, server: Builder) -> Server {
        let server = self.proving(address.parse().expect("an address"), &[], server);
        self.network.enter(|| server.bind(&format!("{address}:123")).start())
    }

    /// The server with what it proves itself by, if it has to.
    fn proving(&self, address: IpAddr, names: &[&str], server: Builder) -> Builder {
        match &self.secured {
            Some(secured) => secured.prove(&self.network, address, names, server),
            None => server,
        }
    }

    /// What is asked of the program, and how.
    fn task(&self, task: &Task) -> Task {
        let task = task.clone();
        match &self.secured {
            Some(secured) => task.nts(&secured.file()),
            None => task,
        }
    }

    pub(crate) fn begin(&self, task: &Task) -> Running {
        Running::start(self.program, self.cache, &self.network, &self.task(task), None)
    }

    /// Lets the program run to its end.
    pub(crate) fn ask(&self, task: &Task) -> Report {
        let report = self.begin(task).finish();
        self.note(&report, 0);
        report
    }

    /// Any client's request.
    pub(crate) fn ask_raw(&self, address: &str) {
        let server = SocketAddr::new(address.parse().expect("an address"), 123);
        let socket = self.network.udp(([0; 4], 0).into());
        // The server may answer with anything.
        let _ = query::ask(&socket, server, Duration::from_millis(500));
    }

    /// Lets the program ask a name with so many addresses; gives how many of them it asked.
    pub(crate) fn ask_crowd(&self, size: u16) -> (Report, usize) {
        let crowd = Crowd::start(&self.network, self.cache, size);
        let task = Task::new(&["many.test"]);
        let report = Running::start(self.program, self.cache, &self.network, &task, Some(crowd.folder())).finish();
        self.note(&report, crowd.asked());
        (report, crowd.asked())
    }

    /// Lets the program ask by names, whose addresses the network gets.
    pub(crate) fn ask_names(&self, names: &[(&str, &[IpAddr])], servers: fn(&str) -> Builder) -> Report {
        let mut running: Vec<Server> = Vec::new();
        let all: Vec<&str> = names.iter().map(|(name, _)| *name).collect();
        for (name, addresses) in names {
            for address in addresses.iter().map(|address| SocketAddr::new(*address, 123)) {
                // Several names may lead to one server.
                if running.iter().all(|server| server.addr() != address) {
                    self.network.add_address(&address.ip().to_string());
                    let server = self.proving(address.ip(), &all, servers(name));
                    running.push(self.network.enter(|| server.bind(&address.to_string()).start()));
                }
            }
        }
        let known = Names::start(&self.network, self.cache, names);
        let task = self.task(&Task::new(&all));
        let report = Running::start(self.program, self.cache, &self.network, &task, Some(known.folder())).finish();
        self.note(&report, running.iter().map(|server| server.requests().len()).sum());
        report
    }

    pub(crate) fn inside<T: Send>(&self, function: impl FnOnce() -> T + Send) -> T {
        self.network.enter(function)
    }

    /// Tells of the run where RNTPDATE_ATTACK_LOG is set.
    pub(crate) fn note(&self, report: &Report, count: usize) {
        if self.log {
            let Report { offset, bound, status, took, text } = report;
            eprintln!("{:?}: {offset:?} ± {bound:?}, {status:?}, {took:.2?}, {count}\n{text}", self.program);
        }
    }
}

impl Drop for Lab<'_> {
    fn drop(&mut self) {
        if let Some(secured) = self.secured.take() {
            secured.end(&self.network);
        }
    }
}
