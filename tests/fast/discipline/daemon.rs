//! A daemon to compare with: it asks once a minute and draws a straight line through its last samples, as chronyd does.

use super::world::Shared;

/// The most samples that the line goes through, and the fewest.
const MOST: usize = 64;
const FEWEST: usize = 4;

/// When by the raw clock, the server's time minus the raw clock, and the delay: seconds.
type Sample = (f64, f64, f64);

#[derive(Default)]
pub(crate) struct Daemon {
    samples: Vec<Sample>,
}

impl Daemon {
    pub(crate) const INTERVAL: f64 = 64.0;

    /// Asks once, and sets frequency and offset by what it now knows.
    pub(crate) fn poll(&mut self, world: &Shared) {
        let mut world = world.0.borrow_mut();
        let Some(sample) = world.sample() else { return };
        self.samples.push(sample);
        let excess = self.samples.len().saturating_sub(MOST);
        self.samples.drain(..excess);
        while self.samples.len() > FEWEST && self.is_bent() {
            self.samples.remove(0);
        }
        let (offset, slope) = self.line();
        if self.samples.len() >= FEWEST {
            world.frequency = slope.clamp(-500e-6, 500e-6);
        }
        let now = world.raw();
        world.correct(offset + slope * (now - sample.0));
    }

    /// The straight line's height at the last sample, and its slope. Samples count by how long they were on their way.
    fn line(&self) -> (f64, f64) {
        let Some((end, last, _)) = self.samples.last().copied() else { return (0.0, 0.0) };
        if self.samples.len() < 2 {
            return (last, 0.0);
        }
        let delays = self.samples.iter().map(|sample| sample.2);
        let least = delays.clone().fold(f64::INFINITY, f64::min);
        let usual = delays.map(|delay| delay - least).sum::<f64>() / self.samples.len() as f64 + 1e-6;
        let mut sums = [0.0; 5];
        for (at, offset, delay) in &self.samples {
            let weight = (1.0 + (delay - least) / usual).powi(-2);
            let (x, y) = (at - end, offset - last);
            let terms = [1.0, x, y, x * x, x * y].map(|term| weight * term);
            sums.iter_mut().zip(terms).for_each(|(sum, term)| *sum += term);
        }
        let [n, x, y, xx, xy] = sums;
        let slope = (n * xy - x * y) / (n * xx - x * x);
        (last + (y - slope * x) / n, slope)
    }

    /// Whether the samples lie on the same side of the line too long to lie about it by chance: too few runs of signs.
    fn is_bent(&self) -> bool {
        let (offset, slope) = self.line();
        let end = self.samples.last().map_or(0.0, |sample| sample.0);
        let signs: Vec<bool> = self.samples.iter().map(|(at, y, _)| *y > offset + slope * (at - end)).collect();
        let runs = 1 + signs.windows(2).filter(|pair| pair[0] != pair[1]).count();
        let half = signs.len() as f64 / 2.0;
        // The number of runs of n signs is about n/2 ± √n/2; one in a hundred has fewer than this.
        (runs as f64) < half + 1.0 - 2.3 * (half / 2.0).sqrt()
    }
}
