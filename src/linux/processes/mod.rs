//! Processes beside a run that do for it what it must not do itself, or what must not be done with its rights.
//!
//! They are forked at the very start, end with the run, however that ends, and speak with it over a socket pair: `names` looks up
//! names, `network` speaks with the servers. Neither has any right.

mod asker;
mod channel;
mod child;
mod command;
mod command_log;
mod metrics;
mod names;
mod network;
mod users;

use std::io;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use nix::unistd::Pid;

pub use command::{AfterStep, CommandProcess, Output};
pub use command_log::Origin;
pub use network::{NetworkProcess, Source};
pub use users::look_up_user;

use self::channel::has_more;
use self::child::{Child, die_with, leave_streams};
use self::metrics::MetricsProcess;
use self::names::{Literals, Names};
use crate::exchange::Keyring;
use crate::linux::sandbox::confine;
use crate::linux::sandbox::limits::limit_names;
use crate::linux::sandbox::rights::{Identity, become_nobody, keep_only, resign};
use crate::machine::{KeyExchanges, Resolver};

/// What the helpers of a run are for.
#[derive(Clone, Debug, Default)]
pub struct Tasks {
    /// Names or addresses to look up.
    pub names: Vec<String>,
    /// More names may become known that are to be looked up.
    pub may_get_more: bool,
    /// Addresses get their names.
    pub shows_names: bool,
    /// Names are tried again and again, for as long as it takes.
    pub is_patient: bool,
    /// System calls that are not needed are refused.
    pub filter: bool,
    /// The file for monitoring that somebody else than the run has to write.
    pub metrics: Option<PathBuf>,
    /// The command after a step.
    pub after_step: Option<AfterStep>,
}

/// The helpers of a run.
#[derive(Debug, Default)]
pub struct Helpers {
    names: Option<Names>,
    network: Option<NetworkProcess>,
    metrics: Option<MetricsProcess>,
    command: Option<CommandProcess>,
    literals: Literals,
    /// What this run does without, for want of a process.
    lacks: Vec<String>,
    filter: bool,
}

impl Helpers {
    /// Starts the one that looks up names, if a name is to be looked up, or with -d that of an address, and those that write a
    /// file and run a command, where the tasks have such. Who the run is to become, they become as well. To be called before
    /// there is a thread, a lock or a socket.
    pub fn start(tasks: &Tasks, user: Option<&Identity>) -> Result<Helpers> {
        let filter = tasks.filter;
        let mut helpers = Helpers { filter, ..Helpers::default() };
        let has_known = names::has_name(&tasks.names);
        let has_name = has_known || tasks.may_get_more;
        if has_name || tasks.shows_names {
            let is_idle = !has_known && !tasks.shows_names;
            let child = Child::start(c"rntpdate-names", true, |stream, parent| {
                look_up(&stream, parent, user, tasks, is_idle);
            });
            match child.map(Names::new) {
                Ok(names) => helpers.names = Some(names),
                Err(error) if has_name => return Err(error).context("cannot start the process that looks up names"),
                Err(error) => helpers.lacks.push(format!(
                    "addresses are shown without names: cannot start the process that looks them up: {error}"
                )),
            }
        }
        if let Some(path) = &tasks.metrics {
            let child = Child::start(c"rntpdate-file", false, |stream, parent| {
                helpers.disown();
                metrics::live(&stream, parent, user, path);
            });
            match child {
                Ok(child) => helpers.metrics = Some(MetricsProcess::new(child)),
                Err(error) => helpers.lacks.push(format!(
                    "cannot start the process that keeps files: {error}; not written: the metrics {}",
                    path.display()
                )),
            }
        }
        if let Some(command) = &tasks.after_step {
            let child = Child::start(c"rntpdate-step", false, |stream, parent| {
                helpers.disown();
                command::live(&stream, parent, user, command);
            });
            let child = child.context("cannot start the process that runs the command after a step")?;
            helpers.command = Some(CommandProcess { child });
        }
        Ok(helpers)
    }

    /// In another child, which is to speak with none of these.
    fn disown(&mut self) {
        let names = self.names.iter_mut().map(|names| &mut names.child);
        let command = self.command.iter_mut().map(|command| &mut command.child);
        names.chain(command).for_each(Child::disown);
    }

    /// Gives the way to the process that runs the command after a step, where there is one.
    pub fn command(&self) -> Option<&CommandProcess> {
        self.command.as_ref()
    }

    /// Writes the file for monitoring, or has it written where this run has given up its rights.
    pub fn write_metrics(&self, path: &Path, text: &str) -> io::Result<()> {
        match (&self.metrics, &self.network) {
            (Some(process), _) => process.replace(text),
            (None, Some(_)) => crate::linux::files::metrics::replace(path, text),
            (None, None) => Err(io::Error::other("the process that keeps files could not be started")),
        }
    }

    /// Adds the one that asks the servers, which have to prove that they know `keys`, or have NTS by `exchanges`. As for names it has
    /// to be called early.
    pub fn start_network(
        &mut self,
        source: Source,
        keys: &Keyring,
        exchanges: &mut Option<Box<dyn KeyExchanges>>,
        user: Option<&Identity>,
    ) -> io::Result<()> {
        let filter = self.filter;
        let child = Child::start(c"rntpdate-net", true, |stream, parent| {
            self.disown();
            let exchanges = exchanges.as_mut().map(|exchanges| &mut **exchanges as &mut dyn KeyExchanges);
            asker::live(&stream, parent, user, keys, exchanges, filter);
        })?;
        self.network = Some(NetworkProcess::new(child, source));
        Ok(())
    }

    /// Remembers what the run does without, for want of a process.
    pub fn lack(&mut self, text: String) {
        self.lacks.push(text);
    }

    /// The way from names to addresses.
    pub fn resolver(&self) -> &dyn Resolver {
        match &self.names {
            Some(names) => names,
            None => &self.literals,
        }
    }

    /// Gives the way to the process that asks the servers, in runs that set the clock.
    pub fn network(&self) -> Option<&NetworkProcess> {
        self.network.as_ref()
    }

    /// What there is to say of processes that could not be started.
    pub fn lacks(&self) -> &[String] {
        &self.lacks
    }

    /// The processes that are to be ended from outside.
    pub fn mortals(&self) -> Vec<u32> {
        let names = self.names.as_ref().map(|names| names.child.pid());
        names.into_iter().chain(self.network.as_ref().map(|network| network.child.pid())).collect()
    }
}

/// Look-ups that wait for dead name servers at once, in a run that tries again and again. The C library ends each after some 10
/// s.
const MOST_OPEN: usize = 192;

/// The life of the one that looks up names. `is_idle`: none is known, and perhaps there never will be any. What takes the most time
/// waits for the first question then, the limits and the filter, which are in force before it is read.
fn look_up(stream: &UnixStream, parent: Pid, user: Option<&Identity>, tasks: &Tasks, is_idle: bool) {
    // Whoever waits for the end of the run's output is not to wait for a name server.
    leave_streams();
    let limited = match user {
        _ if is_idle => resign(user),
        Some(user) => user.assume_for_good(&[]),
        None => become_nobody(&[]).and_then(|()| keep_only(&[])).or_else(|_| keep_only(&[])),
    };
    if limited.is_err() && user.is_some() {
        return;
    }
    die_with(parent);
    if is_idle && !has_more(stream) {
        return;
    }
    limit_names();
    // Where the kernel has no filters the run says so.
    let _ = confine::names(tasks.filter);
    names::serve(stream, if tasks.is_patient { MOST_OPEN } else { usize::MAX });
}
