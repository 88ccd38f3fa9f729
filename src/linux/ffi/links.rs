//! Symbolic links, many of them in a short time.

use std::ffi::CStr;
use std::io;
use std::os::fd::{AsRawFd as _, BorrowedFd};

/// readlinkat(2): what a symbolic link says, by its path from that folder; what there is no room for is cut off.
pub(in crate::linux) fn read_link_at<'a>(
    folder: BorrowedFd<'_>,
    path: &CStr,
    room: &'a mut [u8],
) -> io::Result<&'a [u8]> {
    // SAFETY: the path ends with a zero; the pointer and the length are those of one exclusive reference, which outlives the call.
    let length = unsafe { libc::readlinkat(folder.as_raw_fd(), path.as_ptr(), room.as_mut_ptr().cast(), room.len()) };
    let length = usize::try_from(length).map_err(|_| io::Error::last_os_error())?;
    Ok(room.get(..length).unwrap_or_default())
}
