//! Real chronyd servers on loopback addresses, a silent one, and the bare round trip to them.

use super::certificates::{Authority, Validity};
use anyhow::{Context as _, Result, bail};
use std::net::UdpSocket;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// Where chronyd answers.
pub(crate) const GOOD: [&str; 3] = ["127.0.0.2", "127.0.0.3", "127.0.0.4"];
/// The authority of their certificates, in the tree.
pub(crate) const AUTHORITY: &str = "/run/ca.pem";
/// Where a socket takes requests and nobody answers.
pub(crate) const SILENT: &str = "127.0.0.8";
/// Where the port is closed.
pub(crate) const DEAD: &str = "127.0.0.9";

/// Running servers; they end when this is dropped.
pub(crate) struct Servers {
    children: Vec<Child>,
    _silent: UdpSocket,
}

impl Servers {
    /// Starts them out of the unpacked tree `root`, and waits until each answers.
    pub(crate) fn start(root: &Path) -> Result<Self> {
        let silent = UdpSocket::bind((SILENT, 123)).context("bind the silent server")?;
        let mut servers = Self { children: Vec::new(), _silent: silent };
        let authority = Authority::new("Benchmark");
        std::fs::write(root.join("run/ca.pem"), authority.pem()).context("write the authority's certificate")?;
        for address in GOOD {
            let issued = authority.issue(&[address], Validity::good());
            std::fs::write(root.join(format!("run/{address}.cert")), issued.pem()).context("write a certificate")?;
            std::fs::write(root.join(format!("run/{address}.key")), issued.key_pem()).context("write a key")?;
            servers.children.push(chronyd(root, address)?);
        }
        for address in GOOD {
            wait_for(address)?;
        }
        Ok(servers)
    }

    /// Bare round trips to the first server in milliseconds.
    pub(crate) fn round_trips(&self, count: usize) -> Result<Vec<f64>> {
        (0..count).map(|_| Ok(exchange(GOOD[0])?.as_secs_f64() * 1e3)).collect()
    }
}

impl Drop for Servers {
    fn drop(&mut self) {
        for child in &mut self.children {
            // Already gone: just as well.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// Without CAP_SYS_TIME, and told with -x not to control the clock. It ends with this process, however that ends.
fn chronyd(root: &Path, address: &str) -> Result<Child> {
    Command::new("setpriv")
        .args(["--pdeathsig", "KILL", "--bounding-set", "-sys_time", "--inh-caps", "-sys_time", "chroot"])
        .arg(root)
        .args(["/usr/sbin/chronyd", "-x", "-d", "-u", "root", "local stratum 5", "allow all", "cmdport 0", "port 123"])
        .args(["bindcmdaddress /".to_owned(), format!("bindaddress {address}"), format!("pidfile /run/{address}.pid")])
        .args([format!("ntsservercert /run/{address}.cert"), format!("ntsserverkey /run/{address}.key")])
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .context("start chronyd")
}

fn wait_for(address: &str) -> Result<()> {
    let deadline = Instant::now() + Duration::from_secs(10);
    while exchange(address).is_err() {
        if Instant::now() > deadline {
            bail!("chronyd does not answer on {address}");
        }
        std::thread::sleep(Duration::from_millis(20));
    }
    Ok(())
}

/// One request and its reply, from a new socket, as a client would: how long it took.
fn exchange(address: &str) -> Result<Duration> {
    let socket = UdpSocket::bind("0.0.0.0:0")?;
    socket.connect((address, 123))?;
    socket.set_read_timeout(Some(Duration::from_secs(1)))?;
    let mut packet = [0; 48];
    packet[0] = 0x23;
    let start = Instant::now();
    socket.send(&packet)?;
    let length = socket.recv(&mut packet)?;
    let took = start.elapsed();
    // Leap 0, version 4, mode 4: synchronised.
    if length != packet.len() || packet[0] != 0x24 {
        bail!("{address} is not ready");
    }
    Ok(took)
}
