//! Filters in force.

use super::super::no_filter::NoFilter;
use super::super::subject::Process;
use super::program::{ALLOW, RETURN, compile, step};
use super::rules::Rules;
use crate::linux::ffi;

/// Puts the filter of a process in force for all its threads.
pub(in super::super) fn install(process: &Process<'_>) -> Result<(), NoFilter> {
    let rules = match process {
        Process::Run(needs) => Rules::run(needs),
        Process::Setter(needs) => Rules::setter(needs),
        Process::Network => Rules::network(),
        Process::Names => Rules::names(),
    };
    ffi::filter_calls(&mut compile(&rules), true).map_err(|error| NoFilter::Refused(error.to_string()))
}

/// Puts a filter in force for this thread that refuses nothing.
pub(in super::super) fn try_one() -> Result<(), NoFilter> {
    ffi::filter_calls(&mut [step(RETURN, ALLOW)], false).map_err(|error| NoFilter::Refused(error.to_string()))
}
