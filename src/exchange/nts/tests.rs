use std::time::Duration;

use zeroize::Zeroizing;

use super::*;
use crate::exchange::tests::good_reply;
use crate::exchange::{Action, Contact, Exchange, Pace};
use crate::time::{Interval, Reading, Time};
use crate::wire::NtpTimestamp;
use crate::wire::nts::field::ExtensionField;
use crate::wire::nts::{Secret, fields};

const START: Duration = Duration::from_secs(1000);
const MS: Duration = Duration::from_millis(1);
const AEAD: Aead = Aead::SivCmac256;

fn secret(byte: u8) -> Secret {
    Secret::new(Zeroizing::new(vec![byte; 32])).unwrap()
}

fn keys(byte: u8) -> Keys {
    Keys { c2s: secret(byte), s2c: secret(byte + 1) }
}

fn association(cookies: u8, is_saved: bool) -> Association {
    let cookies = (0..cookies).map(|number| Cookie::new(vec![number; 100]).unwrap()).collect();
    Association { aead: AEAD, keys: keys(1), other_keys: None, cookies, is_saved }
}

fn pace() -> Pace {
    Pace {
        samples: 4,
        timeout: 1000 * MS,
        burst: 50 * MS,
        polite: 2000 * MS,
        most_lost: 2,
        version: 4,
        precision: Interval::from_micros(1),
        era: Time::UNIX_EPOCH,
    }
}

fn reading(raw: Duration) -> Reading {
    Reading { real: Time::from_unix(1_795_000_000, 0) + Interval::from(raw), raw }
}

/// What a server says to a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Answer {
    /// A sealed reply with these keys, and as many cookies as were asked for.
    Sealed(u8),
    /// The same, with a kiss code or a stratum of 0 in it.
    SealedKiss(&'static [u8; 4]),
    /// A sealed reply without a cookie.
    Stingy(u8),
    Nak,
    NakOfAnother,
    Plain,
    PlainKiss,
    /// Sealed by somebody who does not know the keys.
    Forged,
}

#[derive(Default)]
struct Server {
    /// The cookies that came, and how long the requests were.
    cookies: Vec<Vec<u8>>,
    lengths: Vec<usize>,
    made: u8,
}

impl Server {
    fn note(&mut self, request: &[u8]) {
        let cookie = fields(&request[HEADER_LEN..], 16).map(Result::unwrap).find(|field| field.kind == 0x0204);
        self.cookies.push(cookie.unwrap().body.to_vec());
        self.lengths.push(request.len());
    }

    fn reply(&mut self, request: &[u8], answer: Answer) -> Vec<u8> {
        let all: Vec<ExtensionField<'_>> = fields(&request[HEADER_LEN..], 16).map(Result::unwrap).collect();
        let of = |kind| all.iter().filter(move |field| field.kind == kind);
        let cookies: Vec<_> = of(0x0204).collect();
        assert_eq!((of(0x0104).count(), cookies.len(), of(0x0404).count()), (1, 1, 1));
        let wanted = 1 + of(0x0304).count();
        let identifier = of(0x0104).next().unwrap().body;
        let (nonce, time) = (Header::parse(request).unwrap().0.transmit, NtpTimestamp::from_time(reading(START).real));
        let mut header = good_reply(nonce, time);
        let identified =
            |header: &Header, identifier: &[u8]| [&header.to_bytes()[..], &[0x01, 0x04, 0, 36], identifier].concat();
        match answer {
            Answer::Plain => header.to_bytes().to_vec(),
            Answer::PlainKiss => {
                (header.stratum, header.refid) = (Stratum(0), RefId(*b"DENY"));
                header.to_bytes().to_vec()
            }
            Answer::Nak | Answer::NakOfAnother => {
                (header.stratum, header.refid) = (Stratum(0), NAK);
                let other = [0x55; 32];
                identified(&header, if answer == Answer::Nak { identifier } else { &other })
            }
            Answer::Sealed(key) => self.sealed(identified(&header, identifier), &keys(key), wanted),
            Answer::Stingy(key) => self.sealed(identified(&header, identifier), &keys(key), 0),
            Answer::Forged => self.sealed(identified(&header, identifier), &keys(99), 1),
            Answer::SealedKiss(code) => {
                (header.stratum, header.refid) = (Stratum(0), RefId(*code));
                self.sealed(identified(&header, identifier), &keys(1), wanted)
            }
        }
    }

    fn sealed(&mut self, mut packet: Vec<u8>, keys: &Keys, cookies: usize) -> Vec<u8> {
        let mut plain = Vec::new();
        for _ in 0..cookies {
            self.made += 1;
            plain.extend([&[0x02, 0x04, 0, 104][..], &[200 + self.made; 100]].concat());
        }
        let text = AEAD.seal(&keys.s2c, &[9; 16], &packet, &plain).unwrap();
        packet.extend([0x04, 0x04]);
        for number in [8 + 16 + text.len(), 16, text.len()] {
            packet.extend((number as u16).to_be_bytes());
        }
        packet.extend([&[9; 16], &text[..]].concat());
        packet
    }
}

struct Played {
    contact: Contact,
    record: NtsRecord,
    server: Server,
    took: Duration,
    renewals: Vec<Renewal>,
}

/// Plays a session in which the server answers after 10 ms, and a renewal brings keys of 11 with four cookies after 30 ms.
fn play(association: Association, missing: usize, script: impl Fn(usize) -> Vec<Answer>) -> Played {
    let mut exchange = Exchange::new(pace(), START + Duration::from_secs(60));
    exchange.add_nts("10.0.0.1:123".parse().unwrap(), association, missing, START);
    let (mut server, mut now, mut count, mut renewals) = (Server::default(), START, 0_u64, Vec::new());
    let mut on_the_way: Vec<(Duration, Vec<u8>)> = Vec::new();
    let mut new_keys: Option<Duration> = None;
    loop {
        if let (Some((_, why)), true) = (exchange.renewals().next(), renewals.is_empty()) {
            renewals.push(why);
            new_keys = Some(now + 30 * MS);
        }
        let until = match exchange.next(now) {
            Action::Send(place) => {
                count += 1;
                let fresh = Fresh { identifier: [count as u8; 32], nonce: [count as u8; 16] };
                let nonce = NtpTimestamp::from_bits(0x1000 + count);
                let Some(request) = exchange.request_with(place, nonce, Some(fresh), reading(now)) else { continue };
                server.note(&request);
                for answer in script(count as usize) {
                    on_the_way.push((now + 10 * MS, server.reply(&request, answer)));
                }
                continue;
            }
            Action::Wait(until) => Some(until),
            Action::Done => None,
        };
        let next = on_the_way.first().map(|(at, _)| *at);
        let Some(at) = [until, next, new_keys].into_iter().flatten().min() else { break };
        now = at;
        if next == Some(at) {
            let (_, reply) = on_the_way.remove(0);
            exchange.received(0, &reply, None, reading(now));
        } else if new_keys == Some(at) {
            new_keys = None;
            let cookies = (100..104).map(|number| Cookie::new(vec![number; 100]).unwrap()).collect();
            exchange.renew(0, Association { keys: keys(11), cookies, ..association_of_none() }, 4, now);
        }
    }
    let (mut contacts, _) = exchange.finish(&reading(now));
    let contact = contacts.remove(0);
    let record = contact.nts.clone().unwrap();
    let mut sent = server.cookies.clone();
    sent.sort();
    sent.dedup();
    assert_eq!(sent.len(), server.cookies.len(), "no cookie is sent twice");
    assert!(record.cookies.iter().all(|cookie| !sent.contains(&cookie.bytes().to_vec())), "what is left is unused");
    Played { contact, record, server, took: now - START, renewals }
}

fn association_of_none() -> Association {
    association(0, false)
}

#[test]
fn each_request_takes_a_cookie_and_each_reply_brings_one() {
    let played = play(association(2, true), 0, |_| vec![Answer::Sealed(1)]);
    assert_eq!((played.contact.candidate.samples.len(), played.record.passed), (4, 4));
    assert_eq!(played.record.cookies.len(), 2);
    assert_eq!(played.server.lengths, [228; 4], "no placeholders where none is missing");
    assert_eq!((played.took, played.renewals.len()), (190 * MS, 0));
}

#[test]
fn lost_cookies_are_asked_for_in_short_packets() {
    let played = play(association(2, true), 5, |_| vec![Answer::Sealed(1)]);
    assert_eq!(played.server.lengths, [228 + 3 * 104, 228 + 2 * 104, 228, 228]);
    assert_eq!(played.record.cookies.len(), 7);
    // What is not answered may have been too long.
    let played = play(association(8, false), 5, |n| if n == 1 { vec![] } else { vec![Answer::Sealed(1)] });
    assert_eq!(played.server.lengths[..2], [228 + 3 * 104, 228]);
}

#[test]
fn only_what_is_sealed_counts() {
    for junk in [Answer::Plain, Answer::PlainKiss, Answer::Forged, Answer::NakOfAnother] {
        let played = play(association(8, false), 0, |_| vec![junk, Answer::Sealed(1)]);
        assert_eq!((played.record.passed, played.contact.candidate.samples.len()), (4, 4), "{junk:?}");
        assert_eq!((played.record.failed, played.contact.candidate.kiss), (4, None), "{junk:?}");
        let alone = play(association(8, false), 0, |_| vec![junk]);
        assert!(alone.contact.candidate.samples.is_empty() && alone.contact.candidate.untrusted, "{junk:?}");
        assert_eq!(alone.record.plain, if matches!(junk, Answer::Plain | Answer::PlainKiss) { 2 } else { 0 });
    }
}

#[test]
fn a_kiss_counts_only_when_it_is_sealed() {
    let played = play(association(8, false), 0, |_| vec![Answer::SealedKiss(b"DENY")]);
    assert_eq!((played.contact.candidate.kiss, played.contact.sent), (Some(crate::estimate::Kiss::Deny), 1));
    // A server that is not synchronised says so under seal, and is no refusal of the cookie.
    let played = play(association(8, true), 0, |_| vec![Answer::SealedKiss(b"NTSN"), Answer::Sealed(1)]);
    assert_eq!(played.renewals, []);
}

#[test]
fn refused_cookies_of_an_earlier_run_are_renewed_once() {
    let new = |n| vec![if n == 1 { Answer::Nak } else { Answer::Sealed(11) }];
    let played = play(association(2, true), 0, new);
    assert_eq!((played.renewals.as_slice(), played.record.refused), (&[Renewal::Refused][..], 1));
    assert_eq!((played.contact.candidate.samples.len(), played.record.passed), (4, 4));
    assert!(!played.record.is_saved && played.record.cookies.len() == 4 + 4, "{:?}", played.record);
    assert_eq!(played.took, 10 * MS + 30 * MS + 190 * MS, "at once");
    let always = play(association(2, true), 0, |_| vec![Answer::Nak]);
    assert_eq!((always.renewals.len(), always.contact.sent), (1, 3), "new keys are not given up for anybody's word");
    assert!(always.contact.candidate.samples.is_empty());
}

#[test]
fn silence_to_cookies_of_an_earlier_run_is_a_refusal_too() {
    let played = play(association(2, true), 0, |n| if n == 1 { vec![] } else { vec![Answer::Sealed(11)] });
    assert_eq!((played.renewals.as_slice(), played.record.is_saved), (&[Renewal::Silence][..], false));
    assert_eq!(played.contact.candidate.samples.len(), 4);
    let fresh = play(association(8, false), 0, |_| vec![]);
    assert_eq!((fresh.renewals.len(), fresh.contact.sent), (0, 2), "keys of this run are known to the server");
}

#[test]
fn a_forged_refusal_beside_a_true_reply_costs_nothing() {
    let script = |n| if n == 1 { vec![Answer::Sealed(1), Answer::Nak] } else { vec![Answer::Nak, Answer::Sealed(1)] };
    let played = play(association(2, true), 0, script);
    assert_eq!((played.renewals.len(), played.contact.candidate.samples.len()), (0, 4));
}

#[test]
fn other_keys_are_tried_once_where_the_first_are_refused() {
    let with_other = Association { other_keys: Some(keys(21)), ..association(8, false) };
    let played = play(with_other, 0, |n| vec![if n == 1 { Answer::Nak } else { Answer::Sealed(21) }]);
    assert_eq!((played.record.has_switched, played.record.passed, played.renewals.len()), (true, 4, 0));
    assert_eq!(played.contact.candidate.samples.len(), 4);
}

#[test]
fn without_a_cookie_nothing_is_sent() {
    let played = play(association(1, false), 0, |n| vec![if n < 3 { Answer::Stingy(1) } else { Answer::Sealed(11) }]);
    assert_eq!(played.renewals, [Renewal::NoCookie]);
    assert_eq!(played.contact.candidate.samples.len(), 5, "one before, and four with new keys: {:?}", played.record);
}
