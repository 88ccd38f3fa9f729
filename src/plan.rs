//! From the words of the command line to what is to be done: every default and every check. Pure.
#![forbid(unsafe_code)]

mod memory;
mod typed;
mod unattended;

use std::collections::HashMap;
use std::net::IpAddr;
use std::path::PathBuf;
use std::time::Duration;

use thiserror::Error;

use crate::cli::rntpdate::RntpdateCli;
use crate::estimate::{Limits, Rules};
use crate::exchange::Pace;
use crate::hwclock::adjtime::{self, ScaleChoice};
use crate::net::Family;
use crate::policy::{Manner, Policy};
use crate::time::{Interval, Time};
use crate::wire::KeyId;

pub use memory::MemoryPlan;
pub use unattended::Unattended;
use unattended::{floor, step_limit};

const PORT: u16 = 123;
const TIMEOUT: Duration = Duration::from_secs(2);
/// ntpd's `restrict … limited` drops what comes sooner.
const POLITE: Duration = Duration::from_secs(2);
const BURST: Duration = Duration::from_millis(50);
/// What the run may spend on names when --deadline does not say otherwise.
const NAMES: Duration = Duration::from_secs(15);
/// Longer times than a day are slips of the pen.
const MAX_SECONDS: f64 = 86_400.0;
/// What reading the clock costs, at the most.
const CLOCK_PRECISION: Interval = Interval::from_micros(1);
const STEP_THRESHOLD: Interval = Interval::from_micros(500_000);
const LIMITS: Limits = Limits {
    delay: Interval::from_secs(8),
    root_distance: Interval::from_secs(3),
    reference_age: Interval::from_secs(86_400),
};
/// No run asks more servers than this.
const MAX_AGREEING: u16 = 256;

/// ntpd's and ntpdate's.
const KEY_FILE: &str = "/etc/ntp.keys";

/// How far a run goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RunMode {
    /// Sets the clock.
    Sync,
    /// Prints what the servers say (-q).
    Query,
    /// Prints everything (-d).
    Debug,
}

impl RunMode {
    /// What the command line asks for.
    pub fn of(cli: &RntpdateCli) -> RunMode {
        match (cli.debug || cli.self_test, cli.query) {
            (true, _) => RunMode::Debug,
            (false, true) => RunMode::Query,
            (false, false) => RunMode::Sync,
        }
    }
}

/// What and where to print.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Output {
    /// To syslog.
    pub syslog: bool,
    /// The version and every server's part.
    pub verbose: bool,
    /// Positive offsets with a sign.
    pub plus: bool,
    /// One JSON object instead of lines.
    pub json: bool,
    /// Nothing but steps, refusals and failures.
    pub quiet: bool,
}

/// How the RTC is set after the clock (-w).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RtcPlan {
    /// The device file; `None`: the first that there is.
    pub device: Option<PathBuf>,
    /// UTC or local time.
    pub scale: ScaleChoice,
    /// `None`: works without one.
    pub adjfile: Option<PathBuf>,
    /// A machine without an RTC is no error.
    pub optional: bool,
    /// Read it back at its next tick.
    pub verify: bool,
}

/// What the servers have to prove that they know (-a, -k).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyPlan {
    /// The key's number.
    pub id: KeyId,
    /// Where it is.
    pub file: PathBuf,
}

/// All that a run needs to know.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plan {
    /// As the user started it.
    pub program: String,
    /// Names and addresses; empty for a self-test.
    pub servers: Vec<String>,
    /// How far to go.
    pub mode: RunMode,
    /// Which addresses of the names.
    pub family: Family,
    /// Where the servers listen.
    pub port: u16,
    /// Where to send from; a random port if nothing is said.
    pub source_port: Option<u16>,
    /// The address of this machine to send from; the kernel's choice if nothing is said.
    pub source_address: Option<IpAddr>,
    /// How to ask.
    pub pace: Pace,
    /// When to disbelieve servers, and how many have to agree.
    pub rules: Rules,
    /// The key to authenticate with.
    pub key: Option<KeyPlan>,
    /// How to set the clock.
    pub policy: Policy,
    /// Whether and how to set the RTC as well.
    pub rtc: Option<RtcPlan>,
    /// The end of the run, from its start.
    pub deadline: Duration,
    /// The part of it that is for names.
    pub names: Duration,
    /// Whom to run as.
    pub user: Option<String>,
    /// Whether system calls that the run does not need are to be refused.
    pub sandbox: bool,
    /// What to print.
    pub output: Output,
    /// The UDP port of each server for which it was given.
    pub ports: Vec<Option<u16>>,
    /// Addresses that are not to be asked.
    pub spared: Vec<IpAddr>,
    /// What nobody watches.
    pub unattended: Unattended,
    /// Where to learn from earlier runs, if at all.
    pub memory: Option<MemoryPlan>,
}

/// A command line that makes no sense. Each text names the value.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum UsageError {
    /// Nobody to ask.
    #[error(
        "no server given; usage: {0} [-46bBdqsuvw] [-a key] [-e delay] [-k file] [-o version] [-p samples] [-t seconds] \
         [-U user] server ... (all options: {0} --help)"
    )]
    NoServer(String),
    /// A word that can be no server; with what to type instead.
    #[error("{0}")]
    Server(String),
    /// ntpdate's words.
    #[error("number of samples ({0}) is invalid: it is 1 to 8")]
    Samples(String),
    /// ntpdate's words.
    #[error("encryption delay {0} is unlikely: it is at least 0 and less than 1 second")]
    AuthDelay(String),
    /// Anything else with a range.
    #[error("{name} ({value}) is invalid: it is {range}")]
    Value {
        /// What the value is for.
        name: &'static str,
        /// As it was typed.
        value: String,
        /// What it may be.
        range: &'static str,
    },
    /// The RTC's options without -w.
    #[error("{0} is for the RTC: it needs -w")]
    WithoutRtc(&'static str),
    /// Without the file nobody knows what the RTC keeps.
    #[error("--noadjfile needs --utc or --localtime")]
    NoScale,
    /// The RTC and its file are root's.
    #[error("-w does not go with -U: the adjtime file is root's to write; leave one of them out")]
    RtcAsUser,
    /// Addresses of the one family do not reach the other.
    #[error("--source-address {0} does not go with {1}: leave {1} out, or give an address of the other kind")]
    SourceFamily(IpAddr, &'static str),
    /// An option that means nothing without another.
    #[error("{0} is of use with --discipline only")]
    WithoutDiscipline(&'static str),
}

impl Plan {
    /// Whether the words of a command line can be meant, before it is known which servers are asked.
    pub fn check(program: &str, cli: &RntpdateCli) -> Result<(), UsageError> {
        typed::check(&cli.servers)?;
        let anybody = if cli.servers.is_empty() { vec!["localhost".to_owned()] } else { cli.servers.clone() };
        Plan::new(program, &RntpdateCli { servers: anybody, ..cli.clone() }).map(drop)
    }

    /// Decides what a command line means.
    pub fn new(program: &str, cli: &RntpdateCli) -> Result<Plan, UsageError> {
        if cli.servers.is_empty() && !cli.self_test {
            return Err(UsageError::NoServer(program.to_owned()));
        }
        let unattended = Unattended::new(cli)?;
        let (servers, ports) = servers(&cli.servers)?;
        let lone_name = name_numbers(&servers, &ports).iter().all(|number| *number == 0);
        if let Some(delay) = &cli.auth_delay
            && !delay.parse::<f64>().is_ok_and(|seconds| (0.0..1.0).contains(&seconds))
        {
            return Err(UsageError::AuthDelay(delay.clone()));
        }
        let mode = RunMode::of(cli);
        let pace = pace(cli, mode)?;
        let enough = NAMES + (pace.polite + pace.timeout) * pace.samples as u32;
        let source_address = source_address(cli)?;
        let enough = enough + unattended.wait.unwrap_or_default();
        let deadline = seconds("deadline", cli.deadline.as_deref(), enough)?;
        Ok(Plan {
            program: program.to_owned(),
            servers,
            mode,
            family: match source_address {
                _ if cli.ipv4 => Family::V4,
                _ if cli.ipv6 => Family::V6,
                Some(IpAddr::V4(_)) => Family::V4,
                Some(IpAddr::V6(_)) => Family::V6,
                None => Family::Any,
            },
            port: port("port", cli.port.as_deref())?.unwrap_or(PORT),
            source_port: port("source port", cli.source_port.as_deref())?,
            source_address,
            pace,
            rules: rules(cli, lone_name)?,
            key: key(cli)?,
            policy: policy(cli)?,
            rtc: rtc(cli)?,
            deadline,
            // Whatever the name servers do, as much time remains for the time servers.
            names: NAMES.min(deadline / 2),
            user: cli.user.clone(),
            sandbox: !cli.no_sandbox,
            output: Output {
                syslog: cli.syslog,
                verbose: cli.verbose,
                plus: !cli.no_plus,
                json: cli.json,
                quiet: cli.quiet,
            },
            ports,
            spared: Vec::new(),
            unattended,
            memory: MemoryPlan::new(cli)?,
        })
    }

    /// For each server a number that is the same for the same name and port: the place of the first that is called so.
    pub fn name_numbers(&self) -> Vec<usize> {
        name_numbers(&self.servers, &self.ports)
    }

    /// Whether the run sets nothing.
    pub fn is_dry(&self) -> bool {
        self.mode != RunMode::Sync
    }
}

fn source_address(cli: &RntpdateCli) -> Result<Option<IpAddr>, UsageError> {
    let Some(text) = &cli.source_address else { return Ok(None) };
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let address = bare.parse::<IpAddr>().ok().filter(|address| !address.is_unspecified() && !address.is_multicast());
    let range = "an address of this machine, which \"ip address\" shows";
    let address = address.ok_or_else(|| UsageError::Value { name: "source address", value: text.clone(), range })?;
    match address {
        IpAddr::V4(_) if cli.ipv6 => Err(UsageError::SourceFamily(address, "-6")),
        IpAddr::V6(_) if cli.ipv4 => Err(UsageError::SourceFamily(address, "-4")),
        _ => Ok(Some(address)),
    }
}

fn pace(cli: &RntpdateCli, mode: RunMode) -> Result<Pace, UsageError> {
    let samples = match &cli.samples {
        None if mode == RunMode::Query => 1,
        None => 4,
        Some(text) => number(text, 1, 8).ok_or_else(|| UsageError::Samples(text.clone()))?,
    };
    let version = match &cli.protocol_version {
        None => 4,
        Some(text) => number(text, 1, 4).ok_or_else(|| UsageError::Value {
            name: "protocol version",
            value: text.clone(),
            range: "1 to 4",
        })?,
    };
    Ok(Pace {
        samples: samples as usize,
        timeout: seconds("time to wait", cli.timeout.as_deref(), TIMEOUT)?,
        burst: seconds("interval", cli.interval.as_deref(), BURST)?,
        polite: seconds("interval", cli.interval.as_deref(), POLITE)?,
        // With --discipline a run that finds nothing leaves a gap in what is learned.
        patience: if cli.discipline { samples as usize } else { 2 },
        version: version as u8,
        precision: CLOCK_PRECISION,
        era: Time::UNIX_EPOCH,
    })
}

fn rules(cli: &RntpdateCli, lone_name: bool) -> Result<Rules, UsageError> {
    let distance = seconds("largest root distance", cli.max_distance.as_deref(), LIMITS.root_distance.to_duration())?;
    let min_agreeing = match &cli.min_servers {
        None => 1,
        Some(text) => number(text, 1, MAX_AGREEING).ok_or_else(|| UsageError::Value {
            name: "number of servers that have to agree",
            value: text.clone(),
            range: "1 to 256",
        })?,
    };
    Ok(Rules {
        limits: Limits { root_distance: distance.into(), ..LIMITS },
        min_agreeing: min_agreeing.into(),
        lone_name,
    })
}

/// For each server the place of the first one that is called the same, and has the same port.
fn name_numbers(servers: &[String], ports: &[Option<u16>]) -> Vec<usize> {
    let mut first = HashMap::new();
    let plain = |name: &String| name.trim_end_matches('.').to_lowercase();
    let named =
        servers.iter().enumerate().map(|(place, name)| (place, (plain(name), ports.get(place).copied().flatten())));
    named.map(|(place, name)| *first.entry(name).or_insert(place)).collect()
}

/// A file alone means nothing, as with ntpdate.
fn key(cli: &RntpdateCli) -> Result<Option<KeyPlan>, UsageError> {
    let Some(text) = &cli.auth_key else { return Ok(None) };
    let id = text.parse().ok().filter(|_| text.starts_with(|first: char| first.is_ascii_digit()));
    let range = "1 to 4294967295, the number of a key in the key file";
    let id = id.ok_or_else(|| UsageError::Value { name: "key", value: text.clone(), range })?;
    Ok(Some(KeyPlan { id, file: cli.key_file.clone().unwrap_or_else(|| PathBuf::from(KEY_FILE)) }))
}

fn policy(cli: &RntpdateCli) -> Result<Policy, UsageError> {
    let manner = match (cli.always_step, cli.always_slew) {
        (true, _) => Manner::AlwaysStep,
        (false, true) => Manner::AlwaysSlew,
        (false, false) => Manner::ByThreshold,
    };
    let threshold = match cli.step_threshold.as_deref() {
        Some(zero) if zero.parse() == Ok(0.0) => Interval::ZERO,
        text => seconds("step threshold", text, STEP_THRESHOLD.to_duration())?.into(),
    };
    Ok(Policy {
        manner,
        step_threshold: threshold,
        max_step: step_limit("largest step", cli.max_step.as_deref())?.map(|limit| (limit, "--max-step")),
        forward_only: cli.forward_only,
        floor: (!cli.allow_past).then(floor),
        daemon: None,
    })
}

/// Hosts, and the ports that stand behind some of them.
fn servers(words: &[String]) -> Result<(Vec<String>, Vec<Option<u16>>), UsageError> {
    let split = |word: &String| {
        let (host, port) = split(word);
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        Ok((bare.to_owned(), self::port("port", port)?))
    };
    words.iter().map(split).collect()
}

/// Where the host ends, with its brackets, and what stands for its port.
fn split(word: &str) -> (&str, Option<&str>) {
    match word.rsplit_once(':') {
        Some((host, port)) if !host.contains(':') || host.ends_with(']') => (host, Some(port)),
        _ => (word, None),
    }
}

fn rtc(cli: &RntpdateCli) -> Result<Option<RtcPlan>, UsageError> {
    if !cli.systohc {
        let options = [
            ("--rtc", cli.rtc.is_some()),
            ("--utc", cli.utc),
            ("--localtime", cli.localtime),
            ("--adjfile", cli.adjfile.is_some()),
            ("--noadjfile", cli.noadjfile),
            ("--rtc-optional", cli.rtc_optional),
            ("--verify", cli.verify),
        ];
        let given = options.iter().find(|(_, given)| *given);
        return given.map_or(Ok(None), |(name, _)| Err(UsageError::WithoutRtc(name)));
    }
    if cli.user.is_some() {
        return Err(UsageError::RtcAsUser);
    }
    if cli.noadjfile && !cli.utc && !cli.localtime {
        return Err(UsageError::NoScale);
    }
    let file = cli.adjfile.clone().unwrap_or_else(|| PathBuf::from(adjtime::DEFAULT_PATH));
    Ok(Some(RtcPlan {
        device: cli.rtc.clone(),
        scale: ScaleChoice::from_options(cli.utc, cli.localtime),
        adjfile: (!cli.noadjfile).then_some(file),
        optional: cli.rtc_optional,
        verify: cli.verify,
    }))
}

fn number(text: &str, least: u16, most: u16) -> Option<u16> {
    text.parse().ok().filter(|number| (least..=most).contains(number))
}

fn port(name: &'static str, text: Option<&str>) -> Result<Option<u16>, UsageError> {
    let Some(text) = text else { return Ok(None) };
    let range = "1 to 65535";
    number(text, 1, u16::MAX).map(Some).ok_or_else(|| UsageError::Value { name, value: text.to_owned(), range })
}

fn seconds(name: &'static str, text: Option<&str>, default: Duration) -> Result<Duration, UsageError> {
    let Some(text) = text else { return Ok(default) };
    match text.parse::<f64>() {
        Ok(seconds) if (0.001..=MAX_SECONDS).contains(&seconds) => Ok(Duration::from_secs_f64(seconds)),
        _ => Err(UsageError::Value { name, value: text.to_owned(), range: "0.001 to 86400 seconds" }),
    }
}
