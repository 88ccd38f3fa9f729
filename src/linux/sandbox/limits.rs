//! What a process without rights may take of the machine (setrlimit(2)): besides the filter, and where there is none.

use nix::sys::resource::{Resource, setrlimit};

/// What the process that asks servers may have of memory, in bytes: many times what ten thousand servers take.
const MEMORY: u64 = 512 << 20;

/// Forbids this process, which has one thread, to start another one or a process, to write into files, to leave a core, and to take
/// more memory than it needs.
pub fn limit_network() {
    limit(&[
        (Resource::RLIMIT_CORE, 0),
        (Resource::RLIMIT_FSIZE, 0),
        (Resource::RLIMIT_NPROC, 0),
        (Resource::RLIMIT_AS, MEMORY),
    ]);
}

/// Forbids this process to write into files and to leave a core. Look-ups take threads, and each of those room for addresses, as
/// many as the C library likes: neither has a limit here.
pub fn limit_names() {
    limit(&[(Resource::RLIMIT_CORE, 0), (Resource::RLIMIT_FSIZE, 0)]);
}

/// What cannot be limited stays as it is: a limit of the caller's may be lower already.
fn limit(limits: &[(Resource, u64)]) {
    for (resource, most) in limits {
        let _ = libc::rlim_t::try_from(*most).map(|most| setrlimit(*resource, most, most));
    }
}
