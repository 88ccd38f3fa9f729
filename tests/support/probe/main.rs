//! A test's hands and eyes inside the guest: reads and sets clocks without the program under test.
//!
//! Prints lines of `name value`; times are in nanoseconds unless a name says otherwise. See `USAGE`.

use std::net::{SocketAddr, ToSocketAddrs as _, UdpSocket};
use std::os::unix::net::{UnixDatagram, UnixListener};
use std::process::ExitCode;
use std::time::Duration;

mod clock;
mod cmos;
mod confined;
mod rtc;
mod serve;

#[path = "../query.rs"]
mod query;

const USAGE: &str = "\
usage: probe clocks                realtime, monotonic and raw clock, read at one moment
       probe adjtimex              the kernel's clock state, and the rest of a running adjtime
       probe setfreq PPM           sets the frequency correction
       probe settime SECONDS       sets the clock to this time since 1970
       probe step SECONDS          sets the clock by this much
       probe adjtime SECONDS       starts a slew
       probe phase SECONDS         leaves a phase offset to the kernel's loop
       probe sync                  clears STA_UNSYNC: the clock counts as synchronised
       probe rtc DEVICE            the RTC's time at its next tick, as qemu's -rtc base wants it
       probe rtc-edge DEVICE       RTC minus system clock at its next tick, and the bound of the error
       probe rtc-set DEVICE SECONDS  sets the RTC to a whole second since 1970, now
       probe rtc-sync DEVICE FRACTION  sets the RTC to the system clock's whole second, when the clock's next
                                   fraction is FRACTION
       probe cmos REGISTER VALUE   writes a register of a PC's clock chip, past the kernel
       probe confined KIND         what a process confined as setter, network, dry, explain, names or free may do
       probe deaf KIND PATH        listens at a socket and does nothing: KIND is datagrams, stream (nobody accepts) or
                                   accepted (and nobody reads)
       probe label FILE NAME VALUE  sets an extended attribute
       probe labels FILE           the extended attributes
       probe immutable FILE yes|no  as chattr +i and -i
       probe random                whether the kernel has random numbers without waiting
       probe query ADDRESS [PORT]  one client request to an NTP server
       probe serve PORT            is an NTP server with a clock that nobody tunes, until it is killed";

fn main() -> ExitCode {
    // A reader such as `head` may have seen enough: end quietly, as other tools do.
    // SAFETY: nothing else runs yet, and the default action needs no handler.
    unsafe { libc::signal(libc::SIGPIPE, libc::SIG_DFL) };
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match run(&words) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("probe: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(words: &[&str]) -> Result<(), Box<dyn std::error::Error>> {
    match words {
        ["clocks"] => clock::print_clocks()?,
        ["adjtimex"] => clock::print_state()?,
        ["setfreq", ppm] => clock::set_frequency(ppm.parse()?)?,
        ["settime", seconds] => clock::set_time(seconds.parse()?)?,
        ["step", seconds] => clock::step(seconds.parse()?)?,
        ["adjtime", seconds] => clock::slew(seconds.parse()?)?,
        ["phase", seconds] => clock::set_phase(seconds.parse()?)?,
        ["sync"] => clock::mark_synchronised()?,
        ["deaf", kind, path] => deaf(kind, path)?,
        ["label", file, name, value] => xattr::set(file, name, value.as_bytes())?,
        ["labels", file] => labels(file)?,
        ["immutable", file, wanted] => immutable(file, *wanted == "yes")?,
        ["random"] => random(),
        ["serve", port] => serve::untuned(port.parse()?)?,
        ["rtc", device] => rtc::print_base(device)?,
        ["rtc-edge", device] => rtc::print_edge(device)?,
        ["rtc-set", device, seconds] => rtc::set(device, seconds.parse()?)?,
        ["rtc-sync", device, fraction] => rtc::sync(device, fraction.parse()?)?,
        ["cmos", register, value] => cmos::write(register.parse()?, value.parse()?)?,
        ["confined", kind] => confined::try_all(kind)?,
        ["query", address] => print_query(address, 123)?,
        ["query", address, port] => print_query(address, port.parse()?)?,
        _ => return Err(USAGE.into()),
    }
    Ok(())
}

fn print_query(address: &str, port: u16) -> Result<(), Box<dyn std::error::Error>> {
    let server = (address, port).to_socket_addrs()?.next().ok_or("no address")?;
    let any = if server.is_ipv4() { "0.0.0.0:0" } else { "[::]:0" };
    let socket = UdpSocket::bind(any.parse::<SocketAddr>()?)?;
    let reply = query::ask(&socket, server, Duration::from_secs(3))?;
    println!("leap {}\nversion {}\nmode {}", reply.leap, reply.version, reply.mode);
    println!("stratum {}\nreference_id {:?}", reply.stratum, reply.reference_id);
    println!("offset_s {:.9}\ndelay_s {:.9}", reply.offset, reply.delay);
    Ok(())
}

/// A service that has hung, until it is killed.
fn deaf(kind: &str, path: &str) -> std::io::Result<()> {
    let _ = std::fs::remove_file(path);
    match kind {
        "datagrams" => {
            let _socket = UnixDatagram::bind(path)?;
            loop {
                std::thread::park();
            }
        }
        "stream" => {
            let _socket = UnixListener::bind(path)?;
            loop {
                std::thread::park();
            }
        }
        _ => {
            let socket = UnixListener::bind(path)?;
            let mut callers = Vec::new();
            loop {
                callers.push(socket.accept()?);
            }
        }
    }
}

fn labels(file: &str) -> std::io::Result<()> {
    for name in xattr::list(file)? {
        let value = xattr::get(file, &name)?.unwrap_or_default();
        println!("label {} {}", name.to_string_lossy(), String::from_utf8_lossy(&value));
    }
    Ok(())
}

/// FS_IOC_SETFLAGS and FS_IMMUTABLE_FL of linux/fs.h.
fn immutable(file: &str, wanted: bool) -> std::io::Result<()> {
    let file = std::fs::File::open(file)?;
    let flags: libc::c_int = if wanted { 0x10 } else { 0 };
    // SAFETY: the descriptor is open, and the request reads one number of this kind.
    let status =
        unsafe { libc::ioctl(std::os::fd::AsRawFd::as_raw_fd(&file), libc::FS_IOC_SETFLAGS, &raw const flags) };
    if status == 0 { Ok(()) } else { Err(std::io::Error::last_os_error()) }
}

fn random() {
    let mut byte = 0_u8;
    // SAFETY: the buffer is one byte long, as is said.
    let got = unsafe { libc::getrandom((&raw mut byte).cast(), 1, libc::GRND_NONBLOCK) };
    println!("random {}", if got == 1 { "ready" } else { "waits" });
}
