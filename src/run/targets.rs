//! Servers for a command line without any: those of the machine's time services.

mod proofs;

use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};

use super::lines::log;
use crate::cli::NTPDATE;
use crate::cli::rntpdate::RntpdateCli;
use crate::config::{ProofWish, Server};
use crate::line::{Line, Priority};
use crate::linux::files::config;
use crate::linux::files::config::Found;
use crate::linux::sandbox::invoker::{for_invoker, refusal};
use crate::net::phc::is_clock;
use crate::plan::FileProofs;

/// What the files add to a command line besides the words for servers.
#[derive(Debug, Default)]
pub(crate) struct FoundServers {
    /// What there is to say of the files.
    pub(crate) lines: Vec<Line>,
    /// What the servers have to prove.
    pub(crate) proofs: FileProofs,
}

/// Completes the command line of a program that was started by this name. A command line that stays without servers is wrong.
pub(crate) fn find_servers(program: &str, cli: &mut RntpdateCli) -> Result<FoundServers> {
    if !cli.servers.is_empty() || cli.self_test || (program == NTPDATE && cli.from.is_none()) {
        return Ok(FoundServers::default());
    }
    let mut found = match &cli.from {
        Some(file) => vec![named(file, cli.query || cli.debug || cli.peers || cli.check)?],
        None => config::configured(),
    };
    let mut proofs = FileProofs::default();
    let chosen = found.iter().position(|found| !found.servers.is_empty());
    // What a later file says is not used, nor what is wrong with it.
    let later = found.split_off(chosen.map_or(found.len(), |chosen| chosen + 1));
    let mut lines: Vec<Line> =
        found.iter().flat_map(|found| &found.faults).map(|fault| log(Priority::Warning, fault.to_string())).collect();
    match (chosen.and_then(|_| found.pop()), &cli.from) {
        (Some(chosen), _) => {
            let has_proof = cli.auth_key.is_some() || cli.nts;
            lines.extend(unprotected(cli, &chosen).filter(|_| !has_proof).map(|text| log(Priority::Warning, text)));
            if cli.verbose {
                let texts = description(&chosen).into_iter().chain(passed_over(&found, &later));
                lines.extend(texts.map(|text| log(Priority::Info, text)));
            }
            proofs = proofs::demanded(cli, &chosen);
            cli.servers = chosen.servers.iter().map(|server| asked(cli, server)).collect();
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
    Ok(FoundServers { lines, proofs })
}

/// The file of --from, and what it includes.
fn named(file: &Path, is_dry: bool) -> Result<Found> {
    let found = for_invoker(is_dry, || config::named(file)).with_context(|| file.display().to_string())?;
    found.map_err(|fault| anyhow::anyhow!("{fault}{}", refusal(is_dry, file).unwrap_or_default()))
}

/// As it would be typed where the command line says what it says.
fn asked(cli: &RntpdateCli, server: &Server) -> String {
    match proofs::wish(cli, server) {
        Some(wish) => format!("nts:{}", word(&Server { port: wish.port, ..server.clone() })),
        None => word(server),
    }
}

/// A host and its port.
fn word(server: &Server) -> String {
    match (server.port, server.host.contains(':')) {
        (None, _) => server.host.clone(),
        (Some(port), false) => format!("{}:{port}", server.host),
        (Some(port), true) => format!("[{}]:{port}", server.host),
    }
}

/// Whoever wrote the file believes that nobody on the way can answer for these servers: nobody is to be believed without proof,
/// and there are some that have to prove nothing. That the command line wants no NTS is its user's word.
fn unprotected(cli: &RntpdateCli, found: &Found) -> Option<String> {
    let proves = |server: &Server| match server.proof {
        Some(ProofWish::Key(_)) => true,
        Some(ProofWish::Nts(_)) => !cli.peers,
        None => false,
    };
    let is_plain = found.servers.iter().any(|server| !proves(server) && !is_clock(&server.host));
    found.only_proven.as_ref().filter(|_| is_plain).map(|(file, line)| {
        format!(
            "{}:{line} wants no server believed that proves nothing (authselectmode require): asked without that, anybody on \
             the way can answer",
            file.display()
        )
    })
}

/// The names of servers, each once.
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
    use crate::plan::{NtsPlan, ProofPlan, TrustPlan};

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

    /// What is asked of the servers of a file, and by which authorities, with the words of a command line.
    #[cfg(feature = "nts")]
    fn asked_by(name: &str, text: &str, words: &[&str]) -> (Vec<String>, FileProofs) {
        use clap::Parser as _;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join(name);
        std::fs::write(&file, text).unwrap();
        let file = file.to_str().unwrap();
        let mut cli = RntpdateCli::parse_from([&["rntpdate", "--from", file], words].concat());
        let mut proofs = find_servers("rntpdate", &mut cli).unwrap().proofs;
        let plan = crate::plan::Plan::new("rntpdate", &cli).unwrap().proving(proofs.clone());
        for trust in &mut proofs.trusts {
            let below = |file: &PathBuf| file.strip_prefix(folder.path()).map(Into::into).unwrap_or(file.clone());
            trust.files = trust.files.iter().map(below).collect();
        }
        assert_eq!(plan.proofs.of_servers, proofs.of_servers);
        (cli.servers, proofs)
    }

    #[test]
    #[cfg(feature = "nts")]
    fn what_files_say_of_nts_is_obeyed() {
        let nts =
            |name: &str, port, trust| ProofPlan::Nts(NtsPlan { name: name.to_owned(), port, time_port: None, trust });
        let trust = |files: &[&str], system| TrustPlan { files: files.iter().map(Into::into).collect(), system };
        let chrony = "server a nts port 11123\nserver b nts ntsport 4461 certset 1\nserver c port 1123\nnosystemcert\n\
                      ntstrustedcerts a.pem\nntstrustedcerts 1 b.pem\nntstrustedcerts 1 c.pem\n";
        let (words, proofs) = asked_by("chrony.conf", chrony, &[]);
        assert_eq!(words, ["nts:a", "nts:b:4461", "c:1123"]);
        let with_port = NtsPlan { name: "a".to_owned(), port: 4460, time_port: Some(11123), trust: 0 };
        assert_eq!(proofs.of_servers, [ProofPlan::Nts(with_port), nts("b", 4461, 1), ProofPlan::Nothing]);
        assert_eq!(proofs.trusts, [trust(&["a.pem"], false), trust(&["b.pem", "c.pem"], false)]);
        let ntp = "driftfile /x\nserver a:4461 nts ca a.pem iburst\nserver b nts iburst\nnts ca /etc/b.pem\n";
        let (_, proofs) = asked_by("ntp.conf", ntp, &[]);
        assert_eq!(proofs.of_servers, [nts("a", 4461, 0), nts("b", 4460, 1)]);
        assert_eq!(proofs.trusts, [trust(&["a.pem"], false), trust(&["/etc/b.pem"], false)]);
        let toml = "[[source]]\nmode = \"nts\"\naddress = \"a\"\ncertificate-authority = \"/etc/a.pem\"\n\
                    [[source]]\nmode = \"server\"\naddress = \"b\"\n";
        let (words, proofs) = asked_by("ntp.toml", toml, &[]);
        assert_eq!(words, ["nts:a", "b"]);
        assert_eq!(proofs.trusts, [trust(&["/etc/a.pem"], true)]);
    }

    #[test]
    #[cfg(feature = "nts")]
    fn the_command_line_comes_before_what_files_say_of_nts() {
        let chrony =
            "server a nts ntsport 4461 certset 1\nserver b port 1123\nserver c key 3\nntstrustedcerts 1 b.pem\n";
        let (words, proofs) = asked_by("chrony.conf", chrony, &["--no-nts"]);
        assert_eq!((words[0].as_str(), &proofs.of_servers[0]), ("a", &ProofPlan::Nothing));
        let (words, proofs) = asked_by("chrony.conf", chrony, &["--nts", "--nts-ca", "/etc/a.pem"]);
        assert_eq!(words, ["nts:a:4461", "nts:b", "nts:c"]);
        assert!(proofs.of_servers.iter().all(|proof| matches!(proof, ProofPlan::Nts(nts) if nts.trust == 0)));
        assert_eq!(proofs.trusts, []);
        for words in [&["-a", "7"][..], &["--peers"]] {
            assert_eq!(asked_by("chrony.conf", chrony, words).0, ["a", "b:1123", "c"]);
        }
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
        let mut found = config::configured_under(folder.path());
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
        let found = config::named(&folder.path().join("chrony.conf")).unwrap();
        let text = |text: &str| text.replace('@', &folder.path().display().to_string());
        assert_eq!(unprotected(&RntpdateCli::default(), &found), None);
        let no_file = ProofPlan::Impossible(text(
            "@/chrony.conf wants key 3 for it, and names no file of keys (ntp.conf: keys FILE, chrony.conf: keyfile FILE)",
        ));
        let nts = ProofPlan::Nts(NtsPlan { name: "b.example".to_owned(), port: 4460, time_port: None, trust: 0 });
        let trusts = vec![TrustPlan::SYSTEM];
        let proofs = FileProofs { of_servers: vec![nts, ProofPlan::Nothing, no_file], trusts, ..FileProofs::default() };
        if cfg!(feature = "nts") {
            assert_eq!(proofs::demanded(&RntpdateCli::default(), &found), proofs);
        }
        assert_eq!(
            description(&found),
            [
                text("servers from @/x.inc, @/chrony.conf: b.example a.example k.example"),
                text("@/x.inc demands 2 servers that agree")
            ]
        );
    }
}
