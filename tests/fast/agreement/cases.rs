//! Servers of which some lie. The truth is 0.

use crate::support::random::Random;

/// What a server measures as, in milliseconds: it claims that the truth lies within offset ± bound.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Claim {
    pub(crate) offset: f64,
    pub(crate) bound: f64,
}

/// The servers of a run; the first `honest` of them keep to their bounds.
#[derive(Clone, Debug)]
pub(crate) struct Case {
    pub(crate) claims: Vec<Claim>,
    pub(crate) honest: usize,
}

impl Case {
    pub(crate) fn widest_honest(&self) -> f64 {
        self.claims[..self.honest].iter().map(|claim| claim.bound).fold(0.0, f64::max)
    }

    pub(crate) fn narrowest_honest(&self) -> f64 {
        self.claims[..self.honest].iter().map(|claim| claim.bound).fold(f64::INFINITY, f64::min)
    }
}

/// How many liars, and of which kind.
#[derive(Clone, Copy)]
pub(crate) struct Liars {
    count: usize,
}

impl Liars {
    pub(crate) fn any(count: usize) -> Liars {
        Liars { count }
    }
}

/// Bounds of 0.5 to 200 ms, most errors a quarter of them, none beyond.
fn honest_claim(random: &mut Random) -> Claim {
    let bound = random.power(-0.3, 2.3);
    let offset = (random.normal() * bound / 4.0).clamp(-bound, bound);
    Claim { offset, bound }
}

pub(crate) fn honest(random: &mut Random, count: usize) -> Case {
    Case { claims: (0..count).map(|_| honest_claim(random)).collect(), honest: count }
}

/// Honest servers of which 15 % lie outside of what they claim, by up to 1.6 times.
pub(crate) fn honest_with_broken_bounds(random: &mut Random, count: usize) -> Case {
    let mut case = honest(random, count);
    for claim in &mut case.claims {
        if random.between(0.0, 1.0) < 0.15 {
            claim.offset = random.sign() * claim.bound * random.between(1.0, 1.6);
        }
    }
    case
}

/// Liars who agree on a lie with a sharp bound, who spread a bound from it to the truth, who hide within somebody's bound or at
/// its edge, who copy an honest server and shift it, and who all tell another lie.
pub(crate) fn with_liars(random: &mut Random, honest_count: usize, liars: Liars) -> Case {
    let mut case = honest(random, honest_count);
    let style = random.below(5);
    let lie = random.sign() * random.power(0.0, 3.6);
    let target = case.claims[random.below(honest_count)];
    let side = random.sign();
    for _ in 0..liars.count {
        let claim = match style {
            0 => Claim { offset: lie, bound: random.power(-3.0, 3.4) },
            1 => Claim { offset: lie, bound: (lie.abs() * random.between(0.9, 1.05)).min(3000.0) },
            2 => Claim {
                offset: target.offset + random.sign() * target.bound * random.between(0.5, 1.1),
                bound: random.power(-3.0, 2.0),
            },
            3 => {
                let copied = case.claims[random.below(honest_count)];
                Claim { offset: copied.offset + side * copied.bound * random.between(0.0, 2.2), bound: copied.bound }
            }
            _ => Claim { offset: random.sign() * random.power(0.0, 3.6), bound: random.power(-3.0, 3.4) },
        };
        case.claims.push(claim);
    }
    case
}
