//! The look-ups of many names at once, each in families apart where the answer for both is slow.
//!
//! The C library answers for IPv4 and IPv6 together when it has both answers, and waits ten seconds for one that a name server
//! drops. So each family is asked for by itself once both together take long, and what comes first is handed in (RFC 8305 §3).
//! Not sooner: a quick answer comes from /etc/hosts, or is in the order that the C library puts it in, and costs name servers no
//! more questions than before.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

use super::lookup::{STACK, literal, lookup};
use crate::machine::Answer;
use crate::net::{Family, ResolveError, Resolved};

/// From then on each family is asked for by itself. Name servers near by answer in a tenth of it.
const TOGETHER: Duration = Duration::from_millis(150);

/// Look-ups that have not ended yet, in this process.
static OPEN: AtomicUsize = AtomicUsize::new(0);

type Found = (usize, Family, Resolved);

/// Looks up all names, and hands in what comes as it comes, until that gives false or all is said. No more than `most` look-ups
/// wait at once, earlier ones counted; a name beyond that has no answer.
pub(crate) fn look_up_all(names: &[String], family: Family, most: usize, mut hand_in: impl FnMut(Answer) -> bool) {
    let (sender, receiver) = mpsc::channel();
    let apart_at = Instant::now() + TOGETHER;
    let mut parts: Vec<Parts> = names.iter().map(|_| Parts::default()).collect();
    let mut is_wanted = true;
    for (place, name) in names.iter().enumerate() {
        match literal(name, family) {
            Some(resolved) => {
                parts[place].is_complete = true;
                is_wanted &= hand_in(Answer { place, resolved, is_last: true });
            }
            None if ask(name, (place, family), most, &sender) => {}
            None => parts[place].is_complete = true,
        }
    }
    let mut apart = family != Family::Any;
    while is_wanted && parts.iter().any(|parts| !parts.is_complete) {
        let wait = if apart { Duration::MAX } else { apart_at.saturating_duration_since(Instant::now()) };
        let to_split: Vec<usize> = match receiver.recv_timeout(wait.min(Duration::from_secs(3600))) {
            Ok((place, which, resolved)) => {
                let parts = &mut parts[place];
                let answer = parts.take_in(which, resolved, family);
                is_wanted &= answer.is_none_or(|(resolved, is_last)| hand_in(Answer { place, resolved, is_last }));
                if parts.is_to_split { vec![place] } else { Vec::new() }
            }
            Err(RecvTimeoutError::Timeout) if !apart => {
                apart = true;
                (0..names.len()).filter(|place| !parts[*place].is_complete).collect()
            }
            Err(_) => Vec::new(),
        };
        for place in to_split {
            parts[place].is_to_split = false;
            if !std::mem::replace(&mut parts[place].is_split, true) {
                for which in [Family::V4, Family::V6] {
                    ask(&names[place], (place, which), most, &sender);
                }
            }
        }
    }
}

/// Starts one look-up; false where too many wait already.
fn ask(name: &str, (place, family): (usize, Family), most: usize, sender: &Sender<Found>) -> bool {
    if OPEN.load(Ordering::Relaxed) >= most {
        return false;
    }
    let (name, answers) = (name.to_owned(), sender.clone());
    OPEN.fetch_add(1, Ordering::Relaxed);
    // The C library offers no way to stop a thread that waits for nothing any more: it ends with the process.
    let started = thread::Builder::new().stack_size(STACK).spawn(move || {
        let resolved = lookup(&name, family);
        OPEN.fetch_sub(1, Ordering::Relaxed);
        answers.send((place, family, resolved))
    });
    // A machine without room for a thread still resolves the other names.
    if let Err(error) = started {
        OPEN.fetch_sub(1, Ordering::Relaxed);
        let _ = sender.send((place, family, Err(ResolveError::NoThread(error.to_string()))));
    }
    true
}

/// What is known of one name.
#[derive(Debug, Default)]
struct Parts {
    given: HashSet<SocketAddr>,
    /// Families that have been answered for by themselves.
    answered: usize,
    /// The worst reason why there is nothing.
    error: Option<ResolveError>,
    is_complete: bool,
    is_split: bool,
    is_to_split: bool,
}

impl Parts {
    /// What to hand in of an answer, and whether that is all.
    fn take_in(&mut self, which: Family, resolved: Resolved, wanted: Family) -> Option<(Resolved, bool)> {
        if self.is_complete {
            return None;
        }
        self.answered += usize::from(which != Family::Any);
        self.is_complete = match (&resolved, which == wanted) {
            // Nothing that a family by itself could do better.
            (Ok(_) | Err(ResolveError::NoAddress { .. } | ResolveError::NoThread(_)), true) => true,
            (Err(_), true) if wanted != Family::Any => true,
            (Err(_), true) => {
                self.is_to_split = !self.is_split;
                false
            }
            (_, false) => self.answered == 2,
        };
        match resolved {
            Ok(addresses) => {
                let fresh = addresses.into_iter().filter(|address| self.given.insert(*address)).collect();
                Some((Ok(fresh), self.is_complete))
            }
            Err(error) => {
                let known = self.error.take();
                let worse = known.filter(|known| is_worse(known, &error)).unwrap_or(error);
                self.error = Some(worse.clone());
                let resolved = if self.given.is_empty() { Err(worse) } else { Ok(Vec::new()) };
                self.is_complete.then_some((resolved, true))
            }
        }
    }
}

/// Whether one error says less than another: that a name does not exist counts least, for the name server may have failed for the
/// other family.
fn is_worse(one: &ResolveError, other: &ResolveError) -> bool {
    let is_said = |error: &ResolveError| matches!(error, ResolveError::NoAddress { .. });
    !is_said(one) || is_said(other)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn addresses(texts: &[&str]) -> Resolved {
        Ok(texts.iter().map(|text| text.parse().unwrap()).collect())
    }

    fn failure(code: i32) -> Resolved {
        Err(ResolveError::NameServer { text: String::new(), code })
    }

    fn nothing() -> Resolved {
        Err(ResolveError::NoAddress { text: String::new(), code: -2 })
    }

    const ONE: &str = "192.0.2.1:0";
    const SIX: &str = "[2001:db8::1]:0";

    #[test]
    fn the_family_that_comes_first_is_handed_in_and_the_other_joins() {
        let mut parts = Parts::default();
        assert_eq!(parts.take_in(Family::V4, addresses(&[ONE]), Family::Any), Some((addresses(&[ONE]), false)));
        assert_eq!(parts.take_in(Family::V6, addresses(&[SIX]), Family::Any), Some((addresses(&[SIX]), true)));
        assert_eq!(parts.take_in(Family::Any, addresses(&[SIX, ONE]), Family::Any), None);
        let mut parts = Parts::default();
        parts.take_in(Family::V4, addresses(&[ONE]), Family::Any);
        let whole = parts.take_in(Family::Any, addresses(&[SIX, ONE]), Family::Any);
        assert_eq!(whole, Some((addresses(&[SIX]), true)), "no address twice");
    }

    #[test]
    fn a_failed_family_takes_nothing_away_and_a_failure_of_both_is_tried_apart() {
        let mut parts = Parts::default();
        assert_eq!(parts.take_in(Family::Any, failure(-3), Family::Any), None);
        assert!(parts.is_to_split && !parts.is_complete);
        assert_eq!(parts.take_in(Family::V6, failure(-3), Family::Any), None);
        assert_eq!(parts.take_in(Family::V4, addresses(&[ONE]), Family::Any), Some((addresses(&[ONE]), true)));
        let mut parts = Parts { is_split: true, ..Parts::default() };
        assert_eq!(parts.take_in(Family::V6, failure(-3), Family::Any), None);
        assert_eq!(parts.take_in(Family::V4, nothing(), Family::Any), Some((failure(-3), true)), "not: no such name");
        let mut parts = Parts::default();
        assert_eq!(parts.take_in(Family::Any, nothing(), Family::Any), Some((nothing(), true)), "once is enough");
        let mut parts = Parts::default();
        assert_eq!(parts.take_in(Family::V4, failure(-3), Family::V4), Some((failure(-3), true)));
    }

    #[test]
    fn addresses_need_no_name_server_and_come_in_order() {
        let names = ["192.0.2.1", "2001:db8::1"].map(str::to_owned);
        let mut found = Vec::new();
        look_up_all(&names, Family::V4, 0, |answer| {
            found.push((answer.place, answer.resolved.is_ok(), answer.is_last));
            true
        });
        assert_eq!(found, [(0, true, true), (1, false, true)]);
    }
}
