//! What one machine's run says of its clock.

use std::net::{IpAddr, SocketAddr};

use serde::Deserialize;

use super::loose::First;
use crate::time::Interval;

/// Servers that are kept of one run: one that all machines asked is enough.
pub(super) const MAX_SERVERS: usize = 16;
/// No clock is further away: 300 years.
const MOST: f64 = 1e10;

/// What a run did to its clock.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Done {
    /// Left it as it was.
    Nothing,
    /// Set it at once.
    Step,
    /// Began to slew it.
    Slew,
}

/// An offset, in the sense of a run: what has to be added to its clock; and how far it may be wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Measured {
    /// Positive where the clock is behind.
    pub offset: Interval,
    /// Half the round trip and the errors of both clocks, and for the estimate the whole way to true time.
    pub bound: Interval,
}

/// The part of a run's object that a comparison needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Run {
    /// When it ended, by its own clock as it was then, since 1970.
    pub finished: Interval,
    /// The node's clock against true time; nothing where it has no estimate.
    pub estimate: Option<Measured>,
    /// The node's clock against the servers that it trusts.
    pub servers: Vec<(SocketAddr, Measured)>,
    /// What it did.
    pub done: Done,
    /// What went wrong.
    pub error: Option<String>,
    /// How it ended.
    pub exit_status: u8,
}

/// The members of the object, as they are named in contrib/rntpdate.schema.json.
#[derive(Debug, Deserialize)]
pub(super) struct Object {
    finished: f64,
    estimate: Option<Estimate>,
    #[serde(default)]
    servers: First<Server, MAX_SERVERS>,
    done: Option<String>,
    error: Option<String>,
    exit_status: u8,
}

#[derive(Debug, Deserialize)]
struct Estimate {
    offset: f64,
    root_distance: f64,
}

#[derive(Debug, Deserialize)]
struct Server {
    address: String,
    port: u16,
    offset: Option<f64>,
    delay: Option<f64>,
    dispersion: Option<f64>,
    jitter: Option<f64>,
    standing: Option<String>,
}

impl Object {
    /// The run; nothing where its numbers are no clock's.
    pub(super) fn into_run(self) -> Option<Run> {
        let estimate = match &self.estimate {
            None => None,
            Some(estimate) => {
                let bound = interval(estimate.root_distance).filter(|bound| !bound.is_negative())?;
                Some(Measured { offset: interval(estimate.offset)?, bound })
            }
        };
        Some(Run {
            finished: interval(self.finished)?,
            estimate,
            servers: self.servers.0.iter().filter_map(server).collect(),
            done: match self.done.as_deref() {
                Some("step") => Done::Step,
                Some("slew") => Done::Slew,
                _ => Done::Nothing,
            },
            error: self.error,
            exit_status: self.exit_status,
        })
    }
}

/// A server that can be a ruler: one that the run trusts.
fn server(server: &Server) -> Option<(SocketAddr, Measured)> {
    let address: IpAddr = server.address.parse().ok()?;
    if server.standing.as_deref() != Some("truechimer") {
        return None;
    }
    let part = |value: Option<f64>| interval(value.unwrap_or_default()).filter(|value| !value.is_negative());
    let bound = part(server.delay)? / 2 + part(server.dispersion)? + part(server.jitter)?;
    Some((SocketAddr::new(address, server.port), Measured { offset: interval(server.offset?)?, bound }))
}

fn interval(seconds: f64) -> Option<Interval> {
    (seconds.abs() <= MOST).then(|| Interval::from_secs_f64(seconds))
}
