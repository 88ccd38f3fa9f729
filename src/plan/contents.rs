//! All that a run needs to know, and what follows from it.
#![forbid(unsafe_code)]

use std::net::IpAddr;
use std::path::Path;
use std::time::Duration;

use super::check::CheckPlan;
use super::fleet::{CollectPlan, FleetPlan};
use super::history::HistoryPlan;
use super::metrics::MetricsPlan;
use super::mode::RunMode;
use super::nts::NtsRules;
use super::output::Output;
use super::proofs::{FileProofs, KeyPlan, ProofPlan};
use super::rtc::RtcPlan;
use super::targets::name_numbers;
use super::unattended::{Unattended, floor};
use crate::estimate::Rules;
use crate::exchange::Pace;
use crate::net::Family;
use crate::net::phc::is_clock;
use crate::net::phc::word::Wanted;
use crate::policy::Policy;
use crate::time::Time;

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
    /// The key that all servers have to prove to know, where the command line says so.
    pub key: Option<KeyPlan>,
    /// What each server has to prove where it does not.
    pub proofs: FileProofs,
    /// What holds for the servers that prove themselves by NTS.
    pub nts: NtsRules,
    /// How to set the clock.
    pub policy: Policy,
    /// Whether and how to set the RTC as well.
    pub rtc: Option<RtcPlan>,
    /// The end of the run, from its start.
    pub deadline: Duration,
    /// The part of it that is for names.
    pub names: Duration,
    /// The user to run as.
    pub user: Option<String>,
    /// Whether system calls that the run does not need are to be refused.
    pub sandbox: bool,
    /// What to print.
    pub output: Output,
    /// The UDP port of each server for which it was given.
    pub ports: Vec<Option<u16>>,
    /// The clocks of this machine among the servers.
    pub clocks: Vec<Wanted>,
    /// Addresses that are not to be asked.
    pub spared: Vec<IpAddr>,
    /// What nobody watches.
    pub unattended: Unattended,
    /// Where to learn from earlier runs, if at all.
    pub history: Option<HistoryPlan>,
    /// The survey of many clocks to make instead of a sync.
    pub fleet: Option<FleetPlan>,
    /// The results of many machines to put together instead of a sync.
    pub collect: Option<CollectPlan>,
    /// When to raise an alarm, in a check.
    pub check: Option<CheckPlan>,
    /// Where the run's metrics go, if anywhere.
    pub metrics: Option<MetricsPlan>,
}

impl Plan {
    /// For each server a number that is the same for the same name and port: the place of the first that is called so.
    pub fn name_numbers(&self) -> Vec<usize> {
        name_numbers(&self.servers, &self.ports, &self.proofs.of_servers)
    }

    /// For a name's number the place of the first that is called the same, on whatever port: both are one host's.
    pub fn host_number(&self, number: usize) -> usize {
        let plain = |name: &String| name.trim_end_matches('.').to_lowercase();
        let Some(name) = self.servers.get(number).map(plain) else { return number };
        self.servers.iter().position(|other| plain(other) == name).unwrap_or(number)
    }

    /// Whether standard output is for a report that programs read, and all lines go to standard error.
    pub fn stdout_is_taken(&self) -> bool {
        self.output.json || self.metrics == Some(MetricsPlan::Stdout)
    }

    /// The same plan, with what a configuration file wants its servers to prove.
    #[must_use]
    pub fn proving(self, proofs: FileProofs) -> Plan {
        // Where no file was read the words are all that there is.
        if proofs.of_servers.is_empty() {
            return self;
        }
        let trusts = proofs.trusts.clone();
        let nts = if trusts.is_empty() { self.nts } else { NtsRules { trusts, ..self.nts } };
        Plan { proofs, nts, ..self }
    }

    /// What the servers of a name have to prove, by the name's number. The command line's key comes before those of files.
    pub fn proof(&self, number: usize) -> ProofPlan {
        match &self.key {
            Some(key) => ProofPlan::Key(key.id),
            None => self.proofs.of_servers.get(number).cloned().unwrap_or(ProofPlan::Nothing),
        }
    }

    /// The time before which no clock is right: that of this program's release.
    pub fn release(&self) -> Time {
        floor()
    }

    /// Whether any server has to have NTS.
    pub fn has_nts(&self) -> bool {
        (0..self.servers.len()).any(|number| matches!(self.proof(number), ProofPlan::Nts(_)))
    }

    /// The file of the keys that are used, where any may be.
    pub fn key_file(&self) -> Option<&Path> {
        self.key.as_ref().map(|key| key.file.as_path()).or(self.proofs.key_file.as_deref())
    }

    /// Whether a second measurement may follow a set clock (--settle).
    pub fn may_measure_again(&self) -> bool {
        self.history.as_ref().is_some_and(|history| history.settle.is_some())
    }

    /// Whether nobody is asked but clocks of this machine, so that no packet is sent.
    pub fn is_local(&self) -> bool {
        !self.servers.is_empty() && self.servers.iter().all(|word| is_clock(word))
    }

    /// Takes time that has passed off what is left for the run.
    pub fn take_off(&mut self, passed: Duration) {
        self.deadline = self.deadline.saturating_sub(passed);
        self.names = self.names.min(self.deadline / 2);
        self.unattended.wait = self.unattended.wait.map(|wait| wait.saturating_sub(passed));
    }

    /// Whether the run sets nothing.
    pub fn is_dry(&self) -> bool {
        self.mode != RunMode::Sync
    }
}
