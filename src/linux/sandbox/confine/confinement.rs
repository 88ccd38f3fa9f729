//! The confinement of each process of a run.

use super::filter;
use super::needs::Needs;
use super::no_filter::NoFilter;
use super::subject::Process;

/// Confines this process, all its threads, to what a run needs that does everything itself. `filter`: by a filter as well.
pub fn run(needs: &Needs, filter: bool) -> Result<(), NoFilter> {
    confine(filter, &Process::Run(needs))
}

/// Confines this process, all its threads, to setting the clock and writing files.
pub fn setter(needs: &Needs, filter: bool) -> Result<(), NoFilter> {
    confine(filter, &Process::Setter(needs))
}

/// Confines this process to speaking with servers over sockets that it is given.
pub fn network(filter: bool) -> Result<(), NoFilter> {
    confine(filter, &Process::Network)
}

/// Confines this process to looking up names, which may take any file that can be read.
pub fn names(filter: bool) -> Result<(), NoFilter> {
    confine(filter, &Process::Names)
}

/// Says why no process of this machine can have a filter, if none can. Tried in a thread of its own, with a filter that refuses
/// nothing.
pub fn check() -> Result<(), NoFilter> {
    let tried = std::thread::Builder::new().spawn(|| {
        let _ = nix::sys::prctl::set_no_new_privs();
        filter::try_one()
    });
    match tried.map(std::thread::JoinHandle::join) {
        Ok(Ok(result)) => result,
        Ok(Err(_)) => Err(NoFilter::Refused("the try was ended".to_owned())),
        Err(error) => Err(NoFilter::Refused(error.to_string())),
    }
}

fn confine(filter: bool, process: &Process<'_>) -> Result<(), NoFilter> {
    // Known since Linux 3.5, and never refused.
    let _ = nix::sys::prctl::set_no_new_privs();
    if filter { filter::install(process) } else { Err(NoFilter::Unwanted) }
}
