//! What processors call the system calls of which they have several forms, or a form of their own.

use libc::c_long;

/// The processor, as the kernel tells a filter (`AUDIT_ARCH_*` of linux/audit.h).
#[cfg(target_arch = "x86_64")]
pub(super) const PROCESSOR: u32 = 0xc000_003e;
#[cfg(target_arch = "aarch64")]
pub(super) const PROCESSOR: u32 = 0xc000_00b7;
#[cfg(target_arch = "riscv64")]
pub(super) const PROCESSOR: u32 = 0xc000_00f3;
#[cfg(target_arch = "arm")]
pub(super) const PROCESSOR: u32 = 0x4000_0028;
#[cfg(target_arch = "x86")]
pub(super) const PROCESSOR: u32 = 0x4000_0003;

#[cfg(target_pointer_width = "64")]
pub(super) use wide::*;

#[cfg(target_pointer_width = "64")]
mod wide {
    use super::c_long;

    pub(crate) const MMAP: c_long = libc::SYS_mmap;
    pub(crate) const FSTATAT: c_long = libc::SYS_newfstatat;
    pub(crate) const RSEQ: c_long = libc::SYS_rseq;
    pub(crate) const OTHER_FORMS: &[(c_long, c_long)] = &[];
}

#[cfg(target_pointer_width = "32")]
pub(super) use narrow::*;

#[cfg(target_pointer_width = "32")]
mod narrow {
    use super::c_long;

    /// i386's older mmap has its arguments in memory, out of a filter's sight.
    pub(crate) const MMAP: c_long = libc::SYS_mmap2;
    pub(crate) const FSTATAT: c_long = libc::SYS_fstatat64;
    /// The number, for which not every C library has a name.
    pub(crate) const RSEQ: c_long = if cfg!(target_arch = "x86") { 386 } else { 398 };

    /// What is allowed of the first is allowed of the second, which has the same arguments in the same places: the calls with 64-bit
    /// times (403 and up, the same on all 32-bit processors), those with 64-bit sizes of files, and those with 32-bit user numbers.
    pub(crate) const OTHER_FORMS: &[(c_long, c_long)] = &[
        (libc::SYS_clock_gettime, 403),
        (libc::SYS_clock_adjtime, 405),
        (libc::SYS_clock_getres, 406),
        (libc::SYS_clock_nanosleep, 407),
        (libc::SYS_pselect6, 413),
        (libc::SYS_ppoll, 414),
        (libc::SYS_recvmmsg, 417),
        (libc::SYS_futex, 422),
        (libc::SYS_fcntl, libc::SYS_fcntl64),
        (libc::SYS_fstat, libc::SYS_fstat64),
        (libc::SYS_fstatfs, libc::SYS_fstatfs64),
        (libc::SYS_ftruncate, libc::SYS_ftruncate64),
        (libc::SYS_lseek, libc::SYS__llseek),
        (libc::SYS_lstat, libc::SYS_lstat64),
        (libc::SYS_stat, libc::SYS_stat64),
        (libc::SYS_statfs, libc::SYS_statfs64),
        (libc::SYS_fchown, libc::SYS_fchown32),
        (libc::SYS_getegid, libc::SYS_getegid32),
        (libc::SYS_geteuid, libc::SYS_geteuid32),
        (libc::SYS_getgid, libc::SYS_getgid32),
        (libc::SYS_getuid, libc::SYS_getuid32),
        (libc::SYS_rt_sigreturn, libc::SYS_sigreturn),
        (libc::SYS_pselect6, libc::SYS__newselect),
    ];
}

/// How long to wait on a socket: SO_RCVTIMEO and SO_SNDTIMEO, on 32 bits each in two forms, of which C libraries try both.
#[cfg(target_pointer_width = "64")]
pub(super) const TIMEOUTS: &[libc::c_int] = &[libc::SO_RCVTIMEO, libc::SO_SNDTIMEO];
#[cfg(target_pointer_width = "32")]
pub(super) const TIMEOUTS: &[libc::c_int] = &[20, 21, 66, 67];

/// Calls without an address to send to, which lead where the socket does, in whatever way the first may be called.
#[cfg(target_arch = "arm")]
pub(super) const WITHOUT_ADDRESS: &[(c_long, c_long)] =
    &[(libc::SYS_sendto, libc::SYS_send), (libc::SYS_recvfrom, libc::SYS_recv)];
#[cfg(not(target_arch = "arm"))]
pub(super) const WITHOUT_ADDRESS: &[(c_long, c_long)] = &[];

/// Codes of socketcall(2) (linux/net.h), by which C libraries for i386 do what the others have calls for, with the arguments in
/// memory, out of a filter's sight. The last says whether the code is allowed where the call's arguments are looked at, too: which
/// sockets and which options is not looked at there, but to send (9) and to send to an address (11) are two codes.
#[cfg(target_arch = "x86")]
pub(super) const SOCKET_CODES: &[(c_long, u64, bool)] = &[
    (libc::SYS_socket, 1, true),
    (libc::SYS_bind, 2, false),
    (libc::SYS_connect, 3, false),
    (libc::SYS_getsockname, 6, false),
    (libc::SYS_getpeername, 7, false),
    (libc::SYS_sendto, 9, true),
    (libc::SYS_recvfrom, 10, false),
    (libc::SYS_sendto, 11, false),
    (libc::SYS_recvfrom, 12, false),
    (libc::SYS_shutdown, 13, false),
    (libc::SYS_setsockopt, 14, true),
    (libc::SYS_getsockopt, 15, false),
    (libc::SYS_sendmsg, 16, false),
    (libc::SYS_recvmsg, 17, false),
    (libc::SYS_recvmmsg, 19, false),
    (libc::SYS_sendmmsg, 20, false),
];
#[cfg(not(target_arch = "x86"))]
pub(super) const SOCKET_CODES: &[(c_long, u64, bool)] = &[];

/// The call with those codes, where there is one.
#[cfg(target_arch = "x86")]
pub(super) const SOCKETCALL: c_long = libc::SYS_socketcall;
#[cfg(not(target_arch = "x86"))]
pub(super) const SOCKETCALL: c_long = -1;
