//! One run of each attack.
//!
//! The true offset is always 0: servers and clients read the same kernel clock.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use super::forger::{self, Aim};
use super::lab::{Lab, Score};
use super::programs::Report;
use super::task::Task;
use crate::support::ntpserver::{
    Behaviour, Builder, Edit, MILLISECOND, Nanos, ReceivedRequest, SECOND, Server, ntp_bytes, unix_now,
};

pub(crate) const HOST: &str = "127.0.0.1";
/// What the one-shot clients err by on a busy machine, at the most.
const WRONG: f64 = 0.1;

pub(crate) fn wrong(report: &Report) -> bool {
    report.is_broken() || report.offset.is_some_and(|offset| offset.abs() > WRONG)
}

pub(crate) fn wrong_or_none(report: &Report) -> bool {
    wrong(report) || report.offset.is_none()
}

/// Whether the error exceeds the bound that the program claims; `otherwise` counts for a program that claims none.
pub(crate) fn beyond(report: &Report, otherwise: f64) -> bool {
    report.offset.is_some_and(|offset| offset.abs() > report.bound.unwrap_or(otherwise))
}

/// A server like most: 10 ms away, and 1 ms from the truth by its own word.
pub(crate) fn honest() -> Builder {
    let way = Duration::from_millis(5);
    Server::builder().delays(way, way).root_dispersion(0.001)
}

/// As good as can be, by his own word and his nearness.
pub(crate) fn liar(offset: Nanos) -> Builder {
    Server::builder().offset(offset).stratum(1).refid(*b"GPS\0").root_dispersion(0.0)
}

/// Lets the client ask an honest server with this manipulation.
fn ask_honest(lab: &Lab, behaviours: Vec<Behaviour>) -> Report {
    let server = behaviours.into_iter().fold(honest(), Builder::behave);
    let _server = lab.start(HOST, server);
    lab.ask(&Task::new(&[HOST]))
}

/// Four samples of each of these servers.
pub(crate) fn ask_several(lab: &Lab, builders: Vec<Builder>) -> Report {
    ask_with(lab, builders, |task| task)
}

/// The same with further wishes.
pub(crate) fn ask_with(lab: &Lab, builders: Vec<Builder>, wishes: impl FnOnce(Task) -> Task) -> Report {
    let addresses: Vec<String> = (1..=builders.len()).map(|n| format!("127.0.0.{n}")).collect();
    let _servers: Vec<Server> = addresses.iter().zip(builders).map(|(at, builder)| lab.start(at, builder)).collect();
    lab.ask(&wishes(Task::new(&addresses.iter().map(String::as_str).collect::<Vec<_>>())))
}

/// A time 100 s ahead in a reply, under another origin.
fn lie(bytes: &mut [u8], origin: [u8; 8]) {
    let ahead = ntp_bytes(unix_now() + 100 * SECOND);
    for field in [16, 32, 40] {
        bytes[field..field + 8].copy_from_slice(&ahead);
    }
    bytes[24..32].copy_from_slice(&origin);
}

fn edit(change: impl Fn(&ReceivedRequest, &mut Vec<u8>) + Send + Sync + 'static) -> Edit {
    Arc::new(change)
}

pub(crate) fn forged_at_the_port(lab: &Lab, _: usize) -> Score {
    forged(lab, Aim::RightPort)
}

pub(crate) fn forged_at_guessed_ports(lab: &Lab, _: usize) -> Score {
    forged(lab, Aim::GuessedPorts)
}

/// A run made long, so that a million packets fall into it, unless the client closes its port between requests.
fn forged(lab: &Lab, aim: Aim) -> Score {
    let most = lab.packets(1_000_000);
    // Far away, for the clients that keep a port open for one reply only.
    let way = Duration::from_millis(250);
    let server = lab.start(HOST, Server::builder().delays(way, way));
    let mut client = lab.begin(&Task::new(&[HOST]).samples(4).interval(1.5));
    let sent = lab.inside(|| forger::flood(&server.socket(), aim, most, &mut client));
    let report = client.finish();
    lab.note(&report, sent);
    Score { tries: sent, wins: usize::from(wrong(&report)), kept_away: usize::from(report.offset.is_none()) }
}

/// 80 ms away: what the attacker sends comes first.
fn distant() -> Builder {
    let way = Duration::from_millis(40);
    Server::builder().delays(way, way)
}

pub(crate) fn junk(lab: &Lab, _: usize) -> Score {
    // Long enough for all of the packets.
    let task = Task::new(&[HOST]).interval(0.5);
    let server = lab.start(HOST, distant());
    let quiet = lab.ask(&task);
    let mut client = lab.begin(&task);
    let sent = lab.inside(|| forger::flood(&server.socket(), Aim::Junk, 100_000, &mut client));
    let report = client.finish();
    lab.note(&report, sent);
    let late = report.took > quiet.took + Duration::from_secs(1);
    Score::one(wrong_or_none(&report) || late)
}

pub(crate) fn junk_and_silence(lab: &Lab, _: usize) -> Score {
    let task = Task::new(&[HOST]).patience(1.0);
    let server = lab.start(HOST, Server::builder().behave(Behaviour::Silent));
    let quiet = lab.ask(&task);
    let mut client = lab.begin(&task);
    let sent = lab.inside(|| forger::flood(&server.socket(), Aim::Junk, 100_000, &mut client));
    let report = client.finish();
    lab.note(&report, sent);
    Score::one(report.is_broken() || report.offset.is_some() || report.took > quiet.took + Duration::from_secs(1))
}

pub(crate) fn replay(lab: &Lab, _: usize) -> Score {
    // A reply of 100 s ago, to a request of that time.
    let recorded: Mutex<Option<Vec<u8>>> = Mutex::default();
    let old = edit(move |_, bytes| {
        let mut recorded = recorded.lock().expect("no test failed with it");
        let old = recorded.get_or_insert_with(|| {
            let mut old = bytes.clone();
            let then = ntp_bytes(unix_now() - 100 * SECOND);
            [16, 32, 40].iter().for_each(|at| old[*at..at + 8].copy_from_slice(&then));
            old
        });
        bytes.clone_from(old);
    });
    let server = lab.start(HOST, honest().behave(Behaviour::Before(20, old)));
    lab.ask_raw(HOST);
    let report = lab.ask(&Task::new(&[HOST]));
    drop(server);
    Score::one(wrong_or_none(&report))
}

pub(crate) fn origin_zero(lab: &Lab, _: usize) -> Score {
    let zero = edit(|_, bytes| lie(bytes, [0; 8]));
    Score::one(wrong_or_none(&ask_honest(lab, vec![Behaviour::Before(20, zero)])))
}

pub(crate) fn reply_before_request(lab: &Lab, run: usize) -> Score {
    let zero = edit(|_, bytes| lie(bytes, [0; 8]));
    // A client that sends its clock as its transmit time can be guessed at.
    let next = edit(move |_, bytes| lie(bytes, ntp_bytes(unix_now() + (50 + run as Nanos) * MILLISECOND)));
    let behaviours = [zero, next].map(|edit| Behaviour::After(10, edit));
    Score::one(wrong_or_none(&ask_honest(lab, behaviours.into())))
}

/// Whoever knows the random number could have answered first: that a lone server is not believed then is no win.
pub(crate) fn second_answer(lab: &Lab, _: usize) -> Score {
    let last = edit(|request, bytes| lie(bytes, request.bytes[40..48].try_into().expect("8 bytes")));
    Score::one(wrong(&ask_honest(lab, vec![Behaviour::After(10, last)])))
}

pub(crate) fn forged_kiss(lab: &Lab, run: usize) -> Score {
    let code = [*b"DENY", *b"RSTR", *b"RATE"][run % 3];
    let kiss = edit(move |_, bytes| {
        lie(bytes, [0x5a; 8]);
        bytes[0] |= 0xc0;
        bytes[1] = 0;
        bytes[12..16].copy_from_slice(&code);
    });
    let report = ask_honest(lab, vec![Behaviour::Before(5, kiss)]);
    Score::one(wrong_or_none(&report))
}

pub(crate) fn forged_icmp(lab: &Lab, _: usize) -> Score {
    let _server = lab.start(HOST, distant());
    let mut client = lab.begin(&Task::new(&[HOST]));
    let sent = lab.inside(|| forger::icmp(&mut client));
    let report = client.finish();
    lab.note(&report, sent);
    Score::one(wrong_or_none(&report))
}

pub(crate) fn delay_beyond(lab: &Lab, _: usize) -> Score {
    let _server = lab.start(HOST, Server::builder().delay(Duration::from_millis(6500)));
    Score::one(wrong(&lab.ask(&Task::new(&[HOST]).samples(1).patience(10.0))))
}

pub(crate) fn delay_below(lab: &Lab, _: usize) -> Score {
    let _server = lab.start(HOST, Server::builder().delay(Duration::from_millis(400)));
    let report = lab.ask(&Task::new(&[HOST]).samples(2));
    let (Some(offset), Some(bound)) = (report.offset, report.bound) else { return Score::one(true) };
    Score::one(offset.abs() > bound)
}

pub(crate) fn one_liar(lab: &Lab, run: usize) -> Score {
    let mut four: Vec<Builder> = (0..4).map(|_| honest()).collect();
    four[run % 4] = liar(if run % 8 < 4 { 10 } else { -10 } * SECOND);
    Score::one(wrong_or_none(&ask_several(lab, four)))
}

pub(crate) fn two_liars(lab: &Lab, run: usize) -> Score {
    let mut four = vec![honest(), honest(), liar(10 * SECOND), liar(10 * SECOND)];
    four.rotate_left(run % 4);
    Score::one(wrong(&ask_several(lab, four)))
}

pub(crate) fn two_liars_apart(lab: &Lab, run: usize) -> Score {
    let mut four = vec![honest(), honest(), liar(10 * SECOND), liar(-10 * SECOND)];
    four.rotate_left(run % 4);
    Score::one(wrong(&ask_several(lab, four)))
}

pub(crate) fn all_liars(lab: &Lab, run: usize) -> Score {
    let mut four: Vec<Builder> = [-20, -5, 10, 15].map(|lie| liar(lie * SECOND)).into();
    four.rotate_left(run % 4);
    Score::one(wrong(&ask_several(lab, four)))
}

/// Right three times from 20 ms away, then wrong twice and near, the samples that look best, then right again. A server that
/// stays wrong is no other than one that is wrong from the start.
fn jumps() -> Builder {
    let way = || Duration::from_millis(10);
    let far = Server::builder().first(3, Behaviour::RequestDelay(way())).first(3, Behaviour::ReplyDelay(way()));
    far.nth(4, Behaviour::Shift(2 * SECOND)).nth(5, Behaviour::Shift(2 * SECOND))
}

pub(crate) fn jump_alone(lab: &Lab, _: usize) -> Score {
    Score::one(wrong(&ask_several(lab, vec![jumps()])))
}

pub(crate) fn jump_among_three(lab: &Lab, run: usize) -> Score {
    let mut three = vec![honest(), honest(), jumps()];
    three.rotate_left(run % 3);
    Score::one(wrong_or_none(&ask_several(lab, three)))
}

pub(crate) fn root_distance(lab: &Lab, run: usize) -> Score {
    // Delay and dispersion as they go out: −1 s, the most negative, the greatest, and pairs that cancel out.
    let (delay, dispersion) = [
        (0xffff_0000, 0),
        (0x8000_0000, 0),
        (u32::MAX, 0),
        (0, u32::MAX),
        (0, 0x8000_0000),
        (0xfffe_0000, 0x0001_0000),
        (0x7fff_ffff, u32::MAX),
    ][run % 7];
    let server = liar(10 * SECOND).behave(Behaviour::RootDelay(delay)).behave(Behaviour::RootDispersion(dispersion));
    Score::one(wrong(&ask_several(lab, vec![server])))
}

pub(crate) fn leap_flipped(lab: &Lab, run: usize) -> Score {
    Score::one(wrong_or_none(&ask_several(lab, vec![honest().nth(run % 4 + 1, Behaviour::Leap(3))])))
}

pub(crate) fn crowd(lab: &Lab, _: usize) -> Score {
    let (report, asked) = lab.ask_crowd(1000);
    Score::one(wrong_or_none(&report) || asked > 64 || report.took > Duration::from_secs(30))
}
