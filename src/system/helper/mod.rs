//! Processes that do for a confined run what it must not do itself.
//!
//! They are forked at the very start, end with the run, however that ends, and speak with it over a socket pair:
//! the one looks up names and has no rights at all, the other writes files and keeps its rights.

mod channel;
mod child;
mod keeper;
mod log;
mod names;
mod users;

use std::os::unix::net::UnixStream;

use anyhow::{Context as _, Result};
use nix::unistd::{Pid, dup2_stderr, dup2_stdin, dup2_stdout};

pub use keeper::Keeper;
pub use users::look_up_user;

use self::child::{Child, die_with};
use self::keeper::Duties;
use self::log::Origin;
use self::names::{Literals, Names};
use super::Resolver;
use super::confine;
use super::privilege::{Identity, become_nobody, keep_only, limit_bounding, may_set_clock};
use crate::plan::{Plan, RunMode};

/// The helpers of a run.
#[derive(Debug)]
pub struct Helpers {
    names: Option<Names>,
    keeper: Option<Keeper>,
    literals: Literals,
    /// What this run does without, for want of a process.
    lacks: Vec<String>,
}

impl Helpers {
    /// Those that this run needs. Who the run is to become, they become as well. To be called before there is a thread, a lock
    /// or a socket.
    pub fn start(plan: &Plan, user: Option<&Identity>) -> Result<Helpers> {
        let mut helpers = Helpers::for_names(plan, user)?;
        if !plan.is_dry() && (may_set_clock() || plan.memory.is_some()) {
            let duties = Duties {
                adjtime: plan.rtc.as_ref().and_then(|rtc| rtc.adjfile.clone()),
                state: plan.unattended.state_dir.clone(),
                history: plan.memory.as_ref().map(|memory| memory.history.clone()),
                command: plan.unattended.after_step.clone(),
                stdout_is_taken: plan.output.json,
                syslog: plan.output.syslog.then(|| Origin { program: plan.program.clone(), pid: std::process::id() }),
                deadline: plan.deadline,
            };
            let names = &mut helpers.names;
            let child = Child::start(c"rntpdate-keeper", false, |stream, parent| {
                if let Some(names) = names {
                    names.child.disown();
                }
                keep(&stream, parent, user, &duties);
            });
            match child.map(Keeper::new) {
                Ok(keeper) => helpers.keeper = Some(keeper),
                Err(error) if duties.command.is_some() => {
                    return Err(error).context("cannot start the process that runs the command after a step");
                }
                Err(error) => {
                    let files = duties.files();
                    helpers
                        .lacks
                        .push(format!("cannot start the process that keeps files: {error}; not written: {files}"));
                }
            }
        }
        Ok(helpers)
    }

    /// The one for names alone, if a name is to be looked up, or with -d that of an address.
    pub fn for_names(plan: &Plan, user: Option<&Identity>) -> Result<Helpers> {
        let mut helpers = Helpers { names: None, keeper: None, literals: Literals, lacks: Vec::new() };
        let has_name = names::has_name(&plan.servers);
        if has_name || plan.mode == RunMode::Debug {
            let (patient, filter) = (plan.unattended.wait.is_some(), plan.sandbox);
            let child = Child::start(c"rntpdate-names", true, |stream, parent| {
                look_up(&stream, parent, user, patient, filter);
            });
            match child.map(Names::new) {
                Ok(names) => helpers.names = Some(names),
                Err(error) if has_name => return Err(error).context("cannot start the process that looks up names"),
                Err(error) => helpers.lacks.push(format!(
                    "addresses are shown without names: cannot start the process that looks them up: {error}"
                )),
            }
        }
        Ok(helpers)
    }

    /// The way from names to addresses.
    pub fn resolver(&self) -> &dyn Resolver {
        match &self.names {
            Some(names) => names,
            None => &self.literals,
        }
    }

    /// Who writes files, in runs that set the clock.
    pub fn keeper(&self) -> Option<&Keeper> {
        self.keeper.as_ref()
    }

    /// What there is to say of processes that could not be started.
    pub fn lacks(&self) -> &[String] {
        &self.lacks
    }

    /// The process that is to be ended from outside.
    pub fn mortal(&self) -> Option<u32> {
        self.names.as_ref().map(|names| names.child.pid())
    }
}

/// The keeper's life.
fn keep(stream: &UnixStream, parent: Pid, user: Option<&Identity>, duties: &Duties) {
    // Without the user's rights it must not go on with root's; the run fails at the same, and says so.
    if user.is_some_and(|user| user.assume(&[]).is_err()) {
        return;
    }
    die_with(parent);
    duties.serve(stream);
}

/// Look-ups that wait for dead name servers at once, in a run that tries again and again. The C library ends each after some 10 s.
const MOST_OPEN: usize = 192;

/// The life of the one that looks up names.
fn look_up(stream: &UnixStream, parent: Pid, user: Option<&Identity>, patient: bool, filter: bool) {
    // Whoever waits for the end of the run's output is not to wait for a name server.
    if let Ok(null) = std::fs::OpenOptions::new().read(true).write(true).open("/dev/null") {
        let _ = dup2_stdin(&null).and_then(|()| dup2_stdout(&null)).and_then(|()| dup2_stderr(&null));
    }
    limit_bounding(&[]);
    let limited = match user {
        Some(user) => user.assume(&[]),
        None => become_nobody(&[]).or_else(|_| keep_only(&[])),
    };
    if limited.is_err() && user.is_some() {
        return;
    }
    die_with(parent);
    // Where the kernel has no filters the run says so.
    let _ = confine::names(filter);
    names::serve(stream, if patient { MOST_OPEN } else { usize::MAX });
}
