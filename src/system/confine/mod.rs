//! Confinement: no new privileges, and a filter of system calls (seccomp(2)) that refuses what a process does not need with
//! EPERM, so that a C library which tries something else goes on without it.

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64"))]
mod calls;
#[cfg(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64"))]
mod filter;

use std::io::{IsTerminal as _, stderr};

use thiserror::Error;

use crate::plan::{Plan, RunMode};

/// Why there is no filter.
#[derive(Debug, Error)]
pub enum NoFilter {
    /// `--no-sandbox`.
    #[error("--no-sandbox")]
    Unwanted,
    /// The library knows no such filter.
    #[error("there is none for this kind of processor")]
    Processor,
    /// The kernel, or a sandbox around this process.
    #[error("{0}")]
    Refused(String),
}

/// What a run still needs when it begins to read packets.
#[derive(Clone, Copy, Debug, Default)]
pub struct Needs {
    /// To set the clock, or to read the kernel's state of it.
    pub adjust: bool,
    /// To read and set the RTC, which is open.
    pub rtc: bool,
    /// To choose a socket's own address.
    pub bind: bool,
    /// To start threads.
    pub threads: bool,
    /// To look for signs of life by TCP and ICMP.
    pub probes: bool,
    /// To end this process.
    pub kill: Option<u32>,
}

impl Needs {
    /// What this plan takes.
    pub fn of(plan: &Plan, kill: Option<u32>) -> Needs {
        let explains = plan.mode == RunMode::Debug;
        Needs {
            adjust: !plan.is_dry() || plan.memory.is_some(),
            rtc: plan.rtc.is_some(),
            bind: plan.source_port.is_some() || plan.source_address.is_some() || explains,
            // One draws how far the run is.
            threads: explains || stderr().is_terminal(),
            probes: explains,
            kill,
        }
    }
}

/// Whose confinement.
enum Process<'a> {
    Run(&'a Needs),
    Names,
}

/// Confines this process, all its threads, to what a run needs. `filter`: by a filter as well.
pub fn run(needs: &Needs, filter: bool) -> Result<(), NoFilter> {
    confine(filter, &Process::Run(needs))
}

/// Confines this process to looking up names, which may take any file that can be read.
pub fn names(filter: bool) -> Result<(), NoFilter> {
    confine(filter, &Process::Names)
}

fn confine(filter: bool, process: &Process<'_>) -> Result<(), NoFilter> {
    // Known since Linux 3.5, and never refused.
    let _ = nix::sys::prctl::set_no_new_privs();
    if filter { install(process) } else { Err(NoFilter::Unwanted) }
}

#[cfg(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64"))]
fn install(process: &Process<'_>) -> Result<(), NoFilter> {
    use self::calls::Rules;
    filter::install(match process {
        Process::Run(needs) => Rules::run(needs),
        Process::Names => Rules::names(),
    })
}

#[cfg(not(any(target_arch = "x86_64", target_arch = "aarch64", target_arch = "riscv64")))]
fn install(process: &Process<'_>) -> Result<(), NoFilter> {
    match process {
        Process::Run(_needs) => {}
        Process::Names => {}
    }
    Err(NoFilter::Processor)
}
