//! From an outcome to the lines that ntpdate prints. Pure: nothing is decided here, nothing is written.
#![forbid(unsafe_code)]

mod agreement;
mod brief;
mod causes;
mod date;
mod debug;
mod diagnosis;
mod discipline;
mod history;
mod json;
mod json_after;
mod rtc;
mod seconds;
mod view;

use chrono::{DateTime, FixedOffset};

pub use causes::host_lines;
pub use json::{render_json, render_json_kept_out};
pub use view::view_lines;

use crate::estimate::NoEstimate;
use crate::outcome::{Conclusion, Outcome};
use crate::plan::{Output, Plan, RunMode};
use crate::policy::Decision;
use crate::time::{Interval, Time};

pub use history::history_table;

/// What a time is called where the user lives.
pub type Zone<'a> = &'a dyn Fn(Time) -> DateTime<FixedOffset>;

/// How much a line matters, in syslog's terms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Priority {
    /// Something failed.
    Error,
    /// Something is not as it should be, and the run went on.
    Warning,
    /// What was done.
    Notice,
    /// Said because it was asked for.
    Info,
}

/// Where a line goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Channel {
    /// Standard output, always.
    Stdout,
    /// Standard error, always.
    Stderr,
    /// The log: with -s syslog, else stderr for errors and warnings, and stdout for the rest.
    Log(Priority),
}

/// One line of output without its end.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// Where it goes.
    pub channel: Channel,
    /// When it was said; what the log is stamped with.
    pub at: Time,
    /// What it says.
    pub text: String,
}

/// What the reports need to know besides the outcome.
pub struct Context<'a> {
    /// What was to be done.
    pub plan: &'a Plan,
    /// The user's time zone.
    pub zone: Zone<'a>,
}

impl Context<'_> {
    fn output(&self) -> &Output {
        &self.plan.output
    }

    /// An offset with six decimals, and the sign that the user wants.
    fn offset(&self, offset: Interval) -> String {
        if self.output().plus { format!("{offset:+.6}") } else { format!("{offset:.6}") }
    }
}

/// The start of a line of the log on a terminal: `23 Nov 01:06:17 ntpdate[3757]: `.
pub fn log_prefix(at: Time, program: &str, pid: u32, zone: Zone<'_>) -> String {
    format!("{} {program}[{pid}]: ", date::log_time(at, zone))
}

/// The start of a message to the syslog daemon, as syslog(3) writes it: `<29>Nov 23 01:06:17 ntpdate[3757]: `.
pub fn syslog_prefix(at: Time, priority: Priority, program: &str, pid: u32, zone: Zone<'_>) -> String {
    const DAEMON: u8 = 3 << 3;
    let severity = match priority {
        Priority::Error => 3,
        Priority::Warning => 4,
        Priority::Notice => 5,
        Priority::Info => 6,
    };
    format!("<{}>{} {program}[{pid}]: ", DAEMON | severity, date::syslog_time(at, zone))
}

/// What the program calls itself. Where it is taken for ntpdate by its name it says both names, for scripts that look for
/// "ntpdate 4.".
pub fn version(program: &str) -> String {
    let own = concat!("rntpdate ", env!("CARGO_PKG_VERSION"));
    if program == "ntpdate" { format!("{own}, in place of ntpdate 4.2.8p15") } else { own.to_owned() }
}

/// All lines of a run, in order.
pub fn render(outcome: &Outcome, context: &Context<'_>) -> Vec<Line> {
    if let Some(lines) = brief::lines(outcome, context) {
        return lines;
    }
    let mut lines = Vec::new();
    let debug = context.plan.mode == RunMode::Debug;
    if debug || context.output().verbose {
        let text = version(&context.plan.program);
        lines.push(Line { channel: Channel::Log(Priority::Info), at: outcome.started, text });
    }
    if debug {
        lines.extend(debug::course(outcome));
    }
    lines.extend(host_lines(&outcome.hosts));
    lines.extend(causes::one_server(outcome, context));
    if debug {
        lines.extend(debug::servers(outcome, context));
        let stdout = |text| Line { channel: Channel::Stdout, at: outcome.finished, text };
        lines.extend(diagnosis::paragraph(outcome, context).into_iter().map(stdout));
    } else {
        lines.extend(query(outcome, context));
        lines.extend(causes::servers(outcome, context));
    }
    if context.output().verbose && !debug {
        lines.extend(agreement::lines(outcome, context));
    }
    // Before the last line, which is read by programs.
    lines.extend(rtc::lines(outcome, context));
    lines.extend(discipline::lines(outcome, context));
    lines.extend(conclusion(outcome, context));
    lines.extend(rtc::failure(outcome));
    lines.extend(warnings(outcome));
    lines
}

fn warnings(outcome: &Outcome) -> Vec<Line> {
    let line =
        |text: &String| Line { channel: Channel::Log(Priority::Warning), at: outcome.finished, text: text.clone() };
    outcome.warnings.iter().map(line).collect()
}

/// The lines of -q: one for each server with data.
fn query(outcome: &Outcome, context: &Context<'_>) -> Vec<Line> {
    if context.plan.mode != RunMode::Query && !context.output().verbose {
        return Vec::new();
    }
    let with_data = outcome.servers.iter().filter_map(|server| Some((server, server.peer.as_ref()?)));
    with_data
        .map(|(server, peer)| {
            let (address, stratum) = (outcome.shown(server), peer.stratum);
            let offset = context.offset(peer.offset);
            let text = format!("server {address}, stratum {stratum}, offset {offset}, delay {:.5}", peer.delay);
            Line { channel: Channel::Stdout, at: outcome.finished, text }
        })
        .collect()
}

fn conclusion(outcome: &Outcome, context: &Context<'_>) -> Vec<Line> {
    let line = |priority, text: String| Line { channel: Channel::Log(priority), at: outcome.finished, text };
    match &outcome.conclusion {
        Conclusion::NobodyToAsk => vec![line(Priority::Error, "no servers can be used, exiting".to_owned())],
        Conclusion::NoEstimate(reason) => {
            let mut lines = Vec::new();
            match reason {
                NoEstimate::NoMajority(split) => {
                    lines.push(line(Priority::Error, causes::disagreement(split, outcome, context)));
                }
                NoEstimate::TooFew { agreeing, wanted } => {
                    lines.push(line(Priority::Error, agreement::too_few(*agreeing, *wanted)));
                }
                NoEstimate::NoServer => {}
            }
            lines.push(line(Priority::Error, "no server suitable for synchronization found".to_owned()));
            lines
        }
        Conclusion::Decided { failure: Some(failure), .. } => vec![line(Priority::Error, failure.clone())],
        Conclusion::Decided { estimate, decision, failure: None } => {
            let server = outcome.shown_at(estimate.system_peer).unwrap_or_default();
            let offset = context.offset(estimate.offset);
            let is_vague = context.plan.policy.is_vague(estimate.offset, estimate.bound);
            let vague = (*decision == Decision::Slew && is_vague).then(|| {
                let bound = estimate.bound;
                let text =
                    format!("the offset is within its error bound of {bound:.6} sec: no step (-b steps all the same)");
                line(Priority::Notice, text)
            });
            let last = match decision {
                Decision::Step => line(Priority::Notice, format!("step time server {server} offset {offset} sec")),
                Decision::Slew => line(Priority::Notice, format!("adjust time server {server} offset {offset} sec")),
                Decision::Refuse(refusal) => {
                    line(Priority::Error, format!("clock not set: server {server} offset {offset} sec: {refusal}"))
                }
            };
            vague.into_iter().chain([last]).collect()
        }
    }
}
