//! What the servers of configuration files have to prove, and by which authorities.

use std::path::{Path, PathBuf};

use crate::cli::rntpdate::RntpdateCli;
use crate::config::{Authorities, NtsWish, ProofWish, Server};
use crate::linux::files::config::Found;
use crate::plan::{FileProofs, NtsPlan, ProofPlan, TrustPlan};
use crate::wire::nts::KE_PORT;

/// What the servers of a file have to prove. Whoever wrote the file does not want such a server to be believed without: so one
/// whose key cannot be had is not asked. The command line may want NTS for all, or for none.
pub(super) fn demanded(cli: &RntpdateCli, found: &Found) -> FileProofs {
    let mut trusts = Trusts { found, own: cli.nts_ca.is_some(), sets: Vec::new() };
    let servers = found.servers.iter().zip(&found.files);
    let of_servers = servers.map(|(server, file)| proof(cli, (server, file), &mut trusts)).collect();
    FileProofs { is_named: cli.from.is_some(), key_file: found.key_file.clone(), of_servers, trusts: trusts.sets }
}

/// What a command line and a file want of a server's key exchange, if anybody wants one.
pub(super) fn wish(cli: &RntpdateCli, server: &Server) -> Option<NtsWish> {
    match &server.proof {
        // Those that are asked in another way, or by a key that whoever typed it trusts.
        _ if cli.peers || cli.no_nts || cli.auth_key.is_some() => None,
        Some(ProofWish::Nts(wish)) => Some(wish.clone()),
        _ => cli.nts.then(NtsWish::default),
    }
}

fn proof(cli: &RntpdateCli, (server, file): (&Server, &PathBuf), trusts: &mut Trusts<'_>) -> ProofPlan {
    if let Some(wish) = wish(cli, server) {
        if cfg!(not(feature = "nts")) {
            let text = "wants NTS for it, and this build has none (--no-nts asks without it)";
            return ProofPlan::Impossible(format!("{} {text}", file.display()));
        }
        let trust = trusts.place(&wish.authorities, file);
        let (name, port) = (server.host.clone(), wish.port.unwrap_or(KE_PORT));
        return ProofPlan::Nts(NtsPlan { name, port, time_port: server.port, trust });
    }
    match server.proof {
        Some(ProofWish::Key(Some(id))) if trusts.found.key_file.is_some() => ProofPlan::Key(id),
        Some(ProofWish::Key(Some(id))) => ProofPlan::Impossible(format!(
            "{} wants key {id} for it, and names no file of keys (ntp.conf: keys FILE, chrony.conf: keyfile FILE)",
            file.display()
        )),
        Some(ProofWish::Key(None)) => ProofPlan::Impossible(format!(
            "{} wants a key for it, and gives no number that could be used (autokey is not supported)",
            file.display()
        )),
        Some(ProofWish::Nts(_)) | None => ProofPlan::Nothing,
    }
}

/// The sets of authorities that servers need, each once.
struct Trusts<'a> {
    found: &'a Found,
    /// The command line's file counts for all.
    own: bool,
    sets: Vec<TrustPlan>,
}

impl Trusts<'_> {
    /// The place of a server's set; `file` names the server, and relative paths begin at its folder.
    fn place(&mut self, wanted: &Authorities, file: &Path) -> usize {
        if self.own {
            return 0;
        }
        let set = match wanted {
            Authorities::Usual | Authorities::Set(0) => self.set(0, !self.found.no_system_authorities),
            Authorities::Set(number) => self.set(*number, false),
            Authorities::Only(path) => TrustPlan { files: vec![beside(file, path)], system: false },
            Authorities::Besides(path) => TrustPlan { files: vec![beside(file, path)], system: true },
        };
        self.sets.iter().position(|known| *known == set).unwrap_or_else(|| {
            self.sets.push(set);
            self.sets.len() - 1
        })
    }

    fn set(&self, number: u32, system: bool) -> TrustPlan {
        let files = self.found.authorities.iter().filter(|(set, _)| *set == number);
        TrustPlan { files: files.map(|(_, file)| file.clone()).collect(), system }
    }
}

fn beside(file: &Path, path: &str) -> PathBuf {
    file.parent().unwrap_or(Path::new("/")).join(path)
}
