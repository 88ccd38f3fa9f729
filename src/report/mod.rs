//! From an outcome to the lines that ntpdate prints. Pure: nothing is decided here, nothing is written.
#![forbid(unsafe_code)]

mod agreement;
mod causes;
mod check;
pub mod collect;
mod conclusion;
mod context;
mod date;
mod debug;
mod diagnosis;
mod discipline;
pub mod fleet;
mod history;
mod json;
mod metrics;
mod quiet;
mod rtc;
mod seconds;
mod spread;
mod svg;
mod view;

pub use causes::host_lines;
pub use check::{check_failed, check_has_trouble, check_level, check_line};
use conclusion::{conclusion, warnings};
pub use context::Context;
pub use json::{render_json, render_json_kept_out};
pub use metrics::{EarlierMetrics, Ended, render_metrics};
pub use view::view_lines;

use crate::line::{Channel, Line, Priority};
use crate::outcome::Outcome;
use crate::plan::RunMode;

pub use history::{history_picture, history_table};
pub use svg::{Curve, Panel, Picture};

/// What the program calls itself. Where it is taken for ntpdate by its name it says both names, for scripts that look for
/// "ntpdate 4.".
pub fn version(program: &str) -> String {
    let own = concat!("rntpdate ", env!("CARGO_PKG_VERSION"));
    if program == "ntpdate" { format!("{own}, in place of ntpdate 4.2.8p15") } else { own.to_owned() }
}

/// All lines of a run, in order.
pub fn render(outcome: &Outcome, context: &Context<'_>) -> Vec<Line> {
    if let Some(lines) = quiet::lines(outcome, context) {
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
    lines.extend(causes::keys(outcome, context));
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
