//! Giving up what the run does not need.

use anyhow::{Context, Result, bail};
use caps::{CapSet, Capability, CapsHashSet};
use nix::unistd::{User, initgroups, setgid, setuid};

/// Ports below this one need a capability to send from.
const FIRST_FREE_PORT: u16 = 1024;

/// Becomes another user, and keeps of root's rights only that to set the clock, and to send from a low port, as far as they
/// are needed.
pub fn become_user(name: &str, sets_clock: bool, source_port: Option<u16>) -> Result<()> {
    let Some(user) = User::from_name(name).with_context(|| format!("cannot look up user {name}"))? else {
        bail!("there is no user {name}");
    };
    let mut keep = CapsHashSet::new();
    if sets_clock {
        keep.insert(Capability::CAP_SYS_TIME);
    }
    if source_port.is_some_and(|port| port < FIRST_FREE_PORT) {
        keep.insert(Capability::CAP_NET_BIND_SERVICE);
    }
    let permitted = caps::read(None, CapSet::Permitted)?;
    let keep: CapsHashSet = keep.intersection(&permitted).copied().collect();
    let cannot = || format!("cannot become user {name}");
    nix::sys::prctl::set_keepcaps(true).with_context(cannot)?;
    let c_name = std::ffi::CString::new(name).with_context(cannot)?;
    initgroups(&c_name, user.gid).with_context(cannot)?;
    setgid(user.gid).with_context(cannot)?;
    setuid(user.uid).with_context(cannot)?;
    caps::set(None, CapSet::Effective, &CapsHashSet::new()).with_context(cannot)?;
    caps::set(None, CapSet::Permitted, &keep).with_context(cannot)?;
    caps::set(None, CapSet::Effective, &keep).with_context(cannot)?;
    Ok(())
}
