//! From the packets of a run to what the history keeps of it.

use crate::discipline::{Boot, MAX_POINTS_OF_RUN, Point, Run};
use crate::estimate::{Estimate, Sample, Verdict};
use crate::outcome::Server;
use crate::time::{Interval, Reading};

/// A server so many times as far away as the nearest one adds nothing but noise.
const FAR: i32 = 3;
/// More servers than these, at so few samples each, tell no more.
const MAX_SERVERS: usize = 4;

/// The samples of the nearest servers that have a part in the estimate; `now` is the clock after the last of them.
pub(super) fn observe(servers: &[Server], estimate: &Estimate, boot: Boot, now: &Reading) -> Run {
    let distance = |server: &Server| server.peer.as_ref().map(|peer| peer.weighing_distance);
    let believed = servers.iter().filter(|server| server.verdict == Verdict::Truechimer);
    let mut near: Vec<(Interval, &Server)> = believed.filter_map(|server| Some((distance(server)?, server))).collect();
    near.sort_by_key(|(distance, server)| (*distance, server.contact.address));
    if let Some((nearest, _)) = near.first() {
        let limit = *nearest * FAR;
        near.retain(|(distance, _)| *distance <= limit);
    }
    near.truncate(MAX_SERVERS);
    let quota = MAX_POINTS_OF_RUN / near.len().max(1);
    Run {
        boot,
        points: near.iter().flat_map(|(_, server)| points(server, quota)).collect(),
        raw: now.raw,
        server_minus_raw: estimate.offset + now.real_minus_raw(),
        bound: estimate.bound,
    }
}

/// No history has a point with a larger delay or root distance.
const FARTHEST: Interval = Interval::from_secs(16);

/// At most so many points of a server: those first that bound its time from above and from below.
fn points(server: &Server, quota: usize) -> Vec<Point> {
    let usable = server.contact.candidate.samples.iter().filter(|sample| !sample.is_unsynchronised());
    // A sample too far away to be believed by itself may stand beside good ones, and no history holds such.
    let is_near = |point: &Point| point.root_distance <= FARTHEST && point.delay <= FARTHEST;
    let mut points: Vec<Point> = usable.map(|sample| point(sample, server)).filter(is_near).collect();
    points.sort_by_key(|point| point.delay);
    let high = |point: &Point| point.server_minus_raw + point.delay / 2;
    let low = |point: &Point| point.server_minus_raw - point.delay / 2;
    let lowest_high = points.iter().map(high).min();
    let highest_low = points.iter().map(low).max();
    let bounds = |point: &Point| Some(high(point)) == lowest_high || Some(low(point)) == highest_low;
    // The order among equals stays: the least delays first.
    points.sort_by_key(|point| !bounds(point));
    points.truncate(quota);
    points
}

fn point(sample: &Sample, server: &Server) -> Point {
    Point {
        run: 0,
        raw: sample.taken.raw,
        server_minus_raw: sample.offset + sample.taken.real_minus_raw(),
        delay: sample.delay,
        root_distance: sample.header.root_delay.to_interval() / 2 + sample.header.root_dispersion.to_interval(),
        server: server.contact.address.ip().to_canonical(),
    }
}
