//! A server as it was named: its addresses, and where its keys are from.

use serde::Serialize;

use super::server::{VerdictReport, verdict};
use crate::diagnosis::diagnose_name;
use crate::exchange::Renewal;
use crate::net::bare;
use crate::outcome::{Host, HostNts, KeySource, Outcome};

#[derive(Serialize)]
pub(super) struct HostReport<'a> {
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

pub(super) fn host<'a>(host: &'a Host, outcome: &Outcome) -> HostReport<'a> {
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
