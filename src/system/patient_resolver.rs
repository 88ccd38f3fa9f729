//! Names while the way to the name servers comes and goes.

use std::cell::RefCell;
use std::net::IpAddr;
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

use super::Resolver;
use super::resolver::{SystemResolver, literal, lookup};
use crate::net::{Family, ResolveError, Resolved};

/// Look-ups that wait for a dead name server at once. The C library ends each after some 10 s.
const MAX_PENDING: usize = 64;

/// Asks anew each time, because the C library sticks to a question that got lost for 5 s, and still takes a late answer to an
/// earlier question.
#[derive(Debug)]
pub struct PatientResolver {
    answers: Receiver<Answer>,
    sender: Sender<Answer>,
    state: RefCell<State>,
}

#[derive(Debug, Default)]
struct State {
    round: u32,
    pending: usize,
}

#[derive(Debug)]
struct Answer {
    round: u32,
    place: usize,
    resolved: Resolved,
}

impl Default for PatientResolver {
    fn default() -> PatientResolver {
        let (sender, answers) = mpsc::channel();
        PatientResolver { answers, sender, state: RefCell::default() }
    }
}

impl PatientResolver {
    /// Asks, unless too many questions are open; why it cannot.
    fn ask(&self, place: usize, name: &str, family: Family) -> Option<ResolveError> {
        let mut state = self.state.borrow_mut();
        if state.pending >= MAX_PENDING {
            return None;
        }
        let (sender, name, round) = (self.sender.clone(), name.to_owned(), state.round);
        let work = move || sender.send(Answer { round, place, resolved: lookup(&name, family) });
        match thread::Builder::new().stack_size(256 * 1024).spawn(work) {
            Ok(_) => state.pending += 1,
            Err(error) => return Some(ResolveError::NoThread(error.to_string())),
        }
        None
    }
}

impl Resolver for PatientResolver {
    /// To be called with the same names each time.
    fn resolve(&self, names: &[String], family: Family, timeout: Duration) -> Vec<Resolved> {
        let mut results: Vec<Option<Resolved>> = names.iter().map(|name| literal(name, family)).collect();
        self.state.borrow_mut().round += 1;
        let round = self.state.borrow().round;
        let end = Instant::now() + timeout;
        let mut causes: Vec<Option<ResolveError>> = vec![None; names.len()];
        for (place, name) in names.iter().enumerate() {
            if results[place].is_none() {
                causes[place] = self.ask(place, name, family);
            }
        }
        while results.iter().any(Option::is_none) {
            let left = end.saturating_duration_since(Instant::now());
            let Ok(answer) = self.answers.recv_timeout(left) else { break };
            self.state.borrow_mut().pending -= 1;
            // What an earlier question failed with says nothing of now.
            if let Some(result) = results.get_mut(answer.place)
                && (answer.resolved.is_ok() || (answer.round == round && result.is_none()))
            {
                *result = Some(answer.resolved);
            }
        }
        let unanswered = |cause: Option<_>| Err(cause.unwrap_or(ResolveError::TimedOut(timeout)));
        results.into_iter().zip(causes).map(|(result, cause)| result.unwrap_or_else(|| unanswered(cause))).collect()
    }

    fn reverse(&self, addresses: &[IpAddr], timeout: Duration) -> Vec<Option<String>> {
        SystemResolver.reverse(addresses, timeout)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_need_no_name_server_and_come_in_order() {
        let names = ["192.0.2.1", "2001:db8::1"].map(str::to_owned);
        let resolver = PatientResolver::default();
        for _ in 0..3 {
            let found = resolver.resolve(&names, Family::Any, Duration::ZERO);
            let hosts: Vec<String> = found.iter().flatten().flatten().map(|address| address.ip().to_string()).collect();
            assert_eq!(hosts, names);
        }
    }

    #[test]
    fn a_late_answer_counts_and_an_old_failure_does_not() {
        let names = ["name.invalid".to_owned()];
        let resolver = PatientResolver::default();
        let late = |round, resolved| {
            resolver.state.borrow_mut().pending += 1;
            resolver.sender.send(Answer { round, place: 0, resolved }).unwrap();
        };
        late(0, Err(ResolveError::TimedOut(Duration::ZERO)));
        late(0, Ok(vec!["192.0.2.1:0".parse().unwrap()]));
        let found = resolver.resolve(&names, Family::Any, Duration::from_secs(5));
        assert_eq!(found[0].as_deref().unwrap()[0].to_string(), "192.0.2.1:0");
    }
}
