//! What servers have to prove before they are believed.
#![forbid(unsafe_code)]

use std::path::PathBuf;

use super::defaults::KEY_FILE;
use super::nts::{NtsPlan, TrustPlan};
use super::usage::UsageError;
use crate::cli::rntpdate::RntpdateCli;
use crate::wire::KeyId;

/// What the servers have to prove that they know (-a, -k).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KeyPlan {
    /// The key's number.
    pub id: KeyId,
    /// Where it is.
    pub file: PathBuf,
}

/// What a server of a configuration file has to prove before it is believed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum ProofPlan {
    /// No proof.
    Nothing,
    /// The server knows the key with this number.
    Key(KeyId),
    /// A key exchange proves who the server is, and from then on each reply does (RFC 8915).
    Nts(NtsPlan),
    /// What nobody can prove here, and why: the server is not asked.
    Impossible(String),
}

/// What servers have to prove, as configuration files or the words of the command line want it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileProofs {
    /// The file of keys that is named there.
    pub key_file: Option<PathBuf>,
    /// Whether the command line names the configuration file, and so whoever typed that chose the file of keys.
    pub is_named: bool,
    /// What each of the servers has to prove, in their order.
    pub of_servers: Vec<ProofPlan>,
    /// The sets of authorities that the servers with NTS name by their places; none where the plan's own count.
    pub trusts: Vec<TrustPlan>,
}

/// A file alone means nothing, as with ntpdate.
pub(super) fn key(cli: &RntpdateCli) -> Result<Option<KeyPlan>, UsageError> {
    let Some(text) = &cli.auth_key else { return Ok(None) };
    let id = text.parse().ok().filter(|_| text.starts_with(|first: char| first.is_ascii_digit()));
    let range = "1 to 4294967295, the number of a key in the key file";
    let id = id.ok_or_else(|| UsageError::Value { name: "key", value: text.clone(), range })?;
    Ok(Some(KeyPlan { id, file: cli.key_file.clone().unwrap_or_else(|| PathBuf::from(KEY_FILE)) }))
}
