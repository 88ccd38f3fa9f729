//! The file of keys on disk.

use std::fs::{self, OpenOptions};
use std::io::{self, Read as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use nix::unistd::geteuid;
use thiserror::Error;
use zeroize::Zeroizing;

use crate::config::keys;
use crate::config::keys::{KeyError, MAX_FILE};
use crate::linux::sandbox::invoker::{for_invoker, refusal};
use crate::wire::{Key, KeyId};

/// Where daemons have their keys, which root alone reads.
const OF_THE_MACHINE: [&str; 5] =
    ["/etc/ntp.keys", "/etc/ntp/keys", "/etc/ntpsec/ntp.keys", "/etc/chrony.keys", "/etc/chrony/chrony.keys"];

/// Bits of a file's mode.
const OTHERS_READ: u32 = 0o004;
const GROUP_WRITE: u32 = 0o020;
const OTHERS_WRITE: u32 = 0o002;

/// The key cannot be had.
#[derive(Debug, Error)]
#[error("key file {}: {cause}", .file.display())]
pub struct KeyFileError {
    file: PathBuf,
    cause: Cause,
}

#[derive(Debug, Error)]
enum Cause {
    #[error("there is no such file; -k names another one")]
    Missing,
    #[error("{0}; run rntpdate as root or as a user who may read it")]
    Denied(io::Error),
    #[error("it cannot be read{0}")]
    Closed(String),
    #[error("it is not a regular file")]
    NotAFile,
    #[error("everyone can {doing} it (mode {mode:04o}), so its keys prove nothing: chmod 640 {}", .file.display())]
    Open { doing: &'static str, mode: u32, file: PathBuf },
    #[error(transparent)]
    Key(#[from] KeyError),
    #[error(transparent)]
    Io(io::Error),
}

/// Why a key of this file may be another one tomorrow: somebody besides root and this user can write it.
pub fn doubt(file: &Path) -> Option<String> {
    let found = fs::metadata(file).ok()?;
    let (name, mode) = (file.display(), found.mode() & 0o7777);
    if found.uid() != 0 && found.uid() != geteuid().as_raw() {
        let text =
            format!("key file {name} belongs to user {}, who can change its keys: chown root {name}", found.uid());
        return Some(text);
    }
    let text =
        || format!("key file {name} can be changed by group {} (mode {mode:04o}): chmod 640 {name}", found.gid());
    (mode & GROUP_WRITE != 0).then(text)
}

/// As [`read`]; a dry run through sudo reads with its user's rights, unless the file is at a usual place: whoever may ask with the
/// machine's keys may name their file, too.
pub fn read_for(is_dry: bool, file: &Path, id: KeyId) -> Result<Key, KeyFileError> {
    let is_closed = is_dry && !OF_THE_MACHINE.iter().any(|known| Path::new(known) == file);
    let failed = |cause| KeyFileError { file: file.to_owned(), cause };
    let key = for_invoker(is_closed, || read(file, id)).map_err(|error| failed(Cause::Denied(error)))?;
    key.map_err(|error| refusal(is_closed, file).map_or(error, |text| failed(Cause::Closed(text))))
}

/// The key with this number in a file that others can neither read nor write.
pub fn read(file: &Path, id: KeyId) -> Result<Key, KeyFileError> {
    let text = text(file).and_then(|text| Ok(keys::find(&text, id)?));
    text.map_err(|cause| KeyFileError { file: file.to_owned(), cause })
}

fn text(path: &Path) -> Result<Zeroizing<Vec<u8>>, Cause> {
    // Not blocking, for the case that it is a named pipe.
    let opened = OpenOptions::new().read(true).custom_flags(libc::O_NONBLOCK | libc::O_NOCTTY).open(path);
    let file = opened.map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => Cause::Missing,
        io::ErrorKind::PermissionDenied => Cause::Denied(error),
        // A socket.
        _ if error.raw_os_error() == Some(libc::ENXIO) => Cause::NotAFile,
        _ => Cause::Io(error),
    })?;
    let found = file.metadata().map_err(Cause::Io)?;
    if !found.is_file() {
        return Err(Cause::NotAFile);
    }
    let mode = found.mode() & 0o7777;
    for (bit, doing) in [(OTHERS_READ, "read"), (OTHERS_WRITE, "write")] {
        if mode & bit != 0 {
            return Err(Cause::Open { doing, mode, file: path.to_owned() });
        }
    }
    // Room for all of it at once: a vector that grows would leave copies of the secrets behind.
    let mut text = Zeroizing::new(Vec::with_capacity(MAX_FILE + 2));
    file.take(MAX_FILE as u64 + 1).read_to_end(&mut text).map_err(Cause::Io)?;
    Ok(text)
}
