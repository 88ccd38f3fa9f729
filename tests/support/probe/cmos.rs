//! A PC's clock chip past the kernel: its registers by the I/O ports 0x70 and 0x71.

use std::io;

/// Writes one register of the chip.
#[cfg(target_arch = "x86_64")]
pub(crate) fn write(register: u8, value: u8) -> io::Result<()> {
    // SAFETY: the call takes three numbers; it allows this process the two ports, or fails.
    if unsafe { libc::ioperm(0x70, 2, 1) } != 0 {
        return Err(io::Error::last_os_error());
    }
    // SAFETY: the ports are allowed, and a write to them touches no memory. It races with the kernel's driver, which at
    // worst spoils the chip's content: that is what this is for.
    unsafe {
        std::arch::asm!("out dx, al", in("dx") 0x70_u16, in("al") register, options(nomem, nostack, preserves_flags));
        std::arch::asm!("out dx, al", in("dx") 0x71_u16, in("al") value, options(nomem, nostack, preserves_flags));
    }
    Ok(())
}

/// Writes one register of the chip: a PC's only.
#[cfg(not(target_arch = "x86_64"))]
pub(crate) fn write(_: u8, _: u8) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}
