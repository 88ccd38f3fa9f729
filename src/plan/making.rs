//! From the words of the command line to a plan.
#![forbid(unsafe_code)]

use std::time::Duration;

use super::addresses::{family, source_address};
use super::agreement::rules;
use super::check::CheckPlan;
use super::contents::Plan;
use super::defaults::{MAX_SERVERS, NAMES, PORT};
use super::fleet::{CollectPlan, FleetPlan};
use super::history::HistoryPlan;
use super::metrics::MetricsPlan;
use super::mode::RunMode;
use super::nts::NtsRules;
use super::numbers::{port, seconds};
use super::output::Output;
use super::pace::pace;
use super::policy::policy;
use super::proofs::{FileProofs, key};
use super::rtc::rtc;
use super::targets::{name_numbers, servers};
use super::unattended::Unattended;
use super::usage::UsageError;
use super::{check, nts, server_mistakes, without_effect};
use crate::cli::NTPDATE;
use crate::cli::rntpdate::RntpdateCli;
use crate::exchange::Pace;
use crate::net::phc::word::Wanted;

impl Plan {
    /// Whether the words of a command line can be meant, before it is known which servers are asked.
    pub fn check(program: &str, cli: &RntpdateCli) -> Result<(), UsageError> {
        let bare: Vec<String> = cli.servers.iter().map(|word| nts::bare(word).to_owned()).collect();
        nts::check(cli)?;
        server_mistakes::check(&bare)?;
        let anybody = if cli.servers.is_empty() { vec!["localhost".to_owned()] } else { cli.servers.clone() };
        // A file may name a clock yet.
        let phc_offset = cli.phc_offset.clone().filter(|_| !cli.servers.is_empty());
        Plan::new(program, &RntpdateCli { servers: anybody, phc_offset, ..cli.clone() }).map(drop)
    }

    /// Decides what a command line means.
    pub fn new(program: &str, cli: &RntpdateCli) -> Result<Plan, UsageError> {
        check_words(program, cli)?;
        let unattended = Unattended::new(cli)?;
        let clocks = clocks(cli)?;
        let (servers, ports, of_servers) = servers(cli)?;
        let lone_name = name_numbers(&servers, &ports, &of_servers).iter().all(|number| *number == 0);
        check_auth_delay(cli)?;
        let mode = RunMode::of(cli);
        let pace = pace(cli, mode)?;
        let source_address = source_address(cli)?;
        let deadline = deadline(cli, mode, &pace, unattended.wait)?;
        Ok(Plan {
            program: program.to_owned(),
            servers,
            mode,
            family: family(cli, source_address),
            port: port("port", cli.port.as_deref())?.unwrap_or(PORT),
            source_port: port("source port", cli.source_port.as_deref())?,
            source_address,
            pace,
            rules: rules(cli, lone_name)?,
            key: key(cli)?,
            proofs: FileProofs { of_servers, ..FileProofs::default() },
            nts: NtsRules::new(cli, mode),
            policy: policy(cli)?,
            rtc: rtc(cli)?,
            deadline,
            // Whatever the name servers do, as much time remains for the time servers.
            names: NAMES.min(deadline / 2),
            user: cli.user.clone(),
            sandbox: !cli.no_sandbox,
            output: Output::of(cli),
            ports,
            clocks,
            spared: Vec::new(),
            unattended,
            history: HistoryPlan::new(cli)?,
            fleet: FleetPlan::new(cli)?,
            collect: CollectPlan::new(cli)?,
            check: CheckPlan::new(cli)?,
            metrics: MetricsPlan::new(cli)?,
        })
    }
}

/// Refuses nobody to ask where somebody has to be, more servers than a clock needs, and options that change nothing.
fn check_words(program: &str, cli: &RntpdateCli) -> Result<(), UsageError> {
    let asks_nobody = cli.self_test || cli.fleet.is_some() || cli.collect;
    if cli.servers.is_empty() && !asks_nobody {
        // ntpdate asks only whom it is told to; any other name has had a look at the files.
        let looked = if program == NTPDATE { "" } else { ", and no file of a time service on this machine names one" };
        return Err(UsageError::NoServer(program.to_owned(), looked));
    }
    if cli.servers.len() > MAX_SERVERS {
        return Err(UsageError::TooManyServers(cli.servers.len()));
    }
    without_effect::check(cli)
}

/// The clocks of this machine among the servers.
fn clocks(cli: &RntpdateCli) -> Result<Vec<Wanted>, UsageError> {
    let clocks = super::clocks::clocks(&cli.servers, cli.phc_offset.as_deref())?;
    match clocks.first() {
        Some(clock) if cli.peers => Err(UsageError::NotForPhc(clock.word.clone(), "--peers")),
        _ => Ok(clocks),
    }
}

/// ntpdate's option, which changes nothing, is looked at all the same.
fn check_auth_delay(cli: &RntpdateCli) -> Result<(), UsageError> {
    match &cli.auth_delay {
        Some(delay) if !delay.parse::<f64>().is_ok_and(|seconds| (0.0..1.0).contains(&seconds)) => {
            Err(UsageError::AuthDelay(delay.clone()))
        }
        _ => Ok(()),
    }
}

/// The end of the run, from its start: by default enough for names, all samples, and what it waits for a first success.
fn deadline(cli: &RntpdateCli, mode: RunMode, pace: &Pace, wait: Option<Duration>) -> Result<Duration, UsageError> {
    let enough = NAMES + (pace.polite + pace.timeout) * pace.samples as u32 + wait.unwrap_or_default();
    match mode {
        RunMode::Check => Ok(check::for_servers(check::limit(cli)?)),
        _ => seconds("--deadline", cli.deadline.as_deref(), enough),
    }
}
