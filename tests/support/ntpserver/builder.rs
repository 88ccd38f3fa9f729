//! How a server is described before it starts.

use super::behaviour::{Behaviour, When};
use super::engine::Engine;
use super::profile::{Profile, Reference, Version};
use super::time::{Nanos, SECOND, short_format};
use super::{ReceivedRequest, Server, Shared, lock};
use nix::sys::socket::{setsockopt, sockopt};
use std::io;
use std::net::{SocketAddr, ToSocketAddrs, UdpSocket};
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// How long an address may still be that of a socket that is gone here.
const INHERITED: Duration = Duration::from_secs(2);

/// A behaviour and the requests it applies to.
pub(super) struct Rule {
    pub(super) when: When,
    pub(super) behaviour: Behaviour,
}

/// Describes a server; each method changes one thing, `start` runs it.
pub struct Builder {
    bind: String,
    offset: Nanos,
    profile: Profile,
    rules: Vec<Rule>,
}

impl Default for Builder {
    fn default() -> Self {
        let bind = "127.0.0.1:0".to_owned();
        Self { bind, offset: 0, profile: Profile::default(), rules: Vec::new() }
    }
}

impl Builder {
    /// Address and port to listen at, such as `127.0.0.3:0` or `[::1]:0` (0: any free port).
    pub fn bind(mut self, addr: &str) -> Self {
        self.bind = addr.to_owned();
        self
    }

    /// How far the server's clock is ahead of this machine's; negative: behind.
    pub fn offset(mut self, offset: Nanos) -> Self {
        self.offset = offset;
        self
    }

    /// Stratum.
    pub fn stratum(mut self, stratum: u8) -> Self {
        self.profile.stratum = stratum;
        self
    }

    /// Leap indicator, 0 to 3.
    pub fn leap(mut self, leap: u8) -> Self {
        self.profile.leap = leap;
        self
    }

    /// Version number.
    pub fn version(mut self, version: Version) -> Self {
        self.profile.version = version;
        self
    }

    /// Mode, 0 to 7; a server's is 4.
    pub fn mode(mut self, mode: u8) -> Self {
        self.profile.mode = mode;
        self
    }

    /// Reference identifier: the upstream server's IPv4 address, or four letters at stratum 1.
    pub fn refid(mut self, refid: [u8; 4]) -> Self {
        self.profile.refid = refid;
        self
    }

    /// Reference timestamp this long before the transmit timestamp (negative: after it).
    pub fn ref_age(mut self, age: Nanos) -> Self {
        self.profile.reference = Reference::Age(age);
        self
    }

    /// Reference timestamp this long after the transmit timestamp.
    pub fn future_reftime(self, ahead: Nanos) -> Self {
        self.ref_age(-ahead)
    }

    /// Reference timestamp 0.
    pub fn zero_reftime(mut self) -> Self {
        self.profile.reference = Reference::Zero;
        self
    }

    /// Root delay in seconds, rounded to 2⁻¹⁶ s; a negative one goes out in two's complement.
    pub fn root_delay(mut self, seconds: f64) -> Self {
        self.profile.root_delay = short_format(seconds);
        self
    }

    /// Root dispersion in seconds, rounded to 2⁻¹⁶ s.
    pub fn root_dispersion(mut self, seconds: f64) -> Self {
        self.profile.root_dispersion = short_format(seconds);
        self
    }

    /// Precision, as a power of two of a second.
    pub fn precision(mut self, precision: i8) -> Self {
        self.profile.precision = precision;
        self
    }

    /// Every reply under way for this much longer: the measured offset shrinks by half of it.
    pub fn delay(self, reply: Duration) -> Self {
        self.behave(Behaviour::ReplyDelay(reply))
    }

    /// Every request and every reply under way for this much longer.
    pub fn delays(self, request: Duration, reply: Duration) -> Self {
        self.behave(Behaviour::RequestDelay(request)).delay(reply)
    }

    /// A behaviour for all requests.
    pub fn behave(self, behaviour: Behaviour) -> Self {
        self.when(When::Always, behaviour)
    }

    /// A behaviour for the n-th request alone, counted from 1.
    pub fn nth(self, n: usize, behaviour: Behaviour) -> Self {
        self.when(When::Nth(n), behaviour)
    }

    /// A behaviour for the n-th request and all later ones.
    pub fn since(self, n: usize, behaviour: Behaviour) -> Self {
        self.when(When::From(n), behaviour)
    }

    /// A behaviour for the first n requests.
    pub fn first(self, n: usize, behaviour: Behaviour) -> Self {
        self.when(When::First(n), behaviour)
    }

    /// A behaviour for the requests a closure picks by number (from 1) and content.
    pub fn matching<F>(self, picks: F, behaviour: Behaviour) -> Self
    where
        F: Fn(usize, &ReceivedRequest) -> bool + Send + Sync + 'static,
    {
        self.when(When::Matching(Arc::new(picks)), behaviour)
    }

    /// Any free change of a reply's bytes, as the last step for every reply.
    pub fn edit<F>(self, change: F) -> Self
    where
        F: Fn(&ReceivedRequest, &mut Vec<u8>) + Send + Sync + 'static,
    {
        self.behave(Behaviour::Edit(Arc::new(change)))
    }

    /// A behaviour for the requests `when` describes.
    pub fn when(mut self, when: When, behaviour: Behaviour) -> Self {
        self.rules.push(Rule { when, behaviour });
        self
    }

    /// Binds the socket and starts the server's thread. Panics, as a test should, when the address is not to be had.
    pub fn start(self) -> Server {
        let socket = bind(&self.bind).unwrap_or_else(|error| panic!("bind {}: {error}", self.bind));
        setsockopt(&socket, sockopt::ReceiveTimestampns, &true).expect("ask for receive timestamps");
        let addr: SocketAddr = socket.local_addr().expect("the server's address");
        let shared = Arc::new(Shared::default());
        *lock(&shared.offset) = self.offset;
        let (wake, woken) = UnixStream::pair().expect("a socket pair to stop the server");
        let own = socket.try_clone().expect("a second handle to the socket");
        let engine = Engine::new(own, woken, self.profile, self.rules, Arc::clone(&shared));
        let thread = std::thread::Builder::new().name(format!("ntp server {addr}"));
        let thread = Some(thread.spawn(move || engine.run()).expect("start the server's thread"));
        Server { addr, socket, shared, wake, thread }
    }
}

/// A socket with this address, which may still be another's for a moment: a process that another thread is just starting has all
/// files of this one, until it becomes another program.
///
/// # Errors
/// Those of bind(2); that the address is in use only where that lasts.
pub fn bind(address: impl ToSocketAddrs) -> io::Result<UdpSocket> {
    let began = Instant::now();
    loop {
        match UdpSocket::bind(&address) {
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && began.elapsed() < INHERITED => {
                std::thread::sleep(Duration::from_millis(10));
            }
            bound => return bound,
        }
    }
}
