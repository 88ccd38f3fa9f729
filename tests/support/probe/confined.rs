//! What a process can still do that rntpdate has confined: system calls, tried one by one.
//!
//! None of them would do harm where it is allowed, nor fail with EPERM then, for root has every right.

use std::ffi::CStr;
use std::io;
use std::ptr::{null, null_mut};

use libc::{c_char, c_long};
use rntpdate::internals::linux::sandbox::confine;
use rntpdate::internals::linux::sandbox::confine::Needs;

/// Confines this process as a run (`setter`, `dry`, `explain`), as one of its other processes (`network`, `names`), or not at all (`free`), and
/// prints what becomes of each call.
pub(crate) fn try_all(kind: &str) -> Result<(), Box<dyn std::error::Error>> {
    let needs = Needs::default();
    match kind {
        "setter" => confine::setter(&Needs { rtc: true, kill: vec![0x3fff_fffe], ..needs }, true)?,
        "network" => confine::network(true)?,
        "dry" => confine::run(&needs, true)?,
        "explain" => confine::run(&Needs { bind: true, threads: true, probes: true, ..needs }, true)?,
        "names" => confine::names(true)?,
        "free" => {}
        _ => return Err("no such confinement".into()),
    }
    for (name, result) in calls() {
        println!("{name} {}", result.err().map_or("ok".to_owned(), |error| error_name(&error)));
    }
    let thread = std::thread::Builder::new().spawn(|| 7).map(|thread| thread.join().unwrap_or(0));
    println!("thread {}", if matches!(thread, Ok(7)) { "ok" } else { "refused" });
    Ok(())
}

fn error_name(error: &io::Error) -> String {
    match error.raw_os_error() {
        Some(libc::EPERM) => "EPERM".to_owned(),
        Some(libc::ENOSYS) => "ENOSYS".to_owned(),
        Some(number) => format!("error {number}"),
        None => error.to_string(),
    }
}

fn call(number: c_long, arguments: [c_long; 5]) -> io::Result<c_long> {
    let [a, b, c, d, e] = arguments;
    // SAFETY: every pointer among the arguments below is null or leads to something that outlives the call and that the call
    // only reads, but for those to buffers of their own.
    let result = unsafe { libc::syscall(number, a, b, c, d, e, 0_i64) };
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

fn text(text: &CStr) -> c_long {
    text.as_ptr() as c_long
}

/// Each call and what became of it.
fn calls() -> Vec<(&'static str, io::Result<c_long>)> {
    let at = c_long::from(libc::AT_FDCWD);
    let (file, missing) = (text(c"/etc/passwd"), text(c"/nonexistent/file"));
    let words: [*const c_char; 2] = [c"true".as_ptr(), null()];
    let no_words: [*const c_char; 1] = [null()];
    let socket = |domain: i32, kind: i32| call(libc::SYS_socket, [domain.into(), kind.into(), 0, 0, 0]);
    let of =
        |kind: i32, protocol: i32| call(libc::SYS_socket, [libc::AF_INET.into(), kind.into(), protocol.into(), 0, 0]);
    let open = |flags: i32, path| call(libc::SYS_openat, [at, path, flags.into(), 0o600, 0]);
    let map = |rights: i32| {
        call(libc::SYS_mmap, [0, 4096, rights.into(), (libc::MAP_PRIVATE | libc::MAP_ANONYMOUS).into(), -1])
    };
    // SAFETY: all zero is a timex that changes nothing.
    let mut timex: libc::timex = unsafe { std::mem::zeroed() };
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    let mut stat = [0_u8; 256];
    // SAFETY: `now` is valid for the call to write to.
    unsafe { libc::clock_gettime(libc::CLOCK_REALTIME, &raw mut now) };
    let none = null_mut::<u8>() as c_long;
    vec![
        ("open", open(libc::O_RDONLY, file)),
        ("open-write", open(libc::O_WRONLY, text(c"/dev/null"))),
        ("create", open(libc::O_WRONLY | libc::O_CREAT, text(c"/tmp/probe-created"))),
        ("openat2", call(libc::SYS_openat2, [at, missing, none, 0, 0])),
        ("execve", call(libc::SYS_execve, [missing, words.as_ptr() as c_long, no_words.as_ptr() as c_long, 0, 0])),
        ("execveat", call(libc::SYS_execveat, [at, missing, words.as_ptr() as c_long, no_words.as_ptr() as c_long, 0])),
        ("fork", fork()),
        ("unlink", call(libc::SYS_unlinkat, [at, missing, 0, 0, 0])),
        ("rename", call(libc::SYS_renameat2, [at, missing, at, missing, 0])),
        ("link", call(libc::SYS_linkat, [at, missing, at, missing, 0])),
        ("mkdir", call(libc::SYS_mkdirat, [at, missing, 0o700, 0, 0])),
        ("chmod", call(libc::SYS_fchmodat, [at, missing, 0o600, 0, 0])),
        ("chown", call(libc::SYS_fchownat, [at, missing, 0, 0, 0])),
        ("chroot", call(libc::SYS_chroot, [text(c"/"), 0, 0, 0, 0])),
        ("mount", call(libc::SYS_mount, [missing, missing, text(c"tmpfs"), 0, 0])),
        ("unshare", call(libc::SYS_unshare, [libc::CLONE_FS.into(), 0, 0, 0, 0])),
        ("setuid", call(libc::SYS_setuid, [0, 0, 0, 0, 0])),
        ("capset", call(libc::SYS_capset, [0, 0, 0, 0, 0])),
        ("prctl", call(libc::SYS_prctl, [libc::PR_SET_DUMPABLE.into(), 1, 0, 0, 0])),
        ("ptrace", call(libc::SYS_ptrace, [libc::PTRACE_PEEKDATA.into(), 0x3fff_ffff, 0, 0, 0])),
        ("process-read", call(libc::SYS_process_vm_readv, [0x3fff_ffff, none, 0, none, 0])),
        ("kill", call(libc::SYS_kill, [1, 0, 0, 0, 0])),
        ("tkill", call(libc::SYS_tkill, [1, 0, 0, 0, 0])),
        ("tkill-self", call(libc::SYS_tkill, [std::process::id().into(), 0, 0, 0, 0])),
        ("tgkill", call(libc::SYS_tgkill, [1, 1, 0, 0, 0])),
        ("bpf", call(libc::SYS_bpf, [-1, none, 0, 0, 0])),
        ("module", call(libc::SYS_delete_module, [missing, 0, 0, 0, 0])),
        ("keyctl", call(libc::SYS_keyctl, [-1, 0, 0, 0, 0])),
        ("io-uring", call(libc::SYS_io_uring_setup, [0, none, 0, 0, 0])),
        ("memfd", call(libc::SYS_memfd_create, [text(c"probe"), 0, 0, 0, 0])),
        ("reboot", call(libc::SYS_reboot, [0, 0, 0, 0, 0])),
        ("seccomp", call(libc::SYS_seccomp, [-1, 0, none, 0, 0])),
        ("terminal-input", call(libc::SYS_ioctl, [-1, libc::TIOCSTI.cast_signed(), none, 0, 0])),
        ("owner-signal", call(libc::SYS_fcntl, [0, libc::F_SETOWN.into(), 0, 0, 0])),
        ("map-code", map(libc::PROT_READ | libc::PROT_EXEC)),
        ("map-data", map(libc::PROT_READ | libc::PROT_WRITE)),
        ("netlink-audit", call(libc::SYS_socket, [libc::AF_NETLINK.into(), libc::SOCK_RAW.into(), 9, 0, 0])),
        ("netlink-route", socket(libc::AF_NETLINK, libc::SOCK_RAW)),
        ("udp-lite", of(libc::SOCK_DGRAM, libc::IPPROTO_UDPLITE)),
        ("icmp", of(libc::SOCK_RAW, libc::IPPROTO_ICMP)),
        ("raw", of(libc::SOCK_RAW, libc::IPPROTO_RAW)),
        ("packet", socket(libc::AF_PACKET, libc::SOCK_RAW)),
        ("unix", socket(libc::AF_UNIX, libc::SOCK_DGRAM)),
        ("tcp", socket(libc::AF_INET, libc::SOCK_STREAM)),
        ("udp", socket(libc::AF_INET, libc::SOCK_DGRAM | libc::SOCK_CLOEXEC)),
        ("bind", call(libc::SYS_bind, [-1, none, 0, 0, 0])),
        ("udp6", socket(libc::AF_INET6, libc::SOCK_DGRAM)),
        ("settime", call(libc::SYS_clock_settime, [0, (&raw const now) as c_long, 0, 0, 0])),
        ("settimeofday", call(libc::SYS_settimeofday, [none, none, 0, 0, 0])),
        ("adjust", call(libc::SYS_clock_adjtime, [0, (&raw mut timex) as c_long, 0, 0, 0])),
        ("stat", call(libc::SYS_newfstatat, [at, file, stat.as_mut_ptr() as c_long, 0, 0])),
    ]
}

/// By clone(2), whose child ends at once.
fn fork() -> io::Result<c_long> {
    match call(libc::SYS_clone, [libc::SIGCHLD.into(), 0, 0, 0, 0]) {
        // SAFETY: it does not come back.
        Ok(0) => unsafe { libc::_exit(0) },
        other => other,
    }
}
