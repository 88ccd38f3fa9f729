use std::cell::RefCell;
use std::collections::VecDeque;
use std::rc::Rc;

use clap::Parser as _;

use super::*;
use crate::cli::rntpdate::RntpdateCli;
use crate::machine::Answer;
use crate::plan::{FileProofs, NtsPlan};
use crate::time::Time;
use crate::wire::{Algorithm, Key, KeyId};

fn plan(names: &[&str]) -> Plan {
    let cli = RntpdateCli::try_parse_from([&["rntpdate"], names].concat()).unwrap();
    Plan::new("rntpdate", &cli).unwrap()
}

fn address(text: &str) -> SocketAddr {
    SocketAddr::new(text.parse().unwrap(), 0)
}

fn at(raw: u64) -> Reading {
    Reading { real: Time::from_unix(1_800_000_000, 0), raw: Duration::from_secs(raw) }
}

/// Answers that come one after the other, one for each time that is asked.
#[derive(Clone, Default)]
struct Slow(Rc<RefCell<VecDeque<Answer>>>);

impl Lookups for Slow {
    fn take(&mut self) -> Vec<Answer> {
        self.0.borrow_mut().pop_front().into_iter().collect()
    }

    fn descriptor(&self) -> Option<BorrowedFd<'_>> {
        None
    }
}

fn slow(answers: &[(usize, &[&str])]) -> Slow {
    let answer = |(place, addresses): &(usize, &[&str])| Answer {
        place: *place,
        resolved: Ok(addresses.iter().map(|text| address(text)).collect()),
        is_last: true,
    };
    Slow(Rc::new(RefCell::new(answers.iter().map(answer).collect())))
}

fn establish(plan: &Plan) -> Establish<'_> {
    Establish::begin(plan, NtsState::default(), &at(0))
}

fn names(roster: &Roster<'_>) -> Vec<(String, Vec<usize>)> {
    roster.asked().iter().map(|asked| (asked.address.to_string(), asked.names.clone())).collect()
}

/// How many addresses of each name are asked, and how many of all are not, where names have so many and are answered at once, in
/// their order or the other way round.
fn limited(counts: &[usize]) -> (Vec<usize>, usize) {
    let words: Vec<String> = (0..counts.len()).map(|place| format!("name{place}.example")).collect();
    // The list keeps to its limit though the plan, which has the same one, is given more.
    let mut plan = plan(&["name.example"]);
    (plan.servers, plan.ports) = (words, vec![None; counts.len()]);
    let found: Vec<Resolved> = counts.iter().map(|count| Ok(vec![address("192.0.2.1"); *count])).collect();
    let kept = |mut roster: Roster<'_>| {
        while roster.is_open() {
            roster.take_in(&at(0));
        }
        let (hosts, _, _, _) = roster.finish();
        let kept: Vec<usize> = hosts.iter().map(|host| host.addresses.as_ref().unwrap().len()).collect();
        (kept, hosts.iter().map(|host| host.left_out).sum())
    };
    let answer = |(place, resolved): (usize, &Resolved)| Answer { place, resolved: resolved.clone(), is_last: true };
    let late = Slow(Rc::new(RefCell::new(found.iter().enumerate().rev().map(answer).collect())));
    let late: (Vec<usize>, usize) = kept(Roster::new(&plan, Box::new(late), &at(0), (None, establish(&plan))));
    let limited = kept(Roster::new(&plan, known(found), &at(0), (None, establish(&plan))));
    if counts.len() <= MAX_SERVERS {
        assert_eq!(late, limited, "names that come late have the same room");
    }
    limited
}

#[test]
fn names_with_many_addresses_crowd_out_nobody() {
    assert_eq!(limited(&[16; 16]), (vec![16; 16], 0));
    let mut counts = vec![16; 16];
    counts.extend([1; 17]);
    let (kept, left_out) = limited(&counts);
    assert_eq!((&kept[..16], &kept[16..], left_out), (&[14; 16][..], &[1; 17][..], 32));
    let (kept, left_out) = limited(&[1; 300]);
    assert_eq!((kept.iter().sum::<usize>(), left_out), (256, 44));
}

#[test]
fn names_that_lead_to_the_same_servers_are_one_whichever_comes_first() {
    let plan = plan(&["first.example", "second.example", "third.example"]);
    let both = &["192.0.2.1", "192.0.2.2"][..];
    let answers = slow(&[(1, both), (2, &["192.0.2.1"]), (0, &["192.0.2.2", "::ffff:192.0.2.1"])]);
    let mut roster = Roster::new(&plan, Box::new(answers), &at(0), (None, establish(&plan)));
    let (one, two) = ("192.0.2.1:123".to_owned(), "192.0.2.2:123".to_owned());
    roster.take_in(&at(0));
    assert_eq!((names(&roster), roster.missing()), (vec![(one.clone(), vec![1]), (two.clone(), vec![1])], vec![0, 2]));
    roster.take_in(&at(0));
    let known = vec![(one.clone(), vec![1, 2]), (two.clone(), vec![1])];
    assert_eq!((names(&roster), roster.missing()), (known, vec![0]));
    roster.take_in(&at(0));
    let known = vec![(one, vec![0, 2]), (two, vec![0])];
    assert_eq!((names(&roster), roster.missing()), (known, vec![]));
    let (_, asked, order, _) = roster.finish();
    let ordered: Vec<_> = order.iter().map(|place| asked[*place].address.to_string()).collect();
    assert_eq!(ordered, ["192.0.2.2:123", "192.0.2.1:123"], "as the first name has them");
}

#[test]
fn a_name_that_leads_to_no_server_is_missing_while_its_other_family_may_come() {
    let plan = plan(&["blocked.example"]);
    let answer = |text, is_last| Answer { place: 0, resolved: Ok(vec![address(text)]), is_last };
    let blocked = |second| {
        let answers = VecDeque::from([answer("0.0.0.0", false), answer(second, true)]);
        let mut roster =
            Roster::new(&plan, Box::new(Slow(Rc::new(RefCell::new(answers)))), &at(0), (None, establish(&plan)));
        roster.take_in(&at(0));
        assert_eq!((roster.asked().len(), roster.missing()), (0, vec![0]));
        roster.take_in(&at(0));
        assert!(roster.missing().is_empty() && !roster.is_open());
        let (hosts, asked, _, _) = roster.finish();
        (asked.len(), hosts[0].addresses.clone().map_err(|error| matches!(error, ResolveError::NoServer(_))))
    };
    assert_eq!(blocked("2001:db8::1"), (1, Ok(vec![address("2001:db8::1")])));
    assert_eq!(blocked("::"), (0, Err(true)));
}

#[test]
fn names_that_nobody_answers_are_given_up_when_their_time_is_up() {
    let plan = plan(&["192.0.2.1", "silent.example"]);
    let mut roster = Roster::new(&plan, Box::new(slow(&[(0, &["192.0.2.1"])])), &at(10), (None, establish(&plan)));
    roster.take_in(&at(10));
    let (before, until) = (roster.changes(), roster.awaited_until(true).unwrap());
    assert!(until > at(10).raw && until <= at(10).raw + plan.names);
    roster.take_in(&Reading { raw: at(10).raw + plan.names, ..at(10) });
    assert!(roster.changes() > before && roster.missing().is_empty());
    assert_eq!(roster.awaited_until(true), None);
    let (hosts, ..) = roster.finish();
    assert_eq!(hosts[1].addresses, Err(ResolveError::TimedOut(plan.names)));
}

/// A plan for a file that wants a key of the first name and of the third, and a ring with the first of these keys.
fn partly_proving() -> (Plan, Keyring) {
    let [one, two] = [1, 2].map(|id| KeyId::new(id).unwrap());
    let key = Key::new(one, Algorithm::Sha1, b"secret".to_vec().into()).unwrap();
    let mut keys = Keyring::of(key);
    keys.add(two, Err("it has no key 2".to_owned()));
    let of_servers = vec![ProofPlan::Key(one), ProofPlan::Nothing, ProofPlan::Key(two)];
    let proofs = FileProofs { key_file: Some("/keys".into()), of_servers, ..FileProofs::default() };
    (plan(&["proven.example", "plain.example", "lost.example"]).proving(proofs), keys)
}

#[test]
fn a_server_whose_key_is_missing_is_not_asked_however_its_name_resolves() {
    let (plan, keys) = partly_proving();
    let answers = [(2, &["192.0.2.3"][..]), (0, &["192.0.2.1"]), (1, &["192.0.2.2"])];
    let mut roster = Roster::new(&plan, Box::new(slow(&answers)), &at(0), (Some(&keys), establish(&plan)));
    (0..3).for_each(|_| roster.take_in(&at(0)));
    assert!(!roster.is_open() && roster.missing().is_empty());
    let (hosts, asked, _, _) = roster.finish();
    let known: Vec<_> = asked.iter().map(|asked| (asked.address.to_string(), asked.key.map(KeyId::get))).collect();
    assert_eq!(known, [("192.0.2.1:123".to_owned(), Some(1)), ("192.0.2.2:123".to_owned(), None)]);
    assert_eq!(hosts[2].addresses, Err(ResolveError::NoKey("it has no key 2".to_owned())));
}

#[test]
fn whoever_answers_without_the_key_does_not_speak_for_an_address_that_has_to_prove_itself() {
    let (plan, keys) = partly_proving();
    // Whoever has the name server can lead the plain name to the proven server's address, and have it come first.
    let answers = [(1, &["192.0.2.1", "192.0.2.2"][..]), (0, &["192.0.2.1"])];
    let mut roster = Roster::new(&plan, Box::new(slow(&answers)), &at(0), (Some(&keys), establish(&plan)));
    (0..2).for_each(|_| roster.take_in(&at(0)));
    let asked: Vec<_> = roster
        .asked()
        .iter()
        .map(|asked| (asked.address.ip().to_string(), asked.key.map(KeyId::get), asked.names.clone()))
        .collect();
    let server = |address: &str, key, names: &[usize]| (address.to_owned(), key, names.to_vec());
    let expected =
        [server("192.0.2.1", None, &[]), server("192.0.2.2", None, &[1]), server("192.0.2.1", Some(1), &[0, 1])];
    assert_eq!(asked, expected);
}

/// A plan of these words, each of which is to have NTS; of the first so many, the others have nothing to prove.
fn with_nts(names: &[&str], count: usize) -> Plan {
    let of = |(place, name): (usize, &&str)| match place < count {
        true => ProofPlan::Nts(NtsPlan { name: (*name).to_owned(), port: 4460, time_port: None, trust: 0 }),
        false => ProofPlan::Nothing,
    };
    let of_servers = names.iter().enumerate().map(of).collect();
    plan(names).proving(FileProofs { of_servers, ..FileProofs::default() })
}

#[test]
fn a_name_with_nts_that_is_given_twice_is_never_asked_without() {
    let plan = with_nts(&["a.example", "A.example."], 2);
    let answers = [(1, &["192.0.2.1"][..]), (0, &["192.0.2.1", "192.0.2.2"])];
    let keys = Keyring::default();
    let mut roster = Roster::new(&plan, Box::new(slow(&answers)), &at(0), (Some(&keys), establish(&plan)));
    (0..2).for_each(|_| roster.take_in(&at(0)));
    assert_eq!(names(&roster), []);
    let mut servers = Servers::new(true);
    servers.join(&plan, 0, address("192.0.2.1"), (0, 1));
    assert_eq!(servers.asked(), []);
}

#[test]
fn whoever_names_the_address_of_another_in_a_key_exchange_does_not_take_its_vote() {
    let plan = with_nts(&["liar.example", "honest.example", "plain.example"], 2);
    let theirs: SocketAddr = "192.0.2.1:123".parse().unwrap();
    let votes = |own: [bool; 2]| {
        let mut servers = Servers::new(true);
        servers.join(&plan, 2, theirs, (2, 1));
        for (place, is_own) in own.into_iter().enumerate() {
            servers.join_with_nts(&plan, place, (theirs, is_own), (place, 1));
        }
        servers.count();
        servers.asked().iter().map(|asked| asked.names.clone()).collect::<Vec<_>>()
    };
    let [first, second] = [vec![vec![], vec![0], vec![]], vec![vec![], vec![], vec![0]]];
    assert_eq!(votes([false, true]), second, "the one by its own key exchange speaks for the address");
    assert_eq!(
        [votes([true, true]), votes([true, false]), votes([false, false])],
        [first.clone(), first.clone(), first]
    );
}

#[test]
fn more_addresses_than_a_run_asks_are_no_overflow() {
    let plan = plan(&["a.example"]);
    let answers = [(0, &["192.0.2.1"][..])];
    let mut roster = Roster::new(&plan, Box::new(slow(&answers)), &at(0), (None, establish(&plan)));
    roster.hosts[0].addresses = Ok(vec![address("192.0.2.9"); MAX_SERVERS + 1]);
    roster.take_in(&at(0));
    assert!(roster.asked().is_empty());
}
