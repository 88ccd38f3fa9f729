//! The outcome as one JSON object. Its form is in contrib/rntpdate.schema.json; what is added later does not change its version.

use serde::Serialize;

use super::json_rtc::{self, DisciplineReport, RtcReport};
use super::seconds::Seconds;
use super::{Context, agreement};
use crate::control::{PeerRow, ServerView};
use crate::diagnosis::{Diagnosis, diagnose, diagnose_name};
use crate::estimate::{NoEstimate, Sample};
use crate::exchange::{Authentication, NtsRecord, Renewal};
use crate::net::bare;
use crate::outcome::{Conclusion, ExitStatus, Host, HostNts, KeySource, Outcome, Server};
use crate::plan::{Plan, RunMode};
use crate::policy::Decision;
use crate::time::Time;
use crate::wire::Leap;

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
struct HostReport<'a> {
    name: &'a str,
    addresses: Vec<String>,
    left_out: usize,
    error: Option<String>,
    verdict: Option<VerdictReport>,
    nts: Option<KeysReport>,
}

#[derive(Serialize)]
struct KeysReport {
    keys: &'static str,
    provisional: bool,
    renewed: Option<&'static str>,
    error: Option<String>,
}

#[derive(Serialize)]
struct ServerReport<'a> {
    address: String,
    port: u16,
    sent: usize,
    received: usize,
    reach: String,
    unusable: usize,
    stratum: Option<u8>,
    leap: Option<u8>,
    refid: Option<String>,
    root_delay: Option<Seconds>,
    root_dispersion: Option<Seconds>,
    offset: Option<Seconds>,
    delay: Option<Seconds>,
    dispersion: Option<Seconds>,
    jitter: Option<Seconds>,
    root_distance: Option<Seconds>,
    standing: &'static str,
    authentication: Option<AuthenticationReport>,
    nts: Option<NtsReport>,
    clock: Option<ClockReport<'a>>,
    verdict: VerdictReport,
    samples: Vec<SampleReport>,
    view: Option<ViewReport<'a>>,
}

/// A hardware clock of this machine in the place of a server.
#[derive(Serialize)]
struct ClockReport<'a> {
    name: &'a str,
    method: &'static str,
    scale: &'static str,
    ahead_of_utc: Seconds,
}

#[derive(Serialize)]
struct AuthenticationReport {
    key: u32,
    file: Option<String>,
    algorithm: &'static str,
    result: &'static str,
    passed: usize,
    failed: usize,
    failure: Option<String>,
}

#[derive(Serialize)]
struct NtsReport {
    algorithm: &'static str,
    keys: &'static str,
    result: &'static str,
    passed: usize,
    failed: usize,
    without_nts: usize,
    refused: usize,
    failure: Option<String>,
}

#[derive(Serialize)]
struct VerdictReport {
    code: &'static str,
    certainty: &'static str,
    seen: String,
    cause: Option<String>,
    here: Option<String>,
    on_server: Option<String>,
}

#[derive(Serialize)]
struct SampleReport {
    sent: Seconds,
    offset: Seconds,
    delay: Seconds,
    dispersion: Seconds,
}

#[derive(Serialize)]
struct ViewReport<'a> {
    error: Option<String>,
    version: Option<&'a str>,
    system_peer: Option<&'a str>,
    peers: Vec<PeerReport<'a>>,
}

#[derive(Serialize)]
struct PeerReport<'a> {
    tally: char,
    remote: &'a str,
    refid: &'a str,
    stratum: u8,
    kind: char,
    when: Option<i64>,
    poll: u64,
    reach: String,
    delay_ms: Option<f64>,
    offset_ms: Option<f64>,
    jitter_ms: Option<f64>,
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
        rtc: outcome.rtc.as_ref().map(|rtc| json_rtc::rtc(rtc, context.plan.is_dry())),
        discipline: outcome.taught.as_ref().map(json_rtc::discipline),
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

fn host<'a>(host: &'a Host, outcome: &Outcome) -> HostReport<'a> {
    HostReport {
        name: &host.name,
        addresses: host.addresses.iter().flatten().copied().map(bare).collect(),
        left_out: host.left_out,
        error: host.addresses.as_ref().err().map(ToString::to_string),
        verdict: diagnose_name(host, outcome.started).map(verdict),
        nts: host.nts.as_ref().map(keys),
    }
}

fn keys(nts: &HostNts) -> KeysReport {
    KeysReport {
        keys: match nts.source {
            KeySource::Saved => "saved",
            KeySource::Exchanged => "new",
            KeySource::None => "none",
        },
        provisional: nts.provisional.is_some(),
        renewed: nts.renewal.map(|why| match why {
            Renewal::Refused => "refused",
            Renewal::Silence => "silence",
            Renewal::NoCookie => "no-cookie",
        }),
        error: nts.failure.as_ref().map(ToString::to_string),
    }
}

fn server<'a>(server: &'a Server, outcome: &'a Outcome, plan: &Plan) -> ServerReport<'a> {
    let (contact, peer) = (&server.contact, server.peer.as_ref());
    let best = peer.and_then(|peer| contact.candidate.samples.get(peer.best));
    let header = best.map(|sample| &sample.header).or(contact.last_reply.as_ref());
    ServerReport {
        address: bare(contact.address),
        port: contact.address.port(),
        sent: contact.sent,
        received: contact.answered,
        reach: format!("{:03o}", contact.reach),
        unusable: contact.rejected.0,
        stratum: header.map(|header| header.stratum.effective()),
        leap: header.map(|header| Leap::to_bits(header.leap)),
        refid: header.map(|header| header.refid.display(header.stratum).to_string()),
        root_delay: header.map(|header| header.root_delay.to_interval().into()),
        root_dispersion: header.map(|header| header.root_dispersion.to_interval().into()),
        offset: peer.map(|peer| peer.offset.into()),
        delay: peer.map(|peer| peer.delay.into()),
        dispersion: peer.map(|peer| peer.dispersion.into()),
        jitter: peer.map(|peer| peer.jitter.into()),
        root_distance: peer.map(|peer| peer.root_distance.into()),
        standing: server.verdict.standing(),
        authentication: contact.authentication.as_ref().map(|found| authentication(found, plan)),
        nts: contact.nts.as_ref().map(nts),
        clock: outcome.clock(server).map(|clock| ClockReport {
            name: &clock.name,
            method: clock.method.as_str(),
            scale: clock.scale.code(),
            ahead_of_utc: clock.ahead.into(),
        }),
        verdict: verdict(diagnose(server, outcome)),
        samples: contact.candidate.samples.iter().map(sample).collect(),
        view: server.evidence.view.as_ref().map(|view| match view {
            Ok(view) => view_of(view),
            Err(error) => {
                ViewReport { error: Some(error.to_string()), version: None, system_peer: None, peers: Vec::new() }
            }
        }),
    }
}

/// What became of replies that had to prove something: so many did, and so many did not.
fn result(passed: usize, failed: usize) -> &'static str {
    match (passed, failed) {
        (0, 0) => "no-reply",
        (0, _) => "failed",
        _ => "passed",
    }
}

fn authentication(found: &Authentication, plan: &Plan) -> AuthenticationReport {
    AuthenticationReport {
        key: found.key.get(),
        file: plan.key_file().map(|file| file.to_string_lossy().into_owned()),
        algorithm: found.algorithm.as_str(),
        result: result(found.passed, found.failed),
        passed: found.passed,
        failed: found.failed,
        failure: found.last_failure.map(|fault| fault.to_string()),
    }
}

fn nts(found: &NtsRecord) -> NtsReport {
    NtsReport {
        algorithm: found.aead.as_str(),
        keys: if found.is_saved { "saved" } else { "new" },
        result: result(found.passed, found.failed),
        passed: found.passed,
        failed: found.failed,
        without_nts: found.plain,
        refused: found.refused,
        failure: found.last_failure.map(|fault| fault.to_string()),
    }
}

fn verdict(diagnosis: Diagnosis) -> VerdictReport {
    VerdictReport {
        code: diagnosis.code.as_str(),
        certainty: diagnosis.certainty.as_str(),
        seen: diagnosis.seen,
        cause: Some(diagnosis.cause).filter(|cause| !cause.is_empty()),
        here: diagnosis.here,
        on_server: diagnosis.there,
    }
}

fn sample(sample: &Sample) -> SampleReport {
    SampleReport {
        sent: sample.sent.into(),
        offset: sample.offset.into(),
        delay: sample.delay.into(),
        dispersion: sample.dispersion.into(),
    }
}

fn view_of(view: &ServerView) -> ViewReport<'_> {
    ViewReport {
        error: None,
        version: view.version.as_deref(),
        system_peer: view.followed().map(|peer| peer.remote.as_str()),
        peers: view.peers.iter().map(peer).collect(),
    }
}

fn peer(peer: &PeerRow) -> PeerReport<'_> {
    PeerReport {
        tally: peer.tally,
        remote: &peer.remote,
        refid: &peer.refid,
        stratum: peer.stratum,
        kind: peer.kind.letter(),
        when: (peer.when > 0).then_some(peer.when),
        poll: peer.poll,
        reach: format!("{:03o}", peer.reach),
        delay_ms: peer.delay.parse().ok(),
        offset_ms: peer.offset.parse().ok(),
        jitter_ms: peer.jitter.parse().ok(),
    }
}
