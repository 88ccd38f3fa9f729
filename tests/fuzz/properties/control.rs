//! Answers to ntpq's questions: fragments in any order, whole conversations, and the table that is made of them.

use std::collections::BTreeMap;

use rntpdate::internals::control::{Dialogue, NoView, ServerView, Step, peers_table};
use rntpdate::internals::time::Interval;
use rntpdate::internals::wire::{Assembly, ControlRequest, Opcode, Variables, parse_associations};

use super::bytes::Bytes;

/// What one answer may hold, bytes and fragments.
const MAX_DATA: usize = 32 * 1024;
const MAX_FRAGMENTS: usize = 128;
/// The most sources that are asked for.
const MAX_PEERS: usize = 64;
const RESPONSE: u8 = 0x80;
const MORE: u8 = 0x20;

pub(crate) fn check(data: &[u8]) {
    let Some((kind, data)) = data.split_first() else { return };
    match kind % 3 {
        0 => conversation(data),
        1 => fragments(data),
        _ => texts(data),
    }
}

/// A fragment of the answer to a question.
fn fragment(question: ControlRequest, status: u16, start: u16, more: bool, data: &[u8]) -> Vec<u8> {
    let mut datagram = question.to_bytes().to_vec();
    datagram[1] |= RESPONSE | if more { MORE } else { 0 };
    datagram[4..6].copy_from_slice(&status.to_be_bytes());
    datagram[8..10].copy_from_slice(&start.to_be_bytes());
    datagram[10..12].copy_from_slice(&u16::try_from(data.len()).unwrap().to_be_bytes());
    datagram.extend_from_slice(data);
    datagram
}

/// Every piece is a whole answer, a fragment or a datagram as it is. The conversation ends, and nothing harmful is shown.
fn conversation(data: &[u8]) {
    let mut input = Bytes(data);
    let mut dialogue = Dialogue::new(0xfffe);
    let (mut asked, mut now) = (1, Interval::ZERO);
    while let Some((kind, length)) = input.byte().zip(input.word()) {
        let question = dialogue.question();
        let datagram = match kind % 4 {
            0 | 1 => {
                fragment(question, input.word().unwrap_or_default(), 0, false, input.slice(usize::from(length) % 512))
            }
            2 => {
                let start = input.word().unwrap_or_default();
                fragment(question, length, start, kind & 4 != 0, input.slice(usize::from(kind >> 3)))
            }
            _ => input.slice(usize::from(length) % 512).to_vec(),
        };
        now += Interval::from_micros(i64::from(length));
        match dialogue.take(&datagram, now) {
            Ok(Step::Wait) => assert_eq!(dialogue.question(), question),
            Ok(Step::Ask) => {
                asked += 1;
                assert_ne!(dialogue.question(), question);
            }
            Ok(Step::Done) | Err(_) => break,
        }
    }
    assert_eq!(dialogue.give_up() == NoView::Silent, !dialogue.is_answered());
    assert!(asked <= MAX_PEERS + 2, "{asked} questions");
    view(&dialogue.into_view());
}

fn view(view: &ServerView) {
    let harmless = |text: &str| assert!(text.bytes().all(|byte| (b' '..=b'~').contains(&byte)), "{text:?}");
    assert!(view.peers.len() <= MAX_PEERS);
    assert_eq!(peers_table(view).len(), view.peers.len() + 2);
    peers_table(view)
        .iter()
        .map(String::as_str)
        .chain(view.version.as_deref())
        .chain(view.refid.as_deref())
        .for_each(harmless);
    if let Some(peer) = view.followed() {
        assert_eq!(Some(peer.association), view.system_peer);
    }
    assert!(view.ready_in().is_none_or(|(_, wait)| !wait.is_negative()));
}

/// Against a model: every byte that was taken stays where it was put, and a complete answer is all of them in order. Then the
/// input itself, cut into fragments that come in another order, is put together again, byte for byte.
fn fragments(data: &[u8]) {
    let question = ControlRequest { opcode: Opcode::ReadVariables, sequence: 7, association: 9 };
    let mut input = Bytes(data);
    let (mut assembly, mut taken) = (Assembly::new(question), BTreeMap::new());
    while let Some([high, low, length]) = input.array() {
        let start = u16::from_be_bytes([high & 0x7f, low]);
        let piece = input.slice(usize::from(length));
        let Ok(answer) = assembly.add(&fragment(question, 0, start, high & 0x80 != 0, piece)) else { continue };
        for (at, byte) in (usize::from(start)..).zip(piece) {
            assert_eq!(*taken.entry(at).or_insert(*byte), *byte, "at {at}");
        }
        assert!(taken.len() <= MAX_DATA);
        if let Some(answer) = answer {
            assert!(taken.keys().copied().eq(0..taken.len()), "an answer with a hole");
            assert_eq!(answer.data, taken.into_values().collect::<Vec<u8>>());
            break;
        }
    }
    if let Some((cut, whole)) = data.split_first()
        && !whole.is_empty()
    {
        reassembled(question, usize::from(*cut), whole);
    }
}

fn reassembled(question: ControlRequest, cut: usize, whole: &[u8]) {
    let size = cut.max(whole.len().div_ceil(MAX_FRAGMENTS)).max(1);
    let mut pieces: Vec<(usize, &[u8])> = whole.chunks(size).enumerate().collect();
    let turn = cut % pieces.len();
    pieces.rotate_left(turn);
    let mut assembly = Assembly::new(question);
    for (index, (number, piece)) in pieces.iter().enumerate() {
        let start = number * size;
        let more = start + piece.len() < whole.len();
        let datagram = fragment(question, 0x0615, u16::try_from(start).unwrap(), more, piece);
        let answer = assembly.add(&datagram).unwrap();
        assert_eq!(answer.is_some(), index + 1 == pieces.len());
        if let Some(answer) = answer {
            assert_eq!((answer.status, &answer.data[..]), (0x0615, whole));
        } else {
            assert_eq!(assembly.add(&datagram), Ok(None), "a copy changes nothing");
        }
    }
}

/// Lists of variables and of associations.
fn texts(data: &[u8]) {
    let variables = Variables::parse(data);
    let text: String = data.iter().filter(|byte| (b' '..=b'~').contains(byte)).map(|byte| char::from(*byte)).collect();
    for item in text.split(',') {
        let name = item.split('=').next().unwrap_or_default().trim();
        if let Some(value) = variables.text(name) {
            assert!(text.contains(value), "{name}: {value:?}");
            let number = variables.integer(name);
            assert!(number.is_none_or(|number| value.contains("0x")
                || value.trim_start_matches(['+', '-', '0'])
                    == number.unsigned_abs().to_string().trim_start_matches('0')));
        }
        let _ = variables.timestamp(name);
    }
    let associations = parse_associations(data);
    assert!(associations.is_sorted_by(|a, b| a.0 < b.0) && associations.iter().all(|(number, _)| *number != 0));
    // Written anew, the list is the same.
    let written: Vec<u8> = associations
        .iter()
        .flat_map(|(number, status)| [number.to_be_bytes(), status.to_be_bytes()].concat())
        .collect();
    assert_eq!(parse_associations(&written), associations);
}
