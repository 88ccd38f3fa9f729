//! Confinement: no new privileges, and a filter of system calls (seccomp(2)) that refuses what a process does not need with
//! EPERM, so that a C library which tries something else goes on without it.

mod confinement;
#[cfg(any(
    target_arch = "x86_64",
    target_arch = "aarch64",
    target_arch = "riscv64",
    target_arch = "arm",
    target_arch = "x86"
))]
mod filter;
#[cfg(not(any(
    target_arch = "x86_64",
    target_arch = "aarch64",
    target_arch = "riscv64",
    target_arch = "arm",
    target_arch = "x86"
)))]
#[path = "other_processors.rs"]
mod filter;
mod needs;
mod no_filter;
mod subject;

pub use confinement::{check, names, network, run, setter};
pub use needs::Needs;
pub use no_filter::NoFilter;
