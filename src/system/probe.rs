//! Signs of life of a silent host, and servers' views of themselves: asked after the exchange, for the diagnosis.

use std::net::{IpAddr, SocketAddr};
use std::os::fd::{AsFd, AsRawFd as _};
use std::thread::{self, Scope, ScopedJoinHandle};
use std::time::{Duration, Instant};

use nix::ifaddrs::getifaddrs;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use self::tries::{Tried, Try};
use super::control::{MAX_ASKED, ask_about_itself};
use super::random;
use super::ways::Ways;
use crate::diagnosis::{Evidence, KeyUse, LowPort, Sign, Signs};
use crate::exchange::Contact;
use crate::net::FaultKind;
use crate::plan::Plan;
use crate::wire::{Key, NtpTimestamp};

mod tries;

/// How long a sign of life may take: round trips on earth are shorter, but for satellites'.
const PATIENCE: Duration = Duration::from_millis(300);
/// How long a server that does answer may take to tell about itself.
const BUDGET: Duration = Duration::from_millis(1500);

/// Looks at every server at once: at those that were silent for signs of life, at all that got our packets for what they
/// say of themselves. Some get one more request for the time, as the plan has them, with the plan's key and without. Takes
/// 0.3 s if nobody answers, however many they are; servers beyond the first 64, and those for which no thread can be
/// started, are not looked at. With this machine's addresses, and its ways to others.
pub fn gather_evidence(
    contacts: &[&Contact],
    plan: &Plan,
    key: Option<&Key>,
    (own, ways): &(Vec<IpAddr>, Ways),
) -> Vec<Evidence> {
    let version = plan.pace.version;
    let key_use = plan.key.as_ref().map(|key| KeyUse { file: key.file.clone(), version });
    thread::scope(|scope| {
        let looking: Vec<_> = contacts
            .iter()
            .enumerate()
            .map(|(place, contact)| {
                (place < MAX_ASKED).then(|| {
                    let silent = contact.answered == 0 && contact.rejected.0 == 0;
                    let (server, reached) = (contact.address, contact.fault.is_none() && contact.sent > 0);
                    // A firewall that says no to one port may say yes to another.
                    let refused = contact.fault.is_some_and(|fault| {
                        matches!(fault.kind, FaultKind::Refused | FaultKind::Prohibited | FaultKind::HostUnreachable)
                            && fault.reporter.is_some()
                    });
                    let source = plan.source_address;
                    let ask = move || ask_about_itself(server, source, PATIENCE, BUDGET);
                    let view = reached.then(|| start(scope, ask)).flatten();
                    let look = move || look_for_signs(server, version, key);
                    let signs =
                        ((reached || refused) && silent && contact.sent > 0).then(|| start(scope, look)).flatten();
                    (view, signs)
                })
            })
            .collect();
        let found = looking.into_iter().zip(contacts).map(|(looking, contact)| {
            let (view, signs) = looking.unwrap_or_default();
            Evidence {
                // A thread that panicked has found nothing.
                view: view.and_then(|view| view.join().ok()),
                signs: signs.and_then(|signs| signs.join().ok()),
                own_report: contact.fault.and_then(|fault| fault.reporter).is_some_and(|who| own.contains(&who)),
                is_this_machine: own.contains(&contact.address.ip()),
                next_hop: ways.to(contact.address.ip()),
                source_port: plan.source_port,
                key: key_use.clone(),
            }
        });
        found.collect()
    })
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
    let end = Instant::now() + PATIENCE;
    while wait(&mut tries, end) {}
    let mut results = tries.into_iter().map(Try::into_result);
    let mut next = || results.next().unwrap_or(Tried::Silent);
    let [echo, tcp, udp, anywhere, low_port] = std::array::from_fn(|_| next());
    Signs {
        waited: PATIENCE,
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
            Tried::Impossible(_) if !nix::unistd::geteuid().is_root() => LowPort::NotRoot,
            Tried::Impossible(error) => LowPort::Busy(error),
        },
        signed: results.next().map(sign),
    }
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
