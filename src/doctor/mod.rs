//! What was found on this machine → what is good, doubtful and bad about it, and what to do. Pure.
#![forbid(unsafe_code)]

mod clock;
mod findings;
mod line;
mod network;
mod render;
mod schedule;

pub use findings::{
    Adjfile, ConfigFile, Daemon, Findings, KernelClock, Name, NameError, Routes, RtcFinding, RtcReading, Schedule,
    Stamps,
};
pub use line::{Check, Mark};
pub use render::{Style, render};
pub use schedule::client_in;

/// All lines of the doctor, in the order in which they matter.
pub fn judge(findings: &Findings) -> Vec<Check> {
    let mut checks = vec![clock::may_set(&findings.may_set)];
    checks.extend(clock::kernel(&findings.kernel));
    checks.push(clock::daemons(&findings.daemons));
    checks.push(clock::rtc(&findings.rtc, &findings.adjfile));
    checks.push(clock::adjfile(&findings.adjfile));
    checks.push(network::filter(&findings.filter));
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
