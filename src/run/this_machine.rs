//! This machine, as a run uses it: what is opened and read before the run is confined, and the pipeline over it.

use std::cell::RefCell;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::discipline::History;
use crate::exchange::Keyring;
use crate::line::{Channel, Line, Priority};
use crate::linux::files::adjtime;
use crate::linux::files::cookies::FileCookies;
use crate::linux::files::state::boot_id;
use crate::linux::files::within::within;
use crate::linux::host::LocalZone;
use crate::linux::net::changes::NetworkChanges;
use crate::linux::net::tcp::connecting;
use crate::linux::net::{UdpNetwork, Ways, own_addresses};
use crate::linux::processes::Helpers;
use crate::linux::rtc::{HELD, RtcDevice};
use crate::linux::sandbox::confine;
use crate::linux::sandbox::confine::{Needs, NoFilter};
use crate::linux::sandbox::rights;
use crate::linux::term::TerminalProgress;
use crate::linux::{SystemClock, random};
use crate::machine::AdjfileError;
use crate::machine::AdjtimeStore;
use crate::machine::phc::{Clocks, NoServers, WithClockNames, WithClocks};
use crate::machine::rtc::{DryRtc, Rtc};
use crate::machine::rtc_error::RtcError;
use crate::machine::{
    Clock, CookieStore, DryClock, Here, KeyExchanges, KeyWay, NoProgress, NtsState, Progress, Servers,
};
use crate::outcome::Outcome;
use crate::plan::{Plan, RunMode};
use crate::run::explain::explain;
use crate::run::lines::log;
use crate::run::nts;
use crate::run::sync;
use crate::run::sync::System;

/// All that has to be there when nothing can be opened any more.
pub(crate) struct Machine<'a> {
    helpers: &'a Helpers,
    changes: NetworkChanges,
    /// Taken by the try that sets it; there is no other after that.
    rtc: RefCell<Option<Result<RtcDevice, RtcError>>>,
    store: EarlyStore,
    keys: Keyring,
    clocks: Clocks,
    /// Whether this process keeps the right to set the clock, and writes files.
    keeps_rights: bool,
    /// The way to key exchanges, where this process itself makes them.
    exchanges: RefCell<Option<Box<dyn KeyExchanges>>>,
    /// What is kept of NTS between runs, and what is wrong with it.
    cookies: (Option<FileCookies>, Option<Line>),
    is_kept_right: bool,
    /// What there is to say of random numbers.
    chance: Option<&'static str>,
    /// This machine's addresses, and its ways to others, for -d.
    own: (Vec<IpAddr>, Ways),
}

impl<'a> Machine<'a> {
    /// Opens and reads it all; an RTC that another process holds is waited for, a quarter of the deadline at most. `keys`: what
    /// servers have to prove that they know. `clocks`: this machine's own that are asked.
    pub(crate) fn prepare(
        plan: &Plan,
        helpers: &'a Helpers,
        keys: Keyring,
        exchanges: Option<Box<dyn KeyExchanges>>,
        clocks: Clocks,
    ) -> Result<Machine<'a>> {
        // Each of these reads a file at its first call and none later.
        boot_id();
        let chance = random::prepare();
        let changes = match plan.unattended.wait {
            Some(_) => NetworkChanges::listen(),
            None => NetworkChanges::ignore(),
        };
        let rtc = plan.rtc.as_ref();
        let writes = super::rights::keeps_rights(plan, helpers);
        let open = |path: Option<&Path>| {
            let device = RtcDevice::open_for(plan.is_dry(), path, HELD.min(plan.deadline / 4))?;
            Ok(if writes { device.with_notes(&plan.unattended.state_dir) } else { device })
        };
        let adjtime = rtc.and_then(|rtc| rtc.adjfile.as_deref()).map(|path| adjtime::read_for(plan.is_dry(), path));
        Ok(Machine {
            helpers,
            changes,
            rtc: RefCell::new(rtc.map(|rtc| open(rtc.device.as_deref()))),
            store: EarlyStore { writes, text: RefCell::new(adjtime) },
            keys,
            exchanges: RefCell::new(exchanges),
            cookies: nts::open(plan, helpers.network().is_some()),
            is_kept_right: plan.has_nts() && SystemClock::is_kept_right(),
            clocks,
            keeps_rights: writes,
            chance,
            own: if plan.mode.explains() { (own_addresses(), Ways::read()) } else { Default::default() },
        })
    }

    /// The network's changes, from before the first try.
    pub(crate) fn changes(&self) -> &NetworkChanges {
        &self.changes
    }

    /// Gives up what is not needed from here on, but these rights; what there is to say of that. `serves`: a thread of this process
    /// answers. Fails where the process that speaks with the servers has not come so far.
    pub(crate) fn confine(&self, plan: &Plan, keep: &[caps::Capability], serves: bool) -> Result<Vec<Line>> {
        let mut needs = super::rights::calls(plan, self.helpers.mortals());
        needs.threads |= serves;
        let mut lines = match self.helpers.network() {
            Some(network) => {
                let mut lines = confine_setter(keep, &needs, plan);
                for text in network.confined()?.into_iter().filter(|_| plan.output.verbose) {
                    // Both may have met the same obstacle.
                    let line = log(Priority::Info, text);
                    if lines.iter().all(|known| known.text != line.text) {
                        lines.push(line);
                    }
                }
                lines
            }
            None if self.keeps_rights => confine_setter(keep, &needs, plan),
            None => confine(keep, &needs, plan),
        };
        let tells = |line: &&Line| plan.output.verbose || line.channel != Channel::Log(Priority::Info);
        lines.extend(self.cookies.1.iter().filter(tells).cloned());
        if let Some(text) = self.chance.filter(|_| plan.output.verbose) {
            lines.push(Line {
                channel: Channel::Log(Priority::Info),
                at: SystemClock.now().real,
                text: text.to_owned(),
            });
        }
        Ok(lines)
    }

    /// What there is to say of cookies that could not be kept.
    pub(crate) fn unwritten(&self) -> Option<Line> {
        let text = self.cookies.0.as_ref()?.unwritten()?;
        Some(log(Priority::Warning, text))
    }

    /// The pipeline over the real clock (or, in a dry run, one that is only read), sockets and names.
    pub(crate) fn run(&self, plan: &Plan, earlier: Option<&History>) -> Result<Outcome> {
        let connect = |server| connecting(server, plan.source_address);
        let mut exchanges = self.exchanges.borrow_mut();
        let (mut network, mut nonce, mut here, mut elsewhere, mut nobody);
        let servers: &mut dyn Servers = if let Some(process) = self.helpers.network() {
            elsewhere = process;
            &mut elsewhere
        } else if plan.is_local() {
            nobody = NoServers;
            &mut nobody
        } else {
            network = UdpNetwork::new().context("cannot wait for packets")?.from_address(plan.source_address);
            nonce = || random::u64().ok();
            let (keys, source_port) = (&self.keys, plan.source_port);
            let exchanges = exchanges.as_mut().map(|exchanges| {
                let exchanges: &mut dyn KeyExchanges = &mut **exchanges;
                KeyWay { exchanges, connect: &connect }
            });
            here = Here { network: &mut network, nonce: &mut nonce, keys, source_port, exchanges };
            &mut here
        };
        self.sync(plan, earlier, &mut WithClocks { servers, clocks: &self.clocks, clock: &SystemClock })
    }

    /// A sync by these servers.
    fn sync(&self, plan: &Plan, earlier: Option<&History>, servers: &mut dyn Servers) -> Result<Outcome> {
        let mut clock: Box<dyn Clock> =
            if plan.is_dry() { Box::new(DryClock::new(SystemClock)) } else { Box::new(SystemClock) };
        let mut open_rtc = |_: Option<&Path>| -> Result<Box<dyn Rtc>, RtcError> {
            let device = self.rtc.take().unwrap_or_else(|| Err(RtcError::None { tried: Vec::new() }))?;
            Ok(if plan.is_dry() { Box::new(DryRtc::new(device)) } else { Box::new(device) })
        };
        let resolver = WithClockNames { names: self.helpers.resolver(), clocks: &self.clocks };
        let mut progress = progress(plan);
        let mut system = System {
            clock: &mut *clock,
            servers,
            resolver: &resolver,
            keys: &self.keys,
            nts: NtsState {
                store: self.cookies.0.as_ref().map(|store| store as &dyn CookieStore),
                is_kept_right: self.is_kept_right,
            },
            open_rtc: &mut open_rtc,
            store: &self.store,
            local: LocalZone::get(),
            progress: &mut *progress,
        };
        let mut outcome = sync::run_after(plan, &mut system, earlier)?;
        outcome.clocks = self.clocks.known();
        if plan.mode == RunMode::Debug {
            self.explain(&mut outcome, plan);
        }
        Ok(outcome)
    }

    /// Finds out what explains an outcome, in a run whose mode may.
    pub(crate) fn explain(&self, outcome: &mut Outcome, plan: &Plan) {
        let resolver = WithClockNames { names: self.helpers.resolver(), clocks: &self.clocks };
        explain(outcome, plan, &self.keys, &resolver, &self.own);
    }
}

/// A line at the terminal that says how far the run is, where anybody watches.
fn progress(plan: &Plan) -> Box<dyn Progress> {
    let is_watched = !(plan.output.quiet || plan.output.syslog || plan.output.json || plan.mode == RunMode::Check);
    match is_watched.then(TerminalProgress::for_stderr).flatten() {
        Some(progress) => Box::new(progress),
        None => Box::new(NoProgress),
    }
}

/// Becomes nobody where it is root, keeps these rights and no others, and what the run needs of the kernel. What cannot be is
/// said with -v, that there is no filter with -d too, and that the user forbids it is always said.
pub(crate) fn confine(keep: &[caps::Capability], needs: &Needs, plan: &Plan) -> Vec<Line> {
    let mut lines = Vec::new();
    if plan.user.is_none()
        && let Err(error) = rights::become_nobody(keep)
    {
        lines.push(log(Priority::Info, format!("the run goes on as root: {error:#}")));
    }
    lines.extend(keep_only(keep));
    lines.retain(|_| plan.output.verbose);
    let filter = said_of(confine::run(needs, plan.sandbox));
    let tells = plan.output.verbose || plan.mode == RunMode::Debug;
    lines.extend(filter.filter(|line| tells || line.channel != Channel::Log(Priority::Info)));
    lines
}

/// Keeps these rights and no others, and what setting the clock takes of the kernel.
fn confine_setter(keep: &[caps::Capability], needs: &Needs, plan: &Plan) -> Vec<Line> {
    let mut lines = Vec::new();
    lines.extend(keep_only(keep));
    lines.extend(said_of(confine::setter(needs, plan.sandbox)));
    lines.retain(|line| plan.output.verbose || line.channel != Channel::Log(Priority::Info));
    lines
}

fn keep_only(keep: &[caps::Capability]) -> Option<Line> {
    let kept = rights::keep_only(keep);
    rights::hide_memory();
    kept.err().map(|error| log(Priority::Info, format!("rights that are not needed are kept: {error:#}")))
}

/// What there is to say of a filter.
fn said_of(filter: Result<(), NoFilter>) -> Option<Line> {
    let why = filter.err()?;
    let priority = if matches!(why, NoFilter::Unwanted) { Priority::Warning } else { Priority::Info };
    Some(log(priority, why.told()))
}

/// The adjtime file as it was at the start.
struct EarlyStore {
    /// Whether the run writes files.
    writes: bool,
    text: RefCell<Option<Result<Option<String>, AdjfileError>>>,
}

impl EarlyStore {
    fn may_write(&self, path: &Path) -> Result<(), AdjfileError> {
        let refused = || AdjfileError::writing(path, std::io::ErrorKind::PermissionDenied.into());
        self.writes.then_some(()).ok_or_else(refused)
    }
}

impl AdjtimeStore for EarlyStore {
    fn read(&self, _path: &Path) -> Result<Option<String>, AdjfileError> {
        self.text.take().unwrap_or(Ok(None))
    }

    fn keep_copy(&self, path: &Path, text: &str) -> Result<PathBuf, AdjfileError> {
        self.may_write(path)?;
        adjtime::keep_copy(path, text)
    }

    fn replace(&self, path: &Path, text: &str) -> Result<(), AdjfileError> {
        self.may_write(path)?;
        let what = format!("the adjtime file {} (the RTC is set)", path.display());
        within(&what, || adjtime::replace(path, text))
    }
}
