//! Servers for a command line without any: those of the machine's time services.

use std::path::PathBuf;

use anyhow::{Result, bail};

use super::log;
use crate::cli::rntpdate::RntpdateCli;
use crate::config::{Proof, Server};
use crate::report::{Line, Priority};
use crate::system::config_files::{self, Found};

/// The name of a program that asks only servers that are named to it: in scripts a variable is empty by mistake, and the clock is
/// not to be set by servers that nobody named.
const NTPDATE: &str = "ntpdate";

/// Completes the command line of a program that was started by this name, and gives what there is to say of that. A command line
/// that stays without servers is wrong.
pub fn find_servers(program: &str, cli: &mut RntpdateCli) -> Result<Vec<Line>> {
    if !cli.servers.is_empty() || cli.self_test || (program == NTPDATE && cli.from.is_none()) {
        return Ok(Vec::new());
    }
    let mut found = match &cli.from {
        Some(file) => vec![config_files::named(file).map_err(|fault| anyhow::anyhow!("{fault}"))?],
        None => config_files::configured(),
    };
    let chosen = found.iter().position(|found| !found.servers.is_empty());
    // What a later file says is not used, nor what is wrong with it.
    let later = found.split_off(chosen.map_or(found.len(), |chosen| chosen + 1));
    let mut lines: Vec<Line> =
        found.iter().flat_map(|found| &found.faults).map(|fault| log(Priority::Warning, fault.to_string())).collect();
    match (chosen.and_then(|_| found.pop()), &cli.from) {
        (Some(chosen), _) => {
            let has_key = cli.auth_key.is_some();
            let warnings = [without_key(&chosen), unprotected(&chosen)].into_iter().flatten();
            lines.extend(warnings.filter(|_| !has_key).map(|text| log(Priority::Warning, text)));
            if cli.verbose {
                let texts = description(&chosen).into_iter().chain(passed_over(&found, &later));
                lines.extend(texts.map(|text| log(Priority::Info, text)));
            }
            cli.servers = chosen.servers.iter().map(word).collect();
            let demanded = chosen.min_servers.map(|number| number.to_string());
            cli.min_servers = cli.min_servers.take().or(demanded);
        }
        (None, Some(file)) => {
            let passed_over: String =
                found.iter().flat_map(|found| &found.passed_over).map(|text| format!("; {text}")).collect();
            bail!("{} names no server{}{passed_over}", file.display(), reasons(&lines))
        }
        (None, None) => {
            lines.extend(passed_over(&found, &later).into_iter().map(|text| log(Priority::Warning, text)));
            // Where no file has anything to do with it, the command line is wrong, and that is told with its usage.
            if !lines.is_empty() {
                bail!("no server given, and no file on this machine names one{}", reasons(&lines));
            }
        }
    }
    Ok(lines)
}

/// As it would be typed.
fn word(server: &Server) -> String {
    match (server.port, server.host.contains(':')) {
        (None, _) => server.host.clone(),
        (Some(port), false) => format!("{}:{port}", server.host),
        (Some(port), true) => format!("[{}]:{port}", server.host),
    }
}

/// Whoever wrote the file believes that nobody on the way can answer for these servers.
fn without_key(found: &Found) -> Option<String> {
    let (files, hosts) = wanting(found, Proof::Key)?;
    Some(format!("{files} wants a key for {hosts}, and none is used: -a KEY -k FILE gives one"))
}

/// The same where it is NTS that is wanted, or nobody is to be believed without proof.
fn unprotected(found: &Found) -> Option<String> {
    let nts = wanting(found, Proof::Nts).map(|(files, hosts)| format!("{files} wants NTS for {hosts}"));
    let require = found.only_proven.as_ref().map(|(file, line)| {
        format!("{}:{line} wants no server believed that proves nothing (authselectmode require)", file.display())
    });
    let wanted: Vec<String> = nts.into_iter().chain(require).collect();
    (!wanted.is_empty())
        .then(|| format!("{}: asked without that, anybody on the way can answer", wanted.join(", and ")))
}

/// The servers that are to prove themselves in this way, and the files that want it.
fn wanting(found: &Found, proof: Proof) -> Option<(String, String)> {
    let servers = found.servers.iter().zip(&found.files).filter(|(server, _)| server.proof == Some(proof));
    let (hosts, files): (Vec<&str>, Vec<&PathBuf>) = servers.map(|(server, file)| (server.host.as_str(), file)).unzip();
    (!hosts.is_empty()).then(|| (shown(&files), hosts.join(" ")))
}

/// Their names, each once.
fn shown(files: &[&PathBuf]) -> String {
    let mut names: Vec<String> = files.iter().map(|file| file.display().to_string()).collect();
    names.dedup();
    names.join(", ")
}

fn description(found: &Found) -> Vec<String> {
    let words: Vec<String> = found.servers.iter().map(word).collect();
    let files: Vec<&PathBuf> = found.files.iter().collect();
    let mut texts = vec![format!("servers from {}: {}", shown(&files), words.join(" "))];
    texts.extend(found.notes.iter().chain(&found.passed_over).cloned());
    texts
}

/// What else there is on this machine, `earlier` without a server.
fn passed_over(earlier: &[Found], later: &[Found]) -> Vec<String> {
    let mut texts: Vec<String> = earlier.iter().chain(later).flat_map(|found| &found.passed_over).cloned().collect();
    let others: Vec<String> = later.iter().filter(|found| !found.servers.is_empty()).map(other).collect();
    if !others.is_empty() {
        texts.push(format!("passed over, as they come later: {}", others.join(", ")));
    }
    texts
}

fn other(found: &Found) -> String {
    let hosts: Vec<&str> = found.servers.iter().map(|server| server.host.as_str()).collect();
    format!("{} ({})", found.file.display(), hosts.join(" "))
}

fn reasons(lines: &[Line]) -> String {
    lines.iter().map(|line| format!("; {}", line.text)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The demand that the command line has after the file was read.
    fn demanded(text: &str, typed: Option<&str>) -> Option<String> {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("chrony.conf");
        std::fs::write(&file, text).unwrap();
        let mut cli = RntpdateCli { from: Some(file), min_servers: typed.map(str::to_owned), ..RntpdateCli::default() };
        find_servers("rntpdate", &mut cli).unwrap();
        assert_eq!(cli.servers, ["a.example"]);
        cli.min_servers
    }

    #[test]
    fn as_many_servers_as_the_file_demands_unless_the_user_says_how_many() {
        assert_eq!(demanded("server a.example\nminsources 3\n", None).as_deref(), Some("3"));
        assert_eq!(demanded("server a.example\nminsources 3\n", Some("2")).as_deref(), Some("2"));
        assert_eq!(demanded("server a.example\n", None), None);
    }

    #[test]
    fn what_is_passed_over_is_told() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| {
            let file = folder.path().join(name);
            std::fs::create_dir_all(file.parent().unwrap()).unwrap();
            std::fs::write(file, text).unwrap();
        };
        let lease = "lease {\n  option ntp-servers 192.0.2.9;\n  expire 4 1999/12/30 12:00:00;\n}\n";
        write("etc/ntp/step-tickers", "old.example\n");
        write("etc/chrony.conf", "server a.example\nserver b.example\n");
        write("etc/ntpsec/ntp.conf", "# nothing\n");
        write("var/lib/dhcp/dhclient.leases", lease);
        let mut found = config_files::configured_under(folder.path());
        let later = found.split_off(1);
        assert_eq!(description(&found[0]), ["servers from /etc/ntp/step-tickers: old.example"]);
        assert_eq!(
            passed_over(&[], &later),
            [
                "/var/lib/dhcp/dhclient.leases:1: this lease is over since 1999-12-30 12:00:00 UTC: its servers are passed over",
                "passed over, as they come later: /etc/chrony.conf (a.example b.example)",
            ]
        );
    }

    #[test]
    fn the_file_that_the_line_is_in_is_named() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| std::fs::write(folder.path().join(name), text).unwrap();
        write(
            "chrony.conf",
            &format!("include {}/*.inc\nserver a.example\nserver k.example key 3\n", folder.path().display()),
        );
        write("x.inc", "server b.example nts\nminsources 2\n");
        let found = config_files::named(&folder.path().join("chrony.conf")).unwrap();
        let text = |text: &str| text.replace('@', &folder.path().display().to_string());
        assert_eq!(
            unprotected(&found),
            Some(text("@/x.inc wants NTS for b.example: asked without that, anybody on the way can answer"))
        );
        let key = "@/chrony.conf wants a key for k.example, and none is used: -a KEY -k FILE gives one";
        assert_eq!(without_key(&found), Some(text(key)));
        assert_eq!(
            description(&found),
            [
                text("servers from @/x.inc, @/chrony.conf: b.example a.example k.example"),
                text("@/x.inc demands 2 servers that agree")
            ]
        );
    }
}
