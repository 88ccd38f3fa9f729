//! The helper that looks up names: the C library reads what name servers send, and that does not belong beside the right to
//! set the clock.

use std::cell::{Cell, OnceCell};
use std::fs::File;
use std::io;
use std::net::IpAddr;
use std::os::fd::{AsFd as _, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use serde::{Deserialize, Serialize};

use super::channel::{receive, send};
use super::child::Child;
use crate::diagnosis::NameEvidence;
use crate::net::{Family, ResolveError, Resolved};
use crate::system::lookups::{self, look_up_all};
use crate::system::name_servers;
use crate::system::resolver::{Collected, literal};
use crate::system::{Lookups, Resolver, SystemResolver};

/// More addresses of one name than anybody asks or counts.
const MAX_PER_NAME: usize = 256;
/// The helper keeps to the time itself; so much later it is not waited for any more.
const GRACE: Duration = Duration::from_millis(500);

#[derive(Debug, Serialize, Deserialize)]
struct Question {
    number: u32,
    timeout: Duration,
    what: What,
}

#[derive(Debug, Serialize, Deserialize)]
enum What {
    Addresses(Vec<String>, Family),
    Names(Vec<IpAddr>),
    Examined(Vec<String>),
}

#[derive(Debug, Serialize, Deserialize)]
struct Answer {
    number: u32,
    found: Found,
}

#[derive(Debug, Serialize, Deserialize)]
enum Found {
    /// Of the name in this place, and whether they are the last.
    Addresses(usize, Resolved, bool),
    Names(Vec<Option<String>>),
    Examined(Vec<NameEvidence>),
}

/// Answers questions until there are no more; no more than `most` look-ups wait at once. An answer is sent when it is there: one
/// that comes when another question has been asked is for whom has asked to judge.
pub(super) fn serve(stream: &UnixStream, most: usize) {
    let Ok(answers) = stream.try_clone() else { return };
    let answers = Arc::new(Mutex::new(answers));
    while let Ok(Some(question)) = receive::<Question>(stream, None) {
        let Question { number, timeout, what } = question;
        let without_thread = refused(&what);
        let (answers, ours) = (Arc::clone(&answers), Arc::clone(&answers));
        let work = move || match what {
            What::Addresses(names, family) => look_up_all(&names, family, most, |answer| {
                let lookups::Answer { place, mut resolved, is_last } = answer;
                match &mut resolved {
                    Ok(addresses) => addresses.truncate(MAX_PER_NAME),
                    Err(error) => explain(error, &FILES),
                }
                reply(&answers, number, Found::Addresses(place, resolved, is_last))
            }),
            What::Examined(names) => {
                reply(&answers, number, Found::Examined(name_servers::examine(&names, timeout)));
            }
            What::Names(addresses) => {
                reply(&answers, number, Found::Names(SystemResolver.reverse(&addresses, timeout)));
            }
        };
        if let Err(error) = thread::Builder::new().spawn(work) {
            without_thread(&error).into_iter().for_each(|found| {
                reply(&ours, number, found);
            });
        }
    }
}

/// What is answered to a question for which there is no thread.
fn refused(what: &What) -> impl FnOnce(&io::Error) -> Vec<Found> + use<> {
    let (names, addresses) = match what {
        What::Addresses(names, _) => (names.len(), None),
        What::Names(addresses) => (0, Some(addresses.len())),
        What::Examined(_) => (0, None),
    };
    move |error| {
        let no_thread = |place| Found::Addresses(place, Err(ResolveError::NoThread(error.to_string())), true);
        let unnamed = addresses.map(|count| Found::Names(vec![None; count]));
        (0..names).map(no_thread).chain(unnamed).collect()
    }
}

/// Says whether it could be sent.
fn reply(answers: &Mutex<UnixStream>, number: u32, found: Found) -> bool {
    // A thread that panicked while it sent has left half a message.
    answers.lock().is_ok_and(|stream| send(&stream, &Answer { number, found }, None).is_ok())
}

/// What the C library reads for a look-up, and passes over in silence where it may not.
const FILES: [&str; 3] = ["/etc/resolv.conf", "/etc/hosts", "/etc/nsswitch.conf"];

/// Adds that one of these files is for root alone, who this process is not any more.
fn explain(error: &mut ResolveError, files: &[&str]) {
    let (ResolveError::NameServer { text, .. } | ResolveError::NoAddress { text, .. }) = error else { return };
    let is_denied = |file: &&&str| File::open(file).is_err_and(|why| why.kind() == io::ErrorKind::PermissionDenied);
    if let Some(file) = files.iter().find(is_denied) {
        text.push_str(&format!(
            "; names are looked up without root's rights, and {file} has to be readable by everybody"
        ));
    }
}

/// Without addresses that were not asked for.
fn of_family(mut found: Resolved, family: Family) -> Resolved {
    if let Ok(addresses) = &mut found {
        addresses.retain(|address| match family {
            Family::Any => true,
            Family::V4 => address.is_ipv4(),
            Family::V6 => address.is_ipv6(),
        });
    }
    found
}

/// The way to it.
#[derive(Debug)]
pub(super) struct Names {
    pub(super) child: Child,
    asked: Cell<u32>,
    /// Why it is of no use any more.
    ended: OnceCell<String>,
}

impl Names {
    pub(super) fn new(child: Child) -> Names {
        Names { child, asked: Cell::new(0), ended: OnceCell::new() }
    }

    /// Sends a question; its number.
    fn ask(&self, what: What, timeout: Duration) -> Result<u32, ResolveError> {
        if let Some(why) = self.ended.get() {
            return Err(ResolveError::Ended(why.clone()));
        }
        let number = self.asked.replace(self.asked.get().wrapping_add(1));
        let end = Instant::now() + GRACE;
        let sent = self.child.stream();
        let sent = sent.and_then(|stream| send(stream, &Question { number, timeout, what }, Some(end)));
        sent.map_err(|error| self.end(&error))?;
        Ok(number)
    }

    /// The answer to a question that is answered all at once.
    fn wait_for(&self, what: What, timeout: Duration) -> Option<Found> {
        let end = Instant::now() + timeout + GRACE;
        let number = self.ask(what, timeout).ok()?;
        loop {
            match self.next(end) {
                Ok(Some(answer)) if answer.number == number => return Some(answer.found),
                // Late, to a question before.
                Ok(Some(_)) => {}
                _ => return None,
            }
        }
    }

    /// Whatever comes from there now, it cannot be told what it belongs to.
    fn end(&self, error: &io::Error) -> ResolveError {
        ResolveError::Ended(self.ended.get_or_init(|| of_no_use(error)).clone())
    }

    /// The next answer, whatever it is to; nothing where none comes until `end`.
    fn next(&self, end: Instant) -> Result<Option<Answer>, ResolveError> {
        if let Some(why) = self.ended.get() {
            return Err(ResolveError::Ended(why.clone()));
        }
        let stream = self.child.stream().map_err(|error| self.end(&error))?;
        if !is_readable(stream, end) {
            return Ok(None);
        }
        // From here on a message is there, or its beginning.
        let received = receive::<Answer>(stream, Some(Instant::now() + GRACE));
        let answer = received.and_then(|answer| answer.ok_or_else(|| io::ErrorKind::UnexpectedEof.into()));
        answer.map(Some).map_err(|error| self.end(&error))
    }
}

/// Whether there is something to read, or an end, before this one.
fn is_readable(stream: &UnixStream, end: Instant) -> bool {
    loop {
        let left = end.saturating_duration_since(Instant::now());
        // Rounded up: to wake before the time would mean to wait again for nothing.
        let timeout = PollTimeout::try_from(left.as_micros().div_ceil(1000).min(60_000) as i32);
        let mut fds = [PollFd::new(stream.as_fd(), PollFlags::POLLIN)];
        match poll(&mut fds, timeout.unwrap_or(PollTimeout::ZERO)) {
            Ok(1..) => return true,
            _ if left.is_zero() => return false,
            _ => {}
        }
    }
}

fn of_no_use(error: &io::Error) -> String {
    use io::ErrorKind::{BrokenPipe, ConnectionReset, UnexpectedEof};
    match error.kind() {
        BrokenPipe | ConnectionReset | UnexpectedEof => "the process that looks up names has ended".to_owned(),
        _ => format!("the process that looks up names cannot be used any more: {error}"),
    }
}

/// One question for addresses.
struct Asked<'a> {
    names: &'a Names,
    family: Family,
    number: u32,
    /// Whether there is anything to look up.
    is_asked: bool,
    /// What is known without an answer: addresses among the names, and that nobody looks up names any more.
    literals: Vec<lookups::Answer>,
    open: Vec<bool>,
}

impl Asked<'_> {
    fn is_open(&self) -> bool {
        self.open.contains(&true)
    }

    /// What an answer says of a name that is still open.
    fn take_in(&mut self, answer: Answer) -> Option<lookups::Answer> {
        let Found::Addresses(place, resolved, is_last) = answer.found else { return None };
        // The same names are asked for each time: a late answer counts, but what an earlier question failed with says nothing of
        // now. And what was asked by the way has no say in addresses that were given.
        let counts = answer.number == self.number || resolved.is_ok();
        let open = self.open.get_mut(place).filter(|open| **open && counts)?;
        *open = !is_last;
        Some(lookups::Answer { place, resolved: of_family(resolved, self.family), is_last })
    }
}

impl Lookups for Asked<'_> {
    fn take(&mut self) -> Vec<lookups::Answer> {
        let mut answers = std::mem::take(&mut self.literals);
        while self.is_open() {
            match self.names.next(Instant::now()) {
                Ok(Some(answer)) => answers.extend(self.take_in(answer)),
                Ok(None) => break,
                Err(error) => answers.extend(fail(&mut self.open, &error)),
            }
        }
        answers
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        self.is_asked.then(|| self.names.child.stream().ok()).flatten().map(|stream| stream.as_fd())
    }
}

/// The last answer for all names that are open, which are closed by that.
fn fail(open: &mut [bool], error: &ResolveError) -> Vec<lookups::Answer> {
    let failed = open.iter_mut().enumerate().filter(|(_, open)| **open);
    failed
        .map(|(place, open)| {
            *open = false;
            lookups::Answer { place, resolved: Err(error.clone()), is_last: true }
        })
        .collect()
}

impl Resolver for Names {
    fn begin(&self, names: &[String], family: Family, timeout: Duration) -> Box<dyn Lookups + '_> {
        let known = names.iter().map(|name| literal(name, family));
        let mut literals = Vec::new();
        for (place, resolved) in known.enumerate() {
            literals.extend(resolved.map(|resolved| lookups::Answer { place, resolved, is_last: true }));
        }
        let mut open = vec![true; names.len()];
        literals.iter().for_each(|answer| open[answer.place] = false);
        let (mut number, is_asked) = (0, open.contains(&true));
        if is_asked {
            match self.ask(What::Addresses(names.to_vec(), family), timeout) {
                Ok(asked) => number = asked,
                Err(error) => literals.extend(fail(&mut open, &error)),
            }
        }
        Box::new(Asked { names: self, family, number, is_asked, literals, open })
    }

    fn resolve(&self, names: &[String], family: Family, timeout: Duration) -> Vec<Resolved> {
        let end = Instant::now() + timeout;
        let mut lookups = self.begin(names, family, timeout);
        let mut found = Collected::new(names.len());
        loop {
            lookups.take().into_iter().for_each(|answer| found.add(answer));
            let stream = self.child.stream().ok().filter(|_| !found.is_complete());
            if !stream.is_some_and(|stream| is_readable(stream, end)) {
                return found.into_results(&ResolveError::TimedOut(timeout));
            }
        }
    }

    fn reverse(&self, addresses: &[IpAddr], timeout: Duration) -> Vec<Option<String>> {
        match self.wait_for(What::Names(addresses.to_vec()), timeout) {
            Some(Found::Names(names)) if names.len() == addresses.len() => names,
            _ => vec![None; addresses.len()],
        }
    }

    fn examine(&self, names: &[String], timeout: Duration) -> Vec<NameEvidence> {
        match self.wait_for(What::Examined(names.to_vec()), timeout) {
            Some(Found::Examined(found)) => found,
            _ => Vec::new(),
        }
    }
}

/// For runs without a name: an address stands for itself.
#[derive(Debug, Default)]
pub(super) struct Literals;

impl Resolver for Literals {
    fn resolve(&self, names: &[String], family: Family, _timeout: Duration) -> Vec<Resolved> {
        let none = || Err(ResolveError::NoAddress { text: "it is no address".to_owned(), code: libc::EAI_NONAME });
        names.iter().map(|name| literal(name, family).unwrap_or_else(none)).collect()
    }

    fn reverse(&self, addresses: &[IpAddr], _timeout: Duration) -> Vec<Option<String>> {
        vec![None; addresses.len()]
    }
}

/// Whether somebody has to look up one of these.
pub(super) fn has_name(servers: &[String]) -> bool {
    servers.iter().any(|server| server.parse::<IpAddr>().is_err())
}

#[cfg(test)]
mod tests {
    use std::net::SocketAddr;

    use super::*;

    #[test]
    fn questions_and_answers_pass_unchanged() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        std::thread::scope(|scope| {
            scope.spawn(move || serve(&theirs, usize::MAX));
            let end = || Some(Instant::now() + Duration::from_secs(60));
            let names = vec!["192.0.2.1".to_owned(), "2001:db8::1".to_owned()];
            let what = What::Addresses(names, Family::V6);
            send(&ours, &Question { number: 7, timeout: Duration::ZERO, what }, end()).unwrap();
            let answer = || {
                let answer = receive::<Answer>(&ours, end()).unwrap().unwrap();
                let Found::Addresses(place, resolved, is_last) = answer.found else { panic!() };
                (answer.number, place, resolved, is_last)
            };
            assert!(matches!(answer(), (7, 0, Err(ResolveError::NoAddress { .. }), true)));
            assert_eq!(answer(), (7, 1, Ok(vec!["[2001:db8::1]:0".parse().unwrap()]), true));
            ours.shutdown(std::net::Shutdown::Both).unwrap();
        });
    }

    #[test]
    fn what_was_not_asked_for_does_not_count() {
        let addresses = ["192.0.2.1:0", "[2001:db8::1]:0"].map(|address| address.parse::<SocketAddr>().unwrap());
        let all = || Ok(addresses.to_vec());
        assert_eq!(of_family(all(), Family::Any), all());
        assert_eq!(of_family(all(), Family::V4), Ok(vec![addresses[0]]));
        assert_eq!(of_family(all(), Family::V6), Ok(vec![addresses[1]]));
    }

    #[test]
    fn a_late_answer_counts_and_an_old_failure_does_not() {
        let names = Names::new(Child::none());
        let mut asked = Asked {
            names: &names,
            family: Family::V4,
            number: 2,
            is_asked: true,
            literals: Vec::new(),
            open: vec![true],
        };
        let found = |number, resolved, is_last| Answer { number, found: Found::Addresses(0, resolved, is_last) };
        assert_eq!(asked.take_in(found(1, Err(ResolveError::TimedOut(Duration::ZERO)), true)), None);
        let address: SocketAddr = "192.0.2.1:0".parse().unwrap();
        let first = asked.take_in(found(1, Ok(vec![address, "[::1]:0".parse().unwrap()]), false));
        assert_eq!(first, Some(lookups::Answer { place: 0, resolved: Ok(vec![address]), is_last: false }));
        assert!(asked.is_open());
        assert!(asked.take_in(found(2, Ok(Vec::new()), true)).is_some() && !asked.is_open());
        assert_eq!(asked.take_in(found(2, Ok(vec![address]), true)), None, "nothing after the last");
    }

    #[test]
    fn whoever_does_not_answer_is_not_waited_for() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        assert!(!is_readable(&ours, Instant::now() + Duration::from_millis(5)));
        drop(theirs);
        assert!(is_readable(&ours, Instant::now()));
        let names = Names::new(Child::none());
        let found = names.resolve(&["192.0.2.1".to_owned(), "a".to_owned()], Family::Any, Duration::from_secs(60));
        assert!(found[0].is_ok() && matches!(found[1], Err(ResolveError::Ended(_))), "{found:?}");
    }
}
