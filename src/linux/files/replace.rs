//! One way to replace a small file: as a whole, so that a reader, and the next run after a crash, sees the old text or the
//! new one.
//!
//! A new file takes the old one's place, with owner, mode and extended attributes of it (security.selinux among them); a link
//! is followed, also to a file that is not there yet. Where that cannot be, because the file is mounted by itself, or the
//! folder is read-only or full, the old file is written in place, and gets its old text back when that fails.

use std::cell::Cell;
use std::fs::{self, File, Metadata, OpenOptions, Permissions};
use std::io::{self, Write as _};
use std::os::unix::fs::{
    FileExt as _, FileTypeExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, fchown,
};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;
use xattr::FileExt as _;

/// Links that lead to links (path_resolution(7)).
const MAX_LINKS: usize = 40;

/// How the names of new files begin until these have their own: a run that is killed may leave one.
pub const UNFINISHED: &str = ".rntpdate-";

/// A file of more is not written in place: there is no old text to be had back.
const MAX_IN_PLACE: u64 = 64 * 1024;

/// Attributes that hold for one content only.
const OF_CONTENT: [&str; 2] = ["security.ima", "security.evm"];

/// Makes `text` the content of the file; a file that is not there gets `mode`, whatever the umask.
pub fn replace(path: &Path, text: &[u8], mode: u32) -> io::Result<()> {
    let target = followed(path)?;
    let old = match fs::symlink_metadata(&target) {
        Err(error) if error.kind() == io::ErrorKind::NotFound => None,
        found => Some(found?),
    };
    match &old {
        Some(old) if is_null(old) => return Ok(()),
        Some(old) if !old.is_file() => {
            return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
        }
        // The other names of the file would keep the old text.
        Some(old) if old.nlink() > 1 => return in_place(&target, text),
        _ => {}
    }
    match by_rename(&target, text, &like(old.as_ref(), &target, mode)) {
        Err(error) if old.is_some() && may_do_in_place(&error) => in_place(&target, text).map_err(|second| {
            // The first says what is wrong with the folder; the second, unless it is the same, what with the file.
            if second.kind() == io::ErrorKind::PermissionDenied { error } else { second }
        }),
        done => done,
    }
}

/// The same for a file that somebody may read at any moment, and must not see half: it is never written in place. The new file
/// has `mode` and the run's owner; the other names of the old one keep the old text.
pub fn replace_whole(path: &Path, text: &[u8], mode: u32) -> io::Result<()> {
    let target = followed(path)?;
    if fs::symlink_metadata(&target).is_ok_and(|found| !found.is_file()) {
        return Err(io::Error::new(io::ErrorKind::InvalidInput, "not a regular file"));
    }
    by_rename(&target, text, &Like { mode, ..Like::default() })
}

/// Makes `text` the content of the file `copy`, in place of whatever has that name, with owner and mode of the file `of`.
pub fn put_beside(of: &Path, copy: &Path, text: &[u8]) -> io::Result<()> {
    let target = followed(of)?;
    let old = fs::symlink_metadata(&target)?;
    if fs::symlink_metadata(copy).is_ok_and(|found| found.is_dir()) {
        return Err(io::ErrorKind::IsADirectory.into());
    }
    by_rename(copy, text, &like(Some(&old), &target, 0o600))
}

/// Where the links at `path` lead. In a folder that everybody may write to, as /tmp, only links of one's own and of the
/// folder's owner are followed, as the kernel does (fs.protected_symlinks); a look-up of each link by itself goes past that.
fn followed(path: &Path) -> io::Result<PathBuf> {
    let mut path = path.to_owned();
    for _ in 0..MAX_LINKS {
        match fs::symlink_metadata(&path) {
            Ok(found) if found.is_symlink() => {
                let folder = folder(&path);
                let around = fs::metadata(folder)?;
                let is_open = around.mode() & 0o1002 == 0o1002;
                let user = nix::unistd::geteuid().as_raw();
                if is_open && found.uid() != user && found.uid() != around.uid() {
                    return Err(io::ErrorKind::PermissionDenied.into());
                }
                path = folder.join(fs::read_link(&path)?);
            }
            Ok(_) => return Ok(path),
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(path),
            Err(error) => return Err(error),
        }
    }
    Err(io::Error::from_raw_os_error(libc::ELOOP))
}

fn folder(path: &Path) -> &Path {
    path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."))
}

/// /dev/null, into which everything may be written.
pub(super) fn is_null(found: &Metadata) -> bool {
    found.file_type().is_char_device() && (libc::major(found.rdev()), libc::minor(found.rdev())) == (1, 3)
}

/// What the new file is to have of the old one.
#[derive(Default)]
struct Like {
    mode: u32,
    owner: Option<(u32, u32)>,
    attributes: Vec<(std::ffi::OsString, Vec<u8>)>,
}

fn like(old: Option<&Metadata>, path: &Path, mode: u32) -> Like {
    let Some(old) = old else { return Like { mode, ..Like::default() } };
    let names = xattr::list(path).into_iter().flatten().filter(|name| OF_CONTENT.iter().all(|other| name != other));
    let attributes = names.filter_map(|name| xattr::get(path, &name).ok().flatten().map(|value| (name, value)));
    Like { mode: old.mode() & 0o7777, owner: Some((old.uid(), old.gid())), attributes: attributes.collect() }
}

fn by_rename(target: &Path, text: &[u8], like: &Like) -> io::Result<()> {
    let folder = folder(target);
    let new = unnamed(folder)?;
    let mut file = new.as_file();
    file.write_all(text)?;
    let found = file.metadata()?;
    if let Some((user, group)) = like.owner.filter(|owner| *owner != (found.uid(), found.gid())) {
        fchown(file, Some(user), Some(group))?;
    }
    file.set_permissions(Permissions::from_mode(like.mode))?;
    for (name, value) in &like.attributes {
        if file.get_xattr(name)?.as_ref() != Some(value) {
            file.set_xattr(name, value)?;
        }
    }
    file.sync_all()?;
    new.persist(target).map_err(|error| error.error)?;
    // The new name is durable only with the folder; some file systems cannot sync one, and nothing is lost but that.
    let _ = File::open(folder).and_then(|folder| folder.sync_all());
    Ok(())
}

/// A new file in `folder`, which goes again if it is not renamed. The kernel's own error, without the file's name, which
/// nobody knows.
fn unnamed(folder: &Path) -> io::Result<NamedTempFile> {
    let number = Cell::new(None);
    let open = |path: &Path| {
        let opened = OpenOptions::new().read(true).write(true).create_new(true).mode(0o600).open(path);
        opened.inspect_err(|error| number.set(error.raw_os_error()))
    };
    let made = tempfile::Builder::new().prefix(UNFINISHED).make_in(folder, open);
    made.map_err(|error| number.get().map_or(error, io::Error::from_raw_os_error))
}

/// EBUSY: mounted by itself. EROFS, EACCES, EPERM: the folder cannot be written to, or the owner cannot be kept. EXDEV: a
/// mount or an overlay. ENOSPC, EDQUOT: no room for two. ENOTSUP: attributes.
fn may_do_in_place(error: &io::Error) -> bool {
    const REASONS: [i32; 8] = [
        libc::EBUSY,
        libc::EROFS,
        libc::EACCES,
        libc::EPERM,
        libc::EXDEV,
        libc::ENOSPC,
        libc::EDQUOT,
        libc::EOPNOTSUPP,
    ];
    error.raw_os_error().is_some_and(|number| REASONS.contains(&number))
}

/// Writes over the old text, the rest of which goes last, so that a full disk is found out before anything is lost.
fn in_place(target: &Path, text: &[u8]) -> io::Result<()> {
    let flags = libc::O_NOFOLLOW | libc::O_NONBLOCK | libc::O_NOCTTY;
    let file = OpenOptions::new().read(true).write(true).custom_flags(flags).open(target)?;
    let length = file.metadata()?.len();
    if length > MAX_IN_PLACE {
        return Err(io::Error::from_raw_os_error(libc::EFBIG));
    }
    let mut old = vec![0; usize::try_from(length).unwrap_or_default()];
    file.read_exact_at(&mut old, 0)?;
    let written = file.write_all_at(text, 0).and_then(|()| file.sync_data());
    let written = written.and_then(|()| file.set_len(text.len() as u64)).and_then(|()| file.sync_all());
    written.inspect_err(|_| {
        // What could not be written was not allocated, and the old text has its room still.
        let _ = file.write_all_at(&old, 0).and_then(|()| file.set_len(length)).and_then(|()| file.sync_all());
    })
}

#[cfg(test)]
mod tests;
