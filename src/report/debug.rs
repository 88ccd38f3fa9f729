//! The lines of -d.

use super::date::ntp_time;
use super::{Context, causes};
use crate::estimate::{DropReason, Kiss, Sample, Verdict};
use crate::exchange::TraceEvent;
use crate::line::{Channel, Line, Priority};
use crate::net::bare;
use crate::outcome::{Outcome, Server};
use crate::plural::counted;
use crate::time::Interval;
use crate::wire::{Header, NtpTimestamp};

/// Places in ntpdate's table of samples, and in one of its rows.
const STAGES: usize = 8;
const ROW: usize = STAGES / 2;
/// What ntpdate shows as the dispersion of a server that sent nothing.
const NO_DISPERSION: Interval = Interval::from_secs(64);

/// What happened: the names, then the packets.
pub(super) fn course(outcome: &Outcome) -> Vec<Line> {
    let out = |text| Line { channel: Channel::Stdout, at: outcome.started, text };
    let err = |text| Line { channel: Channel::Stderr, at: outcome.started, text };
    let mut lines = Vec::new();
    for host in &outcome.hosts {
        lines.push(out(format!("Looking for host {} and service ntp", host.name)));
        for (address, name) in host.addresses.iter().flatten().zip(&host.reverse) {
            match name {
                Some(name) => {
                    lines.push(out(format!("{} reversed to {name}", bare(*address))));
                    lines.push(err(format!("host found : {name}")));
                }
                None => lines.push(err(format!("host found : {}", bare(*address)))),
            }
        }
    }
    for (server, event) in &outcome.trace.events {
        if let Some(address) = outcome.shown_at(*server) {
            lines.push(happening(&address, event, outcome));
        }
    }
    if outcome.trace.left_out > 0 {
        lines.push(out(format!("... and {} more", counted(outcome.trace.left_out, "event"))));
    }
    lines
}

fn happening(address: &str, event: &TraceEvent, outcome: &Outcome) -> Line {
    let (channel, text) = match event {
        TraceEvent::Transmit => (Channel::Stdout, format!("transmit({address})")),
        TraceEvent::Receive => (Channel::Stdout, format!("receive({address})")),
        TraceEvent::Authenticated => (Channel::Stdout, "receive: authentication passed".to_owned()),
        TraceEvent::Rejected(rejection) => (Channel::Stdout, format!("receive: {rejection}")),
        TraceEvent::Unsynchronised(stratum) => (Channel::Stdout, format!("receive: mode 4 stratum {stratum}")),
        TraceEvent::Kiss(Kiss::Rate) => {
            (Channel::Log(Priority::Error), format!("{address} rate limit response from server."))
        }
        TraceEvent::Kiss(kiss) => (Channel::Stdout, format!("receive: {kiss}")),
        TraceEvent::Flooded => {
            (Channel::Stdout, format!("flood({address}): what answers no request is dropped unseen from here on"))
        }
        TraceEvent::Failed(fault) => (Channel::Stdout, format!("error({address}): {fault}")),
    };
    Line { channel, at: outcome.finished, text }
}

/// Renders which servers are dropped and why, then a block for each server.
pub(super) fn servers(outcome: &Outcome, context: &Context<'_>) -> Vec<Line> {
    let mut texts: Vec<String> =
        outcome.servers.iter().filter_map(|server| dropped(server, outcome, context)).collect();
    texts.push(String::new());
    for server in &outcome.servers {
        texts.extend(block(server, outcome, context));
        texts.push(String::new());
    }
    texts.into_iter().map(|text| Line { channel: Channel::Stdout, at: outcome.finished, text }).collect()
}

fn dropped(server: &Server, outcome: &Outcome, context: &Context<'_>) -> Option<String> {
    let address = outcome.shown(server);
    match server.verdict {
        Verdict::Dropped(reason) => Some(format!("{address}: Server dropped: {reason}")),
        Verdict::Falseticker => {
            Some(format!("{address}: Server dropped: {}", causes::falseticker(server, outcome, context)))
        }
        Verdict::Truechimer | Verdict::Outlier | Verdict::Undecided | Verdict::NotAwaited => None,
    }
}

/// One server as ntpdate shows it. Its own times come from the best sample, or from whatever it sent last.
fn block(server: &Server, outcome: &Outcome, context: &Context<'_>) -> Vec<String> {
    let contact = &server.contact;
    let best = server.peer.as_ref().and_then(|peer| contact.candidate.samples.get(peer.best));
    let header = best.map(|sample| &sample.header).or(contact.last_reply.as_ref());
    let sent = best.map(|sample| sample.sent).or(contact.last_sent).map_or(NtpTimestamp::ZERO, NtpTimestamp::from_time);
    let time = |stamp| ntp_time(stamp, context.plan.pace.era, context.zone);

    let mut lines = match outcome.clock(server) {
        Some(clock) => vec![format!("server {}, {}", bare(contact.address), clock.description())],
        None => vec![format!("server {}, port {}", bare(contact.address), contact.address.port())],
    };
    let trust = contact.authentication.map_or(0, |authentication| authentication.trust);
    lines.extend(header_lines(header, trust));
    lines.push(format!("reference time:      {}", time(header.map_or(NtpTimestamp::ZERO, |header| header.reference))));
    lines.push(format!("originate timestamp: {}", time(header.map_or(NtpTimestamp::ZERO, |header| header.transmit))));
    lines.push(format!("transmit timestamp:  {}", time(sent)));
    if context.plan.pace.samples > 1 {
        let samples = &contact.candidate.samples;
        lines.extend(table("filter delay: ", samples, |sample| format!("{:.5}", sample.delay)));
        lines.extend(table("filter offset:", samples, |sample| context.offset(sample.offset)));
    }
    let (delay, dispersion, offset) = server
        .peer
        .as_ref()
        .map_or((Interval::ZERO, NO_DISPERSION, Interval::ZERO), |peer| (peer.delay, peer.dispersion, peer.offset));
    lines.push(format!("delay {delay:.5}, dispersion {dispersion:.5}, offset {}", context.offset(offset)));
    if server.verdict == Verdict::Dropped(DropReason::NoData) {
        lines.push(causes::no_data(contact));
    }
    lines
}

/// `trust` has a bit set for each of the newest replies that failed authentication.
fn header_lines(header: Option<&Header>, trust: u8) -> [String; 2] {
    let Some(header) = header else {
        return [
            "stratum 0, precision 0, leap 00, trust 000".to_owned(),
            "refid [0.0.0.0], root delay 0.000000, root dispersion 0.000000".to_owned(),
        ];
    };
    [
        format!(
            "stratum {}, precision {}, leap {:02b}, trust {trust:03o}",
            header.stratum.effective(),
            header.precision,
            header.leap.to_bits()
        ),
        format!(
            "refid [{}], root delay {:.6}, root dispersion {:.6}",
            header.refid.display(header.stratum),
            header.root_delay.to_interval(),
            header.root_dispersion.to_interval()
        ),
    ]
}

/// Two rows of samples under a title, dashes where there is none. An offset too long for its column widens it.
fn table(title: &str, samples: &[Sample], value: impl Fn(&Sample) -> String) -> [String; 2] {
    let cell = |stage: usize| format!(" {:<10}", samples.get(stage).map_or("----".to_owned(), &value));
    let row = |title: &str, from: usize| title.to_owned() + &(from..from + ROW).map(cell).collect::<String>();
    [row(title, 0), row(&" ".repeat(title.len()), ROW)]
}
