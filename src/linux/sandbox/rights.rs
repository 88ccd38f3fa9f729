//! Giving up what the run does not need.

use std::ffi::CString;
use std::os::fd::RawFd;

use anyhow::{Context, Result, bail};
use caps::Capability;
use nix::unistd::{Gid, Uid, User, close, geteuid, getgrouplist, setgid, setgroups, setuid};

use crate::linux::ffi;
use crate::linux::ffi::RawCapabilities;

/// Whether this process has the right to set the clock.
pub fn may_set_clock() -> bool {
    Held::by_this_thread().map_or(true, |held| held.effective & Capability::CAP_SYS_TIME.bitmask() != 0)
}

/// The capabilities of a thread: one bit each, by its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Held {
    effective: u64,
    permitted: u64,
    inheritable: u64,
}

impl Held {
    fn by_this_thread() -> Result<Held> {
        let [low, high] = ffi::get_capabilities().context("cannot read capabilities")?;
        let both = |of: fn(RawCapabilities) -> u32| u64::from(of(high)) << 32 | u64::from(of(low));
        let (effective, permitted) = (both(|half| half.effective), both(|half| half.permitted));
        Ok(Held { effective, permitted, inheritable: both(|half| half.inheritable) })
    }

    /// Keeps these of the capabilities that are held, and none that another program would inherit: what is not inheritable cannot
    /// be ambient either (capabilities(7)).
    fn only(self, keep: &[Capability]) -> Held {
        let kept = self.permitted & keep.iter().fold(0, |all, capability| all | capability.bitmask());
        Held { effective: kept, permitted: kept, inheritable: 0 }
    }

    /// Gives this thread these, and no others.
    fn set(self) -> Result<()> {
        let half = |shift: u32| RawCapabilities {
            effective: (self.effective >> shift) as u32,
            permitted: (self.permitted >> shift) as u32,
            inheritable: (self.inheritable >> shift) as u32,
        };
        ffi::set_capabilities(&[half(0), half(32)]).context("cannot set capabilities")
    }
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
    /// The user of this name, by the name service, which may hang: see [`look_up_user`](crate::linux::processes::look_up_user). A
    /// number is looked up nowhere, and is in nobody's group alone.
    pub(crate) fn look_up(name: &str) -> Result<Identity> {
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
    pub(crate) fn of_number(name: &str) -> Result<Option<Identity>> {
        let Ok(number) = name.parse::<u32>() else { return Ok(None) };
        // The kernel takes it for "leave it as it is" (setresuid(2)).
        anyhow::ensure!(number != u32::MAX, "there is no user {name}");
        Ok(Some(Identity::of_numbers(name, number, NOBODY, &[])))
    }

    /// Makes the identity of a user whose numbers are known.
    pub(crate) fn of_numbers(name: &str, user: u32, group: u32, groups: &[u32]) -> Identity {
        let groups = groups.iter().copied().map(Gid::from_raw).collect();
        Identity { name: name.to_owned(), user: Uid::from_raw(user), group: Gid::from_raw(group), groups }
    }

    /// The user's number, the first group's, and all groups'.
    pub(crate) fn numbers(&self) -> (u32, u32, Vec<u32>) {
        (self.user.as_raw(), self.group.as_raw(), self.groups.iter().map(|group| group.as_raw()).collect())
    }

    /// The user's number.
    pub fn uid(&self) -> u32 {
        self.user.as_raw()
    }

    /// Makes the identity that owns nothing, and is in no group. The number needs no name service, which may hang while the
    /// machine starts.
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
        narrow(keep).with_context(cannot)
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
    Held::by_this_thread()?.only(&[keep, &[Capability::CAP_SETUID, Capability::CAP_SETGID]].concat()).set()?;
    Identity::nobody().assume(keep)
}

/// Becomes this user, or nobody, without any right; no program that is executed from here on has more, whoever owns its file, so
/// that the bounding set, which has to be emptied one by one, stays as it is. Others than root stay who they are.
pub fn resign(user: Option<&Identity>) -> Result<()> {
    nix::sys::prctl::set_no_new_privs().context("cannot do without new privileges")?;
    match user {
        Some(user) => user.assume(&[]),
        None if geteuid().is_root() => Identity::nobody().assume(&[]).or_else(|_| narrow(&[])),
        None => narrow(&[]),
    }
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
    narrow(keep)
}

/// Leaves this thread these of its capabilities, and no others; the bounding set stays as it is.
fn narrow(keep: &[Capability]) -> Result<()> {
    let held = Held::by_this_thread()?;
    let kept = held.only(keep);
    if held == kept { Ok(()) } else { kept.set() }
}

/// Takes all others out of the bounding set, so that no program that is executed has them: where that is permitted, which it is
/// to root.
pub fn limit_bounding(keep: &[Capability]) {
    if Held::by_this_thread().is_ok_and(|held| held.effective & Capability::CAP_SETPCAP.bitmask() != 0) {
        // Those too that are younger than this program: the kernel refuses the first number that it has no capability for.
        for number in (0..u64::BITS).filter(|number| keep.iter().all(|kept| u32::from(kept.index()) != *number)) {
            if ffi::drop_bounding(number).is_err() {
                break;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

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
