use std::net::SocketAddr;
use std::os::unix::net::UnixStream;
use std::time::{Duration, Instant};

use super::asked::{Asked, of_family};
use super::helper::serve;
use super::messages::{Answer, Found, Question, What};
use super::process::Names;
use crate::linux::processes::channel::{is_readable, receive, send};
use crate::linux::processes::child::Child;
use crate::machine;
use crate::machine::Resolver as _;
use crate::net::{Family, ResolveError};

#[test]
fn questions_and_answers_pass_unchanged() {
    let (ours, theirs) = UnixStream::pair().unwrap();
    std::thread::scope(|scope| {
        scope.spawn(move || serve(&theirs, usize::MAX));
        let end = || Some(Instant::now() + Duration::from_secs(60));
        let names = vec!["192.0.2.1".to_owned(), "2001:db8::1".to_owned()];
        let what = What::Addresses(names, Family::V6);
        send(&ours, &Question { number: 7, timeout: Duration::ZERO, what, from: 0 }, end()).unwrap();
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
        added: Vec::new(),
        first_added: 1,
        timeout: Duration::ZERO,
        left: 8,
    };
    let found = |number, resolved, is_last| Answer { number, found: Found::Addresses(0, resolved, is_last) };
    assert_eq!(asked.take_in(found(1, Err(ResolveError::TimedOut(Duration::ZERO)), true)), None);
    let address: SocketAddr = "192.0.2.1:0".parse().unwrap();
    let first = asked.take_in(found(1, Ok(vec![address, "[::1]:0".parse().unwrap()]), false));
    assert_eq!(first, Some(machine::Answer { place: 0, resolved: Ok(vec![address]), is_last: false }));
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
