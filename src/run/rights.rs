//! What a plan needs of the kernel and of root's rights while it talks to servers; everything else is given up.

use std::fs;
use std::io::{IsTerminal as _, stderr};
use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use caps::Capability;
use nix::unistd::geteuid;

use crate::linux::processes::{AfterStep, Helpers, Origin, Output, Tasks};
use crate::linux::sandbox::confine::Needs;
use crate::linux::sandbox::may_set_clock;
use crate::net::phc::is_clock;
use crate::plan::{MetricsPlan, Plan, RunMode};

/// Ports below this one need a capability to send from.
const FIRST_FREE_PORT: u16 = 1024;

/// To write a file in another user's folder, to give a new file the old one's owner, and its mode and attributes.
const FILES: [Capability; 3] = [Capability::CAP_DAC_OVERRIDE, Capability::CAP_CHOWN, Capability::CAP_FOWNER];

/// Whether another process has to speak with the servers: where the run sets something or writes files, and speaks with any.
pub(super) fn splits(plan: &Plan) -> bool {
    !plan.is_local() && wants_rights(plan)
}

/// Whether this process may keep the right to set the clock and to write files, for it reads no packet: another process does, or
/// nobody, as only clocks of this machine are read.
pub(super) fn keeps_rights(plan: &Plan, helpers: &Helpers) -> bool {
    helpers.network().is_some() || plan.is_local() && wants_rights(plan)
}

/// Whether a run sets something or writes files.
fn wants_rights(plan: &Plan) -> bool {
    !plan.is_dry() && (may_set_clock() || plan.history.is_some() || metrics_file(plan).is_some())
}

/// The file that the run leaves for monitoring.
fn metrics_file(plan: &Plan) -> Option<&Path> {
    plan.metrics.as_ref().and_then(MetricsPlan::file)
}

/// What is not written where no process can be had to speak with the servers.
pub(super) fn files(plan: &Plan) -> String {
    let named = |what: &str, path: &Path| format!("{what} {}", path.display());
    let adjtime = plan.rtc.iter().filter_map(|rtc| rtc.adjfile.as_deref()).map(|path| named("the adjtime file", path));
    let history = plan.history.iter().map(|history| named("the history", &history.history));
    let notes = named("notes for the next run in", &plan.unattended.state_dir);
    let metrics = metrics_file(plan).map(|path| named("the metrics", path));
    adjtime.chain(history).chain(metrics).chain([notes]).collect::<Vec<_>>().join(", ")
}

/// Whether a run replaces files that may be another user's: those that its plan names, or the notes in a folder that is not this user's.
fn writes_for_others(plan: &Plan) -> bool {
    let keeps_adjtime = plan.rtc.as_ref().is_some_and(|rtc| rtc.adjfile.is_some());
    let is_others = |folder: &Path| fs::metadata(folder).is_ok_and(|found| found.uid() != geteuid().as_raw());
    keeps_adjtime || plan.history.is_some() || metrics_file(plan).is_some() || is_others(&plan.unattended.state_dir)
}

/// The rights that a run needs, where it has them: to set the clock, to end other processes of the run and to write other users' files
/// as root, to send from a low port, and with -d to try port 123 and to send an echo request where only root may.
pub(super) fn needed(plan: &Plan) -> Vec<Capability> {
    let mut needed = Vec::new();
    if !plan.is_dry() {
        needed.push(Capability::CAP_SYS_TIME);
        if plan.user.is_none() {
            needed.push(Capability::CAP_KILL);
            needed.extend(FILES.into_iter().filter(|_| writes_for_others(plan)));
        }
    }
    if plan.source_port.is_some_and(|port| port < FIRST_FREE_PORT) {
        needed.push(Capability::CAP_NET_BIND_SERVICE);
    }
    if plan.mode.explains() && plan.user.is_none() {
        needed.extend([Capability::CAP_NET_BIND_SERVICE, Capability::CAP_NET_RAW]);
    }
    needed
}

/// The system calls that this plan takes; `kill`: the processes that it may have to end.
pub(super) fn calls(plan: &Plan, kill: Vec<u32>) -> Needs {
    let explains = plan.mode.explains();
    Needs {
        adjust: !plan.is_dry() || plan.history.is_some(),
        rtc: plan.rtc.is_some(),
        phc: !plan.clocks.is_empty(),
        bind: plan.source_port.is_some() || plan.source_address.is_some() || explains,
        // One draws how far the run is, one watches over the writing of files.
        threads: explains || stderr().is_terminal() || wants_rights(plan),
        probes: explains,
        key_exchanges: plan.has_nts(),
        kill,
    }
}

/// What the helpers of a run by this plan are for.
pub(super) fn tasks(plan: &Plan) -> Tasks {
    Tasks {
        names: plan.servers.iter().filter(|word| !is_clock(word)).cloned().collect(),
        // Key exchanges name NTP servers.
        may_get_more: plan.has_nts(),
        shows_names: plan.mode == RunMode::Debug,
        is_patient: plan.unattended.wait.is_some(),
        filter: plan.sandbox,
        // A run that sets something writes it itself.
        metrics: metrics_file(plan).filter(|_| plan.is_dry()).map(Path::to_owned),
        after_step: plan.unattended.after_step.clone().filter(|_| !plan.is_dry()).map(|text| {
            let origin = || Origin { program: plan.program.clone(), pid: std::process::id() };
            let syslog = plan.output.syslog.then(origin);
            AfterStep { text, output: Output { syslog, stdout_is_taken: plan.stdout_is_taken() } }
        }),
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser;

    use super::*;
    use crate::cli::rntpdate::RntpdateCli;

    #[test]
    fn each_run_keeps_what_it_needs() {
        use Capability::{CAP_NET_BIND_SERVICE as BIND, CAP_NET_RAW as RAW, CAP_SYS_TIME as TIME};
        let needed = |words: &[&str]| {
            let cli = RntpdateCli::try_parse_from([&["rntpdate", "server"], words].concat()).unwrap();
            needed(&Plan::new("rntpdate", &cli).unwrap())
        };
        let folder = tempfile::tempdir().unwrap();
        let own = ["--no-discipline", "--state-dir", folder.path().to_str().unwrap()];
        let setting = [TIME, Capability::CAP_KILL];
        assert_eq!(needed(&own), setting);
        assert_eq!(needed(&[&own[..], &["-w"]].concat()), [&setting[..], &FILES].concat());
        assert_eq!(needed(&own[1..]), [&setting[..], &FILES].concat(), "the history");
        assert_eq!(needed(&[&own[..], &["--metrics", "/run/rntpdate.prom"]].concat()), [&setting[..], &FILES].concat());
        let setting = [&setting[..], &FILES].concat();
        assert_eq!(needed(&["--source-port", "123"]), [&setting[..], &[BIND]].concat());
        assert_eq!(needed(&["--source-port", "1024"]), setting);
        assert_eq!(needed(&["-U", "ntp"]), [TIME]);
        assert_eq!(needed(&["-q"]), []);
        assert_eq!(needed(&["-d"]), [BIND, RAW]);
        assert_eq!(needed(&["-d", "-U", "ntp"]), []);
    }
}
