//! The authorities that certificates have to come from: read once, before the process gives up its rights.

use std::fmt;
use std::fs::{self, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, OnceLock};

use rustls::client::WebPkiServerVerifier;
use rustls::crypto::CryptoProvider;
use rustls::crypto::ring::default_provider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::PemObject as _;
use rustls::{CipherSuite, RootCertStore};

use crate::linux::sandbox::invoker::{for_invoker, refusal};
use crate::nts::KeyFailure;

/// Where systems have their authorities in one file: Debian, Fedora, SUSE, Alpine, Nix.
const OF_THE_SYSTEM: [&str; 5] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
    "/etc/ssl/certs/ca-bundle.crt",
];
/// The longest file that is read, in bytes: many times what a system's authorities take.
const MAX_FILE: u64 = 8 << 20;
/// Files of a folder that are read.
const MAX_FILES: usize = 1024;

/// What a set of authorities is read from.
#[derive(Clone, Debug, Default)]
pub struct TrustFiles {
    /// Files, or folders of files.
    pub files: Vec<PathBuf>,
    /// Whether the system's own authorities belong to it.
    pub system: bool,
}

/// A set of authorities that has somebody in it.
pub(super) struct TrustSet {
    pub(super) verifier: Arc<WebPkiServerVerifier>,
    /// How many they are.
    pub(super) roots: usize,
    /// The files that they are from.
    pub(super) source: String,
}

/// The sets of authorities of a run.
#[derive(Default)]
pub struct Trusts(Vec<Result<TrustSet, String>>);

impl fmt::Debug for Trusts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Trusts").field(&self.0.len()).finish()
    }
}

impl Trusts {
    /// Reads the sets; whoever is missing in one is missed by the key exchanges that want it. `is_dry`: through sudo, files that are
    /// named are opened with the rights of its user.
    pub fn read(sets: &[TrustFiles], is_dry: bool) -> Trusts {
        Trusts(sets.iter().map(|set| read(set, is_dry)).collect())
    }

    /// The set in this place. Fails where nobody is in it.
    pub(super) fn get(&self, place: usize) -> Result<&TrustSet, KeyFailure> {
        let missing = || KeyFailure::NoRoots("no such set of authorities was read".to_owned());
        self.0.get(place).ok_or_else(missing)?.as_ref().map_err(|why| KeyFailure::NoRoots(why.clone()))
    }
}

/// ring, and what TLS needs of it. First what takes the fewest steps: what is exchanged are keys of 128 bits as a rule
/// (AES-SIV-CMAC-256 has two of them), and processors that have AES have SHA-256 too, but rarely SHA-384.
pub(super) fn provider() -> Arc<CryptoProvider> {
    static PROVIDER: OnceLock<Arc<CryptoProvider>> = OnceLock::new();
    let make = || {
        let mut provider = default_provider();
        provider.cipher_suites.sort_by_key(|suite| suite.suite() != CipherSuite::TLS13_AES_128_GCM_SHA256);
        Arc::new(provider)
    };
    Arc::clone(PROVIDER.get_or_init(make))
}

fn read(set: &TrustFiles, is_dry: bool) -> Result<TrustSet, String> {
    if !set.system && set.files.is_empty() {
        return Err("no file is named for this set (chrony.conf: ntstrustedcerts SET FILE)".to_owned());
    }
    let (mut roots, mut sources) = (RootCertStore::empty(), Vec::new());
    let (mut of_system, mut of_named) = (None, None);
    if set.system {
        match OF_THE_SYSTEM.iter().map(Path::new).find(|file| file.exists()) {
            Some(file) => match add(&mut roots, file) {
                Ok(()) => sources.push(file.display().to_string()),
                Err(why) => of_system = Some(format!("{}: {why}", file.display())),
            },
            None => {
                of_system = Some(format!(
                    "none of {} is there (on Debian and its kin the package ca-certificates brings one)",
                    OF_THE_SYSTEM.join(", ")
                ));
            }
        }
    }
    for file in &set.files {
        let added = for_invoker(is_dry, || add(&mut roots, file)).unwrap_or_else(|error| Err(error.to_string()));
        match added {
            Ok(()) => sources.push(file.display().to_string()),
            Err(why) => {
                let refusal = refusal(is_dry, file).unwrap_or_default();
                of_named.get_or_insert(format!("{}: {why}{refusal}", file.display()));
            }
        }
    }
    let (count, source) = (roots.len(), sources.join(", "));
    // A file that was named and is of no use is no reason to believe others in its place.
    if let Some(why) = of_named.or(of_system.filter(|_| count == 0)) {
        return Err(why);
    }
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider()).build();
    let verifier = verifier.map_err(|error| format!("{source}: {error}"))?;
    Ok(TrustSet { verifier, roots: count, source })
}

/// Adds the authorities of a file, or of the files of a folder. Fails where there is none.
fn add(roots: &mut RootCertStore, path: &Path) -> Result<(), String> {
    let before = roots.len();
    if path.is_dir() {
        for file in files(path).map_err(|error| error.to_string())? {
            // Folders of this kind have links and lists besides.
            if let Ok(text) = bounded(&file) {
                roots.add_parsable_certificates(certificates(&text));
            }
        }
    } else {
        let text = bounded(path).map_err(|error| match error.kind() {
            io::ErrorKind::NotFound => "there is no such file".to_owned(),
            io::ErrorKind::PermissionDenied => "may not be read by this user".to_owned(),
            _ => error.to_string(),
        })?;
        roots.add_parsable_certificates(certificates(&text));
    }
    if roots.len() == before {
        return Err("has no certificate of an authority in it (in PEM form: -----BEGIN CERTIFICATE-----)".to_owned());
    }
    Ok(())
}

fn certificates(text: &[u8]) -> impl Iterator<Item = CertificateDer<'static>> + '_ {
    CertificateDer::pem_slice_iter(text).filter_map(Result::ok)
}

fn files(folder: &Path) -> io::Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder)?.filter_map(|entry| Some(entry.ok()?.path()));
    let mut files: Vec<PathBuf> = entries.filter(|path| path.is_file()).take(MAX_FILES).collect();
    files.sort_unstable();
    Ok(files)
}

fn bounded(file: &Path) -> io::Result<Vec<u8>> {
    // A named pipe in the place of a file must not stop the run.
    let opened = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(file)?;
    if !opened.metadata()?.is_file() {
        return Err(io::Error::other("it is not a file"));
    }
    let mut text = Vec::new();
    opened.take(MAX_FILE + 1).read_to_end(&mut text)?;
    if text.len() as u64 > MAX_FILE {
        return Err(io::Error::other(format!("it is longer than {} MiB", MAX_FILE >> 20)));
    }
    Ok(text)
}
