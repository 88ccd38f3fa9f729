//! The outcome as one JSON object. Its form is in contrib/rntpdate.schema.json; what is added later does not change its version.

mod discipline;
mod host;
mod rtc;
mod server;
mod view;

use serde::Serialize;

use discipline::{DisciplineReport, discipline};
use host::{HostReport, host};
use rtc::{RtcReport, rtc};
use server::{ServerReport, server};

use super::seconds::Seconds;
use super::{Context, agreement};
use crate::estimate::NoEstimate;
use crate::outcome::{Conclusion, ExitStatus, Outcome};
use crate::plan::RunMode;
use crate::policy::Decision;
use crate::time::Time;

/// Counts changes that break readers.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Report<'a> {
    version: u32,
    program: &'static str,
    mode: &'static str,
    started: Seconds,
    finished: Seconds,
    hosts: Vec<HostReport<'a>>,
    servers: Vec<ServerReport<'a>>,
    estimate: Option<EstimateReport>,
    decision: Option<&'static str>,
    done: &'static str,
    rtc: Option<RtcReport>,
    discipline: Option<DisciplineReport>,
    warnings: &'a [String],
    error: Option<String>,
    exit_status: u8,
}

#[derive(Serialize)]
struct EstimateReport {
    offset: Seconds,
    root_distance: Seconds,
    interval: [Seconds; 2],
    agreeing: usize,
    voters: usize,
    system_peer: Option<String>,
}

/// The object, on one line.
pub fn render_json(outcome: &Outcome, context: &Context<'_>) -> String {
    let (estimate, decision, error) = match &outcome.conclusion {
        Conclusion::Decided { estimate, decision, failure } => {
            let refusal = match decision {
                Decision::Refuse(refusal) => Some(refusal.to_string()),
                Decision::Step | Decision::Slew => None,
            };
            (Some(estimate), Some(*decision), refusal.or_else(|| failure.clone()))
        }
        Conclusion::NoEstimate(NoEstimate::TooFew { agreeing, wanted }) => {
            (None, None, Some(agreement::too_few(*agreeing, *wanted)))
        }
        Conclusion::NoEstimate(_) => (None, None, Some("no server suitable for synchronization found".to_owned())),
        Conclusion::NobodyToAsk => (None, None, Some("no servers can be used".to_owned())),
    };
    let is_done = !context.plan.is_dry() && error.is_none();
    let report = Report {
        hosts: outcome.hosts.iter().map(|named| host(named, outcome)).collect(),
        servers: outcome.servers.iter().map(|one| server(one, outcome, context.plan)).collect(),
        estimate: estimate.map(|estimate| EstimateReport {
            offset: estimate.offset.into(),
            root_distance: estimate.bound.into(),
            interval: [estimate.span.low.into(), estimate.span.high.into()],
            agreeing: estimate.agreeing,
            voters: estimate.voters,
            system_peer: outcome.shown_at(estimate.system_peer),
        }),
        decision: decision.map(word),
        done: decision.filter(|_| is_done).map_or("nothing", word),
        rtc: outcome.rtc.as_ref().map(|found| rtc(found, context.plan.is_dry())),
        discipline: outcome.taught.as_ref().map(discipline),
        warnings: &outcome.warnings,
        error,
        ..nothing(context.plan.mode, outcome.started, outcome.finished, outcome.exit_status())
    };
    text(&report)
}

/// The object of a run that was kept from beginning, at that time.
pub fn render_json_kept_out(mode: RunMode, at: Time, error: Option<String>, status: ExitStatus) -> String {
    text(&Report { error, ..nothing(mode, at, at, status) })
}

fn text(report: &Report<'_>) -> String {
    // Strings, numbers and lists of them: nothing in it can fail to be written.
    serde_json::to_string(report).unwrap_or_default()
}

/// A run in which nothing happened.
fn nothing(mode: RunMode, started: Time, finished: Time, status: ExitStatus) -> Report<'static> {
    Report {
        version: VERSION,
        program: concat!("rntpdate ", env!("CARGO_PKG_VERSION")),
        mode: mode.as_str(),
        started: started.into(),
        finished: finished.into(),
        hosts: Vec::new(),
        servers: Vec::new(),
        estimate: None,
        decision: None,
        done: "nothing",
        rtc: None,
        discipline: None,
        warnings: &[],
        error: None,
        exit_status: status as u8,
    }
}

fn word(decision: Decision) -> &'static str {
    match decision {
        Decision::Step => "step",
        Decision::Slew => "slew",
        Decision::Refuse(_) => "refuse",
    }
}
