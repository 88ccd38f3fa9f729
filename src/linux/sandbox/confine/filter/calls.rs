//! System calls and requests to devices by name: what is allowed whatever the arguments are.

use libc::c_long;

use super::numbers;

/// Memory, time, waiting, signals and the end; and what descriptors that are open already are for.
pub(super) const COMMON: &[c_long] = &[
    libc::SYS_brk,
    libc::SYS_clock_getres,
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_close,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_fstat,
    libc::SYS_futex,
    libc::SYS_getegid,
    libc::SYS_geteuid,
    libc::SYS_getgid,
    libc::SYS_getpid,
    libc::SYS_getrandom,
    libc::SYS_gettid,
    libc::SYS_gettimeofday,
    libc::SYS_getuid,
    libc::SYS_madvise,
    libc::SYS_mremap,
    libc::SYS_munmap,
    libc::SYS_nanosleep,
    libc::SYS_ppoll,
    libc::SYS_read,
    libc::SYS_restart_syscall,
    numbers::RSEQ,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sched_getaffinity,
    libc::SYS_sched_yield,
    libc::SYS_set_robust_list,
    libc::SYS_sigaltstack,
    libc::SYS_write,
    libc::SYS_writev,
    // Sockets, once there are any.
    libc::SYS_connect,
    libc::SYS_getpeername,
    libc::SYS_getsockname,
    libc::SYS_getsockopt,
    libc::SYS_recvfrom,
    libc::SYS_recvmsg,
    libc::SYS_sendmsg,
    libc::SYS_sendto,
    libc::SYS_setsockopt,
    libc::SYS_shutdown,
    // What files are, not what is in them: local time is looked after by that.
    numbers::FSTATAT,
    libc::SYS_statx,
    #[cfg(any(target_arch = "x86_64", target_arch = "x86", target_arch = "arm"))]
    libc::SYS_lstat,
    #[cfg(any(target_arch = "x86_64", target_arch = "x86", target_arch = "arm"))]
    libc::SYS_poll,
    #[cfg(any(target_arch = "x86_64", target_arch = "x86", target_arch = "arm"))]
    libc::SYS_stat,
    #[cfg(any(target_arch = "x86_64", target_arch = "x86"))]
    libc::SYS_time,
];

pub(super) const RUN: &[c_long] = &[
    libc::SYS_epoll_create1,
    libc::SYS_epoll_ctl,
    libc::SYS_epoll_pwait,
    libc::SYS_epoll_pwait2,
    // The helpers' ends.
    libc::SYS_wait4,
    #[cfg(any(target_arch = "x86_64", target_arch = "x86", target_arch = "arm"))]
    libc::SYS_epoll_wait,
];

/// What replacing a file as a whole takes, with all that it had besides its text.
pub(super) const FILES: &[c_long] = &[
    libc::SYS_faccessat,
    libc::SYS_faccessat2,
    libc::SYS_fchmod,
    libc::SYS_fchmodat,
    libc::SYS_fchown,
    libc::SYS_fchownat,
    libc::SYS_fdatasync,
    libc::SYS_fgetxattr,
    libc::SYS_flistxattr,
    libc::SYS_fsetxattr,
    libc::SYS_fsync,
    libc::SYS_ftruncate,
    // A new file in the folder where the run is gets a whole name.
    libc::SYS_getcwd,
    libc::SYS_getxattr,
    libc::SYS_lgetxattr,
    libc::SYS_listxattr,
    libc::SYS_llistxattr,
    libc::SYS_lseek,
    libc::SYS_mkdirat,
    libc::SYS_openat,
    libc::SYS_pread64,
    libc::SYS_pwrite64,
    libc::SYS_readlinkat,
    #[cfg(not(target_arch = "riscv64"))]
    libc::SYS_renameat,
    libc::SYS_renameat2,
    libc::SYS_unlinkat,
    #[cfg(any(target_arch = "x86_64", target_arch = "x86", target_arch = "arm"))]
    libc::SYS_chmod,
    #[cfg(any(target_arch = "x86_64", target_arch = "x86", target_arch = "arm"))]
    libc::SYS_mkdir,
    #[cfg(any(target_arch = "x86_64", target_arch = "x86", target_arch = "arm"))]
    libc::SYS_open,
    #[cfg(any(target_arch = "x86_64", target_arch = "x86", target_arch = "arm"))]
    libc::SYS_readlink,
    #[cfg(any(target_arch = "x86_64", target_arch = "x86", target_arch = "arm"))]
    libc::SYS_rename,
    #[cfg(any(target_arch = "x86_64", target_arch = "x86", target_arch = "arm"))]
    libc::SYS_unlink,
];

/// Memory, time and waiting; and what sockets are for that are open and connected.
pub(super) const NETWORK: &[c_long] = &[
    libc::SYS_brk,
    libc::SYS_clock_gettime,
    libc::SYS_clock_nanosleep,
    libc::SYS_close,
    libc::SYS_epoll_create1,
    libc::SYS_epoll_ctl,
    libc::SYS_epoll_pwait,
    libc::SYS_epoll_pwait2,
    libc::SYS_exit,
    libc::SYS_exit_group,
    libc::SYS_futex,
    libc::SYS_getpid,
    libc::SYS_getrandom,
    libc::SYS_gettid,
    libc::SYS_gettimeofday,
    libc::SYS_madvise,
    libc::SYS_mremap,
    libc::SYS_munmap,
    libc::SYS_nanosleep,
    libc::SYS_ppoll,
    libc::SYS_read,
    libc::SYS_recvfrom,
    libc::SYS_recvmsg,
    libc::SYS_restart_syscall,
    numbers::RSEQ,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_sched_yield,
    libc::SYS_sigaltstack,
    libc::SYS_write,
    libc::SYS_writev,
    #[cfg(any(target_arch = "x86_64", target_arch = "x86", target_arch = "arm"))]
    libc::SYS_epoll_wait,
    #[cfg(any(target_arch = "x86_64", target_arch = "x86", target_arch = "arm"))]
    libc::SYS_poll,
];

/// What the C library's modules for names do besides.
pub(super) const NAMES: &[c_long] = &[
    libc::SYS_bind,
    libc::SYS_faccessat,
    libc::SYS_faccessat2,
    libc::SYS_fstatfs,
    libc::SYS_getcwd,
    libc::SYS_getdents64,
    libc::SYS_getppid,
    libc::SYS_lseek,
    libc::SYS_pread64,
    libc::SYS_readlinkat,
    libc::SYS_readv,
    libc::SYS_recvmmsg,
    libc::SYS_sendmmsg,
    libc::SYS_statfs,
    libc::SYS_sysinfo,
    libc::SYS_uname,
    #[cfg(any(target_arch = "x86_64", target_arch = "x86", target_arch = "arm"))]
    libc::SYS_access,
    #[cfg(any(target_arch = "x86_64", target_arch = "x86", target_arch = "arm"))]
    libc::SYS_readlink,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_select,
    libc::SYS_pselect6,
];

/// What a stream is asked whether it is a terminal, and how wide; TCGETS2 (asm-generic/ioctls.h) by glibc from 2.42 on.
#[allow(clippy::unnecessary_cast, reason = "requests are of another type in other C libraries")]
pub(super) const TERMINAL: [u64; 3] = [libc::TCGETS as u64, 0x802c_542a, libc::TIOCGWINSZ as u64];
/// RTC_RD_TIME, RTC_SET_TIME, RTC_UIE_ON and RTC_UIE_OFF of linux/rtc.h.
pub(super) const RTC: [u64; 4] = [0x8024_7009, 0x4024_700a, 0x7003, 0x7004];
/// PTP_SYS_OFFSET, PTP_SYS_OFFSET_PRECISE and PTP_SYS_OFFSET_EXTENDED of linux/ptp_clock.h.
pub(super) const PHC: [u64; 3] = [0x4340_3d05, 0xc040_3d08, 0xc4c0_3d09];
/// Numbers and names of interfaces, and how much there is to read (netdevice(7), udp(7)).
#[allow(clippy::unnecessary_cast, reason = "requests are of another type in other C libraries")]
pub(super) const INTERFACES: [u64; 5] = [
    libc::SIOCGIFINDEX as u64,
    libc::SIOCGIFNAME as u64,
    libc::SIOCGIFCONF as u64,
    libc::SIOCGIFFLAGS as u64,
    libc::FIONREAD as u64,
];
