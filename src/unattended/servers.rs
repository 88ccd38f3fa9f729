//! Servers for a command line without any: those of the machine's time services.

use anyhow::{Result, bail};

use super::log;
use crate::cli::rntpdate::RntpdateCli;
use crate::config::{Proof, Server};
use crate::report::{Line, Priority};
use crate::system::config_files::{self, Found};

/// Completes the command line, and gives what there is to say of that.
pub fn find_servers(cli: &mut RntpdateCli) -> Result<Vec<Line>> {
    if !cli.servers.is_empty() || cli.self_test {
        return Ok(Vec::new());
    }
    let mut found = match &cli.from {
        Some(file) => vec![config_files::named(file).map_err(|fault| anyhow::anyhow!("{fault}"))?],
        None => config_files::configured(),
    };
    let chosen = found.iter().position(|found| !found.servers.is_empty());
    if let Some(chosen) = chosen {
        // What a later file says is not used, nor what is wrong with it.
        found.truncate(chosen + 1);
    }
    let mut lines: Vec<Line> =
        found.iter().flat_map(|found| &found.faults).map(|fault| log(Priority::Warning, fault.to_string())).collect();
    match (chosen.and_then(|_| found.pop()), &cli.from) {
        (Some(found), _) => {
            let has_key = cli.auth_key.is_some();
            lines.extend(without_key(&found).filter(|_| !has_key).map(|text| log(Priority::Warning, text)));
            if cli.verbose {
                lines.extend(description(&found, has_key).into_iter().map(|text| log(Priority::Info, text)));
            }
            cli.servers = found.servers.iter().map(word).collect();
            let demanded = found.min_servers.map(|number| number.to_string());
            cli.min_servers = cli.min_servers.take().or(demanded);
        }
        (None, Some(file)) => bail!("{} names no server{}", file.display(), reasons(&lines)),
        (None, None) => {}
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
    let hosts = wanting(found, Proof::Key)?;
    let file = found.file.display();
    Some(format!("{file} wants a key for {hosts}, and none is used: -a KEY -k FILE gives one"))
}

/// The servers that the file wants proof of in this way.
fn wanting(found: &Found, proof: Proof) -> Option<String> {
    let hosts: Vec<&str> =
        found.servers.iter().filter(|server| server.proof == Some(proof)).map(|server| server.host.as_str()).collect();
    (!hosts.is_empty()).then(|| hosts.join(" "))
}

fn description(found: &Found, has_key: bool) -> Vec<String> {
    let words: Vec<String> = found.servers.iter().map(word).collect();
    let mut texts = vec![format!("servers from {}: {}", found.file.display(), words.join(" "))];
    let nts = wanting(found, Proof::Nts).filter(|_| !has_key);
    texts.extend(nts.map(|hosts| format!("asked without the NTS that the file wants: {hosts}")));
    texts.extend(
        found.min_servers.map(|number| format!("{} demands {number} servers that agree", found.file.display())),
    );
    texts.extend(found.notes.iter().cloned());
    texts
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
        find_servers(&mut cli).unwrap();
        assert_eq!(cli.servers, ["a.example"]);
        cli.min_servers
    }

    #[test]
    fn as_many_servers_as_the_file_demands_unless_the_user_says_how_many() {
        assert_eq!(demanded("server a.example\nminsources 3\n", None).as_deref(), Some("3"));
        assert_eq!(demanded("server a.example\nminsources 3\n", Some("2")).as_deref(), Some("2"));
        assert_eq!(demanded("server a.example\n", None), None);
    }
}
