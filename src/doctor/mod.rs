//! What was found on this machine → what is good, doubtful and bad about it, and what to do. Pure.
#![forbid(unsafe_code)]

mod clock;
mod findings;
mod network;
mod render;
mod schedule;

pub use findings::{
    Adjfile, ConfigFile, Daemon, Findings, KernelClock, Name, NameError, Routes, RtcFinding, RtcReading, Schedule,
    Stamps,
};
pub use render::{Style, render};
pub use schedule::client_in;

/// How good something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// As it should be.
    Good,
    /// It may be meant so.
    Warning,
    /// It keeps the clock from being set, or makes it wrong.
    Bad,
}

/// One line of the doctor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// How good it is.
    pub mark: Mark,
    /// What was looked at.
    pub topic: &'static str,
    /// What was found.
    pub text: String,
    /// What to do, where it is not good.
    pub todo: Option<String>,
}

impl Check {
    fn good(topic: &'static str, text: impl Into<String>) -> Check {
        Check { mark: Mark::Good, topic, text: text.into(), todo: None }
    }

    fn warning(topic: &'static str, text: impl Into<String>, todo: impl Into<String>) -> Check {
        Check { mark: Mark::Warning, topic, text: text.into(), todo: Some(todo.into()) }
    }

    fn bad(topic: &'static str, text: impl Into<String>, todo: impl Into<String>) -> Check {
        Check { mark: Mark::Bad, topic, text: text.into(), todo: Some(todo.into()) }
    }
}

/// All lines, in the order in which they matter.
pub fn judge(findings: &Findings) -> Vec<Check> {
    let mut checks = vec![clock::may_set(&findings.may_set)];
    checks.extend(clock::kernel(&findings.kernel));
    checks.push(clock::daemons(&findings.daemons));
    checks.push(clock::rtc(&findings.rtc, &findings.adjfile));
    checks.push(clock::adjfile(&findings.adjfile));
    checks.push(network::stamps(findings.stamps));
    checks.push(network::routes(&findings.routes));
    checks.push(network::names(&findings.name));
    checks.extend(network::configuration(&findings.configured));
    checks.push(schedule::judge(&findings.schedules, &findings.daemons));
    checks
}

/// Whether anything is bad.
pub fn is_bad(checks: &[Check]) -> bool {
    checks.iter().any(|check| check.mark == Mark::Bad)
}

#[cfg(test)]
mod tests;
