//! The start, the parting and the end of a process.

use std::io;

use nix::sys::signal::{SigHandler, Signal};

// The unwinder, which the language's own library wants of the compiler's, from its static half: to find and bind the shared one
// takes a tenth of the time of a query.
#[cfg(all(target_env = "gnu", not(debug_assertions)))]
#[link(name = "gcc_eh")]
unsafe extern "C" {}

/// pow(3), for libraries that need it: with it here the C library's mathematics is not linked in, which costs each start as much.
#[cfg(all(target_env = "gnu", not(debug_assertions)))]
#[unsafe(no_mangle)]
extern "C" fn pow(base: f64, exponent: f64) -> f64 {
    libm::pow(base, exponent)
}

/// pthread_getattr_np(3), which knows nothing: the language's own start, and that of each thread, asks by it where the stack ends, so
/// as to say that it overflowed before the process is killed. The true answer takes to read and parse all of /proc/self/maps. The
/// page that guards the stack is the kernel's and the C library's, and is there without.
#[cfg(all(target_env = "gnu", not(debug_assertions)))]
#[unsafe(no_mangle)]
extern "C" fn pthread_getattr_np(_thread: libc::pthread_t, _attributes: *mut libc::pthread_attr_t) -> libc::c_int {
    libc::ENOSYS
}

/// Fails where more than one thread runs.
fn alone() -> io::Result<()> {
    let threads = std::fs::read_dir("/proc/self/task").map_or(1, Iterator::count);
    if threads > 1 { Err(io::Error::other("more than one thread runs")) } else { Ok(()) }
}

/// close_range(2) (Linux 5.9): closes this descriptor and all higher ones. They have to be the caller's, which nothing here owns.
pub(in crate::linux) fn close_from(first: u32) -> io::Result<()> {
    // SAFETY: it takes numbers only; what it closes was opened by another program, so that nobody here counts on it.
    let result = unsafe { libc::syscall(libc::SYS_close_range, first, u32::MAX, 0) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(()) }
}

/// fork(2): the child's process number, and nothing in the child. Refuses where more than one thread runs.
pub(in crate::linux) fn fork() -> io::Result<Option<u32>> {
    alone()?;
    // SAFETY: the only thread is this one, so that no lock is held, and nothing half changed, by one that the child lacks.
    let child = unsafe { libc::fork() };
    match u32::try_from(child) {
        Err(_) => Err(io::Error::last_os_error()),
        Ok(0) => Ok(None),
        Ok(child) => Ok(Some(child)),
    }
}

/// signal(2): a child's end is kept until it is asked for. Whoever started this program may have had it thrown away.
pub(in crate::linux) fn keep_ends_of_children() -> io::Result<()> {
    // SAFETY: no code of ours is to run at the signal: the default, which is to do nothing, is as safe as any can be.
    unsafe { nix::sys::signal::signal(Signal::SIGCHLD, SigHandler::SigDfl) }?;
    Ok(())
}

/// signal(2): a write beyond RLIMIT_FSIZE fails with EFBIG, which is reported, instead of ending the process.
pub(in crate::linux) fn let_long_writes_fail() -> io::Result<()> {
    // SAFETY: no code of ours is to run at the signal: to ignore it is as safe as any can be.
    unsafe { nix::sys::signal::signal(Signal::SIGXFSZ, SigHandler::SigIgn) }?;
    Ok(())
}

/// Runs before the language's own start, which opens /dev/null in the place of closed streams and aborts where there is none.
/// The name is only for the linker.
#[used]
#[unsafe(link_section = ".init_array")]
static STREAMS: extern "C" fn() = open_streams;

/// Opens in the place of each closed stream what can be neither read nor written.
extern "C" fn open_streams() {
    for stream in 0..3 {
        // SAFETY: both calls take numbers and a constant string that ends with a zero, and touch no memory of this program's.
        // A new descriptor has the lowest number that is free, which is this stream's, as those below it are open by now.
        unsafe {
            if libc::fcntl(stream, libc::F_GETFD) < 0 && libc::open(c"/dev/null".as_ptr(), libc::O_RDWR) < 0 {
                libc::open(c"/".as_ptr(), libc::O_RDONLY | libc::O_DIRECTORY);
            }
        }
    }
}

/// _exit(2): ends a forked process without what its parent wants to be done at its own end.
pub(in crate::linux) fn exit_at_once(status: i32) -> ! {
    // SAFETY: it takes any number and does not come back.
    unsafe { libc::_exit(status) }
}
