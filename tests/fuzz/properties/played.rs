//! A course of events played to the exchange engine, as the network and the clock would play it: the input says what happens.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use rntpdate::internals::exchange::{Action, Contact, Exchange, Pace, Trace};
use rntpdate::internals::net::{Fault, FaultKind};
use rntpdate::internals::time::{Interval, Reading, Time};
use rntpdate::internals::wire::{Algorithm, HEADER_LEN, Key, KeyId, NtpTimestamp};
use zeroize::Zeroizing;

use super::bytes::Bytes;

const START: Duration = Duration::from_secs(1000);
const BUDGET: Duration = Duration::from_secs(60);
const SERVERS: [&str; 4] = ["10.0.0.1:123", "192.0.2.1:123", "[fe80::1%3]:123", "[2001:db8::1]:123"];

/// One request as it went out.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sent {
    pub(crate) nonce: NtpTimestamp,
    pub(crate) raw: Duration,
    /// This machine says that it kept it back.
    pub(crate) is_kept_back: bool,
}

/// The engine with a network around it.
pub(crate) struct Played {
    pub(crate) exchange: Exchange,
    pub(crate) pace: Pace,
    /// The requests to each server.
    pub(crate) sent: Vec<Vec<Sent>>,
    pub(crate) addresses: Vec<SocketAddr>,
    /// The key of the run, which the servers know too.
    pub(crate) key: Option<Key>,
    /// What was signed with it.
    pub(crate) proved: Vec<Vec<u8>>,
    /// Datagrams that were handed in, to be handed in again.
    seen: Vec<Vec<u8>>,
    raw: Duration,
    moved: Interval,
    events: usize,
}

impl Played {
    /// With the servers and the pace that the first bytes say.
    pub(crate) fn new(input: &mut Bytes<'_>) -> Option<Played> {
        let [servers, samples, patience, timeout] = input.array()?;
        let pace = Pace {
            samples: 1 + usize::from(samples % 8),
            timeout: Duration::from_millis(100 * (1 + u64::from(timeout))),
            burst: Duration::from_millis(50),
            polite: Duration::from_secs(2),
            most_lost: 1 + usize::from(patience % 8),
            version: 1 + patience / 64,
            precision: Interval::from_micros(1),
            era: Time::UNIX_EPOCH,
        };
        let addresses: Vec<SocketAddr> =
            SERVERS[..1 + usize::from(servers % 4)].iter().map(|address| address.parse().unwrap()).collect();
        let key = (servers & 0x80 != 0).then(|| key(servers >> 4));
        let mut exchange = Exchange::new(pace.clone(), START + BUDGET);
        addresses.iter().for_each(|address| exchange.add(*address, key.clone().map(Arc::new), START));
        Some(Played {
            exchange,
            key,
            proved: Vec::new(),
            pace,
            sent: vec![Vec::new(); addresses.len()],
            addresses,
            seen: Vec::new(),
            raw: START,
            moved: Interval::ZERO,
            events: 0,
        })
    }

    /// This machine's clock: true since 2026, but for what somebody moved it by.
    pub(crate) fn now(&self) -> Reading {
        Reading { real: Time::from_unix(1_795_000_000, 0) + Interval::from(self.raw) + self.moved, raw: self.raw }
    }

    /// Does what the engine wants now; gives what it then waits for.
    pub(crate) fn act(&mut self) -> Action {
        loop {
            match self.exchange.next(self.raw) {
                Action::Send(server) => {
                    // Numbers that a server cannot guess, and that the input does not know either.
                    let number = self.sent.iter().map(Vec::len).sum::<usize>() as u64 + 1;
                    let nonce = NtpTimestamp::from_bits(number.wrapping_mul(0x9e37_79b9_7f4a_7c15));
                    let packet = self.exchange.request(server, nonce, self.now());
                    assert_eq!(packet[HEADER_LEN - 8..HEADER_LEN], nonce.to_bits().to_be_bytes());
                    assert_eq!(packet.len() > HEADER_LEN, self.key.is_some());
                    assert!(self.key.as_ref().is_none_or(|key| key.verify(&packet).is_ok()));
                    assert!(packet[1..HEADER_LEN - 8].iter().all(|byte| *byte == 0), "a request tells nothing");
                    self.sent[server].push(Sent { nonce, raw: self.raw, is_kept_back: false });
                    self.raw += Duration::from_micros(10);
                }
                action => return action,
            }
        }
    }

    /// One more event of the input; nothing at its end.
    pub(crate) fn event(&mut self, input: &mut Bytes<'_>) -> Option<()> {
        let [kind, server, which] = input.array()?;
        let server = usize::from(server) % self.addresses.len();
        self.events += 1;
        match kind % 8 {
            0 => self.raw += Duration::from_millis(u64::from(input.word()?)),
            1 | 2 => self.reply(server, which, input)?,
            3 => {
                let datagram = input.slice(usize::from(which)).to_vec();
                self.receive(server, datagram);
            }
            4 => {
                let fault = Fault {
                    kind: fault_kind(which),
                    reporter: (which & 8 != 0).then_some(self.addresses[server].ip()),
                };
                match which >> 4 {
                    0..8 => {
                        if let Some(newest) = self.sent[server].last_mut() {
                            newest.is_kept_back |= fault.may_be_single();
                        }
                        self.exchange.failed(server, fault, self.raw);
                    }
                    8..15 => self.exchange.rumoured(server, fault),
                    _ => self.exchange.flooded(server),
                }
            }
            5 => {
                let late = Interval::from_micros(i64::from(input.word()?));
                let at = self.now().real - late;
                self.exchange.sent(server, u32::from(which), at);
            }
            6 => self.moved += Interval::from_micros(i64::from(i32::from_be_bytes(input.array()?))),
            _ => {
                if let Some(datagram) = self.seen.get(usize::from(which)).cloned() {
                    self.receive(server, datagram);
                }
            }
        }
        self.act();
        Some(())
    }

    /// A header of the input's, to one of the requests: true to it but for what the input changes, with something behind it perhaps.
    fn reply(&mut self, server: usize, which: u8, input: &mut Bytes<'_>) -> Option<()> {
        let [delay, style] = input.array()?;
        self.raw += Duration::from_millis(u64::from(delay));
        let Some(request) = self.sent[server].get(usize::from(which) % self.pace.samples).copied() else {
            return Some(());
        };
        let mut datagram = vec![0; HEADER_LEN];
        datagram[..4].copy_from_slice(&[0x24, 2, 6, 0xe8]);
        datagram[24..32].copy_from_slice(&request.nonce.to_bits().to_be_bytes());
        let stamp = |time: Time| NtpTimestamp::from_time(time).to_bits().to_be_bytes();
        let offset = Interval::from_micros(i64::from(i16::from_be_bytes(input.array()?)) * i64::from(style) * 50);
        let held = self.now().real + offset - Interval::from_micros(i64::from(delay) * 500);
        datagram[16..24].copy_from_slice(&stamp(held - Interval::from_secs(64)));
        datagram[32..40].copy_from_slice(&stamp(held));
        datagram[40..48].copy_from_slice(&stamp(held + Interval::from_micros(20)));
        for _ in 0..style & 3 {
            // Any part of it, the request's number among them.
            let [at, length] = input.array()?;
            let at = usize::from(at) % HEADER_LEN;
            let bytes = input.slice((usize::from(length) % 9).min(HEADER_LEN - at));
            datagram[at..at + bytes.len()].copy_from_slice(bytes);
        }
        if style & 4 != 0 {
            datagram.extend_from_slice(input.slice(usize::from(style)));
        } else if style & 8 != 0
            && let Some(key) = &self.key
        {
            self.proved.push(datagram.clone());
            key.sign(&mut datagram);
        }
        self.receive(server, datagram);
        Some(())
    }

    fn receive(&mut self, server: usize, datagram: Vec<u8>) {
        let after = self.now();
        let at = (!datagram.len().is_multiple_of(3)).then_some(after.real);
        self.exchange.received(server, &datagram, at, after);
        self.seen.push(datagram);
    }

    /// Lets the time pass to the end.
    pub(crate) fn run_out(&mut self) -> (Vec<Contact>, Trace) {
        let bound = self.addresses.len() * (2 * 8 + 2);
        for _ in 0..=bound {
            match self.act() {
                Action::Wait(until) => {
                    assert!(until > self.raw && until <= START + BUDGET, "{until:?} at {:?}", self.raw);
                    self.raw = until;
                }
                Action::Done => {
                    let now = self.now();
                    let empty = Exchange::new(self.pace.clone(), START);
                    return std::mem::replace(&mut self.exchange, empty).finish(&now);
                }
                Action::Send(_) => unreachable!("act sends"),
            }
        }
        panic!("it does not come to an end");
    }
}

fn key(kind: u8) -> Key {
    // Those that take a secret of any length, and AES-CMAC with sixteen bytes.
    let algorithm = Algorithm::ALL[usize::from(kind % 6)];
    Key::new(KeyId::MIN, algorithm, Zeroizing::new(b"sixteen letters.".to_vec())).unwrap()
}

fn fault_kind(which: u8) -> FaultKind {
    [
        FaultKind::Refused,
        FaultKind::HostUnreachable,
        FaultKind::NetworkUnreachable,
        FaultKind::NotPermitted,
        FaultKind::Prohibited,
        FaultKind::PortInUse,
        FaultKind::PortDenied,
        FaultKind::NoRandom,
        FaultKind::Other(rntpdate::internals::net::Step::Send, 71),
    ][usize::from(which % 8)]
}
