//! An exchange as the run goes through with it: to ask, to wait, to finish.

use std::net::SocketAddr;
use std::os::fd::{AsFd as _, BorrowedFd};
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::distant::{Awaited, DistantDialogue};
use super::hearing::SLICE;
use crate::exchange::{Contact, Order, Standings, Trace, WithNts};
use crate::linux::net::tcp::connecting;
use crate::machine::{Clock, Dialogue, DialogueError, Progressed};
use crate::nts::{Established, KeyFailure, KeyOrder};
use crate::wire::KeyId;

impl Dialogue for DistantDialogue<'_> {
    fn standings(&self) -> &dyn Standings {
        &self.mirror
    }

    fn ask(&mut self, address: SocketAddr, key: Option<KeyId>, _now: Duration) {
        self.add(address, key, None);
    }

    fn ask_with_nts(&mut self, address: SocketAddr, with: WithNts, _now: Duration) {
        self.add(address, None, Some(with));
    }

    fn renew(&mut self, server: usize, with: WithNts, _now: Duration) {
        self.hand_over();
        self.mirror.renewed(server);
        self.say(&Order::Renew(server, with));
    }

    fn exchange_keys(&mut self, order: KeyOrder, _now: Duration) -> Result<(), KeyFailure> {
        let socket = connecting(order.address, self.process.source.address).map_err(KeyFailure::Tcp)?;
        self.hand_over();
        self.exchanges.insert(order.number);
        self.process.exchanges.borrow_mut().insert(order.number);
        self.say(&Order::ExchangeKeys(order));
        if self.broken.is_none() {
            let handed = self.process.hand_over(&[socket]);
            self.note(handed);
        }
        Ok(())
    }

    fn established(&mut self) -> Vec<Established> {
        std::mem::take(&mut self.established)
    }

    fn proceed(&mut self, clock: &dyn Clock, now: Duration) -> Progressed {
        self.hand_over();
        self.drain(clock);
        if self.broken.is_some() {
            return Progressed::Broken;
        }
        if !self.established.is_empty() {
            return Progressed::Sent;
        }
        let is_over = (self.mirror.active() == 0 && self.exchanges.is_empty()) || now >= self.deadline;
        if is_over { Progressed::Done } else { Progressed::Waits(self.deadline) }
    }

    fn watch(&mut self, other: BorrowedFd<'_>) {
        // Unwatched it is looked at whenever something else happens.
        self.watched = other.try_clone_to_owned().ok();
    }

    fn unwatch(&mut self, _other: BorrowedFd<'_>) {
        self.watched = None;
    }

    fn wait(&mut self, clock: &dyn Clock, timeout: Duration) {
        self.check_on_it();
        let Ok(stream) = self.process.child.stream() else { return };
        let begun = Instant::now();
        let timeout = PollTimeout::from(timeout.min(SLICE).as_micros().div_ceil(1000) as u16);
        let watched = self.watched.as_ref().map(|other| PollFd::new(other.as_fd(), PollFlags::POLLIN));
        let mut waited: Vec<_> = watched.into_iter().chain([PollFd::new(stream.as_fd(), PollFlags::POLLIN)]).collect();
        // Interrupted it has waited for less.
        let _ = poll(&mut waited, timeout);
        self.drain(clock);
        self.count_silence(begun.elapsed());
    }

    fn refresh(&mut self, before: Duration, clock: &dyn Clock) -> bool {
        self.wait_for_answer(clock);
        (self.awaited, self.silent) = (Awaited::Refreshed, Duration::ZERO);
        self.say(&Order::Refresh(before));
        self.wait_for_answer(clock);
        self.broken.is_none() && self.mirror.is_refreshing()
    }

    fn finish(mut self: Box<Self>, clock: &dyn Clock) -> Result<(Vec<Contact>, Trace), DialogueError> {
        self.wait_for_answer(clock);
        (self.awaited, self.silent) = (Awaited::Finished, Duration::ZERO);
        self.say(&Order::Finish);
        self.wait_for_answer(clock);
        if let Some(error) = self.broken {
            return Err(error);
        }
        let Awaited::Contacts(contacts) = self.awaited else { return Err(self.process.break_off("it says nothing")) };
        let judged = self.mirror.finish(contacts, &clock.now()).map_err(|why| self.process.break_off(why));
        // Only -d shows a course, and that sets nothing.
        judged.map(|contacts| (contacts, Trace::default()))
    }
}
