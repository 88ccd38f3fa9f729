//! From rules to the kernel.

use seccompiler::{BpfProgram, SeccompAction, SeccompFilter, TargetArch, apply_filter_all_threads, sock_filter};

use super::NoFilter;
use super::calls::Rules;

/// Classic BPF (linux/bpf_common.h): load a word of the call's description, jump if equal, return.
const LOAD: u16 = 0x20;
const JUMP_EQUAL: u16 = 0x15;
const RETURN: u16 = 0x06;
/// SECCOMP_RET_ERRNO (linux/seccomp.h).
const ERRNO: u32 = 0x0005_0000;

/// Puts the filter in force for every thread.
pub(super) fn install(rules: Rules) -> Result<(), NoFilter> {
    let program = compile(rules)?;
    apply_filter_all_threads(&program).map_err(|error| NoFilter::Refused(error.to_string()))
}

pub(super) fn compile(rules: Rules) -> Result<BpfProgram, NoFilter> {
    let arch = TargetArch::try_from(std::env::consts::ARCH).map_err(|_| NoFilter::Processor)?;
    let refused = |error: seccompiler::BackendError| NoFilter::Refused(error.to_string());
    let otherwise = SeccompAction::Errno(libc::EPERM.cast_unsigned());
    let filter = SeccompFilter::new(rules.0, otherwise, SeccompAction::Allow, arch).map_err(refused)?;
    let rest: BpfProgram = filter.try_into().map_err(refused)?;
    Ok([without_clone3().to_vec(), rest].concat())
}

/// The flags of clone3(2) are out of a filter's sight. A C library that is told that the kernel has no such call takes
/// clone(2), whose flags are not; told that it is forbidden, it would start no thread at all.
fn without_clone3() -> [sock_filter; 3] {
    let step = |code, jf, k| sock_filter { code, jt: 0, jf, k };
    [
        // The call's number is the first word.
        step(LOAD, 0, 0),
        step(JUMP_EQUAL, 1, libc::SYS_clone3 as u32),
        step(RETURN, 0, ERRNO | libc::ENOSYS.cast_unsigned()),
    ]
}

#[cfg(test)]
mod tests {
    use super::super::Needs;
    use super::*;

    /// BPF_MAXINSNS (linux/bpf_common.h).
    const MOST: usize = 4096;

    #[test]
    fn the_filters_are_made_for_this_processor() {
        let all = Needs { adjust: true, rtc: true, bind: true, threads: true, probes: true, kill: Some(1) };
        let lengths = [Rules::run(&Needs::default()), Rules::run(&all), Rules::names()].map(|rules| {
            let rules = compile(rules);
            rules.map(|program| program.len()).unwrap_or_else(|why| panic!("{why}"))
        });
        assert!(lengths[0] < lengths[1] && lengths.iter().all(|length| (100..MOST).contains(length)), "{lengths:?}");
    }

    #[test]
    fn no_list_has_what_opens_runs_or_sets() {
        let all = Needs { adjust: true, rtc: true, bind: true, threads: true, probes: true, kill: Some(1) };
        let (run, names) = (Rules::run(&all).0, Rules::names().0);
        for call in [
            libc::SYS_execve,
            libc::SYS_execveat,
            libc::SYS_clone3,
            libc::SYS_ptrace,
            libc::SYS_clock_settime,
            libc::SYS_settimeofday,
            libc::SYS_openat2,
            libc::SYS_seccomp,
            libc::SYS_setuid,
        ] {
            assert!(!run.contains_key(&call) && !names.contains_key(&call), "{call}");
        }
        assert!(!run.contains_key(&libc::SYS_openat) && !names.contains_key(&libc::SYS_clock_adjtime));
        // Never whatever the arguments are.
        for call in
            [libc::SYS_socket, libc::SYS_clone, libc::SYS_kill, libc::SYS_ioctl, libc::SYS_mmap, libc::SYS_mprotect]
        {
            assert!(!run[&call].is_empty(), "{call}");
        }
        for call in [libc::SYS_openat, libc::SYS_socket, libc::SYS_clone, libc::SYS_ioctl] {
            assert!(!names[&call].is_empty(), "{call}");
        }
    }
}
