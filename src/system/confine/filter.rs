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
