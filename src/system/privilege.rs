//! Giving up what the run does not need.

use std::ffi::CString;
use std::os::fd::RawFd;

use anyhow::{Context, Result, bail};
use caps::{CapSet, Capability, CapsHashSet};
use nix::unistd::{Gid, Uid, User, close, geteuid, getgrouplist, setgid, setgroups, setuid};

use super::ffi;
use crate::plan::{Plan, RunMode};

/// Ports below this one need a capability to send from.
const FIRST_FREE_PORT: u16 = 1024;

/// Whether this process has the right to set the clock.
pub fn may_set_clock() -> bool {
    caps::has_cap(None, CapSet::Effective, Capability::CAP_SYS_TIME).unwrap_or(true)
}

/// The rights that a run needs while it talks to servers, where it has them: to set the clock, to send from a low port, and with
/// -d to try port 123 and to send an echo request where only root may.
pub fn needed(plan: &Plan) -> Vec<Capability> {
    let mut needed = Vec::new();
    if !plan.is_dry() {
        needed.push(Capability::CAP_SYS_TIME);
    }
    if plan.source_port.is_some_and(|port| port < FIRST_FREE_PORT) {
        needed.push(Capability::CAP_NET_BIND_SERVICE);
    }
    if plan.mode == RunMode::Debug && plan.user.is_none() {
        needed.extend([Capability::CAP_NET_BIND_SERVICE, Capability::CAP_NET_RAW]);
    }
    needed
}

/// The number that Linux itself uses for those it has no number for.
const NOBODY: u32 = 65534;

/// Another user, looked up while that is still possible.
#[derive(Clone, Debug)]
pub struct Identity {
    name: String,
    user: Uid,
    group: Gid,
    groups: Vec<Gid>,
}

impl Identity {
    /// The user of this name, by the name service, which may hang: see [`look_up_user`](super::look_up_user). A number is looked
    /// up nowhere, and is in nobody's group alone.
    pub(super) fn look_up(name: &str) -> Result<Identity> {
        if let Some(identity) = Identity::of_number(name)? {
            return Ok(identity);
        }
        let Some(user) = User::from_name(name).with_context(|| format!("cannot look up user {name}"))? else {
            bail!("there is no user {name}");
        };
        let c_name = CString::new(name).with_context(|| format!("cannot become user {name}"))?;
        let groups = getgrouplist(&c_name, user.gid).with_context(|| format!("cannot become user {name}"))?;
        Ok(Identity { name: name.to_owned(), user: user.uid, group: user.gid, groups })
    }

    /// The user of this number, in nobody's group alone; nothing where it is none.
    pub(super) fn of_number(name: &str) -> Result<Option<Identity>> {
        let Ok(number) = name.parse::<u32>() else { return Ok(None) };
        // The kernel takes it for "leave it as it is" (setresuid(2)).
        anyhow::ensure!(number != u32::MAX, "there is no user {name}");
        Ok(Some(Identity::of_numbers(name, number, NOBODY, &[])))
    }

    /// Of a user whose numbers are known.
    pub(super) fn of_numbers(name: &str, user: u32, group: u32, groups: &[u32]) -> Identity {
        let groups = groups.iter().copied().map(Gid::from_raw).collect();
        Identity { name: name.to_owned(), user: Uid::from_raw(user), group: Gid::from_raw(group), groups }
    }

    /// The user's number, the first group's, and all groups'.
    pub(super) fn numbers(&self) -> (u32, u32, Vec<u32>) {
        (self.user.as_raw(), self.group.as_raw(), self.groups.iter().map(|group| group.as_raw()).collect())
    }

    /// The user's number.
    pub fn uid(&self) -> u32 {
        self.user.as_raw()
    }

    /// Who owns nothing, and is in no group. The number needs no name service, which may hang while the machine starts.
    fn nobody() -> Identity {
        Identity::of_numbers("nobody", NOBODY, NOBODY, &[])
    }

    /// Becomes that user, and keeps of root's rights only these.
    pub fn assume(&self, keep: &[Capability]) -> Result<()> {
        let cannot = || format!("cannot become user {}", self.name);
        nix::sys::prctl::set_keepcaps(true).with_context(cannot)?;
        setgroups(&self.groups).with_context(cannot)?;
        setgid(self.group).with_context(cannot)?;
        setuid(self.user).with_context(cannot)?;
        keep_only(keep).with_context(cannot)
    }

    /// [`assume`](Self::assume), and no program that is started from here can have more rights.
    pub fn assume_for_good(&self, keep: &[Capability]) -> Result<()> {
        // It takes a right that is gone afterwards.
        limit_bounding(keep);
        self.assume(keep)
    }
}

/// Stops being root, who owns files and is obeyed by name without any capability, and keeps only these; others than root stay who
/// they are. Fails, and root goes on with these capabilities at least, where a user namespace has no other user, and where a
/// sandbox forbids it. To be called while there is one thread.
pub fn become_nobody(keep: &[Capability]) -> Result<()> {
    if !geteuid().is_root() {
        return Ok(());
    }
    limit_bounding(keep);
    // First what takes no other user: whose capabilities cannot be set again has none left as another user. It is tried even
    // where nothing is to be changed.
    caps::set(None, CapSet::Effective, &caps::read(None, CapSet::Effective)?)?;
    keep_only(&[keep, &[Capability::CAP_SETUID, Capability::CAP_SETGID]].concat())?;
    Identity::nobody().assume(keep)
}

/// No core, and no look into its memory by others of the same user, so that no key is seen. To be called when its rights are
/// final, for the kernel undoes this when they change hands.
pub fn hide_memory() {
    // Never refused but by a sandbox.
    let _ = nix::sys::prctl::set_dumpable(false);
}

/// Closes what the caller has left open besides the three streams: it may be a file or a socket of root's, which a confined run
/// could still write to. To be called while this process has nothing open itself.
pub fn close_inherited() {
    // Linux before 5.9 cannot: there they are looked up.
    if ffi::close_from(FIRST_INHERITED as u32).is_ok() {
        return;
    }
    let Ok(entries) = std::fs::read_dir("/proc/self/fd") else { return };
    let numbers = entries.flatten().filter_map(|entry| entry.file_name().to_str()?.parse::<RawFd>().ok());
    // Only then: the folder is open while it is read.
    let numbers: Vec<RawFd> = numbers.filter(|number| *number >= FIRST_INHERITED).collect();
    for number in numbers {
        let _ = close(number);
    }
}

/// After standard error.
const FIRST_INHERITED: RawFd = 3;

/// Gives up all capabilities of this thread but these, for good: none can be had back, nor passed on to another program. Fails
/// where a sandbox around this process forbids it.
pub fn keep_only(keep: &[Capability]) -> Result<()> {
    limit_bounding(keep);
    let permitted = caps::read(None, CapSet::Permitted)?;
    let keep: CapsHashSet = keep.iter().filter(|capability| permitted.contains(capability)).copied().collect();
    let wanted =
        [(CapSet::Inheritable, CapsHashSet::new()), (CapSet::Effective, keep.clone()), (CapSet::Permitted, keep)];
    for (set, wanted) in wanted {
        if caps::read(None, set)? != wanted {
            caps::set(None, set, &wanted)?;
        }
    }
    // A capability that is not inheritable cannot be ambient (capabilities(7)).
    Ok(())
}

/// Takes all others out of the bounding set, so that no program that is executed has them: where that is permitted, which it is
/// to root.
pub fn limit_bounding(keep: &[Capability]) {
    if caps::has_cap(None, CapSet::Effective, Capability::CAP_SETPCAP).unwrap_or(false) {
        for capability in caps::all().iter().filter(|capability| !keep.contains(capability)) {
            // A kernel that is older than the last of them does not know it.
            let _ = caps::drop(None, CapSet::Bounding, *capability);
        }
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
        assert_eq!(needed(&[]), [TIME]);
        assert_eq!(needed(&["--source-port", "123"]), [TIME, BIND]);
        assert_eq!(needed(&["--source-port", "1024"]), [TIME]);
        assert_eq!(needed(&["-q"]), []);
        assert_eq!(needed(&["-d"]), [BIND, RAW]);
        assert_eq!(needed(&["-d", "-U", "ntp"]), []);
    }

    #[test]
    fn nobody_is_not_root_and_in_no_group() {
        let nobody = Identity::nobody();
        assert!(!nobody.user.is_root() && nobody.group.as_raw() != 0 && nobody.groups.is_empty(), "{nobody:?}");
    }

    #[test]
    fn a_number_is_a_user_without_being_looked_up() {
        let user = Identity::look_up("54321").unwrap();
        assert_eq!((user.uid(), user.group.as_raw(), user.groups.len()), (54321, NOBODY, 0));
        for name in ["4294967295", "no-such-user", "-1"] {
            let error = Identity::look_up(name).unwrap_err().to_string();
            assert_eq!(error, format!("there is no user {name}"));
        }
    }
}
