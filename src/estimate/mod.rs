//! From samples to one estimate of the offset, and a verdict on each server (RFC 5905 §10 and §11). Pure.
#![forbid(unsafe_code)]

mod combine;
mod filter;
mod sample;
mod select;

pub use combine::Estimate;
pub use filter::{Candidate, DropReason, Limits, Peer};
pub use sample::{Kiss, LocalTimes, Rejection, Sample};
pub use select::NoMajority;

/// What became of a server.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// Agrees with the majority and has a part in the estimate.
    Truechimer,
    /// Agrees with the majority, but others lie closer together: without a part in the estimate.
    Outlier,
    /// Contradicts the majority.
    Falseticker,
    /// Fit by itself, but the fit servers have no majority.
    Undecided,
    /// Unfit by itself.
    Dropped(DropReason),
}

/// Why there is no estimate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoEstimate {
    /// Not one server is fit.
    NoServer,
    /// The fit servers contradict each other.
    NoMajority(NoMajority),
}

/// The result over all servers, which keep their order.
#[derive(Clone, Debug)]
pub struct Assessment {
    /// One for each candidate.
    pub peers: Vec<Option<Peer>>,
    /// One for each candidate.
    pub verdicts: Vec<Verdict>,
    /// The estimate, or why there is none.
    pub estimate: Result<Estimate, NoEstimate>,
}

/// Judges every candidate and combines those that agree.
pub fn assess(candidates: &[&Candidate], limits: &Limits) -> Assessment {
    let peers: Vec<Option<Peer>> = candidates.iter().map(|candidate| candidate.filter(limits)).collect();
    let mut verdicts: Vec<Verdict> = candidates
        .iter()
        .zip(&peers)
        .map(|(candidate, peer)| match candidate.drop_reason(peer.as_ref(), limits) {
            Some(reason) => Verdict::Dropped(reason),
            None => Verdict::Undecided,
        })
        .collect();
    let fit: Vec<(usize, &Peer)> = peers
        .iter()
        .enumerate()
        .filter(|(index, _)| verdicts[*index] == Verdict::Undecided)
        .filter_map(|(index, peer)| Some((index, peer.as_ref()?)))
        .collect();
    let estimate = judge(&fit, &mut verdicts);
    Assessment { peers, verdicts, estimate }
}

fn judge(fit: &[(usize, &Peer)], verdicts: &mut [Verdict]) -> Result<Estimate, NoEstimate> {
    if fit.is_empty() {
        return Err(NoEstimate::NoServer);
    }
    let truechimers = select::intersect(fit).map_err(NoEstimate::NoMajority)?;
    for (index, _) in fit {
        verdicts[*index] = Verdict::Falseticker;
    }
    for (index, _) in &truechimers {
        verdicts[*index] = Verdict::Outlier;
    }
    let survivors = combine::cluster(truechimers);
    for (index, _) in &survivors {
        verdicts[*index] = Verdict::Truechimer;
    }
    combine::combine(&survivors).ok_or(NoEstimate::NoServer)
}
