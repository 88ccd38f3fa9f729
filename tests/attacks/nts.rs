//! Somebody on the way to a server with NTS, who sees every packet and can send any: the rows, and one run of each.

use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use rntpdate::internals::wire::nts::ALPN;

use super::lab::{Lab, Score};
use super::plays::{HOST, wrong, wrong_or_none};
use super::programs::{Program, Report};
use super::rows::{Row, WRONG_OR_NO_TIME, WRONG_TIME};
use super::task::Task;
use crate::support::nts::certificates::{Authority, Issued, Validity};
use crate::support::nts::key_server::{Door, KeyServer, good};
use crate::support::nts::time_server::{Lie, Play, TimeServer};

pub(crate) const ROWS: [Row; 8] = [
    row("NTS: the server's place is taken, with replies without NTS, 100 s off", WRONG_TIME, |lab, _| {
        Score::one(wrong(&ask(lab, Play::Plain, AHEAD)))
    }),
    row("NTS: the same, with forged authenticators", WRONG_TIME, |lab, _| {
        Score::one(wrong(&ask(lab, Play::Forged, AHEAD)))
    }),
    row("NTS: the same, with the replies to other identifiers", WRONG_TIME, |lab, _| {
        Score::one(wrong(&ask(lab, Play::OtherIdentifier, AHEAD)))
    }),
    row("NTS: the server for keys is taken over too, with a certificate of another authority", WRONG_TIME, |lab, _| {
        let (trusted, stranger) = (Authority::new("Trusted"), Authority::new("Strange"));
        let certificate = stranger.issue(&[HOST], Validity::good());
        Score::one(wrong(&ask_with(lab, &trusted, &certificate, Play::Honest, AHEAD)))
    }),
    row("NTS: replies without NTS, 100 s off, before each right one", WRONG_OR_NO_TIME, |lab, _| {
        before(lab, Lie::Plain)
    }),
    row("NTS: forged authenticators, 100 s off, before each right one", WRONG_OR_NO_TIME, |lab, _| {
        before(lab, Lie::Forged)
    }),
    row("NTS: the last right reply once more, before each right one", WRONG_OR_NO_TIME, |lab, _| {
        before(lab, Lie::Replayed)
    }),
    row("NTS: 100 times \"I do not know the cookie\" (NTSN), before each right one", WRONG_OR_NO_TIME, |lab, _| {
        before(lab, Lie::Naks(100))
    }),
];

const AHEAD: Duration = Duration::from_secs(100);

const fn row(attack: &'static str, success: &'static str, play: fn(&Lab, usize) -> Score) -> Row {
    Row { attack, success, runs: (12, 2), alone: false, unfit: has_nts, play }
}

/// Why a program cannot be tried by NTS, if it cannot.
pub(crate) fn has_nts(program: Program) -> Option<&'static str> {
    matches!(program, Program::Ntpdig | Program::Rkik).then_some("it has no NTS, or not for a single question")
}

fn before(lab: &Lab, lie: Lie) -> Score {
    Score::one(wrong_or_none(&ask(lab, Play::After(lie), Duration::ZERO)))
}

fn ask(lab: &Lab, play: Play, ahead: Duration) -> Report {
    let authority = Authority::new("Trusted");
    let certificate = authority.issue(&[HOST], Validity::good());
    ask_with(lab, &authority, &certificate, play, ahead)
}

/// Lets the program ask a server that shows this certificate, by the authority that it trusts.
fn ask_with(lab: &Lab, authority: &Authority, certificate: &Issued, play: Play, ahead: Duration) -> Report {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("ca.pem");
    std::fs::write(&file, authority.pem()).expect("a file");
    let (listener, socket) = lab.inside(|| {
        let socket = std::net::UdpSocket::bind(SocketAddr::from(([127, 0, 0, 1], 123))).expect("port 123");
        (TcpListener::bind((HOST, 4460)).expect("port 4460"), socket)
    });
    let keys = KeyServer::start(listener, certificate, Door::Tls(vec![ALPN]), good(8));
    let _time = TimeServer::start(socket, keys.vault.clone(), play, ahead);
    lab.ask(&Task::new(&[HOST]).nts(&file))
}
