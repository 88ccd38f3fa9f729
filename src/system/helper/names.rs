//! The helper that looks up names: the C library reads what name servers send, and that does not belong beside the right to
//! set the clock.

use std::cell::{Cell, OnceCell};
use std::fs::File;
use std::io;
use std::net::IpAddr;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::channel::{receive, send};
use super::child::Child;
use crate::net::{Family, ResolveError, Resolved};
use crate::system::Resolver;
use crate::system::resolver::literal;

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
}

#[derive(Debug, Serialize, Deserialize)]
struct Answer {
    number: u32,
    found: Found,
}

#[derive(Debug, Serialize, Deserialize)]
enum Found {
    Addresses(Vec<Resolved>),
    Names(Vec<Option<String>>),
}

/// Answers questions until there are no more.
pub(super) fn serve(stream: &UnixStream, resolver: &dyn Resolver) {
    while let Ok(Some(question)) = receive::<Question>(stream, None) {
        let found = match &question.what {
            What::Addresses(names, family) => {
                let mut found = resolver.resolve(names, *family, question.timeout);
                found.iter_mut().flatten().for_each(|addresses| addresses.truncate(MAX_PER_NAME));
                found.iter_mut().filter_map(|found| found.as_mut().err()).for_each(|error| explain(error, &FILES));
                Found::Addresses(found)
            }
            What::Names(addresses) => Found::Names(resolver.reverse(addresses, question.timeout)),
        };
        if send(stream, &Answer { number: question.number, found }, None).is_err() {
            return;
        }
    }
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

    fn ask(&self, what: What, timeout: Duration) -> Result<Found, ResolveError> {
        if let Some(why) = self.ended.get() {
            return Err(ResolveError::Ended(why.clone()));
        }
        let number = self.asked.replace(self.asked.get().wrapping_add(1));
        let asked = self.child.stream().and_then(|stream| ask(stream, number, what, timeout));
        asked.map_err(|error| match error.kind() {
            io::ErrorKind::TimedOut => ResolveError::TimedOut(timeout),
            // Whatever comes from there now, it cannot be told what it belongs to.
            _ => ResolveError::Ended(self.ended.get_or_init(|| of_no_use(&error)).clone()),
        })
    }
}

fn of_no_use(error: &io::Error) -> String {
    use io::ErrorKind::{BrokenPipe, ConnectionReset, UnexpectedEof};
    match error.kind() {
        BrokenPipe | ConnectionReset | UnexpectedEof => "the process that looks up names has ended".to_owned(),
        _ => format!("the process that looks up names cannot be used any more: {error}"),
    }
}

fn ask(stream: &UnixStream, number: u32, what: What, timeout: Duration) -> io::Result<Found> {
    let end = Instant::now() + timeout + GRACE;
    send(stream, &Question { number, timeout, what }, Some(end))?;
    loop {
        match receive::<Answer>(stream, Some(end))? {
            Some(answer) if answer.number == number => return Ok(answer.found),
            // To a question that was given up.
            Some(_) => {}
            None => return Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }
}

impl Resolver for Names {
    fn resolve(&self, names: &[String], family: Family, timeout: Duration) -> Vec<Resolved> {
        let literals: Vec<Option<Resolved>> = names.iter().map(|name| literal(name, family)).collect();
        if literals.iter().all(Option::is_some) {
            return literals.into_iter().flatten().collect();
        }
        let failure = match self.ask(What::Addresses(names.to_vec(), family), timeout) {
            // What was asked by the way has no say in addresses that were given.
            Ok(Found::Addresses(found)) if found.len() == names.len() => {
                let all = literals.into_iter().zip(found);
                return all.map(|(literal, found)| literal.unwrap_or_else(|| of_family(found, family))).collect();
            }
            Ok(_) => {
                ResolveError::NameServer { text: "an answer to another question".to_owned(), code: libc::EAI_SYSTEM }
            }
            Err(error) => error,
        };
        literals.into_iter().map(|literal| literal.unwrap_or_else(|| Err(failure.clone()))).collect()
    }

    fn reverse(&self, addresses: &[IpAddr], timeout: Duration) -> Vec<Option<String>> {
        match self.ask(What::Names(addresses.to_vec()), timeout) {
            Ok(Found::Names(names)) if names.len() == addresses.len() => names,
            _ => vec![None; addresses.len()],
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

    struct Known;

    impl Resolver for Known {
        fn resolve(&self, names: &[String], _: Family, _: Duration) -> Vec<Resolved> {
            let address = |name: &String| match name.as_str() {
                "many" => Ok(vec!["[fe80::1%3]:0".parse().unwrap(); 1000]),
                _ => Err(ResolveError::NameServer { text: "gone".to_owned(), code: -3 }),
            };
            names.iter().map(address).collect()
        }

        fn reverse(&self, addresses: &[IpAddr], _: Duration) -> Vec<Option<String>> {
            addresses.iter().map(|address| address.is_ipv4().then(|| "name".to_owned())).collect()
        }
    }

    #[test]
    fn questions_and_answers_pass_unchanged() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        std::thread::scope(|scope| {
            scope.spawn(move || serve(&theirs, &Known));
            let ask = |number, what| ask(&ours, number, what, Duration::from_secs(60)).unwrap();
            let names = ["many", "none"].map(str::to_owned).to_vec();
            let Found::Addresses(found) = ask(0, What::Addresses(names, Family::Any)) else { panic!() };
            let scoped: SocketAddr = "[fe80::1%3]:0".parse().unwrap();
            assert_eq!(found[0].as_deref().unwrap(), [scoped; MAX_PER_NAME]);
            assert_eq!(found[1], Err(ResolveError::NameServer { text: "gone".to_owned(), code: -3 }));
            let addresses = ["192.0.2.1", "2001:db8::1"].map(|address| address.parse().unwrap()).to_vec();
            let Found::Names(names) = ask(1, What::Names(addresses)) else { panic!() };
            assert_eq!(names, [Some("name".to_owned()), None]);
            drop(ours);
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
    fn a_late_answer_is_not_taken_for_the_next() {
        let (ours, theirs) = UnixStream::pair().unwrap();
        for (number, name) in [(3, "old"), (4, "new")] {
            let found = Found::Names(vec![Some(name.to_owned())]);
            send(&theirs, &Answer { number, found }, None).unwrap();
        }
        let Found::Names(names) = ask(&ours, 4, What::Names(Vec::new()), Duration::ZERO).unwrap() else { panic!() };
        assert_eq!(names, [Some("new".to_owned())]);
        let error = |number| ask(&ours, number, What::Names(Vec::new()), Duration::ZERO).unwrap_err();
        assert_eq!(error(5).kind(), io::ErrorKind::TimedOut);
        drop(theirs);
        assert_eq!([6, 7].map(|number| of_no_use(&error(number))), ["the process that looks up names has ended"; 2]);
    }
}
