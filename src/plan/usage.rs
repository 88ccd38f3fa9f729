//! What is wrong with a command line, in one line each.
#![forbid(unsafe_code)]

use std::net::IpAddr;

use thiserror::Error;

use super::defaults::MAX_SERVERS;
use super::value_mistakes;

/// A command line that makes no sense. Each text names the value.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum UsageError {
    /// No server to ask.
    #[error(
        "no server given{1}; usage: {0} [-46bBdqsuvw] [-a key] [-e delay] [-k file] [-o version] [-p samples] [-t seconds] \
         [-U user] server ... (all options: {0} --help)"
    )]
    NoServer(String, &'static str),
    /// A word that can be no server; with what to type instead.
    #[error("{0}")]
    Server(String),
    /// More servers than a clock needs.
    #[error(
        "{0} servers are too many to set a clock by: name {MAX_SERVERS} at the most; to look at many clocks, list them in a file for --fleet"
    )]
    TooManyServers(usize),
    /// An option of clocks of this machine.
    #[error("--phc-offset is for a clock of this machine: name one, such as phc:/dev/ptp0")]
    WithoutPhc,
    /// What is not asked by packets.
    #[error("{0} is a clock of this machine, which {1} is not for")]
    NotForPhc(String, &'static str),
    /// An option of --splay.
    #[error("{0} is of use with --splay only")]
    WithoutSplay(&'static str),
    /// Options of --fleet.
    #[error("{0} is of use with --fleet only")]
    WithoutFleet(&'static str),
    /// An option of --collect.
    #[error("{0} is of use with --collect only")]
    WithoutCollect(&'static str),
    /// ntpdate's words.
    #[error("number of samples ({0}) is invalid: it is 1 to 8{hint}", hint = value_mistakes::hint(.0, false))]
    Samples(String),
    /// ntpdate's words.
    #[error("encryption delay {0} is unlikely: it is at least 0 and less than 1 second")]
    AuthDelay(String),
    /// Anything else with a range.
    #[error("{name} ({value}) is invalid: it is {range}{hint}", hint = value_mistakes::hint(value, range.ends_with(" seconds")))]
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
    #[error("{0} is of use with --discipline and --history-show only")]
    WithoutDiscipline(&'static str),
    /// The run neither learns nor shows what was learned.
    #[error("--history is of use where the clock is set, and with --discipline and --history-show")]
    NoHistory,
    /// An option of --history-show.
    #[error("{0} is of use with --history-show only")]
    WithoutHistoryShow(&'static str),
    /// An option that changes nothing beside the second one.
    #[error("{0} changes nothing with {1}: leave {0} out")]
    Idle(&'static str, &'static str),
    /// No value would be a warning.
    #[error(
        "--warning{suffix} {warning} is wider than --critical{suffix} {critical}, so that nothing would be a WARNING: {advice}"
    )]
    Wider {
        /// What follows `--warning` and `--critical`.
        suffix: &'static str,
        /// As it was typed.
        warning: String,
        /// As it was typed, or the default.
        critical: String,
        /// What to type.
        advice: &'static str,
    },
    /// NTS without the part of the program that does it.
    #[error("{0}: this build has no NTS (it was built without the feature \"nts\")")]
    NoNts(String),
    /// Two proofs for one server.
    #[error("-a and {0} are two proofs for one server: leave one of them out")]
    TwoProofs(String),
    /// What asks in another way than a sync does.
    #[error("{0} asks without NTS: write {1} without nts: in front")]
    AsksPlainly(&'static str, String),
    /// NTS is wanted and forbidden.
    #[error("--no-nts and {0} contradict each other: leave one of them out")]
    NtsForbidden(String),
    /// An option for servers with NTS, and there is none.
    #[error("{0} is for servers with NTS, and none is named: --nts asks all of them by it, nts:SERVER asks one")]
    WithoutNts(&'static str),
    /// Standard output holds one report.
    #[error("--json and --metrics - both want standard output: give --metrics a file")]
    TwoForStdout,
    /// The thresholds without anything that has them.
    #[error("{0} is of use with {1} only")]
    WithoutCheck(&'static str, &'static str),
}
