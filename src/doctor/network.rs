//! The way to servers.

use std::net::IpAddr;

use super::findings::NameError;
use super::{Check, ConfigFile, Name, Routes, Stamps};

pub(super) fn stamps(stamps: Stamps) -> Check {
    let advice = "offsets are measured all the same, less exactly by some ten microseconds";
    match (stamps.sent, stamps.received) {
        (true, true) => Check::good("timestamps", "the kernel tells when packets leave and arrive"),
        (false, true) => Check::warning("timestamps", "the kernel does not tell when packets leave", advice),
        (true, false) => Check::warning("timestamps", "the kernel does not tell when packets arrive", advice),
        (false, false) => {
            Check::warning("timestamps", "the kernel tells neither when packets leave nor when they arrive", advice)
        }
    }
}

pub(super) fn filter(filter: &Result<(), String>) -> Check {
    match filter {
        Ok(()) => Check::good("filter", "system calls can be refused to what reads packets (tried)"),
        Err(why) => Check::warning(
            "filter",
            format!("no system call can be refused to what reads packets: {why}"),
            "rights are given up all the same; where a container or a unit forbids seccomp(2), allow it",
        ),
    }
}

pub(super) fn routes(routes: &Routes) -> Check {
    let advice = "see `ip addr` and `ip route`";
    match (routes.v4, routes.v6) {
        (None, None) => Check::bad("network", "there is no way to other networks, neither IPv4 nor IPv6", advice),
        (Some(v4), None) => Check::good("network", format!("IPv4 from {v4}; no IPv6, which costs nothing")),
        (v4, Some(v6)) if is_narrow(v6) => {
            let text = format!("IPv6 has a route, but only {v6} to send from, which the world does not answer");
            Check::warning("network", text, if v4.is_some() { "use -4, or get a global IPv6 address" } else { advice })
        }
        (Some(v4), Some(v6)) => Check::good("network", format!("IPv4 from {v4}, IPv6 from {v6}")),
        (None, Some(v6)) => Check::good("network", format!("IPv6 from {v6}; no IPv4")),
    }
}

/// Link-local, unique local or site-local.
fn is_narrow(address: IpAddr) -> bool {
    match address {
        IpAddr::V6(v6) => {
            v6.is_unicast_link_local()
                || v6.is_unique_local()
                || v6.segments()[0] & 0xffc0 == 0xfec0
                || v6.is_loopback()
        }
        IpAddr::V4(_) => false,
    }
}

pub(super) fn names(name: &Name) -> Check {
    let shown = &name.name;
    match &name.found {
        Ok((v4, v6)) => Check::good("names", format!("{shown} has {v4} IPv4 and {v6} IPv6 addresses")),
        Err(NameError::NoSuchName(why)) if name.configured => {
            Check::bad("names", format!("{shown}, which is configured, has no address: {why}"), "correct the name")
        }
        Err(NameError::NoSuchName(why)) => Check::warning(
            "names",
            format!("the name server answers, and knows no {shown}: {why}"),
            "look up a name that has to exist: `getent hosts NAME`",
        ),
        Err(NameError::NoNameServer(why)) if name.configured => Check::bad(
            "names",
            format!("{shown}, which is configured, cannot be looked up: {why}"),
            "see /etc/resolv.conf and `resolvectl status`; or name servers by their addresses",
        ),
        Err(NameError::NoNameServer(why)) => Check::warning(
            "names",
            format!("{shown} cannot be looked up: {why}"),
            "see /etc/resolv.conf and `resolvectl status`; or name servers by their addresses",
        ),
    }
}

pub(super) fn configuration(files: &[ConfigFile]) -> Vec<Check> {
    let mut checks = Vec::new();
    let with_servers: Vec<String> =
        files.iter().filter(|file| file.servers > 0).map(|file| format!("{} ({})", file.file, file.servers)).collect();
    if let [used, others @ ..] = with_servers.as_slice() {
        let text = match others {
            [] => format!("named in {used}"),
            _ => format!("named in {used}; passed over, as they come later: {}", others.join(", ")),
        };
        checks.push(Check::good("servers", text));
    } else {
        let text = "none of the usual files names a time server";
        checks.push(Check::warning(
            "servers",
            text,
            "name some in /etc/default/ntpdate (NTPSERVERS=) or on the command line",
        ));
    }
    let passed_over = files.iter().flat_map(|file| &file.passed_over);
    checks.extend(passed_over.map(|what| Check::good("servers", what.as_str())));
    for fault in files.iter().flat_map(|file| &file.faults) {
        checks.push(Check::warning("servers", fault.clone(), "correct that line"));
    }
    checks
}
