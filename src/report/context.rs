//! What reports are made by, besides an outcome.

use crate::line::Zone;
use crate::plan::{Output, Plan};
use crate::time::Interval;

/// What the reports need to know besides the outcome.
pub struct Context<'a> {
    /// What was to be done.
    pub plan: &'a Plan,
    /// The user's time zone.
    pub zone: Zone<'a>,
}

impl Context<'_> {
    pub(super) fn output(&self) -> &Output {
        &self.plan.output
    }

    /// An offset with six decimals, and the sign that the user wants.
    pub(super) fn offset(&self, offset: Interval) -> String {
        if self.output().plus { format!("{offset:+.6}") } else { format!("{offset:.6}") }
    }
}
