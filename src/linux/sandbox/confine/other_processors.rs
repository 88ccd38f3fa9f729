//! Processors for which the program knows no filter.

use super::no_filter::NoFilter;
use super::subject::Process;

/// Says that there is none.
pub(super) fn install(process: &Process<'_>) -> Result<(), NoFilter> {
    match process {
        Process::Run(_needs) | Process::Setter(_needs) => {}
        Process::Network | Process::Names => {}
    }
    try_one()
}

/// Says that there is none.
pub(super) fn try_one() -> Result<(), NoFilter> {
    Err(NoFilter::Processor)
}
