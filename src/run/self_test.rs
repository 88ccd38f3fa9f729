//! A server on loopback with a known offset, for --self-test.

use std::io;
use std::net::{Ipv4Addr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use anyhow::{Context as _, Result};

use crate::exchange::Keyring;
use crate::linux::SystemClock;
use crate::linux::host::local_zone;
use crate::linux::processes::{Helpers, Tasks};
use crate::linux::term::{LineWriter, print};
use crate::machine::Clock;
use crate::machine::phc::Clocks;
use crate::net::Family;
use crate::outcome::{Conclusion, ExitStatus, Outcome};
use crate::plan::Plan;
use crate::printable::printable;
use crate::report;
use crate::report::Context;
use crate::run::lines::zone_line;
use crate::run::rights;
use crate::run::this_machine::Machine;
use crate::time::{Interval, Time};
use crate::wire::{Header, Mode, NtpShort, NtpTimestamp, RefId, Stratum};

/// How far the server's clock is ahead of this machine's.
const OFFSET: Interval = Interval::from_micros(250_000);
/// On loopback a larger error than this is no measuring error.
const TOLERANCE: Interval = Interval::from_micros(5_000);
/// How often the server looks whether it is still wanted.
const LOOK: Duration = Duration::from_millis(20);

/// Asks a server of this process's own, with all that a run does, its confinement too.
pub(super) fn run(mut plan: Plan) -> Result<ExitStatus> {
    // What was said of other servers does not fit this one.
    (plan.family, plan.source_port, plan.source_address) = (Family::Any, None, None);
    let tasks = Tasks { after_step: None, ..rights::tasks(&plan) };
    let helpers = Helpers::start(&tasks, None)?;
    let mut writer = LineWriter::new(&plan.program, plan.output.syslog).patient(true);
    writer.write(&zone_line());
    let machine = Machine::prepare(&plan, &helpers, Keyring::default(), None, Clocks::default())?;
    let cannot = "cannot start the built-in server on loopback";
    let socket = listen().context(cannot)?;
    let address = socket.local_addr().context(cannot)?;
    (plan.servers, plan.port) = (vec![address.ip().to_string()], address.port());
    writer.write(&machine.confine(&plan, &[], true)?);
    // Not before: rights are given up by each thread for itself.
    let _server = SelfTest::start(socket).context(cannot)?;
    let outcome = machine.run(&plan, None)?;
    writer.write(&report::render(&outcome, &Context { plan: &plan, zone: &local_zone }));
    let (status, verdict) = verdict(&outcome);
    let is_read = writer.finish() && print(&plan.program, &printable(&verdict));
    Ok(if is_read { status } else { ExitStatus::NotDone })
}

/// The server; it ends when this is dropped.
#[derive(Debug)]
pub(crate) struct SelfTest {
    wanted: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl SelfTest {
    /// Answers what comes to this socket.
    pub(crate) fn start(socket: UdpSocket) -> io::Result<SelfTest> {
        let wanted = Arc::new(AtomicBool::new(true));
        let still_wanted = Arc::clone(&wanted);
        let thread = thread::Builder::new().spawn(move || serve(&socket, &still_wanted))?;
        Ok(SelfTest { wanted, thread: Some(thread) })
    }
}

/// The server's socket, on a free port of 127.0.0.1.
pub(crate) fn listen() -> io::Result<UdpSocket> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    socket.set_read_timeout(Some(LOOK))?;
    Ok(socket)
}

impl Drop for SelfTest {
    fn drop(&mut self) {
        self.wanted.store(false, Ordering::Relaxed);
        if let Some(thread) = self.thread.take() {
            // A server that panicked has been noticed by its silence.
            let _ = thread.join();
        }
    }
}

fn serve(socket: &UdpSocket, wanted: &AtomicBool) {
    let mut datagram = [0; 1024];
    while wanted.load(Ordering::Relaxed) {
        let Ok((length, client)) = socket.recv_from(&mut datagram) else { continue };
        let received = SystemClock.now().real + OFFSET;
        if let Ok((request, _)) = Header::parse(&datagram[..length])
            && request.mode == Mode::CLIENT
        {
            let reply = reply(&request, received, SystemClock.now().real + OFFSET);
            // A reply that cannot be sent shows as a lost one.
            let _ = socket.send_to(&reply.to_bytes(), client);
        }
    }
}

fn reply(request: &Header, received: Time, sent: Time) -> Header {
    Header {
        mode: Mode::SERVER,
        stratum: Stratum(1),
        poll: 6,
        precision: -20,
        root_dispersion: NtpShort::from_bits(1 << 6),
        refid: RefId(*b"TEST"),
        reference: NtpTimestamp::from_time(received - Interval::from_secs(16)),
        origin: request.transmit,
        receive: NtpTimestamp::from_time(received),
        transmit: NtpTimestamp::from_time(sent),
        ..Header::request(request.version, NtpTimestamp::ZERO)
    }
}

/// Whether the known offset was found, in a line for the user.
pub(crate) fn verdict(outcome: &Outcome) -> (ExitStatus, String) {
    let Conclusion::Decided { estimate, .. } = &outcome.conclusion else {
        return (ExitStatus::NotDone, "self-test failed: no offset was measured".to_owned());
    };
    let error = estimate.offset - OFFSET;
    let (status, word) =
        if error.abs() <= TOLERANCE { (ExitStatus::Done, "passed") } else { (ExitStatus::NotDone, "failed") };
    let (measured, micros) = (estimate.offset, error.as_secs_f64() * 1e6);
    (status, format!("self-test {word}: true offset {OFFSET:+.6}, measured {measured:+.9}, error {micros:+.1} us"))
}
