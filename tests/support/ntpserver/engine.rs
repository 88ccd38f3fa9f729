//! The server's thread: receive, plan, send now or later.

use super::behaviour::Behaviour;
use super::builder::{Rule, bind};
use super::packet::{self, Stamps};
use super::plan::{Item, Plan, Source};
use super::profile::Profile;
use super::receive::receive;
use super::time::{Nanos, unix_now};
use super::{ReceivedRequest, SentReply, Shared, lock};
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use std::net::{SocketAddr, UdpSocket};
use std::os::fd::AsFd as _;
use std::os::unix::net::UnixStream;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// What is to be sent about one request, and when.
struct Pending {
    due: Instant,
    number: usize,
    request: ReceivedRequest,
    active: Vec<Behaviour>,
    plan: Plan,
}

pub(super) struct Engine {
    socket: UdpSocket,
    woken: UnixStream,
    profile: Profile,
    rules: Vec<Rule>,
    shared: Arc<Shared>,
    count: usize,
    pending: Vec<Pending>,
    /// The reply made for the last request, sent or not, for `Replay`.
    previous: Option<Vec<u8>>,
    /// Kept open, so that a client's answer to them is not refused.
    others: Vec<(Source, UdpSocket)>,
}

impl Engine {
    pub(super) fn new(
        socket: UdpSocket,
        woken: UnixStream,
        profile: Profile,
        rules: Vec<Rule>,
        shared: Arc<Shared>,
    ) -> Self {
        let (pending, others) = (Vec::new(), Vec::new());
        Self { socket, woken, profile, rules, shared, count: 0, pending, previous: None, others }
    }

    /// Serves until the other end of `woken` speaks or closes.
    pub(super) fn run(mut self) {
        loop {
            self.send_due();
            let timeout = self.timeout();
            let mut fds = [
                PollFd::new(self.woken.as_fd(), PollFlags::POLLIN),
                PollFd::new(self.socket.as_fd(), PollFlags::POLLIN),
            ];
            // EINTR comes back as an error: the next turn asks again.
            let ready = poll(&mut fds, timeout).unwrap_or(0);
            if fds[0].any() == Some(true) {
                return;
            }
            if ready > 0
                && fds[1].any() == Some(true)
                && let Some(request) = receive(&self.socket)
            {
                self.accept(request);
            }
        }
    }

    /// Until the next datagram is due.
    fn timeout(&self) -> PollTimeout {
        let Some(due) = self.pending.iter().map(|pending| pending.due).min() else {
            return PollTimeout::NONE;
        };
        // One up: poll counts whole milliseconds, and a datagram must not leave early.
        let wait = due.saturating_duration_since(Instant::now()).as_millis() + 1;
        PollTimeout::try_from(wait).unwrap_or(PollTimeout::MAX)
    }

    fn accept(&mut self, request: ReceivedRequest) {
        lock(&self.shared.requests).push(request.clone());
        if !packet::is_request(&request.bytes) {
            return;
        }
        self.count += 1;
        let number = self.count;
        let holds = |rule: &&Rule| rule.when.holds(number, &request);
        let active: Vec<_> = self.rules.iter().filter(holds).map(|rule| rule.behaviour.clone()).collect();
        let plan = Plan::new(number, &active);
        let pending = Pending { due: request.at + plan.wait(), number, request, active, plan };
        if pending.plan.wait() == Duration::ZERO {
            self.send(&pending);
        } else {
            self.pending.push(pending);
        }
    }

    fn send_due(&mut self) {
        let now = Instant::now();
        let (mut due, later) = self.pending.drain(..).partition::<Vec<_>, _>(|pending| pending.due <= now);
        self.pending = later;
        due.sort_by_key(|pending| pending.due);
        for pending in due {
            self.send(&pending);
        }
    }

    fn send(&mut self, pending: &Pending) {
        let replay = self.previous.take();
        // Made when its turn comes, so that the transmit timestamp is as late as can be; copies are identical.
        let mut made: Option<Vec<u8>> = None;
        for (index, item) in pending.plan.items.iter().enumerate() {
            let (bytes, source) = match *item {
                Item::Reply => {
                    let reply = made.get_or_insert_with(|| self.compose(pending, &pending.active));
                    (reply.clone(), pending.plan.source)
                }
                Item::Replay => match &replay {
                    Some(reply) => (reply.clone(), pending.plan.source),
                    None => continue,
                },
                Item::Decoy => {
                    let mut bytes = self.compose(pending, &pending.active);
                    for behaviour in &pending.active {
                        if let Behaviour::Decoy(edit) = behaviour {
                            edit(&pending.request, &mut bytes);
                        }
                    }
                    (bytes, Source::Own)
                }
                Item::Made(place) => {
                    let mut bytes = self.compose(pending, &[]);
                    if let Behaviour::Before(_, make) | Behaviour::After(_, make) = &pending.active[place] {
                        make(&pending.request, &mut bytes);
                    }
                    (bytes, Source::Own)
                }
                Item::Forged(shift) => {
                    let mut bytes = self.compose(pending, &[Behaviour::Shift(shift)]);
                    packet::forge_origin(&mut bytes, ((pending.number << 32) + index) as u64);
                    (bytes, Source::Own)
                }
            };
            self.transmit(bytes, pending.request.from, source);
        }
        self.previous = made.or_else(|| Some(self.compose(pending, &pending.active)));
    }

    /// The reply as of now. A delay on the way is told by the timestamps exactly, however late the thread wakes up:
    /// the transmit timestamp is that much before now.
    fn compose(&self, pending: &Pending, active: &[Behaviour]) -> Vec<u8> {
        let offset = *lock(&self.shared.offset);
        let receive = pending.request.received + nanos(pending.plan.request_delay) + offset;
        let transmit = unix_now() - nanos(pending.plan.reply_delay) + offset;
        packet::reply(&self.profile, &pending.request, Stamps { receive, transmit }, active)
    }

    fn transmit(&mut self, bytes: Vec<u8>, to: SocketAddr, source: Source) {
        let at = Instant::now();
        let shared = Arc::clone(&self.shared);
        // Held across the send: who has received it must find it in the list.
        let mut replies = lock(&shared.replies);
        // A client that has gone away makes this fail (ECONNREFUSED for an earlier reply): no matter here.
        if self.socket_for(source).send_to(&bytes, to).is_ok() {
            replies.push(SentReply { bytes, to, at });
        }
    }

    fn socket_for(&mut self, source: Source) -> &UdpSocket {
        let own = self.socket.local_addr().expect("the server's address");
        let addr = match source {
            Source::Own => return &self.socket,
            Source::OtherPort => SocketAddr::new(own.ip(), 0),
            Source::Address(ip) => SocketAddr::new(ip, own.port()),
        };
        let index = self.others.iter().position(|(of, _)| *of == source).unwrap_or_else(|| {
            let socket = bind(addr).unwrap_or_else(|error| panic!("bind {addr}: {error}"));
            self.others.push((source, socket));
            self.others.len() - 1
        });
        &self.others[index].1
    }
}

fn nanos(duration: Duration) -> Nanos {
    Nanos::try_from(duration.as_nanos()).expect("a delay a test can wait for")
}
