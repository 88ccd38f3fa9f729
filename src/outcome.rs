//! What a run found out and did: all that any report is printed from. Pure.
#![forbid(unsafe_code)]

use std::net::SocketAddr;
use std::path::PathBuf;

use crate::discipline::Update;
use crate::estimate::{Estimate, NoEstimate, Peer, Verdict};
use crate::evidence::{Evidence, NameEvidence};
use crate::exchange::{Contact, Renewal, Trace};
use crate::net::phc::{Phc, number_of};
use crate::net::{Resolved, shown};
use crate::nts::KeyFailure;
use crate::policy::Decision;
use crate::rtc::adjtime::Kept;
use crate::rtc::rtc_time::RtcTime;
use crate::rtc::write_effect::WriteEffect;
use crate::time::{Interval, Time};

/// A server as it was named, and what became of the name.
#[derive(Clone, Debug)]
pub struct Host {
    /// As the user wrote it.
    pub name: String,
    /// The name's addresses, as far as they are asked.
    pub addresses: Resolved,
    /// When that was known.
    pub known_at: Time,
    /// How many more it has.
    pub left_out: usize,
    /// What the addresses are called in turn, as far as that was asked.
    pub reverse: Vec<Option<String>>,
    /// What name servers say of it, where it has no address and the run explains itself.
    pub evidence: Option<NameEvidence>,
    /// How its servers' keys were come by, where they have NTS.
    pub nts: Option<HostNts>,
}

/// Where keys and cookies of a name with NTS are from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum KeySource {
    /// No keys and cookies.
    None,
    /// An earlier run saved them.
    Saved,
    /// A key exchange of this run.
    Exchanged,
}

/// How the keys of a name with NTS were come by.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostNts {
    /// The TCP port of its key exchange.
    pub port: u16,
    /// Where they are from.
    pub source: KeySource,
    /// Why keys of an earlier run were exchanged anew.
    pub renewal: Option<Renewal>,
    /// The certificate was not valid at the clock's time, but at this one.
    pub provisional: Option<Time>,
    /// Why the newest key exchange came to nothing.
    pub failure: Option<KeyFailure>,
    /// Whether its port for plain NTP answers, where a run that explains itself has tried that.
    pub answers_plainly: Option<bool>,
}

impl Host {
    /// Why it is not asked, where that is for want of keys.
    pub fn key_failure(&self) -> Option<&KeyFailure> {
        self.nts.as_ref().filter(|nts| nts.source == KeySource::None)?.failure.as_ref()
    }
}

/// One server: what passed between us, and what it is worth.
#[derive(Clone, Debug)]
pub struct Server {
    /// The packets.
    pub contact: Contact,
    /// The measurement, if there is one.
    pub peer: Option<Peer>,
    /// The judgement.
    pub verdict: Verdict,
    /// What was found out besides, in a run that explains itself.
    pub evidence: Evidence,
}

/// How a run ended.
#[derive(Clone, Debug)]
pub enum Conclusion {
    /// No name has an address.
    NobodyToAsk,
    /// The servers do not allow an estimate.
    NoEstimate(NoEstimate),
    /// The clock's offset is known, and this was to be done; it was done unless there is an error text or the run is dry.
    Decided {
        /// The offset and its error bound.
        estimate: Estimate,
        /// Step or slew.
        decision: Decision,
        /// Why the clock was not set, if it was tried in vain.
        failure: Option<String>,
    },
}

/// What was written to the RTC, or in a dry run would have been.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RtcWritten {
    /// The device file.
    pub device: PathBuf,
    /// What it was set to.
    pub time: RtcTime,
    /// Which time that is.
    pub kept: Kept,
    /// The moment of the write − the moment that it was meant for.
    pub residual: Interval,
    /// RTC − true time at its next tick, and the error of that, where it was asked for, or nothing was known of the RTC.
    pub verified: Option<(Interval, Interval)>,
    /// What is known of what a write does to its tick.
    pub effect: Option<WriteEffect>,
    /// What is wrong with the adjtime file.
    pub warnings: Vec<String>,
}

/// What became of the RTC (-w).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum RtcResult {
    /// The RTC was set.
    Written(RtcWritten),
    /// No RTC, which --rtc-optional allows.
    Absent(String),
    /// The RTC was not set.
    Failed(String),
}

/// A run.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// When it started, by this machine's clock.
    pub started: Time,
    /// When it was over, by this machine's clock as it was then set.
    pub finished: Time,
    /// The port that servers have where none is said.
    pub port: u16,
    /// As they were named.
    pub hosts: Vec<Host>,
    /// The hardware clocks of this machine that were asked too; their servers' addresses stand for them.
    pub clocks: Vec<Phc>,
    /// As they were asked, in the order of their names.
    pub servers: Vec<Server>,
    /// The course of events.
    pub trace: Trace,
    /// The end.
    pub conclusion: Conclusion,
    /// What became of the RTC; `None` when it was not asked for, or the clock was not set.
    pub rtc: Option<RtcResult>,
    /// What went wrong after the clock was set.
    pub warnings: Vec<String>,
    /// What this run and earlier ones teach (--discipline).
    pub taught: Option<Taught>,
}

/// What was learned of the oscillator, and what of it the kernel was told.
#[derive(Clone, Debug)]
pub struct Taught {
    /// The update.
    pub update: Update,
    /// The kernel's frequency before, as a fraction; nothing where it could not be read.
    pub kernel: Option<f64>,
    /// Whether the frequency was tuned for the first time without being asked for.
    pub is_first: bool,
    /// Whether that is what the run is for (--discipline).
    pub is_asked: bool,
    /// What the kernel was told; nothing while the frequency is not known, or if that failed.
    pub set: Option<f64>,
}

/// What the caller's shell sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum ExitStatus {
    /// The clock is set, or could be.
    Done = 0,
    /// The clock is not set.
    NotDone = 1,
    /// The command line is wrong.
    Usage = 2,
    /// The clock is set, or could be, but the RTC is not.
    RtcNotSet = 3,
    /// Another time daemon runs, or a limit forbids it.
    Refused = 4,
}

impl Outcome {
    /// The status to exit with.
    pub fn exit_status(&self) -> ExitStatus {
        match &self.conclusion {
            Conclusion::Decided { decision: Decision::Refuse(_), .. } => ExitStatus::Refused,
            Conclusion::Decided { failure: None, .. } if matches!(self.rtc, Some(RtcResult::Failed(_))) => {
                ExitStatus::RtcNotSet
            }
            Conclusion::Decided { failure: None, .. } => ExitStatus::Done,
            _ => ExitStatus::NotDone,
        }
    }

    /// The hardware clock of this machine that a server is, if it is one.
    pub fn clock(&self, server: &Server) -> Option<&Phc> {
        let number = number_of(server.contact.address.ip())?;
        self.clocks.iter().find(|clock| clock.number == number)
    }

    /// A server as it is printed.
    pub fn shown(&self, server: &Server) -> String {
        shown(server.contact.address, self.port)
    }

    /// A server as it is printed, by its place.
    pub fn shown_at(&self, server: usize) -> Option<String> {
        self.servers.get(server).map(|server| self.shown(server))
    }

    /// The address of a server by its place.
    pub fn address(&self, server: usize) -> Option<SocketAddr> {
        self.servers.get(server).map(|server| server.contact.address)
    }
}
