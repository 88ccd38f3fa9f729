//! --check: one line and an exit status for monitoring, whatever happens.

use std::ffi::OsString;
use std::io::Write as _;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result};

use crate::check::Level;
use crate::cli::check_ntp_time::{CHECK_NTP_TIME, CheckNtpTimeCli};
use crate::cli::rntpdate::RntpdateCli;
use crate::cli::{self, NotParsed};
use crate::linux::host::local_zone;
use crate::linux::phc;
use crate::linux::processes::{Helpers, look_up_user};
use crate::linux::sandbox::rights::close_inherited;
use crate::linux::term::{Bounded, complain};
use crate::machine::phc::Clocks;
use crate::outcome::Outcome;
use crate::plan::Plan;
use crate::report::{self, Context};
use crate::run::started::{key_exchanges, source_is_ours};
use crate::run::this_machine::Machine;
use crate::run::{gate, keys, rights, targets};

/// Runs as check_ntp_time of the Monitoring Plugins, whose name the program was started by.
pub(crate) fn check_ntp_time(arguments: impl IntoIterator<Item = OsString>) -> Level {
    match cli::parse::<CheckNtpTimeCli>(CHECK_NTP_TIME, arguments) {
        Ok(words) => match RntpdateCli::try_from(words) {
            Ok(words) => check(CHECK_NTP_TIME, words),
            Err(text) => failed(&text),
        },
        // Plugins answer what is asked about them with UNKNOWN, for they have checked nothing.
        Err(NotParsed::Asked(text)) if text.trim_end().lines().count() == 1 => {
            print(&format!("{CHECK_NTP_TIME} v{0} (rntpdate {0})", env!("CARGO_PKG_VERSION")), Level::Unknown)
        }
        Err(NotParsed::Asked(text)) => print(text.trim_end(), Level::Unknown),
        Err(NotParsed::Wrong(text)) => failed(&text),
    }
}

/// Checks as the command line says; a fault of this program's own, or of the command line, is UNKNOWN.
pub(crate) fn check(program: &str, mut words: RntpdateCli) -> Level {
    let begun = Instant::now();
    let ended = Plan::check(program, &words).map_err(Into::into).and_then(|()| {
        let found = targets::find_servers(program, &mut words)?;
        let plan = Plan::new(program, &words)?.proving(found.proofs);
        close_inherited();
        run(plan, begun)
    });
    ended.map_or_else(|error| failed(&format!("{error:#}")), |(line, level)| print(&line, level))
}

/// The line of a check that failed itself.
pub(crate) fn failed(text: &str) -> Level {
    print(&report::check_failed(text), Level::Unknown)
}

/// A line that nobody can read tells nothing; a reader is not waited for long, for a check has to end.
fn print(text: &str, level: Level) -> Level {
    match Bounded::Stdout.write_all(format!("{text}\n").as_bytes()) {
        Ok(()) => level,
        Err(error) => {
            complain("rntpdate", &format!("cannot write the result: {error}"));
            Level::Unknown
        }
    }
}

/// What finding the causes may take at the most: servers that answer are asked about themselves, silent ones for signs of life.
fn for_causes(outcome: &Outcome) -> Duration {
    let has_answer = outcome.servers.iter().any(|server| server.contact.answered > 0);
    Duration::from_millis(if has_answer { 1600 } else { 600 })
}

fn run(mut plan: Plan, begun: Instant) -> Result<(String, Level)> {
    let check = plan.check.clone().context("this is no check")?;
    source_is_ours(&plan)?;
    let user = plan.user.as_deref().map(|name| look_up_user(name, plan.deadline)).transpose()?;
    let helpers = Helpers::start(&rights::tasks(&plan), user.as_ref())?;
    let (keys, _) = keys::of_plan(&plan)?;
    // Whoever sets nothing is always let in; servers that want to be left alone are left out of the plan.
    gate::enter(&mut plan, user.as_ref());
    let clocks = Clocks::new(phc::open_all(&plan.clocks, true, plan.policy.floor));
    if let Some(user) = &user {
        user.assume_for_good(&rights::needed(&plan))?;
    }
    let machine = Machine::prepare(&plan, &helpers, keys, key_exchanges(&plan)?, clocks)?;
    machine.confine(&plan, &rights::needed(&plan), false)?;
    let mut outcome = machine.run(&plan, None)?;
    if report::check_has_trouble(&outcome) && begun.elapsed() + for_causes(&outcome) <= check.limit {
        machine.explain(&mut outcome, &plan);
    }
    let context = Context { plan: &plan, zone: &local_zone };
    Ok((report::check_line(&outcome, &context, &check), report::check_level(&outcome, &check)))
}
