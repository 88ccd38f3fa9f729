//! Rights of a thread: its capabilities, and the filter of its system calls.

use std::io;

/// `struct __user_cap_header_struct` of linux/capability.h.
#[repr(C)]
struct RawCapHeader {
    version: u32,
    pid: libc::c_int,
}

/// _LINUX_CAPABILITY_VERSION_3: two halves of 32 capabilities each. Number 0 is the calling thread.
const CAP_HEADER: RawCapHeader = RawCapHeader { version: 0x2008_0522, pid: 0 };

/// `struct __user_cap_data_struct` of linux/capability.h: 32 capabilities of each set.
#[repr(C)]
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::linux) struct RawCapabilities {
    pub(in crate::linux) effective: u32,
    pub(in crate::linux) permitted: u32,
    pub(in crate::linux) inheritable: u32,
}

/// capget(2): the capabilities of this thread, lower half first.
pub(in crate::linux) fn get_capabilities() -> io::Result<[RawCapabilities; 2]> {
    let mut header = CAP_HEADER;
    let mut halves = [RawCapabilities::default(); 2];
    // SAFETY: both pointers come from exclusive references; the kernel writes the header, and two structs for this version.
    let result = unsafe { libc::syscall(libc::SYS_capget, &raw mut header, halves.as_mut_ptr()) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(halves) }
}

/// capset(2): gives this thread these capabilities, all three sets at once.
pub(in crate::linux) fn set_capabilities(halves: &[RawCapabilities; 2]) -> io::Result<()> {
    let mut header = CAP_HEADER;
    // SAFETY: the header may be written; the kernel reads two structs for this version, which the reference guarantees.
    let result = unsafe { libc::syscall(libc::SYS_capset, &raw mut header, halves.as_ptr()) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// prctl(2), PR_CAPBSET_DROP: takes the capability of this number out of this thread's bounding set. Fails where the kernel has none of
/// this number, and without CAP_SETPCAP.
pub(in crate::linux) fn drop_bounding(number: u32) -> io::Result<()> {
    // SAFETY: it takes numbers only.
    let result = unsafe { libc::prctl(libc::PR_CAPBSET_DROP, libc::c_ulong::from(number), 0, 0, 0) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// seccomp(2): puts a filter in force for this thread, or for every thread of this process. Takes that no new privileges are to be
/// had, or CAP_SYS_ADMIN.
#[cfg(any(
    target_arch = "x86_64",
    target_arch = "aarch64",
    target_arch = "riscv64",
    target_arch = "arm",
    target_arch = "x86"
))]
pub(in crate::linux) fn filter_calls(program: &mut [libc::sock_filter], all_threads: bool) -> io::Result<()> {
    let length = u16::try_from(program.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    let program = libc::sock_fprog { len: length, filter: program.as_mut_ptr() };
    let flags = if all_threads { libc::SECCOMP_FILTER_FLAG_TSYNC } else { 0 };
    let operation = libc::SECCOMP_SET_MODE_FILTER;
    // SAFETY: the program and its length belong together and outlive the call, which copies it.
    match unsafe { libc::syscall(libc::SYS_seccomp, operation, flags, &raw const program) } {
        0 => Ok(()),
        ..0 => Err(io::Error::last_os_error()),
        thread => Err(io::Error::other(format!("thread {thread} cannot be filtered"))),
    }
}
