//! What comes of a run's wish to begin.

use std::time::Instant;

use crate::line::Line;
use crate::linux::files::lock::Lock;
use crate::outcome::ExitStatus;
use crate::run::rate_hold::RateHolds;

/// The answer to a run that wants to begin.
#[derive(Debug)]
pub(crate) enum Entry {
    /// The run may begin.
    Go(Admitted),
    /// The run has to end, with this to say.
    Leave(Vec<Line>, ExitStatus),
}

/// What a run holds until its end.
#[derive(Debug)]
pub(crate) struct Admitted {
    /// What there is to say already.
    pub lines: Vec<Line>,
    /// Whether notes can be left.
    pub(in crate::run) has_state: bool,
    /// Whether it is noted already that the clock has been set.
    pub(in crate::run) is_noted: bool,
    pub(in crate::run) rate_holds: RateHolds,
    pub(in crate::run) began: Instant,
    pub(super) _lock: Option<Lock>,
}

impl Admitted {
    /// A run that holds nothing yet.
    pub(super) fn now() -> Admitted {
        Admitted {
            lines: Vec::new(),
            has_state: false,
            is_noted: false,
            rate_holds: RateHolds::default(),
            began: Instant::now(),
            _lock: None,
        }
    }
}
