//! This machine, as a run uses it: what is opened and read before the run is confined, and the pipeline over it.

use std::cell::RefCell;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};

use crate::discipline::History;
use crate::explain::explain;
use crate::hwclock::record::Shelf;
use crate::outcome::Outcome;
use crate::plan::{Plan, RunMode};
use crate::report::{Channel, Line, Priority};
use crate::sync::{self, System};
use crate::system::adjfile::{self, AdjfileError};
use crate::system::changes::NetworkChanges;
use crate::system::confine::{self, Needs, NoFilter};
use crate::system::rtc::{DryRtc, Rtc};
use crate::system::rtc_device::{HELD, RtcDevice};
use crate::system::rtc_error::RtcError;
use crate::system::state::boot_id;
use crate::system::{
    Clock, DryClock, Helpers, LocalZone, NoProgress, Progress, SystemClock, TerminalProgress, UdpNetwork, Ways,
    own_addresses, privilege, random,
};
use crate::wire::Key;

/// All that has to be there when nothing can be opened any more.
pub struct Machine<'a> {
    helpers: &'a Helpers,
    changes: NetworkChanges,
    /// Taken by the try that sets it; there is no other after that.
    rtc: RefCell<Option<Result<RtcDevice, RtcError>>>,
    shelf: EarlyShelf<'a>,
    key: Option<Key>,
    /// What there is to say of random numbers.
    chance: Option<&'static str>,
    /// This machine's addresses, and its ways to others, for -d.
    own: (Vec<IpAddr>, Ways),
}

impl<'a> Machine<'a> {
    /// Opens and reads it all; an RTC that another process holds is waited for, a quarter of the deadline at most. `key`: what the servers have to prove that they know.
    pub fn prepare(plan: &Plan, helpers: &'a Helpers, key: Option<Key>) -> Result<Machine<'a>> {
        // Each of these reads a file at its first call and none later.
        boot_id();
        let chance = random::prepare();
        let changes = match plan.unattended.wait {
            Some(_) => NetworkChanges::listen(),
            None => NetworkChanges::ignore(),
        };
        let rtc = plan.rtc.as_ref();
        let adjtime = rtc.and_then(|rtc| rtc.adjfile.as_deref()).map(adjfile::read);
        Ok(Machine {
            helpers,
            changes,
            rtc: RefCell::new(
                rtc.map(|rtc| RtcDevice::open_within(rtc.device.as_deref(), HELD.min(plan.deadline / 4))),
            ),
            shelf: EarlyShelf { helpers, text: RefCell::new(adjtime) },
            key,
            chance,
            own: if plan.mode == RunMode::Debug { (own_addresses(), Ways::read()) } else { Default::default() },
        })
    }

    /// The network's changes, from before the first try.
    pub fn changes(&self) -> &NetworkChanges {
        &self.changes
    }

    /// Gives up what is not needed from here on; what there is to say of that. `serves`: a thread of this process answers.
    pub fn confine(&self, plan: &Plan, serves: bool) -> Vec<Line> {
        let mut needs = Needs::of(plan, self.helpers.mortal());
        needs.threads |= serves;
        let mut lines = confine(&privilege::needed(plan), &needs, plan);
        if let Some(text) = self.chance.filter(|_| plan.output.verbose) {
            lines.push(Line {
                channel: Channel::Log(Priority::Info),
                at: SystemClock.now().real,
                text: text.to_owned(),
            });
        }
        lines
    }

    /// The pipeline over the real clock (or, in a dry run, one that is only read), sockets and names.
    pub fn run(&self, plan: &Plan, earlier: Option<&History>) -> Result<Outcome> {
        let mut clock: Box<dyn Clock> =
            if plan.is_dry() { Box::new(DryClock::new(SystemClock)) } else { Box::new(SystemClock) };
        let mut open_rtc = |_: Option<&Path>| -> Result<Box<dyn Rtc>, RtcError> {
            let device = self.rtc.take().unwrap_or_else(|| Err(RtcError::None { tried: Vec::new() }))?;
            Ok(if plan.is_dry() { Box::new(DryRtc::new(device)) } else { Box::new(device) })
        };
        let mut network = UdpNetwork::new().context("cannot wait for packets")?.from_address(plan.source_address);
        let mut nonce = || random::u64().ok();
        let is_watched = !(plan.output.quiet || plan.output.syslog || plan.output.json);
        let terminal = is_watched.then(TerminalProgress::for_stderr).flatten();
        let mut progress: Box<dyn Progress> = match terminal {
            Some(progress) => Box::new(progress),
            None => Box::new(NoProgress),
        };
        let mut system = System {
            clock: &mut *clock,
            network: &mut network,
            resolver: self.helpers.resolver(),
            nonce: &mut nonce,
            key: self.key.as_ref(),
            open_rtc: &mut open_rtc,
            shelf: &self.shelf,
            local: LocalZone::get(),
            progress: &mut *progress,
        };
        let mut outcome = sync::run_after(plan, &mut system, earlier);
        if plan.mode == RunMode::Debug {
            explain(&mut outcome, plan, self.key.as_ref(), self.helpers.resolver(), &self.own);
        }
        Ok(outcome)
    }
}

/// Becomes nobody where it is root, keeps these rights and no others, and what the run needs of the kernel. What cannot be is
/// said with -v, and that the user forbids it is always said.
pub fn confine(keep: &[caps::Capability], needs: &Needs, plan: &Plan) -> Vec<Line> {
    let line = |priority, text| vec![Line { channel: Channel::Log(priority), at: SystemClock.now().real, text }];
    let mut lines = Vec::new();
    let mut verbose = |text| {
        if plan.output.verbose {
            lines.extend(line(Priority::Info, text));
        }
    };
    if plan.user.is_none()
        && let Err(error) = privilege::become_nobody(keep)
    {
        verbose(format!("the run goes on as root: {error:#}"));
    }
    if let Err(error) = privilege::keep_only(keep) {
        verbose(format!("rights that are not needed are kept: {error:#}"));
    }
    privilege::hide_memory();
    match confine::run(needs, plan.sandbox) {
        Ok(()) => {}
        Err(NoFilter::Unwanted) => {
            lines.extend(line(Priority::Warning, "--no-sandbox: no system call is refused to this run".to_owned()));
        }
        Err(why) => verbose(format!("no system call is refused to this run: {why}")),
    }
    lines
}

/// The adjtime file as it was at the start, and the keeper to write it.
struct EarlyShelf<'a> {
    helpers: &'a Helpers,
    text: RefCell<Option<Result<Option<String>, AdjfileError>>>,
}

impl EarlyShelf<'_> {
    fn unkept(path: &Path) -> AdjfileError {
        AdjfileError::writing(path, std::io::ErrorKind::PermissionDenied.into())
    }
}

impl Shelf for EarlyShelf<'_> {
    fn read(&self, _path: &Path) -> Result<Option<String>, AdjfileError> {
        self.text.take().unwrap_or(Ok(None))
    }

    fn keep_copy(&self, path: &Path, _text: &str) -> Result<PathBuf, AdjfileError> {
        self.helpers.keeper().ok_or_else(|| Self::unkept(path))?.adjtime_copy(path)
    }

    fn replace(&self, path: &Path, text: &str) -> Result<(), AdjfileError> {
        self.helpers.keeper().ok_or_else(|| Self::unkept(path))?.adjtime(path, text)
    }
}
