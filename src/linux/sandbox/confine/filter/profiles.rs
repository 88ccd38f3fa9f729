//! What each process of a run may do: the system calls that its filter allows, with which arguments.

use super::super::needs::Needs;
use super::calls::{COMMON, FILES, INTERFACES, NAMES, NETWORK, PHC, RTC, RUN, TERMINAL};
use super::numbers;
use super::rules::{Rules, equal, masked, null};

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
        if needs.probes || needs.key_exchanges {
            rules.internet(&[libc::SOCK_STREAM], &[0, libc::IPPROTO_TCP]);
        }
        if needs.probes {
            rules.internet(&[libc::SOCK_DGRAM, libc::SOCK_RAW], &[libc::IPPROTO_ICMP, libc::IPPROTO_ICMPV6]);
        }
        let rtc: &[u64] = if needs.rtc { &RTC } else { &[] };
        let phc: &[u64] = if needs.phc { &PHC } else { &[] };
        rules.requests(&[&TERMINAL, rtc, phc].concat());
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
        rules.helpers(needs);
        rules.with_other_forms()
    }

    /// What the process needs that sets the clock, writes files, and has others to speak with servers: it makes the sockets, and
    /// passes them on.
    pub(super) fn setter(needs: &Needs) -> Rules {
        let mut rules = Rules::default();
        rules.any(COMMON);
        rules.any(FILES);
        rules.any(&[libc::SYS_wait4, libc::SYS_bind, libc::SYS_clock_adjtime, libc::SYS_adjtimex]);
        rules.memory(libc::PROT_EXEC as u64);
        rules.own_signals();
        rules.descriptors();
        rules.internet(&[libc::SOCK_DGRAM], &[0, libc::IPPROTO_UDP]);
        if needs.key_exchanges {
            rules.internet(&[libc::SOCK_STREAM], &[0, libc::IPPROTO_TCP]);
        }
        let rtc: &[u64] = if needs.rtc { &RTC } else { &[] };
        let phc: &[u64] = if needs.phc { &PHC } else { &[] };
        rules.requests(&[&TERMINAL, rtc, phc].concat());
        rules.allow(libc::SYS_flock, [equal(1, libc::LOCK_UN as u64)]);
        if needs.threads {
            rules.threads();
        }
        rules.helpers(needs);
        rules.with_other_forms()
    }

    /// What speaking with servers needs over sockets that are connected: to send where they lead, and to receive.
    pub(super) fn network() -> Rules {
        let mut rules = Rules::default();
        rules.any(NETWORK);
        rules.memory(libc::PROT_EXEC as u64);
        rules.own_signals();
        let [low, high] = null(4);
        rules.allow(libc::SYS_sendto, [low, high]);
        // A check of the language's own.
        rules.allow(libc::SYS_fcntl, [equal(1, libc::F_GETFD as u64)]);
        // How long to wait for the other process, and which datagrams are not worth waking up for.
        for option in numbers::TIMEOUTS.iter().copied().chain([libc::SO_ATTACH_FILTER, libc::SO_DETACH_FILTER]) {
            rules.allow(libc::SYS_setsockopt, [equal(1, libc::SOL_SOCKET as u64), equal(2, option as u64)]);
        }
        rules.with_other_forms()
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
        #[cfg(any(target_arch = "x86_64", target_arch = "x86", target_arch = "arm"))]
        rules.allow(libc::SYS_open, [masked(1, writing as u64, 0)]);
        rules.with_other_forms()
    }
}
