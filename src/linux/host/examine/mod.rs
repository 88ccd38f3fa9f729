//! A look at this machine, for the doctor. Nothing is changed by it.

mod clocks;
mod network;
mod schedules;

use crate::doctor::{ConfigFile, Daemon, Findings};

use super::daemons;
use crate::linux::files::config;
use crate::linux::sandbox::confine;

/// Looks at everything; takes as long as the lookup of one name, at most five seconds.
pub fn examine() -> Findings {
    let configured = config::configured();
    let servers = || configured.iter().flat_map(|found| &found.servers);
    let name = servers().map(|server| server.host.as_str()).find(|host| host.parse::<std::net::IpAddr>().is_err());
    Findings {
        may_set: clocks::may_set(),
        filter: confine::check().map_err(|why| why.to_string()),
        kernel: clocks::kernel(),
        daemons: daemons::running(daemons::Search::Whole)
            .into_iter()
            .map(|daemon| Daemon { name: daemon.name.to_owned(), pid: daemon.pid, sets_clock: daemon.sets_clock })
            .collect(),
        rtc: clocks::rtc(),
        adjfile: clocks::adjfile(),
        stamps: network::stamps(),
        routes: network::routes(),
        name: network::look_up(name),
        configured: configured
            .iter()
            .map(|found| ConfigFile {
                file: found.file.display().to_string(),
                servers: found.servers.len(),
                faults: found.faults.iter().map(ToString::to_string).collect(),
                passed_over: found.passed_over.clone(),
            })
            .collect(),
        schedules: schedules::time_clients(),
    }
}
