//! How far a run is.

/// Somebody who wants to know how far a run is.
pub trait Progress {
    /// So many replies are there, of so many at the most.
    fn replies(&mut self, replies: usize, most: usize);
}

/// A reader who does not want to know: a pipe, cron, a script.
#[derive(Debug, Default)]
pub struct NoProgress;

impl Progress for NoProgress {
    fn replies(&mut self, _replies: usize, _most: usize) {}
}
