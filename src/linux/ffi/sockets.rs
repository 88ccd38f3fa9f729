//! Sockets: stamps of the kernel on packets, and descriptors that come in a message.

use std::io;
use std::os::fd::{AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd, RawFd};

use nix::sys::socket::{ControlMessageOwned, MsgFlags, recvmsg};

/// The option with 64-bit times has the same number on all 32-bit processors (Linux 5.1).
#[cfg(target_pointer_width = "32")]
const SO_TIMESTAMPING_NEW: libc::c_int = 65;

/// Has the kernel stamp the packets of a socket with 64-bit times (`SO_TIMESTAMPING_NEW`, socket(7)); `flags`:
/// `SOF_TIMESTAMPING_*`.
#[cfg(target_pointer_width = "32")]
pub(in crate::linux) fn stamp_packets(socket: BorrowedFd<'_>, flags: u32) -> io::Result<()> {
    let size = size_of::<u32>() as libc::socklen_t;
    let (level, option) = (libc::SOL_SOCKET, SO_TIMESTAMPING_NEW);
    // SAFETY: the descriptor is open for the call, and the kernel reads one unsigned int, which the reference guarantees.
    let result = unsafe { libc::setsockopt(socket.as_raw_fd(), level, option, (&raw const flags).cast(), size) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// The most descriptors that come in one message; the kernel takes 253 (SCM_MAX_FD).
pub(in crate::linux) const MOST_DESCRIPTORS: usize = 32;

/// Receives one byte, and the descriptors that come with it (unix(7), SCM_RIGHTS); fewer than were sent where this process may not
/// have so many open.
pub(in crate::linux) fn receive_descriptors(socket: BorrowedFd<'_>) -> io::Result<Vec<OwnedFd>> {
    let mut byte = [0];
    let mut slices = [io::IoSliceMut::new(&mut byte)];
    let mut control = nix::cmsg_space!([RawFd; MOST_DESCRIPTORS]);
    let flags = MsgFlags::MSG_CMSG_CLOEXEC;
    let message = recvmsg::<()>(socket.as_raw_fd(), &mut slices, Some(&mut control), flags)?;
    let mut received = Vec::new();
    for control in message.cmsgs()? {
        if let ControlMessageOwned::ScmRights(descriptors) = control {
            // SAFETY: the kernel has just made them for this process, and nobody else has their numbers.
            received.extend(descriptors.into_iter().map(|number| unsafe { OwnedFd::from_raw_fd(number) }));
        }
    }
    Ok(received)
}
