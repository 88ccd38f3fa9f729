//! What key exchanges need before a run gives up its rights.

use std::io;

use super::lines::log;
use crate::line::{Line, Priority};
use crate::linux::files::cookies::FileCookies;
use crate::machine::KeyExchanges;
use crate::net::phc::is_clock;
use crate::plan::{Plan, ProofPlan};

/// The key exchanges of a run whose servers have to prove themselves by NTS, none begun yet; the authorities are read. Fails where
/// the process has no file descriptors left.
#[cfg(feature = "nts")]
pub(super) fn exchanges(plan: &Plan) -> io::Result<Option<Box<dyn KeyExchanges>>> {
    use std::sync::Arc;

    use crate::linux::net::nts::{TlsExchanges, TrustFiles, Trusts};
    if !plan.has_nts() {
        return Ok(None);
    }
    let files = plan.nts.trusts.iter().map(|set| TrustFiles { files: set.files.clone(), system: set.system });
    let trusts = Trusts::read(&files.collect::<Vec<_>>(), plan.is_dry());
    Ok(Some(Box::new(TlsExchanges::new(Arc::new(trusts))?)))
}

/// No key exchanges: the part of the program that does them was left out, and no plan wants any.
#[cfg(not(feature = "nts"))]
pub(super) fn exchanges(_: &Plan) -> io::Result<Option<Box<dyn KeyExchanges>>> {
    Ok(None)
}

/// Makes the folder for what is kept of NTS, before a run becomes this user. Where that fails it is said when the folder is used.
pub(super) fn make_folder(plan: &Plan, user: u32) {
    if let Some(folder) = plan.nts.jar.as_ref().filter(|_| plan.has_nts()) {
        let _ = FileCookies::make_for(folder, user);
    }
}

/// What is kept of NTS between runs, for a run that `writes` files, and what there is to say of it: without it keys are exchanged.
pub(super) fn open(plan: &Plan, writes: bool) -> (Option<FileCookies>, Option<Line>) {
    let Some(folder) = plan.nts.jar.as_ref().filter(|_| plan.has_nts() && writes) else { return (None, None) };
    match FileCookies::open(folder, plan.nts.forget) {
        Ok((store, problem)) => (Some(store), problem.map(|text| log(Priority::Warning, text))),
        Err(error) => {
            // Another run is nothing to mend.
            let is_used = error.kind() == io::ErrorKind::WouldBlock;
            let priority = if is_used { Priority::Info } else { Priority::Warning };
            let text = format!("nothing is kept of NTS in {}: {error}; keys are exchanged anew", folder.display());
            (None, Some(log(priority, text)))
        }
    }
}

/// The line that servers without NTS have no vote beside those that have it, where there are both.
pub(super) fn lines(plan: &Plan) -> Vec<Line> {
    let numbers = plan.name_numbers();
    let is_plain = |(name, number): &(&String, &usize)| plan.proof(**number) == ProofPlan::Nothing && !is_clock(name);
    let plain: Vec<&str> = plan.servers.iter().zip(&numbers).filter(is_plain).map(|(name, _)| name.as_str()).collect();
    if !plan.has_nts() || plain.is_empty() {
        return Vec::new();
    }
    let text = format!("only servers that prove themselves have a vote; without NTS or a key: {}", plain.join(" "));
    vec![log(Priority::Info, text)]
}
