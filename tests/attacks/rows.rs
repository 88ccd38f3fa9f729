//! The attacks: what the attacker does, and what he wins by.
//!
//! The true offset is always 0: servers and clients read the same kernel clock.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use crate::forger::{self, Aim};
use crate::lab::{Lab, Score};
use crate::ntpserver::{
    Behaviour, Builder, Edit, MILLISECOND, Nanos, ReceivedRequest, SECOND, Server, ntp_bytes, unix_now,
};
use crate::programs::{Program, Report, Task};

/// One line of the table.
pub(crate) struct Row {
    /// What the attacker does.
    pub(crate) attack: &'static str,
    /// What counts as his success.
    pub(crate) success: &'static str,
    /// Runs of each program for the table, and for the tests.
    pub(crate) runs: (usize, usize),
    /// Runs go side by side, unless they load the machine.
    pub(crate) alone: bool,
    /// Why a program cannot be tried.
    pub(crate) unfit: fn(Program) -> Option<&'static str>,
    /// One run; the number is its own.
    pub(crate) play: fn(&Lab, usize) -> Score,
}

const HOST: &str = "127.0.0.1";
/// What the one-shot clients err by on a busy machine, at the most.
const WRONG: f64 = 0.1;
const WRONG_TIME: &str = "a wrong time is accepted";
const WRONG_OR_NO_TIME: &str = "a wrong time is accepted, or none is found";
const NO_SELECTION: &str = "it compares servers and selects none";

/// All of them.
pub(crate) const ROWS: [Row; 20] = [
    Row {
        attack: "up to 10⁶ forged replies per run to the client's port, random origin",
        success: "packets that make a wrong time accepted",
        runs: (3, 1),
        alone: true,
        unfit: anybody,
        play: forged_at_the_port,
    },
    Row {
        attack: "the same, to guessed ports",
        success: "packets that make a wrong time accepted",
        runs: (3, 1),
        alone: true,
        unfit: anybody,
        play: forged_at_guessed_ports,
    },
    Row {
        attack: "100,000 junk packets per run at the client's port",
        success: "another result than 0 ± 0.1 s, or 1 s later than without",
        runs: (5, 2),
        alone: true,
        unfit: anybody,
        play: junk,
    },
    Row {
        attack: "100,000 junk packets, and the server is silent",
        success: "ends 1 s later than without",
        runs: (3, 1),
        alone: true,
        unfit: anybody,
        play: junk_and_silence,
    },
    Row {
        attack: "an old reply replayed before each right one",
        success: WRONG_OR_NO_TIME,
        runs: (12, 2),
        alone: false,
        unfit: anybody,
        play: replay,
    },
    Row {
        attack: "origin zero, before each right reply",
        success: WRONG_OR_NO_TIME,
        runs: (12, 2),
        alone: false,
        unfit: anybody,
        play: origin_zero,
    },
    Row {
        attack: "replies lie in wait before the request (origin: zero, the last request's, guessed)",
        success: WRONG_OR_NO_TIME,
        runs: (12, 2),
        alone: false,
        unfit: anybody,
        play: reply_before_request,
    },
    Row {
        attack: "kiss codes DENY, RSTR and RATE forged without the origin, before each right reply",
        success: "no time is found",
        runs: (12, 3),
        alone: false,
        unfit: anybody,
        play: forged_kiss,
    },
    Row {
        attack: "ICMP unreachable and time exceeded forged every 5 ms for the client's port",
        success: "no time is found",
        runs: (12, 2),
        alone: false,
        unfit: anybody,
        play: forged_icmp,
    },
    Row {
        attack: "replies held back 6.5 s (beyond a root distance of 3 s)",
        success: WRONG_TIME,
        runs: (5, 1),
        alone: false,
        unfit: anybody,
        play: delay_beyond,
    },
    Row {
        attack: "replies held back 0.4 s",
        success: "the error exceeds the bound that the program claims",
        runs: (12, 2),
        alone: false,
        unfit: claims_bound,
        play: delay_below,
    },
    Row {
        attack: "one liar among four (10 s off, claims to be the best)",
        success: WRONG_OR_NO_TIME,
        runs: (12, 4),
        alone: false,
        unfit: selects,
        play: one_liar,
    },
    Row {
        attack: "two liars among four, who agree",
        success: WRONG_TIME,
        runs: (12, 2),
        alone: false,
        unfit: selects,
        play: two_liars,
    },
    Row {
        attack: "two liars among four, who differ",
        success: WRONG_TIME,
        runs: (12, 2),
        alone: false,
        unfit: selects,
        play: two_liars_apart,
    },
    Row {
        attack: "four liars, who all differ",
        success: WRONG_TIME,
        runs: (12, 2),
        alone: false,
        unfit: selects,
        play: all_liars,
    },
    Row {
        attack: "one server alone, right at first, that jumps by 2 s at the fourth sample",
        success: WRONG_TIME,
        runs: (12, 4),
        alone: false,
        unfit: anybody,
        play: jump_alone,
    },
    Row {
        attack: "the same, among three",
        success: WRONG_OR_NO_TIME,
        runs: (12, 2),
        alone: false,
        unfit: selects,
        play: jump_among_three,
    },
    Row {
        attack: "root delay and dispersion huge or negative, from a server 10 s off",
        success: "its time is accepted",
        runs: (14, 7),
        alone: false,
        unfit: anybody,
        play: root_distance,
    },
    Row {
        attack: "leap bits flipped to \"not synchronised\" in one of four samples",
        success: WRONG_OR_NO_TIME,
        runs: (12, 4),
        alone: false,
        unfit: anybody,
        play: leap_flipped,
    },
    Row {
        attack: "a name that resolves to 1,000 addresses",
        success: "more than 64 of them are asked, no time is found, or 30 s pass",
        runs: (5, 1),
        alone: false,
        unfit: anybody,
        play: crowd,
    },
];

fn anybody(_: Program) -> Option<&'static str> {
    None
}

fn selects(program: Program) -> Option<&'static str> {
    (program == Program::Rkik).then_some(NO_SELECTION)
}

fn claims_bound(program: Program) -> Option<&'static str> {
    matches!(program, Program::Rkik | Program::Chronyd).then_some("it prints no bound of the error")
}

fn wrong(report: &Report) -> bool {
    report.is_broken() || report.offset.is_some_and(|offset| offset.abs() > WRONG)
}

fn wrong_or_none(report: &Report) -> bool {
    wrong(report) || report.offset.is_none()
}

/// A server like most: 10 ms away, and 1 ms from the truth by its own word.
fn honest() -> Builder {
    let way = Duration::from_millis(5);
    Server::builder().delays(way, way).root_dispersion(0.001)
}

/// As good as can be, by his own word and his nearness.
fn liar(offset: Nanos) -> Builder {
    Server::builder().offset(offset).stratum(1).refid(*b"GPS\0").root_dispersion(0.0)
}

/// Lets the client ask an honest server with this manipulation.
fn ask_honest(lab: &Lab, behaviours: Vec<Behaviour>) -> Report {
    let server = behaviours.into_iter().fold(honest(), Builder::behave);
    let _server = lab.start(HOST, server);
    lab.ask(&Task::new(&[HOST]))
}

/// Four samples of each of these servers.
fn ask_several(lab: &Lab, builders: Vec<Builder>) -> Report {
    let addresses: Vec<String> = (1..=builders.len()).map(|n| format!("127.0.0.{n}")).collect();
    let _servers: Vec<Server> = addresses.iter().zip(builders).map(|(at, builder)| lab.start(at, builder)).collect();
    lab.ask(&Task::new(&addresses.iter().map(String::as_str).collect::<Vec<_>>()))
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

fn forged_at_the_port(lab: &Lab, _: usize) -> Score {
    forged(lab, Aim::RightPort)
}

fn forged_at_guessed_ports(lab: &Lab, _: usize) -> Score {
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

fn junk(lab: &Lab, _: usize) -> Score {
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

fn junk_and_silence(lab: &Lab, _: usize) -> Score {
    let task = Task::new(&[HOST]).patience(1.0);
    let server = lab.start(HOST, Server::builder().behave(Behaviour::Silent));
    let quiet = lab.ask(&task);
    let mut client = lab.begin(&task);
    let sent = lab.inside(|| forger::flood(&server.socket(), Aim::Junk, 100_000, &mut client));
    let report = client.finish();
    lab.note(&report, sent);
    Score::one(report.is_broken() || report.offset.is_some() || report.took > quiet.took + Duration::from_secs(1))
}

fn replay(lab: &Lab, _: usize) -> Score {
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

fn origin_zero(lab: &Lab, _: usize) -> Score {
    let zero = edit(|_, bytes| lie(bytes, [0; 8]));
    Score::one(wrong_or_none(&ask_honest(lab, vec![Behaviour::Before(20, zero)])))
}

fn reply_before_request(lab: &Lab, run: usize) -> Score {
    let zero = edit(|_, bytes| lie(bytes, [0; 8]));
    let last = edit(|request, bytes| lie(bytes, request.bytes[40..48].try_into().expect("8 bytes")));
    // A client that sends its clock as its transmit time can be guessed at.
    let next = edit(move |_, bytes| lie(bytes, ntp_bytes(unix_now() + (50 + run as Nanos) * MILLISECOND)));
    let behaviours = [zero, last, next].map(|edit| Behaviour::After(10, edit));
    Score::one(wrong_or_none(&ask_honest(lab, behaviours.into())))
}

fn forged_kiss(lab: &Lab, run: usize) -> Score {
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

fn forged_icmp(lab: &Lab, _: usize) -> Score {
    let _server = lab.start(HOST, distant());
    let mut client = lab.begin(&Task::new(&[HOST]));
    let sent = lab.inside(|| forger::icmp(&mut client));
    let report = client.finish();
    lab.note(&report, sent);
    Score::one(wrong_or_none(&report))
}

fn delay_beyond(lab: &Lab, _: usize) -> Score {
    let _server = lab.start(HOST, Server::builder().delay(Duration::from_millis(6500)));
    Score::one(wrong(&lab.ask(&Task::new(&[HOST]).samples(1).patience(10.0))))
}

fn delay_below(lab: &Lab, _: usize) -> Score {
    let _server = lab.start(HOST, Server::builder().delay(Duration::from_millis(400)));
    let report = lab.ask(&Task::new(&[HOST]).samples(2));
    let (Some(offset), Some(bound)) = (report.offset, report.bound) else { return Score::one(true) };
    Score::one(offset.abs() > bound)
}

fn one_liar(lab: &Lab, run: usize) -> Score {
    let mut four: Vec<Builder> = (0..4).map(|_| honest()).collect();
    four[run % 4] = liar(if run % 8 < 4 { 10 } else { -10 } * SECOND);
    Score::one(wrong_or_none(&ask_several(lab, four)))
}

fn two_liars(lab: &Lab, run: usize) -> Score {
    let mut four = vec![honest(), honest(), liar(10 * SECOND), liar(10 * SECOND)];
    four.rotate_left(run % 4);
    Score::one(wrong(&ask_several(lab, four)))
}

fn two_liars_apart(lab: &Lab, run: usize) -> Score {
    let mut four = vec![honest(), honest(), liar(10 * SECOND), liar(-10 * SECOND)];
    four.rotate_left(run % 4);
    Score::one(wrong(&ask_several(lab, four)))
}

fn all_liars(lab: &Lab, run: usize) -> Score {
    let mut four: Vec<Builder> = [-20, -5, 10, 15].map(|lie| liar(lie * SECOND)).into();
    four.rotate_left(run % 4);
    Score::one(wrong(&ask_several(lab, four)))
}

/// Right three times from 20 ms away, then wrong and near: the sample that looks best.
fn jumps() -> Builder {
    let way = || Duration::from_millis(10);
    let far = Server::builder().first(3, Behaviour::RequestDelay(way())).first(3, Behaviour::ReplyDelay(way()));
    far.since(4, Behaviour::Shift(2 * SECOND))
}

fn jump_alone(lab: &Lab, _: usize) -> Score {
    Score::one(wrong(&ask_several(lab, vec![jumps()])))
}

fn jump_among_three(lab: &Lab, run: usize) -> Score {
    let mut three = vec![honest(), honest(), jumps()];
    three.rotate_left(run % 3);
    Score::one(wrong_or_none(&ask_several(lab, three)))
}

fn root_distance(lab: &Lab, run: usize) -> Score {
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

fn leap_flipped(lab: &Lab, run: usize) -> Score {
    Score::one(wrong_or_none(&ask_several(lab, vec![honest().nth(run % 4 + 1, Behaviour::Leap(3))])))
}

fn crowd(lab: &Lab, _: usize) -> Score {
    let (report, asked) = lab.ask_crowd(1000);
    Score::one(wrong_or_none(&report) || asked > 64 || report.took > Duration::from_secs(30))
}
