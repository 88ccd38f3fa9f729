//! Real servers and clients from the cache's Debian tree, which they have for their root.
//!
//! None may set this machine's clock: they lack the capability, chronyd runs with `-x`. Each server has a process
//! namespace of its own that ends with the server's owner, however that ends, so that nothing stays behind.

use std::fs::{self, File};
use std::io::{ErrorKind, Write as _};
use std::net::{IpAddr, SocketAddr};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use super::netns::Netns;
use super::nts::certificates::Issued;
use super::query::{self, Reply};
use super::require::Cache;

/// Long enough for a loaded machine; a server that is up answers at once.
const PATIENCE: Duration = Duration::from_secs(30);

/// Gives the tree devices and fresh changeable folders, in a mount namespace of its own, and the server's folder at
/// /srv. `$1` is the tree, `$2` the folder, the rest the command.
const PREPARE: &str = r#"
root=$1 srv=$2; shift 2
mount --rbind /dev "$root/dev" && mount --bind "$srv" "$root/srv" || exit
for folder in run var/lib tmp; do mount -t tmpfs tmpfs "$root/$folder" || exit; done
mkdir -p "$root/run/openntpd" "$root/var/lib/openntpd/db" "$root/var/lib/openntpd/run"
"#;

/// Runs the command until it ends or the input does; as the namespace's first process it takes all others with it.
const SERVE: &str = r#"
exec 3<&0
(chroot "$root" "$@" </dev/null; echo "ended with status $?") &
read -r _ <&3
"#;

/// chronyd, which leaves the clock alone.
const CHRONYD: [&str; 7] = ["chronyd", "-x", "-d", "-u", "root", "-f", "/srv/config"];

/// A running server.
#[derive(Debug)]
pub(crate) struct Peer {
    process: Child,
    folder: tempfile::TempDir,
}

impl Peer {
    /// chronyd. The lines given come after those that keep it off its usual paths; a usual set is
    /// `"local stratum 5\nallow all"`. It listens on all addresses unless told with `bindaddress`.
    pub(crate) fn chronyd(cache: &Cache, network: &Netns, config: &str) -> Self {
        Self::chronyd_with_keys(cache, network, config, "")
    }

    /// chronyd with this text in the file /srv/keys, for `keyfile`.
    pub(crate) fn chronyd_with_keys(cache: &Cache, network: &Netns, config: &str, keys: &str) -> Self {
        let preset = "cmdport 0\nbindcmdaddress /\npidfile /run/chronyd.pid\n";
        Self::start(&cache.root(), network, &format!("{preset}{config}\n"), &[("keys", keys)], &CHRONYD)
    }

    /// chronyd of a tree that exchanges keys for NTS and shows this certificate. Started anew it has new keys of its own, and says so
    /// of cookies that it does not know any more.
    pub(crate) fn chronyd_with_nts(tree: &Path, network: &Netns, config: &str, certificate: &Issued) -> Self {
        let preset =
            "cmdport 0\nbindcmdaddress /\npidfile /run/chronyd.pid\nntsservercert /srv/cert\nntsserverkey /srv/key\n";
        let files = [("cert", &*certificate.pem()), ("key", &*certificate.key_pem())];
        Self::start(tree, network, &format!("{preset}{config}\n"), &files, &CHRONYD)
    }

    /// ntpd-rs of a tree, on this address, its own clock as its source; it exchanges keys for NTS and shows this certificate. Started
    /// anew it has new keys of its own, and says so of cookies that it does not know any more.
    pub(crate) fn ntpd_rs_with_nts(tree: &Path, network: &Netns, address: &str, certificate: &Issued) -> Self {
        let config = format!(
            "[synchronization]\nlocal-stratum = 3\n[[server]]\nlisten = \"{address}:123\"\n[[nts-ke-server]]\n\
            listen = \"{address}:4460\"\ncertificate-chain-path = \"/srv/cert\"\nprivate-key-path = \"/srv/key\"\n"
        );
        let files = [("cert", &*certificate.pem()), ("key", &*certificate.key_pem())];
        Self::start(tree, network, &config, &files, &["ntp-daemon", "-c", "/srv/config"])
    }

    /// ntpd of NTPsec: `"refclock local unit 0 stratum 4 prefer"` makes it synchronised, as stratum 5, in a few
    /// seconds; without such a line it stays unsynchronised. It answers a flood with silence.
    pub(crate) fn ntpd(cache: &Cache, network: &Netns, config: &str) -> Self {
        Self::ntpd_with_keys(cache, network, config, "")
    }

    /// ntpd with this text in the file /srv/keys, for `keys`.
    pub(crate) fn ntpd_with_keys(cache: &Cache, network: &Netns, config: &str, keys: &str) -> Self {
        let command = ["ntpd", "-n", "-N", "-c", "/srv/config"];
        Self::start(&cache.root(), network, &format!("disable kernel\n{config}\n"), &[("keys", keys)], &command)
    }

    /// ntpd of NTPsec that exchanges keys for NTS and shows this certificate. Started anew it has new keys of its own, and is silent
    /// to cookies that it does not know any more.
    pub(crate) fn ntpd_with_nts(tree: &Path, network: &Netns, config: &str, certificate: &Issued) -> Self {
        let preset = "disable kernel\nnts enable\nnts key /srv/key\nnts cert /srv/cert\nnts cookie /srv/cookies\n";
        let command = ["ntpd", "-n", "-N", "-g", "-c", "/srv/config"];
        let files = [("cert", &*certificate.pem()), ("key", &*certificate.key_pem())];
        Self::start(tree, network, &format!("{preset}{config}\n"), &files, &command)
    }

    /// OpenNTPD, which needs `listen on` lines. It counts as synchronised only after it has adjusted a clock, which
    /// here it never can: its answers have leap indicator 3 and stratum 0.
    pub(crate) fn openntpd(cache: &Cache, network: &Netns, config: &str) -> Self {
        let command = ["/usr/sbin/openntpd", "-d", "-v", "-f", "/srv/config"];
        Self::start(&cache.root(), network, &format!("{config}\n"), &[], &command)
    }

    /// With these files beside the configuration, which only root may read.
    fn start(tree: &Path, network: &Netns, config: &str, files: &[(&str, &str)], command: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("cannot make a temporary folder");
        fs::write(folder.path().join("config"), config).expect("cannot write the configuration");
        files.iter().for_each(|(name, text)| write_secret(&folder.path().join(name), text));
        let log = File::create(folder.path().join("log")).expect("cannot write the log");
        let process = network
            .command("unshare")
            .args(["--mount", "--pid", "--fork", "--kill-child", "sh", "-c"])
            .arg(format!("{PREPARE}{SERVE}"))
            .args(["sh".as_ref(), tree.as_os_str(), folder.path().as_os_str()])
            .args(command)
            .stdin(Stdio::piped())
            .stdout(log.try_clone().expect("cannot share the log"))
            .stderr(log)
            .spawn()
            .expect("cannot start a server");
        Self { process, folder }
    }

    /// What the server has written so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// The server's own folder, /srv to it: for key files named in its configuration.
    pub(crate) fn folder(&self) -> &Path {
        self.folder.path()
    }

    /// Waits until the server gives any answer to a client's request at `address`, port 123.
    ///
    /// # Panics
    /// When it ends or stays silent, with its log.
    pub(crate) fn wait_ready(&self, network: &Netns, address: &str) -> Reply {
        self.wait_for(network, address, |_| true)
    }

    /// Waits until the server gives an answer that has it synchronised: a leap indicator below 3.
    ///
    /// # Panics
    /// When it ends or stays silent or unsynchronised, with its log.
    pub(crate) fn wait_synchronised(&self, network: &Netns, address: &str) -> Reply {
        self.wait_for(network, address, |reply| reply.leap < 3 && reply.stratum > 0)
    }

    /// Waits for an answer of this kind.
    ///
    /// # Panics
    /// When it ends, or none comes, with its log.
    pub(crate) fn wait_for(&self, network: &Netns, address: &str, wanted: impl Fn(&Reply) -> bool) -> Reply {
        let server = SocketAddr::new(address.parse().expect("an address"), 123);
        let started = Instant::now();
        loop {
            let reply = ask(network, server);
            match reply {
                Ok(reply) if wanted(&reply) => return reply,
                _ if self.log().contains("ended with status ") => panic!("the server ended:\n{}", self.log()),
                _ if started.elapsed() > PATIENCE => panic!("last answer: {reply:?}, log:\n{}", self.log()),
                // Not there yet.
                Err(error) if error.kind() == ErrorKind::ConnectionRefused => {
                    std::thread::sleep(Duration::from_millis(20));
                }
                // ntpd falls silent for whoever asks much more often.
                _ => std::thread::sleep(Duration::from_millis(800)),
            }
        }
    }
}

/// A file that only its owner may read.
pub(crate) fn write_secret(path: &Path, text: &str) {
    let mut options = fs::OpenOptions::new();
    let file = options.create(true).write(true).truncate(true).mode(0o600).open(path);
    file.and_then(|mut file| file.write_all(text.as_bytes())).expect("cannot write a key file");
}

impl Drop for Peer {
    fn drop(&mut self) {
        // Its end of input ends the namespace's first process, and with it everything in the namespace.
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

/// One client request from within the namespace.
pub(crate) fn ask(network: &Netns, server: SocketAddr) -> std::io::Result<Reply> {
    let any: IpAddr = if server.is_ipv4() { [0; 4].into() } else { [0; 16].into() };
    query::ask(&network.udp(SocketAddr::new(any, 0)), server, Duration::from_millis(200))
}

/// A client of the Debian tree, such as `ntpdig` or `chronyd -Q -u root`, in the namespace and unable to set the clock.
pub(crate) fn client(cache: &Cache, network: &Netns, program_and_arguments: &[&str]) -> Command {
    client_with(cache, network, &std::env::temp_dir(), program_and_arguments)
}

/// The same with a folder of its own at /srv.
pub(crate) fn client_with(cache: &Cache, network: &Netns, srv: &Path, program_and_arguments: &[&str]) -> Command {
    let mut command = network.command("unshare");
    command
        .args(["--mount", "sh", "-c"])
        .arg(format!("{PREPARE}exec chroot \"$root\" \"$@\""))
        .args(["sh".as_ref(), cache.root().as_os_str(), srv.as_os_str()])
        .args(program_and_arguments);
    command
}
