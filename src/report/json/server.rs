//! One server that was asked: its packets, measurements and verdict.

use serde::Serialize;

use super::view::{ViewReport, no_view, view_of};
use crate::diagnosis::{Diagnosis, diagnose};
use crate::estimate::Sample;
use crate::exchange::{Authentication, NtsRecord};
use crate::net::bare;
use crate::outcome::{Outcome, Server};
use crate::plan::Plan;
use crate::report::seconds::Seconds;
use crate::wire::Leap;

#[derive(Serialize)]
pub(super) struct ServerReport<'a> {
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
pub(super) struct VerdictReport {
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

pub(super) fn server<'a>(server: &'a Server, outcome: &'a Outcome, plan: &Plan) -> ServerReport<'a> {
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
            Err(error) => no_view(error),
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

pub(super) fn verdict(diagnosis: Diagnosis) -> VerdictReport {
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
