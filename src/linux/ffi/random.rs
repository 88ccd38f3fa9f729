//! Random numbers: getrandom(2).

use std::io;

/// getrandom(2): as many bytes as there is room for. Fails where the kernel has none with these flags, and where it gives fewer.
pub(in crate::linux) fn get_random<const N: usize>(bytes: &mut [u8; N], flags: libc::c_uint) -> io::Result<()> {
    // By its number, for C libraries without it.
    // SAFETY: the pointer and the length are those of one exclusive reference, which outlives the call.
    let count = unsafe { libc::syscall(libc::SYS_getrandom, bytes.as_mut_ptr(), N, flags) };
    match usize::try_from(count) {
        Ok(count) if count == N => Ok(()),
        Ok(_) => Err(io::ErrorKind::UnexpectedEof.into()),
        Err(_) => Err(io::Error::last_os_error()),
    }
}
