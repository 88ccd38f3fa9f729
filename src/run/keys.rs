//! The keys that a run's servers have to prove to know.

use crate::exchange::Keyring;
use crate::line::{Channel, Line, Priority};
use crate::linux::SystemClock;
use crate::linux::files::keys::{KeyFileError, doubt, read_for};
use crate::machine::Clock as _;
use crate::plan::{KeyPlan, Plan, ProofPlan, RunMode};
use crate::wire::Key;

/// Reads the keys that a plan wants; with them who else may change them. Fails where the command line wants a key that cannot be
/// had; that a configuration file does so is a matter of its server, which is not asked then.
pub(super) fn of_plan(plan: &Plan) -> Result<(Keyring, Option<String>), KeyFileError> {
    if let Some(KeyPlan { id, file }) = &plan.key {
        return Ok((Keyring::of(read_for(plan.is_dry(), file, *id)?), doubt(file)));
    }
    let is_lent = plan.is_dry() && plan.proofs.is_named;
    let (mut keys, mut doubts) = (Keyring::default(), None);
    for proof in &plan.proofs.of_servers {
        if let (ProofPlan::Key(id), Some(file)) = (proof, &plan.proofs.key_file) {
            let key = read_for(is_lent, file, *id);
            doubts = if key.is_ok() { doubt(file) } else { doubts };
            keys.add(*id, key.map_err(|error| error.to_string()));
        }
    }
    Ok((keys, doubts))
}

/// Which keys are used, and for which servers where that differs; never what they are.
pub(super) fn lines(plan: &Plan, keys: &Keyring) -> Vec<Line> {
    let Some(file) = plan.key_file().filter(|_| plan.output.verbose || plan.mode == RunMode::Debug) else {
        return Vec::new();
    };
    let of_servers = |id| {
        let servers = plan.servers.iter().zip(&plan.proofs.of_servers);
        let its: Vec<&str> =
            servers.filter(|(_, proof)| **proof == ProofPlan::Key(id)).map(|(server, _)| server.as_str()).collect();
        if plan.key.is_some() { String::new() } else { format!(", for {}", its.join(" ")) }
    };
    let text = |key: &Key| {
        let (id, algorithm, file) = (key.id(), key.algorithm(), file.display());
        format!("authentication with key {id} ({algorithm}) of {file}{}", of_servers(id))
    };
    let line = |text| Line { channel: Channel::Log(Priority::Info), at: SystemClock.now().real, text };
    keys.keys().map(text).map(line).collect()
}
