//! The line of a check, and the names and servers that have no part in its result.

use crate::check::Level;
use crate::diagnosis::{Diagnosis, diagnose, diagnose_name};
use crate::estimate::{DropReason, Verdict};
use crate::outcome::{Outcome, Server};
use crate::plural::verb;
use crate::printable::printable;

/// The number of servers of no use whose cause is told. Nagios cuts a line off at 8 kB, and older plugin agents at 1 kB.
const EXPLAINED: usize = 4;

/// A bar would begin the performance data.
pub(super) fn status_line(level: Level, text: &str) -> String {
    format!("NTP {level}: {}", printable(text).replace('|', "/"))
}

pub(super) fn is_trouble(server: &Server) -> bool {
    !agrees(server) && server.verdict != Verdict::NotAwaited
}

/// Whether what a server says is wrong, or not proven: not merely absent, late or vague.
pub(super) fn lies(server: &Server) -> bool {
    matches!(
        server.verdict,
        Verdict::Falseticker
            | Verdict::Dropped(DropReason::Contradiction { .. } | DropReason::Contested(_) | DropReason::Untrusted)
    )
}

pub(super) fn agrees(server: &Server) -> bool {
    matches!(server.verdict, Verdict::Truechimer | Verdict::Outlier)
}

/// The names and servers that have no part in the result, each with the cause that -d would give: those that lie first, and no more
/// than fit into a line that monitoring does not cut off before its performance data.
pub(super) fn troubles(outcome: &Outcome) -> Vec<String> {
    let mut servers: Vec<&Server> = outcome.servers.iter().filter(|server| is_trouble(server)).collect();
    servers.sort_by_key(|server| !lies(server));
    let servers = servers.into_iter().map(|server| told(&outcome.shown(server), &diagnose(server, outcome)));
    let names = outcome.hosts.iter().filter_map(|host| Some(told(&host.name, &diagnose_name(host, outcome.started)?)));
    let mut told: Vec<String> = servers.chain(names).collect();
    let more = told.len().saturating_sub(EXPLAINED);
    if more > 0 {
        told.truncate(EXPLAINED);
        told.push(format!("{more} more {} no part in the result (-d names them)", verb(more, "has", "have")));
    }
    told
}

fn told(name: &str, diagnosis: &Diagnosis) -> String {
    format!("{name}: {}", why(diagnosis))
}

pub(super) fn why(diagnosis: &Diagnosis) -> String {
    let cause = if diagnosis.cause.is_empty() {
        String::new()
    } else {
        format!("; cause ({}): {}", diagnosis.certainty.as_str(), diagnosis.cause)
    };
    format!("{}{cause}", diagnosis.seen)
}
