//! The life of the process that has the sockets: it asks the servers that it is told to ask, and says what came of it.

use std::io;
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use nix::unistd::Pid;
use socket2::Socket;

use super::channel::{is_readable, receive, send};
use super::child::{die_with, leave_streams};
use crate::exchange::{Action, Exchange, Keyring, NewServer, Order, Pace, Report};
use crate::linux::ffi;
use crate::linux::net::UdpNetwork;
use crate::linux::sandbox::confine;
use crate::linux::sandbox::confine::NoFilter;
use crate::linux::sandbox::limits::limit_network;
use crate::linux::sandbox::rights::{Identity, become_nobody, keep_only};
use crate::linux::{SystemClock, random};
use crate::machine::{Clock as _, KeyExchanges, Network as _, here};
use crate::net::{Fault, FaultKind, Step};
use crate::nts::{Established, KeyFailure, KeyOrder};
use crate::time::Time;

/// How long is waited for orders alone.
const LONG: Duration = Duration::from_secs(60);
/// News of so many servers go into one message.
const NEWS_IN_MESSAGE: usize = 64;

/// Gives up every right, says what could not be given up, and obeys until nobody gives orders any more.
pub(super) fn live(
    stream: &UnixStream,
    parent: Pid,
    user: Option<&Identity>,
    keys: &Keyring,
    mut exchanges: Exchanges<'_>,
    filter: bool,
) {
    leave_streams();
    random::prepare();
    let Some(mut unconfined) = give_up_rights(user) else { return };
    die_with(parent);
    limit_network();
    // What the user forbids the run says of itself.
    let refused = confine::network(filter).err().filter(|why| !matches!(why, NoFilter::Unwanted));
    unconfined.extend(refused.map(|why| why.told()));
    if send(stream, &Report::Confined(unconfined), None).is_err() {
        return;
    }
    loop {
        let done = match receive::<Order>(stream, None) {
            Ok(Some(Order::Begin { pace, deadline })) => converse(stream, keys, &mut exchanges, pace, deadline),
            Ok(Some(Order::CheckChains(questions))) => check_chains(stream, &mut exchanges, &questions),
            _ => return,
        };
        if done.is_err() {
            return;
        }
    }
}

/// Key exchanges, in a run that may need any.
pub(super) type Exchanges<'a> = Option<&'a mut dyn KeyExchanges>;

/// Says whether chains of certificates are valid.
fn check_chains(stream: &UnixStream, exchanges: &mut Exchanges<'_>, questions: &[(usize, Time)]) -> io::Result<()> {
    let unknown = || Err(KeyFailure::Here("no keys were exchanged".to_owned()));
    let check = |(number, at): &(usize, Time)| match exchanges {
        Some(exchanges) => exchanges.check(*number, *at),
        None => unknown(),
    };
    send(stream, &Report::Checked(questions.iter().map(check).collect()), None)
}

/// Becomes the user, or nobody, with no right at all. Gives what did not succeed; nothing where it must not go on.
fn give_up_rights(user: Option<&Identity>) -> Option<Vec<String>> {
    let mut failed = Vec::new();
    match user {
        Some(user) => user.assume_for_good(&[]).ok()?,
        None => failed.extend(become_nobody(&[]).err().map(|error| format!("the run goes on as root: {error:#}"))),
    }
    failed.extend(keep_only(&[]).err().map(|error| format!("rights that are not needed are kept: {error:#}")));
    Some(failed)
}

/// One exchange, to its end. Fails where the other side has ended or says what it must not say.
fn converse(
    stream: &UnixStream,
    keys: &Keyring,
    exchanges: &mut Exchanges<'_>,
    pace: Pace,
    deadline: Duration,
) -> io::Result<()> {
    let mut network = UdpNetwork::new()?;
    network.watch(stream.as_fd());
    if let Some(descriptor) = exchanges.as_ref().and_then(|exchanges| exchanges.descriptor()) {
        network.watch(descriptor);
    }
    let mut exchange = Exchange::new(pace, deadline);
    let mut events = Vec::new();
    let mut nonce = || random::u64().ok();
    loop {
        let now = SystemClock.now().raw;
        let due = go_on(stream, exchanges, now)?;
        let timeout = match exchange.next(now) {
            Action::Send(server) => {
                if let Err(fault) = here::send(&mut exchange, &mut network, server, &mut nonce, &SystemClock) {
                    exchange.failed(server, fault, now);
                }
                continue;
            }
            Action::Wait(until) => until.saturating_sub(now),
            Action::Done => LONG,
        };
        tell(stream, &mut exchange)?;
        network.wait(due.map_or(timeout, |due| timeout.min(due.saturating_sub(now))), &mut events);
        here::take_in(&mut exchange, &mut events, &SystemClock);
        while is_readable(stream, Instant::now()) {
            let order = receive::<Order>(stream, None)?;
            if obey(order, stream, keys, exchanges, &mut exchange, &mut network)? {
                tell(stream, &mut exchange)?;
                return send(stream, &Report::Finished(exchange.into_contacts()), None);
            }
        }
    }
}

/// Does what is wanted in the course of an exchange. Says whether that is its end; fails where it cannot be wanted then.
fn obey(
    order: Option<Order>,
    stream: &UnixStream,
    keys: &Keyring,
    exchanges: &mut Exchanges<'_>,
    exchange: &mut Exchange,
    network: &mut UdpNetwork,
) -> io::Result<bool> {
    match order {
        Some(Order::Ask(servers)) => ask(stream, keys, exchange, network, servers)?,
        Some(Order::ExchangeKeys(order)) => begin_exchange(stream, exchanges, order)?,
        Some(Order::Renew(server, with)) => {
            exchange.renew(server, with.association, with.missing, SystemClock.now().raw);
        }
        Some(Order::Refresh(before)) => {
            exchange.refresh(before, SystemClock.now().raw);
            tell(stream, exchange)?;
            send(stream, &Report::Refreshed, None)?;
        }
        Some(Order::Answer) => send(stream, &Report::Here, None)?,
        Some(Order::Finish) => return Ok(true),
        Some(Order::Begin { .. } | Order::CheckChains(_)) | None => return Err(io::ErrorKind::UnexpectedEof.into()),
    }
    Ok(false)
}

/// Goes on with key exchanges, and says what has come of them. When they want to be gone on with at the latest.
fn go_on(stream: &UnixStream, exchanges: &mut Exchanges<'_>, now: Duration) -> io::Result<Option<Duration>> {
    let Some(exchanges) = exchanges else { return Ok(None) };
    let established = exchanges.proceed(now);
    if !established.is_empty() {
        send(stream, &Report::Established(established), None)?;
    }
    Ok(exchanges.due())
}

/// Begins a key exchange over the socket that follows.
fn begin_exchange(stream: &UnixStream, exchanges: &mut Exchanges<'_>, order: KeyOrder) -> io::Result<()> {
    let socket = ffi::receive_descriptors(stream.as_fd())?.into_iter().next().map(Socket::from);
    let number = order.number;
    let failure = match (exchanges, socket) {
        (Some(exchanges), Some(socket)) => {
            exchanges.begin(order, socket, SystemClock.now().raw);
            return Ok(());
        }
        (None, _) => "this process exchanges no keys",
        (_, None) => "no more sockets can be open",
    };
    let result = Err(KeyFailure::Here(failure.to_owned()));
    send(stream, &Report::Established(vec![Established { number, result }]), None)
}

/// Says what has changed, if anything has.
fn tell(stream: &UnixStream, exchange: &mut Exchange) -> io::Result<()> {
    exchange.news().chunks(NEWS_IN_MESSAGE).try_for_each(|news| send(stream, &Report::News(news.to_vec()), None))
}

/// Takes in new servers, and the sockets to those that have one.
fn ask(
    stream: &UnixStream,
    keys: &Keyring,
    exchange: &mut Exchange,
    network: &mut UdpNetwork,
    servers: Vec<NewServer>,
) -> io::Result<()> {
    let has_sockets = servers.iter().any(|server| server.fault.is_none());
    let mut sockets = if has_sockets { ffi::receive_descriptors(stream.as_fd())? } else { Vec::new() }.into_iter();
    for NewServer { address, key, nts, fault } in servers {
        // The kernel leaves out those that this process may not have open any more.
        let lost = || Fault::here(FaultKind::Other(Step::Socket, libc::EMFILE));
        let socket = match fault {
            Some(fault) => Err(fault),
            None => sockets.next().map(Socket::from).ok_or_else(lost),
        };
        let (server, now) = (exchange.servers(), SystemClock.now().raw);
        match nts {
            Some(with) => exchange.add_nts(address, with.association, with.missing, now),
            None => exchange.add(address, key.and_then(|id| keys.get(id).ok()).cloned(), now),
        }
        if let Err(fault) = network.adopt(socket) {
            exchange.failed(server, fault, now);
        }
    }
    Ok(())
}
