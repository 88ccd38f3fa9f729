//! From the packets of a run to what the history keeps of it.

use super::MAX_POINTS_OF_RUN;
use super::history::{Boot, Point, Run};
use crate::estimate::{Estimate, Sample, Verdict};
use crate::outcome::Server;
use crate::time::{Interval, Reading};

/// The samples of the servers that have a part in the estimate; `now` is the clock after the last of them.
pub fn observe(servers: &[Server], estimate: &Estimate, boot: Boot, now: &Reading) -> Run {
    let believed = || servers.iter().filter(|server| server.verdict == Verdict::Truechimer);
    let spread = spread(believed(), estimate);
    let mut points: Vec<(Interval, Point)> = Vec::new();
    for server in believed() {
        let samples = &server.contact.candidate.samples;
        let least = samples.iter().map(|sample| sample.delay).min().unwrap_or_default();
        let usable = samples.iter().filter(|sample| !sample.is_unsynchronised());
        // Around what the servers say together, so that it does not matter from which of them most of the samples are.
        let to_estimate = server.peer.as_ref().map_or(Interval::ZERO, |peer| estimate.offset - peer.offset);
        let point = |sample: &Sample| {
            let mut point = point(sample, server);
            point.server_minus_raw += to_estimate;
            (sample.delay - least, point)
        };
        points.extend(usable.map(point));
    }
    points.sort_by_key(|(excess, _)| *excess);
    points.truncate(MAX_POINTS_OF_RUN);
    // The servers' disagreement is one error that all points share: together they must weigh as one point with it.
    let shared = Interval::from_secs_f64(spread.as_secs_f64() * (points.len() as f64).sqrt());
    Run {
        boot,
        points: points.into_iter().map(|(_, point)| Point { spread: shared, ..point }).collect(),
        raw: now.raw,
        server_minus_raw: estimate.offset + now.real_minus_raw(),
        bound: estimate.bound,
    }
}

fn point(sample: &Sample, server: &Server) -> Point {
    Point {
        run: 0,
        raw: sample.taken.raw,
        server_minus_raw: sample.offset + sample.taken.real_minus_raw(),
        delay: sample.delay,
        spread: Interval::ZERO,
        server: server.contact.address.ip().to_canonical(),
    }
}

/// How far the servers lie from what they say together: root of the mean square, 0 for one server.
fn spread<'a>(servers: impl Iterator<Item = &'a Server>, estimate: &Estimate) -> Interval {
    let squares: Vec<f64> = servers
        .filter_map(|server| Some((server.peer.as_ref()?.offset - estimate.offset).as_secs_f64().powi(2)))
        .collect();
    if squares.len() < 2 {
        return Interval::ZERO;
    }
    Interval::from_secs_f64((squares.iter().sum::<f64>() / squares.len() as f64).sqrt())
}
