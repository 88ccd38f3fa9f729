//! What `--fleet` and `--collect` are to do.
#![forbid(unsafe_code)]

use std::path::PathBuf;
use std::time::Duration;

use super::addresses::source_address;
use super::check::{OFFSET, offset_thresholds, stratum_thresholds};
use super::defaults::{CLOCK_PRECISION, PORT, TIMEOUT};
use super::numbers::{number, port, seconds};
use super::pace::version;
use super::server_mistakes;
use super::usage::UsageError;
use crate::cli::rntpdate::RntpdateCli;
use crate::fleet::{DEFAULT_GAP, Limits, SurveyPlan};
use crate::time::Time;

/// Where a text comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Source {
    /// Standard input (`-`).
    Stdin,
    /// The file of this name.
    File(PathBuf),
}

/// A survey of many clocks (--fleet).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FleetPlan {
    /// The list of whom to ask.
    pub list: Source,
    /// The clock to compare with, as a word of such a list; this machine's where nothing is said.
    pub reference: Option<String>,
    /// The port where none is said.
    pub port: u16,
    /// How to ask.
    pub survey: SurveyPlan,
    /// When to raise an alarm.
    pub limits: Limits,
    /// The end of the survey, from its first request, whatever is known then.
    pub deadline: Option<Duration>,
}

/// The results of many machines, put together (--collect).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CollectPlan {
    /// The list of the machines that have to be there.
    pub expected: Option<PathBuf>,
    /// When to raise an alarm.
    pub limits: Limits,
}

impl FleetPlan {
    /// What the command line asks for, if it asks for a survey.
    pub(super) fn new(cli: &RntpdateCli) -> Result<Option<FleetPlan>, UsageError> {
        let Some(list) = &cli.fleet else {
            let needless = [("--rate", cli.rate.is_some()), ("--reference", cli.reference.is_some())];
            let needless = needless.iter().find(|(_, given)| *given);
            return needless.map_or(Ok(None), |(name, _)| Err(UsageError::WithoutFleet(name)));
        };
        if let Some(reference) = &cli.reference {
            server_mistakes::check(std::slice::from_ref(reference))?;
        }
        source_address(cli)?;
        Ok(Some(FleetPlan {
            list: if list.as_os_str() == "-" { Source::Stdin } else { Source::File(list.clone()) },
            reference: cli.reference.clone(),
            port: port("port", cli.port.as_deref())?.unwrap_or(PORT),
            survey: survey(cli)?,
            limits: limits(cli)?,
            deadline: match &cli.deadline {
                None => None,
                Some(text) => Some(seconds("--deadline", Some(text), Duration::ZERO)?),
            },
        }))
    }
}

impl CollectPlan {
    /// What the command line asks for, if it asks for that.
    pub(super) fn new(cli: &RntpdateCli) -> Result<Option<CollectPlan>, UsageError> {
        if !cli.collect {
            return cli.expect.is_none().then_some(None).ok_or(UsageError::WithoutCollect("--expect"));
        }
        Ok(Some(CollectPlan { expected: cli.expect.clone(), limits: limits(cli)? }))
    }
}

/// Gives the limits of this command line, or those of a check.
fn limits(cli: &RntpdateCli) -> Result<Limits, UsageError> {
    Ok(Limits { offset: offset_thresholds(cli, OFFSET)?, stratum: stratum_thresholds(cli)? })
}

fn survey(cli: &RntpdateCli) -> Result<SurveyPlan, UsageError> {
    let samples = match &cli.samples {
        None => 1,
        Some(text) => number(text, 1, 8).ok_or_else(|| UsageError::Samples(text.clone()))?,
    };
    let gap = match &cli.rate {
        None => DEFAULT_GAP,
        Some(text) => {
            let rate = text.parse().ok().filter(|rate: &f64| (0.01..=10_000.0).contains(rate));
            let range = "0.01 to 10000 requests a second to one network";
            let wrong = || UsageError::Value { name: "--rate", value: text.clone(), range };
            rate.map(|rate| Duration::from_secs_f64(1.0 / rate)).ok_or_else(wrong)?
        }
    };
    Ok(SurveyPlan {
        samples: samples.into(),
        timeout: seconds("time to wait", cli.timeout.as_deref(), TIMEOUT)?,
        gap,
        version: version(cli.protocol_version.as_deref())?,
        precision: CLOCK_PRECISION,
        era: Time::UNIX_EPOCH,
    })
}
