//! Which system calls are allowed, with which arguments.

use std::collections::BTreeMap;

use libc::{c_int, c_long};
use seccompiler::{SeccompCmpArgLen::Dword, SeccompCmpOp, SeccompCondition, SeccompRule};

use super::Needs;

/// By the call's number: any of these, or without one whatever the arguments are.
#[derive(Debug, Default)]
pub(super) struct Rules(pub(super) BTreeMap<c_long, Vec<SeccompRule>>);

/// Memory, time, waiting, signals and the end; and what descriptors that are open already are for.
const COMMON: &[c_long] = &[
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
    libc::SYS_rseq,
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
    libc::SYS_newfstatat,
    libc::SYS_statx,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_lstat,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_poll,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_stat,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_time,
];

const RUN: &[c_long] = &[
    libc::SYS_epoll_create1,
    libc::SYS_epoll_ctl,
    libc::SYS_epoll_pwait,
    libc::SYS_epoll_pwait2,
    // The helpers' ends.
    libc::SYS_wait4,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_epoll_wait,
];

/// What the C library's modules for names do besides.
const NAMES: &[c_long] = &[
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
    #[cfg(target_arch = "x86_64")]
    libc::SYS_access,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_readlink,
    #[cfg(target_arch = "x86_64")]
    libc::SYS_select,
    libc::SYS_pselect6,
];

/// What a stream is asked whether it is a terminal, and how wide; TCGETS2 (asm-generic/ioctls.h) by glibc from 2.42 on.
#[allow(clippy::unnecessary_cast, reason = "requests are of another type in other C libraries")]
const TERMINAL: [u64; 3] = [libc::TCGETS as u64, 0x802c_542a, libc::TIOCGWINSZ as u64];
/// RTC_RD_TIME, RTC_SET_TIME, RTC_UIE_ON and RTC_UIE_OFF of linux/rtc.h.
const RTC: [u64; 4] = [0x8024_7009, 0x4024_700a, 0x7003, 0x7004];
/// Numbers and names of interfaces, and how much there is to read (netdevice(7), udp(7)).
#[allow(clippy::unnecessary_cast, reason = "requests are of another type in other C libraries")]
const INTERFACES: [u64; 5] = [
    libc::SIOCGIFINDEX as u64,
    libc::SIOCGIFNAME as u64,
    libc::SIOCGIFCONF as u64,
    libc::SIOCGIFFLAGS as u64,
    libc::FIONREAD as u64,
];

/// The kind of a socket without SOCK_NONBLOCK and SOCK_CLOEXEC.
const SOCKET_KIND: u64 = 0xf;

fn equal(argument: u8, value: u64) -> Option<SeccompCondition> {
    SeccompCondition::new(argument, Dword, SeccompCmpOp::Eq, value).ok()
}

fn masked(argument: u8, mask: u64, value: u64) -> Option<SeccompCondition> {
    SeccompCondition::new(argument, Dword, SeccompCmpOp::MaskedEq(mask), value).ok()
}

impl Rules {
    /// What a run needs once it reads packets.
    pub(super) fn run(needs: &Needs) -> Rules {
        let mut rules = Rules::default();
        rules.any(COMMON);
        rules.any(RUN);
        rules.memory(libc::PROT_EXEC as u64);
        rules.own_signals();
        rules.descriptors();
        rules.internet(&[libc::SOCK_DGRAM], &[0, libc::IPPROTO_UDP]);
        if needs.probes {
            rules.internet(&[libc::SOCK_STREAM], &[0, libc::IPPROTO_TCP]);
            rules.internet(&[libc::SOCK_DGRAM, libc::SOCK_RAW], &[libc::IPPROTO_ICMP, libc::IPPROTO_ICMPV6]);
        }
        let rtc: &[u64] = if needs.rtc { &RTC } else { &[] };
        rules.requests(&[&TERMINAL, rtc].concat());
        if needs.bind {
            rules.any(&[libc::SYS_bind]);
        }
        // The lock is given back at the end.
        rules.allow(libc::SYS_flock, [equal(1, libc::LOCK_UN as u64)]);
        if needs.adjust {
            rules.any(&[libc::SYS_clock_adjtime, libc::SYS_adjtimex]);
        }
        if needs.threads {
            rules.threads();
        }
        if let Some(pid) = needs.kill {
            rules.allow(libc::SYS_kill, [equal(0, pid.into()), equal(1, libc::SIGKILL as u64)]);
        }
        rules
    }

    /// What looking up names needs, by whatever module the C library loads for that.
    pub(super) fn names() -> Rules {
        let mut rules = Rules::default();
        rules.any(COMMON);
        rules.any(NAMES);
        // Modules are code.
        rules.memory(0);
        rules.own_signals();
        rules.descriptors();
        rules.threads();
        for domain in [libc::AF_INET, libc::AF_INET6, libc::AF_UNIX] {
            rules.allow(libc::SYS_socket, [equal(0, domain as u64)]);
        }
        // Its own limits: those of others of the same user are theirs.
        rules.allow(libc::SYS_prlimit64, [equal(0, 0)]);
        // This machine's addresses, which addresses of others are sorted by.
        let route = equal(2, libc::NETLINK_ROUTE as u64);
        rules.allow(libc::SYS_socket, [equal(0, libc::AF_NETLINK as u64), route]);
        rules.requests(&[&TERMINAL[..], &INTERFACES].concat());
        let writing = libc::O_WRONLY | libc::O_RDWR | libc::O_CREAT | libc::O_TRUNC;
        rules.allow(libc::SYS_openat, [masked(2, writing as u64, 0)]);
        #[cfg(target_arch = "x86_64")]
        rules.allow(libc::SYS_open, [masked(1, writing as u64, 0)]);
        rules
    }

    fn any(&mut self, calls: &[c_long]) {
        for call in calls {
            self.0.insert(*call, Vec::new());
        }
    }

    /// One more way to call it. A condition that cannot be made is none that is met.
    fn allow<const N: usize>(&mut self, call: c_long, conditions: [Option<SeccompCondition>; N]) {
        let conditions: Option<Vec<_>> = conditions.into_iter().collect();
        if let Some(rule) = conditions.and_then(|conditions| SeccompRule::new(conditions).ok()) {
            self.0.entry(call).or_default().push(rule);
        }
    }

    /// Memory without these rights.
    fn memory(&mut self, without: u64) {
        for call in [libc::SYS_mmap, libc::SYS_mprotect] {
            if without == 0 { self.any(&[call]) } else { self.allow(call, [masked(2, without, 0)]) }
        }
    }

    /// An abort is a signal to oneself.
    fn own_signals(&mut self) {
        let own = std::process::id();
        self.allow(libc::SYS_tgkill, [equal(0, own.into())]);
        // musl's, which knows the thread only: the first one has the process's number.
        self.allow(libc::SYS_tkill, [equal(0, own.into())]);
    }

    /// No more than what can be done to a descriptor by its owner: F_SETOWN, for one, sends signals.
    fn descriptors(&mut self) {
        for command in [libc::F_DUPFD_CLOEXEC, libc::F_GETFD, libc::F_SETFD, libc::F_GETFL, libc::F_SETFL] {
            self.allow(libc::SYS_fcntl, [equal(1, command as u64)]);
        }
    }

    /// Sockets of these kinds for these protocols, of which 0 is the kind's own.
    fn internet(&mut self, kinds: &[c_int], protocols: &[c_int]) {
        for domain in [libc::AF_INET, libc::AF_INET6] {
            for (kind, protocol) in kinds.iter().flat_map(|kind| protocols.iter().map(move |protocol| (kind, protocol)))
            {
                let kind = masked(1, SOCKET_KIND, *kind as u64);
                self.allow(libc::SYS_socket, [equal(0, domain as u64), kind, equal(2, *protocol as u64)]);
            }
        }
    }

    fn requests(&mut self, requests: &[u64]) {
        for request in requests {
            self.allow(libc::SYS_ioctl, [equal(1, *request)]);
        }
    }

    /// Threads, but no processes.
    fn threads(&mut self) {
        let flags = (libc::CLONE_THREAD | libc::CLONE_VM) as u64;
        self.allow(libc::SYS_clone, [masked(0, flags, flags)]);
        // A thread's name.
        self.allow(libc::SYS_prctl, [equal(0, libc::PR_SET_NAME as u64)]);
    }
}
