//! Rules for system calls, and how they are put together.

use std::cmp::Reverse;
use std::collections::BTreeMap;

use libc::{c_int, c_long};

use super::super::needs::Needs;
use super::numbers;

/// What a call has to be like, by its number; any other is refused.
#[derive(Clone, Debug, Default)]
pub(super) struct Rules(pub(super) BTreeMap<c_long, Rule>);

/// When a call is allowed.
#[derive(Clone, Debug)]
pub(super) enum Rule {
    /// The call with any arguments.
    Always,
    /// Where it meets all conditions of one of these ways to call it.
    If(Vec<Vec<Condition>>),
    /// The kernel has no such call, as far as the process hears.
    Missing,
}

/// A condition on a call: these bits of one half of an argument have this value.
#[derive(Clone, Copy, Debug)]
pub(super) struct Condition {
    /// Which argument, from 0.
    pub(super) argument: u8,
    /// 0 for its lower 32 bits, 1 for the upper ones.
    pub(super) half: u8,
    /// Which bits.
    pub(super) mask: u32,
    /// What they are.
    pub(super) value: u32,
}

/// The kind of a socket without SOCK_NONBLOCK and SOCK_CLOEXEC.
const SOCKET_KIND: u64 = 0xf;

/// The lower half of the argument, which is all that the kernel looks at in the calls here.
pub(super) fn equal(argument: u8, value: u64) -> Condition {
    masked(argument, u64::from(u32::MAX), value)
}

pub(super) fn masked(argument: u8, mask: u64, value: u64) -> Condition {
    Condition { argument, half: 0, mask: mask as u32, value: value as u32 }
}

/// A pointer that leads nowhere.
pub(super) fn null(argument: u8) -> [Condition; 2] {
    [0, 1].map(|half| Condition { argument, half, mask: u32::MAX, value: 0 })
}

impl Rules {
    /// With the other forms that a processor has of what is allowed.
    pub(super) fn with_other_forms(mut self) -> Rules {
        for (call, other) in numbers::OTHER_FORMS {
            if let Some(rule) = self.0.get(call).cloned() {
                self.0.insert(*other, rule);
            }
        }
        for (call, other) in numbers::WITHOUT_ADDRESS {
            if self.0.contains_key(call) {
                self.any(&[*other]);
            }
        }
        for (call, code, is_bounded) in numbers::SOCKET_CODES {
            let rule = self.0.get(call);
            if matches!(rule, Some(Rule::Always)) || *is_bounded && matches!(rule, Some(Rule::If(_))) {
                self.allow(numbers::SOCKETCALL, [equal(0, *code)]);
            }
        }
        self
    }

    pub(super) fn any(&mut self, calls: &[c_long]) {
        for call in calls {
            self.0.insert(*call, Rule::Always);
        }
    }

    /// One more way to call it.
    pub(super) fn allow<const N: usize>(&mut self, call: c_long, mut conditions: [Condition; N]) {
        // Upper halves first: nearly all ways want the same of them, and what several ways ask first is asked once.
        conditions.sort_unstable_by_key(|one| (Reverse(one.half), one.argument));
        match self.0.entry(call).or_insert_with(|| Rule::If(Vec::new())) {
            Rule::If(ways) => ways.push(conditions.to_vec()),
            Rule::Always | Rule::Missing => {}
        }
    }

    /// The ends of the other processes of the run.
    pub(super) fn helpers(&mut self, needs: &Needs) {
        for pid in &needs.kill {
            self.allow(libc::SYS_kill, [equal(0, (*pid).into()), equal(1, libc::SIGKILL as u64)]);
        }
    }

    /// Memory without these rights.
    pub(super) fn memory(&mut self, without: u64) {
        for call in [numbers::MMAP, libc::SYS_mprotect] {
            if without == 0 { self.any(&[call]) } else { self.allow(call, [masked(2, without, 0)]) }
        }
    }

    /// An abort is a signal to oneself.
    pub(super) fn own_signals(&mut self) {
        let own = std::process::id();
        self.allow(libc::SYS_tgkill, [equal(0, own.into())]);
        // musl's, which knows the thread only: the first one has the process's number.
        self.allow(libc::SYS_tkill, [equal(0, own.into())]);
    }

    /// No more than what can be done to a descriptor by its owner: F_SETOWN, for one, sends signals.
    pub(super) fn descriptors(&mut self) {
        for command in [libc::F_DUPFD_CLOEXEC, libc::F_GETFD, libc::F_SETFD, libc::F_GETFL, libc::F_SETFL] {
            self.allow(libc::SYS_fcntl, [equal(1, command as u64)]);
        }
    }

    /// Sockets of these kinds for these protocols, of which 0 is the kind's own.
    pub(super) fn internet(&mut self, kinds: &[c_int], protocols: &[c_int]) {
        for domain in [libc::AF_INET, libc::AF_INET6] {
            for (kind, protocol) in kinds.iter().flat_map(|kind| protocols.iter().map(move |protocol| (kind, protocol)))
            {
                let kind = masked(1, SOCKET_KIND, *kind as u64);
                self.allow(libc::SYS_socket, [equal(0, domain as u64), kind, equal(2, *protocol as u64)]);
            }
        }
    }

    pub(super) fn requests(&mut self, requests: &[u64]) {
        for request in requests {
            self.allow(libc::SYS_ioctl, [equal(1, *request)]);
        }
    }

    /// Threads, but no processes.
    pub(super) fn threads(&mut self) {
        let flags = (libc::CLONE_THREAD | libc::CLONE_VM) as u64;
        self.allow(libc::SYS_clone, [masked(0, flags, flags)]);
        // A thread's name.
        self.allow(libc::SYS_prctl, [equal(0, libc::PR_SET_NAME as u64)]);
    }
}
