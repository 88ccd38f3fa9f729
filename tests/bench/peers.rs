//! rntpdate beside its peers: wall time, CPU time, peak memory and the error of the measured offset.
//!
//! Started by `tests/bench/run`, inside a network namespace where real chronyd servers answer on loopback addresses.
//! They read the same kernel clock as the clients, so the true offset is 0 and what a client reports is its error.
//! The programs take turns (A B C A B C …), so that whatever else the machine does hits all alike. Nothing here
//! passes or fails.

#[path = "../support/nts/certificates.rs"]
#[allow(dead_code, reason = "a part of it is for tests")]
mod certificates;
mod one;
mod programs;
mod servers;
mod table;

use anyhow::{Context as _, Result, bail};
use one::Measurement;
use programs::{Paths, SCENARIOS, Scenario};
use servers::Servers;
use std::path::Path;

const USAGE: &str = "usage: tests/bench/run [--runs N] [scenario ...]";

/// The command line, after `compare`.
struct Arguments {
    runs: usize,
    paths: Paths,
    wanted: Vec<String>,
}

fn main() -> Result<()> {
    let mut arguments = std::env::args().skip(1);
    match arguments.next().as_deref() {
        Some("one") => one::main(&arguments.collect::<Vec<_>>()),
        Some("compare") => compare(&parse(arguments)?),
        // `cargo test --all-targets` comes this way: without servers there is nothing to measure.
        _ => {
            println!("{USAGE}");
            Ok(())
        }
    }
}

fn parse(mut arguments: impl Iterator<Item = String>) -> Result<Arguments> {
    let mut parsed = Arguments { runs: 20, paths: Paths::default(), wanted: Vec::new() };
    while let Some(name) = arguments.next() {
        let mut value = || arguments.next().with_context(|| format!("{name} needs a value"));
        match name.as_str() {
            "--runs" => parsed.runs = value()?.parse().context("--runs needs a number")?,
            "--root" => parsed.paths.root = value()?.into(),
            "--rntpdate" => parsed.paths.rntpdate = value()?.into(),
            "--rkik" => parsed.paths.rkik = value()?.into(),
            _ if SCENARIOS.iter().any(|scenario| scenario.name == name) => parsed.wanted.push(name),
            _ => {
                let names: Vec<_> = SCENARIOS.iter().map(|scenario| scenario.name).collect();
                bail!("{USAGE}\nscenarios: {}", names.join(" "));
            }
        }
    }
    if parsed.runs == 0 {
        bail!("--runs needs at least 1");
    }
    Ok(parsed)
}

fn compare(arguments: &Arguments) -> Result<()> {
    describe(&arguments.paths)?;
    let servers = Servers::start(&arguments.paths.root)?;
    table::round_trip(&mut servers.round_trips(10 * arguments.runs)?);
    for scenario in &SCENARIOS {
        if arguments.wanted.is_empty() || arguments.wanted.iter().any(|name| name == scenario.name) {
            measure(scenario, arguments)?;
        }
    }
    Ok(())
}

fn measure(scenario: &Scenario, arguments: &Arguments) -> Result<()> {
    let programs = programs::of(scenario, &arguments.paths);
    let mut measured: Vec<Vec<Measurement>> = programs.iter().map(|_| Vec::new()).collect();
    for _ in 0..arguments.runs.div_ceil(scenario.thinning) {
        for (program, results) in programs.iter().zip(&mut measured) {
            results.push(one::run(program, &arguments.paths)?);
        }
    }
    println!("\n{}: {}", scenario.name, scenario.text);
    table::heading();
    for (program, results) in programs.iter().zip(&measured) {
        table::row(&program.label, results);
    }
    Ok(())
}

/// What is compared: versions, and sizes of the program files.
fn describe(paths: &Paths) -> Result<()> {
    let release = std::fs::read_to_string("/proc/sys/kernel/osrelease").context("kernel release")?;
    let cpus = std::thread::available_parallelism().map_or(1, usize::from);
    println!("Linux {}, {cpus} CPUs", release.trim());
    for (program, file) in programs::versions(paths) {
        let output = one::run(&program, paths)?.output;
        let version = output.lines().next().unwrap_or("no answer");
        println!("{:<10} {:>9} bytes   {version}", program.label, size(&file)?);
    }
    Ok(())
}

fn size(file: &Path) -> Result<u64> {
    Ok(std::fs::metadata(file).with_context(|| file.display().to_string())?.len())
}
