//! Signs of life of a silent host, and servers' views of themselves: asked after the exchange, for the diagnosis.

use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, AsRawFd as _};
use std::thread::{self, Scope, ScopedJoinHandle};
use std::time::{Duration, Instant};

use nix::ifaddrs::getifaddrs;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use self::tries::{Tried, Try};
use super::control::{MAX_ASKED, ask_about_itself};
use super::ways::Ways;
use crate::control::{NoView, ServerView};
use crate::evidence::{Evidence, KeyUse, LowPort, Sign, Signs};
use crate::exchange::{Contact, Keyring};
use crate::linux::random;
use crate::net::FaultKind;
use crate::wire::{Key, NtpTimestamp};

/// Addresses of one host that are asked without NTS.
const MOST_OF_ONE: usize = 4;
/// NTP's port.
const NTP_PORT: u16 = 123;

mod tries;

/// How long a sign of life may take: round trips on earth are shorter, but for satellites'.
const TIMEOUT: Duration = Duration::from_millis(300);
/// How long a server that does answer may take to tell about itself.
const BUDGET: Duration = Duration::from_millis(1500);

/// How the run asked for the time.
pub struct Requests<'a> {
    /// The protocol version.
    pub version: u8,
    /// The address that it sent from, where one was asked for.
    pub source_address: Option<IpAddr>,
    /// The same of the port.
    pub source_port: Option<u16>,
    /// The keys that servers had to prove to know.
    pub keys: &'a Keyring,
    /// What the exchange does not know of them.
    pub key_use: Option<&'a KeyUse>,
}

/// Looks at every server at once: at those that were silent for signs of life, at all that got our packets for what they
/// say of themselves. Some get one more request for the time, as the run made them, with the server's key and without. Takes
/// 0.3 s if nobody answers, however many they are; servers beyond the first 64, and those for which no thread can be
/// started, are not looked at. With this machine's addresses, and its ways to others.
pub fn gather_evidence(
    contacts: &[&Contact],
    requests: &Requests<'_>,
    (own, ways): &(Vec<IpAddr>, Ways),
) -> Vec<Evidence> {
    let Requests { source_port, key_use, .. } = *requests;
    thread::scope(|scope| {
        let asked = contacts.iter().enumerate();
        let looking: Vec<_> =
            asked.map(|(place, contact)| (place < MAX_ASKED).then(|| look_at(scope, contact, requests))).collect();
        let looked: Vec<_> = looking
            .into_iter()
            .map(|looking| {
                let (view, signs) = looking.unwrap_or_default();
                // A thread that panicked has found nothing.
                (view.and_then(|view| view.join().ok()), signs.and_then(|signs| signs.join().ok()))
            })
            .collect();
        // Not before: the kernel asks for hardware addresses when there is something to send.
        let neighbours = ways.neighbours();
        let found = looked.into_iter().zip(contacts).map(|((view, signs), contact)| Evidence {
            view,
            signs,
            own_report: contact.fault.and_then(|fault| fault.reporter).is_some_and(|who| own.contains(&who)),
            is_this_machine: contact.address.ip().is_loopback() || own.contains(&contact.address.ip()),
            next_hop: ways.to(contact.address.ip(), &neighbours),
            source_port,
            key: key_use.filter(|_| contact.authentication.is_some()).cloned(),
        });
        found.collect()
    })
}

/// For each group of addresses of one host, whether any of them answers a plain request for the time. Takes 0.3 s where one does not.
pub fn answer_plainly(groups: &[Vec<IpAddr>], version: u8) -> Vec<bool> {
    let nonce = || random::u64().map(NtpTimestamp::from_bits);
    let ask = |host: &IpAddr| Try::from_anywhere(SocketAddr::new(*host, NTP_PORT), version, nonce());
    let most = |group: &Vec<IpAddr>| group.len().min(MOST_OF_ONE);
    let mut tries: Vec<Try> = groups.iter().flat_map(|group| group.iter().take(most(group)).map(ask)).collect();
    let end = Instant::now() + TIMEOUT;
    while wait(&mut tries, end) {}
    let mut results = tries.into_iter().map(Try::into_result);
    let mut answers =
        |count: usize| results.by_ref().take(count).filter(|it| matches!(it, Tried::Answered(_))).count() > 0;
    groups.iter().map(|group| answers(most(group))).collect()
}

/// What is on the way about one server: its view of itself, and signs of life.
type Looking<'scope> =
    (Option<ScopedJoinHandle<'scope, Result<ServerView, NoView>>>, Option<ScopedJoinHandle<'scope, Signs>>);

/// Begins to look at a server, in threads of their own.
fn look_at<'scope>(
    scope: &'scope Scope<'scope, '_>,
    contact: &Contact,
    requests: &Requests<'scope>,
) -> Looking<'scope> {
    let Requests { version, source_address: source, keys, .. } = *requests;
    let silent = contact.answered == 0 && contact.rejected.0 == 0;
    let (server, reached) = (contact.address, contact.fault.is_none() && contact.sent > 0);
    // A firewall that says no to one port may say yes to another, this machine's own too.
    let refused = contact.fault.is_some_and(|fault| match fault.reporter {
        Some(_) => {
            matches!(fault.kind, FaultKind::Refused | FaultKind::Prohibited | FaultKind::HostUnreachable)
        }
        None => fault.kind == FaultKind::NotPermitted,
    });
    let ask = move || ask_about_itself(server, source, TIMEOUT, BUDGET);
    let view = reached.then(|| start(scope, ask)).flatten();
    let key = contact.authentication.and_then(|used| keys.get(used.key).ok());
    let look = move || look_for_signs(server, version, key.map(AsRef::as_ref));
    let signs = ((reached || refused) && silent && contact.sent > 0).then(|| start(scope, look)).flatten();
    (view, signs)
}

fn start<'scope, T: Send + 'scope>(
    scope: &'scope Scope<'scope, '_>,
    work: impl FnOnce() -> T + Send + 'scope,
) -> Option<ScopedJoinHandle<'scope, T>> {
    thread::Builder::new().spawn_scoped(scope, work).ok()
}

/// This machine's addresses.
pub fn own_addresses() -> Vec<IpAddr> {
    let interfaces = getifaddrs().into_iter().flatten();
    let addresses = interfaces.filter_map(|interface| {
        let address = interface.address?;
        let v4 = address.as_sockaddr_in().map(|v4| IpAddr::from(v4.ip()));
        v4.or_else(|| address.as_sockaddr_in6().map(|v6| IpAddr::from(v6.ip())))
    });
    addresses.collect()
}

fn look_for_signs(server: SocketAddr, version: u8, key: Option<&Key>) -> Signs {
    let nonce = || random::u64().map(NtpTimestamp::from_bits);
    // The plain requests first: a server that limits their rate answers the first that comes.
    let mut tries = vec![
        Try::echo(server.ip()),
        Try::tcp(server.ip()),
        Try::udp(server.ip()),
        Try::from_anywhere(server, version, nonce()),
        Try::from_port_123(server, version, nonce()),
    ];
    tries.extend(key.map(|key| Try::signed(server, version, nonce(), key)));
    let end = Instant::now() + TIMEOUT;
    while wait(&mut tries, end) {}
    let mut results = tries.into_iter().map(Try::into_result);
    let mut next = || results.next().unwrap_or(Tried::Silent);
    let [echo, tcp, udp, anywhere, low_port] = std::array::from_fn(|_| next());
    Signs {
        waited: TIMEOUT,
        echo: sign(echo),
        tcp: sign(tcp),
        udp: sign(udp),
        answered_by: match anywhere {
            Tried::Answered(by) => by,
            _ => None,
        },
        low_port: match low_port {
            Tried::Answered(_) => LowPort::Answered,
            Tried::Silent => LowPort::Silent,
            // Not by who asks: a process of root's run may have no user's rights, and the port be another program's.
            Tried::Impossible(error) if error == denied() => LowPort::NotRoot,
            Tried::Impossible(error) => LowPort::Busy(error),
        },
        signed: results.next().map(sign),
    }
}

/// The kernel's words where a port below 1024 takes a right that this process lacks.
fn denied() -> String {
    std::io::Error::from(nix::errno::Errno::EACCES).to_string()
}

fn sign(tried: Tried) -> Sign {
    match tried {
        Tried::Answered(_) => Sign::Answered,
        Tried::Silent => Sign::Silent,
        Tried::Impossible(error) => Sign::NotTried(error),
    }
}

/// Waits for one of the sockets that are still open; says whether it is worth while to wait on.
fn wait(tries: &mut [Try], end: Instant) -> bool {
    let left = end.saturating_duration_since(Instant::now());
    let waiting: Vec<(i32, PollFlags)> =
        tries.iter().filter_map(Try::waiting).map(|(socket, flags)| (socket.as_fd().as_raw_fd(), flags)).collect();
    if left.is_zero() || waiting.is_empty() {
        return false;
    }
    let ready: Vec<i32> = {
        let mut fds: Vec<PollFd<'_>> =
            tries.iter().filter_map(Try::waiting).map(|(socket, flags)| PollFd::new(socket.as_fd(), flags)).collect();
        let timeout = PollTimeout::try_from(left + Duration::from_millis(1)).unwrap_or(PollTimeout::ZERO);
        if poll(&mut fds, timeout).is_err() {
            return true;
        }
        let is_ready = |fd: &PollFd<'_>| fd.revents().is_some_and(|events| !events.is_empty());
        fds.iter().filter(|fd| is_ready(fd)).map(|fd| fd.as_fd().as_raw_fd()).collect()
    };
    for attempt in tries {
        if attempt.waiting().is_some_and(|(socket, _)| ready.contains(&socket.as_fd().as_raw_fd())) {
            attempt.take_in();
        }
    }
    true
}
