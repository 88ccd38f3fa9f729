//! A network of its own: a namespace with nothing but a loopback, so that servers can have port 123.

use std::ffi::OsStr;
use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsRawFd as _;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::ntpserver::bind;

/// Options of `setpriv` that take away the right to set the clock, for good.
pub(crate) const NO_CLOCK: [&str; 4] = ["--bounding-set", "-sys_time", "--inh-caps", "-sys_time"];

/// A network namespace; it goes when dropped, and with the test process at the latest.
#[derive(Debug)]
pub(crate) struct Netns {
    holder: Child,
}

impl Netns {
    /// A new namespace with 127.0.0.1 and ::1. Needs root: see [`super::require::servers`].
    pub(crate) fn new() -> Self {
        // The holder ends by itself when this process does, as its input then ends.
        let mut holder = Command::new("unshare")
            .args(["--net", "sh", "-c", "ip link set lo up && echo ready && exec cat"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("cannot start unshare");
        let mut line = String::new();
        let output = holder.stdout.as_mut().expect("a piped output");
        BufReader::new(output).read_line(&mut line).expect("cannot read from unshare");
        assert_eq!(line, "ready\n", "no network namespace could be made");
        Self { holder }
    }

    /// The file that stands for the namespace.
    pub(crate) fn path(&self) -> String {
        format!("/proc/{}/ns/net", self.holder.id())
    }

    /// A command that runs in the namespace, *without the right to set the clock*, which is this machine's own.
    pub(crate) fn command(&self, program: impl AsRef<OsStr>) -> Command {
        let mut command = Command::new("nsenter");
        command.arg(format!("--net={}", self.path())).args(["setpriv"]).args(NO_CLOCK).arg("--").arg(program);
        command
    }

    /// Runs a function on a thread inside the namespace. Sockets made there stay there and can be handed out.
    pub(crate) fn enter<T: Send>(&self, function: impl FnOnce() -> T + Send) -> T {
        let namespace = File::open(self.path()).expect("the namespace is gone");
        let inside = || {
            // SAFETY: the descriptor is open; only this thread, which ends with the function, changes its network.
            let status = unsafe { libc::setns(namespace.as_raw_fd(), libc::CLONE_NEWNET) };
            assert_eq!(status, 0, "cannot enter the namespace: {}", std::io::Error::last_os_error());
            function()
        };
        std::thread::scope(|scope| match scope.spawn(inside).join() {
            Ok(value) => value,
            Err(panic) => std::panic::resume_unwind(panic),
        })
    }

    /// A UDP socket of the namespace, for a test that talks to its servers itself.
    pub(crate) fn udp(&self, address: SocketAddr) -> UdpSocket {
        self.enter(|| bind(address)).unwrap_or_else(|error| panic!("cannot bind {address}: {error}"))
    }

    /// Joins two namespaces by a wire, `link0` on both sides, and gives each side its addresses (with their prefixes).
    pub(crate) fn link(&self, other: &Netns, ours: &[&str], theirs: &[&str]) {
        let peer = other.holder.id().to_string();
        self.ip(&["link", "add", "link0", "type", "veth", "peer", "name", "link0", "netns", &peer]);
        for (side, addresses) in [(self, ours), (other, theirs)] {
            addresses.iter().for_each(|address| side.add_link_address(address));
            side.ip(&["link", "set", "link0", "up"]);
        }
        // ntpd passes over an interface that is not running yet.
        for side in [self, other] {
            side.wait_for_link(true);
        }
    }

    /// Waits until the kernel says that the wire's end is up, or down, for which it takes up to a second.
    pub(crate) fn wait_for_link(&self, up: bool) {
        let begun = Instant::now();
        while self.link_is_up() != up {
            assert!(begun.elapsed() < Duration::from_secs(30), "link0 does not change its state");
            std::thread::sleep(Duration::from_millis(20));
        }
    }

    fn link_is_up(&self) -> bool {
        let output = self.command("ip").args(["link", "show", "link0"]).output().expect("cannot start ip");
        String::from_utf8_lossy(&output.stdout).contains("state UP")
    }

    /// Gives the wire's end another address.
    pub(crate) fn add_link_address(&self, address: &str) {
        let nodad = if address.contains(':') { &["nodad"][..] } else { &[] };
        self.ip(&[&["addr", "add", address, "dev", "link0"], nodad].concat());
    }

    /// Runs `ip` in the namespace.
    pub(crate) fn ip(&self, arguments: &[&str]) {
        let status = self.command("ip").args(arguments).status();
        assert!(status.is_ok_and(|status| status.success()), "ip {arguments:?} failed");
    }

    /// Gives the loopback another address, such as `192.0.2.1/32` or `2001:db8::1/128`.
    pub(crate) fn add_address(&self, address: &str) {
        let mut command = self.command("ip");
        command.args(["addr", "add", address, "dev", "lo"]);
        if address.contains(':') {
            // Usable at once: nobody else could have it.
            command.arg("nodad");
        }
        let status = command.status();
        assert!(status.is_ok_and(|status| status.success()), "cannot add {address}");
        // On a busy machine the kernel takes its time until packets get there.
        let (host, _) = address.split_once('/').unwrap_or((address, ""));
        let begun = Instant::now();
        while !self.is_local(host) && begun.elapsed() < Duration::from_secs(5) {
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    /// Whether packets to this address stay in the namespace.
    fn is_local(&self, host: &str) -> bool {
        let output = self.command("ip").args(["route", "get", host]).output().expect("cannot start ip");
        String::from_utf8_lossy(&output.stdout).starts_with("local ")
    }
}

impl Drop for Netns {
    fn drop(&mut self) {
        let _ = self.holder.kill();
        let _ = self.holder.wait();
    }
}
