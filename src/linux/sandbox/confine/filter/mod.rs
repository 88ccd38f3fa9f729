//! The filter of system calls (seccomp(2)), from lists of calls to the program that the kernel runs.

mod calls;
mod install;
mod numbers;
mod profiles;
mod program;
mod rules;

pub(super) use install::{install, try_one};
