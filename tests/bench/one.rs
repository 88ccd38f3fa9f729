//! One run of one program, in a process of its own.
//!
//! The kernel sums CPU time over all children of a process and keeps the greatest peak memory, so the benchmark starts
//! itself again for each run, to have a single child. Least values it can show: 0.6 MiB, 0.8 ms.

use super::programs::{Paths, Program};
use anyhow::{Context as _, Result, bail};
use caps::{CapSet, Capability};
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::{TimeVal, TimeValLike as _};
use std::os::unix::process::CommandExt as _;
use std::process::{Command, Stdio};
use std::time::Instant;

/// What one run took.
pub(crate) struct Measurement {
    /// Milliseconds from before the start to after the end.
    pub(crate) wall: f64,
    /// Milliseconds of CPU, user and system.
    pub(crate) cpu: f64,
    /// Peak resident memory in KiB.
    pub(crate) memory: f64,
    /// Microseconds; `None` when no offset was reported.
    pub(crate) error: Option<f64>,
    /// Whether the exit status was 0; of a program that sets the clock, whether only the right to it was missing.
    pub(crate) success: bool,
    /// Standard output and standard error.
    pub(crate) output: String,
}

/// Runs `program` by way of [`main`] in a fresh process.
pub(crate) fn run(program: &Program, paths: &Paths) -> Result<Measurement> {
    let own = std::env::current_exe().context("this program's path")?;
    let mut command = Command::new(own);
    command.arg("one").arg(if program.kind.in_tree() { paths.root.as_os_str() } else { "/".as_ref() });
    command.arg(program.kind.file(paths)).args(&program.arguments).stderr(Stdio::inherit());
    let output = command.output().context("start the measuring process")?;
    if !output.status.success() {
        bail!("{} could not be measured", program.label);
    }
    let text = String::from_utf8_lossy(&output.stdout);
    let (numbers, output) = text.split_once('\n').context("no measurement")?;
    let numbers = numbers.split(' ').map(str::parse).collect::<Result<Vec<f64>, _>>()?;
    let &[wall, cpu, memory, status] = &numbers[..] else { bail!("odd measurement: {text}") };
    let error = program.kind.offset(output).map(|offset| offset.abs() * 1e6);
    let success = match program.sets {
        true => status == 1.0 && output.contains("cannot set the clock: Operation not permitted"),
        false => status == 0.0,
    };
    Ok(Measurement { wall, cpu, memory, error, success, output: output.to_owned() })
}

/// The measuring process: `one ROOT PROGRAM ARGUMENT…`. Prints wall and CPU milliseconds, KiB and exit status on the
/// first line, then what the program printed.
pub(crate) fn main(arguments: &[String]) -> Result<()> {
    let [root, program, arguments @ ..] = arguments else { bail!("one ROOT PROGRAM ARGUMENT...") };
    // The clock is this machine's: without this right none of the programs can set it.
    for set in [CapSet::Bounding, CapSet::Inheritable] {
        caps::drop(None, set, Capability::CAP_SYS_TIME).context("drop CAP_SYS_TIME")?;
    }
    if root != "/" {
        nix::unistd::chroot(root.as_str()).with_context(|| format!("chroot {root}"))?;
        std::env::set_current_dir("/").context("chdir /")?;
    }
    let mut command = Command::new(program);
    // A program's peak memory counts from that of the process that executes it. Asked for a group id, the one it has,
    // the standard library makes that process by fork, which copies little, and not by vfork, which shares all.
    command.args(arguments).env("TZ", "UTC0").env("LC_ALL", "C").stdin(Stdio::null()).gid(0);
    let start = Instant::now();
    let output = command.output().with_context(|| program.clone())?;
    let wall = start.elapsed();
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).context("resource usage")?;
    let cpu = milliseconds(usage.user_time()) + milliseconds(usage.system_time());
    // Ended by a signal: no success.
    let status = output.status.code().unwrap_or(-1);
    println!("{} {cpu} {} {status}", wall.as_secs_f64() * 1e3, usage.max_rss());
    print!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    Ok(())
}

fn milliseconds(time: TimeVal) -> f64 {
    time.num_microseconds() as f64 / 1e3
}
