//! Other rules of agreement, to compare with: offset ± bound of each server to an offset and a bound.

use super::cases::Claim;
use super::judged::Found;

/// From `low` on the intervals of at least `wanted` servers are open, until `high`.
fn covered(claims: &[Claim], wanted: usize) -> Option<(f64, f64)> {
    let mut edges: Vec<(f64, bool)> = claims
        .iter()
        .flat_map(|claim| [(claim.offset - claim.bound, false), (claim.offset + claim.bound, true)])
        .collect();
    edges.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    Some((first_covered(edges.iter(), false, wanted)?, first_covered(edges.iter().rev(), true, wanted)?))
}

/// Edges from one side; an interval opens at an edge of the kind `opening`.
fn first_covered<'a>(mut edges: impl Iterator<Item = &'a (f64, bool)>, opening: bool, wanted: usize) -> Option<f64> {
    let mut open = 0;
    edges.find_map(|(edge, is_high)| {
        if *is_high == opening {
            open += 1;
            (open == wanted).then_some(*edge)
        } else {
            open -= 1;
            None
        }
    })
}

/// The mean of offsets weighted by 1 ÷ bound, and the best server's bound with its distance to that.
fn mean(chosen: &[Claim]) -> Found {
    let weight = |claim: &Claim| 1.0 / claim.bound.max(1e-6);
    let weights: f64 = chosen.iter().map(weight).sum();
    let mean = chosen.iter().map(|claim| weight(claim) * claim.offset).sum::<f64>() / weights;
    let best = chosen.iter().min_by(|a, b| a.bound.total_cmp(&b.bound))?;
    Some((mean, best.bound + (mean - best.offset).abs()))
}

/// The rule of the first edition, without its clusters: who holds all of what the most have in common.
pub(crate) fn first_edition(claims: &[Claim]) -> Found {
    let (wanted, (low, high)) =
        (claims.len() / 2 + 1..=claims.len()).rev().find_map(|wanted| Some((wanted, covered(claims, wanted)?)))?;
    let holds = |claim: &&Claim| claim.offset - claim.bound <= low && claim.offset + claim.bound >= high;
    let chosen: Vec<Claim> = claims.iter().filter(holds).copied().collect();
    if chosen.len() >= wanted { mean(&chosen) } else { None }
}

/// RFC 5905 A.5.5.1: no more falsetickers allowed than offsets lie outside of the intersection.
pub(crate) fn rfc_5905(claims: &[Claim]) -> Found {
    for allowed in 0..claims.len().div_ceil(2) {
        let Some((low, high)) = covered(claims, claims.len() - allowed) else { continue };
        let chosen: Vec<Claim> = claims.iter().filter(|claim| (low..=high).contains(&claim.offset)).copied().collect();
        if claims.len() - chosen.len() <= allowed && low <= high {
            return mean(&chosen);
        }
    }
    None
}
