//! Control messages, mode 6 (RFC 9327): questions to a server about itself, and replies in fragments.

use std::collections::BTreeMap;

use thiserror::Error;

/// Bytes before the data.
const HEADER_LEN: usize = 12;
const MODE: u8 = 6;
/// ntpq's version: servers answer in the version of the question, and the oldest of them know this one.
const VERSION: u8 = 2;
/// What one answer may hold. The largest seen, all variables of one association, is about 1.5 kB.
const MAX_DATA: usize = 32 * 1024;
/// The most fragments of one answer; servers cut at 468 bytes.
const MAX_FRAGMENTS: usize = 128;

const RESPONSE: u8 = 0x80;
const ERROR: u8 = 0x40;
const MORE: u8 = 0x20;
const OPCODE: u8 = 0x1f;

/// What is asked (RFC 9327 §2, table 1). Only reading needs no key.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Opcode {
    /// For association 0: the numbers and states of all associations.
    ReadStatus = 1,
    /// The variables of one association, or for 0 the system's.
    ReadVariables = 2,
}

/// One question. Its answer bears the same sequence number, opcode and association.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ControlRequest {
    /// What is asked.
    pub opcode: Opcode,
    /// Any number; a new one for each question.
    pub sequence: u16,
    /// The association that is asked about; 0 is the system itself.
    pub association: u16,
}

impl ControlRequest {
    /// The bytes on the wire: a header, as all is asked for that there is.
    pub fn to_bytes(&self) -> [u8; HEADER_LEN] {
        let mut bytes = [0; HEADER_LEN];
        bytes[0] = VERSION << 3 | MODE;
        bytes[1] = self.opcode as u8;
        bytes[2..4].copy_from_slice(&self.sequence.to_be_bytes());
        bytes[6..8].copy_from_slice(&self.association.to_be_bytes());
        bytes
    }
}

/// Why a server does not answer a question (RFC 9327 §3.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Refusal {
    /// Code 1.
    #[error("it wants such questions authenticated")]
    Authentication,
    /// Code 2.
    #[error("it finds the question badly formed")]
    Format,
    /// Code 3.
    #[error("it does not know this kind of question")]
    Opcode,
    /// Code 4: the association went away since it was listed.
    #[error("it does not know that association")]
    Association,
    /// Code 7.
    #[error("its administrator forbids such questions")]
    Prohibited,
    /// Any other code.
    #[error("error code {0}")]
    Other(u8),
}

impl Refusal {
    fn from_code(code: u8) -> Refusal {
        match code {
            1 => Refusal::Authentication,
            2 => Refusal::Format,
            3 => Refusal::Opcode,
            4 => Refusal::Association,
            7 => Refusal::Prohibited,
            other => Refusal::Other(other),
        }
    }
}

/// What is wrong with a datagram, or with the fragments of an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum ControlError {
    /// No answer to this question; it may be one to an earlier question.
    #[error("not an answer to the question")]
    Unrelated,
    /// Fewer bytes than its header promises; the length in bytes.
    #[error("truncated to {0} bytes")]
    Truncated(usize),
    /// Two fragments contradict each other.
    #[error("fragments that overlap")]
    Overlap,
    /// More bytes than any server has to say.
    #[error("an answer of more than {MAX_DATA} bytes or {MAX_FRAGMENTS} fragments")]
    TooLarge,
    /// The server says no.
    #[error(transparent)]
    Refused(Refusal),
}

/// A complete answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ControlAnswer {
    /// The status word of the system or the association (RFC 9327 §3.1 and §3.2).
    pub status: u16,
    /// The fragments' data, joined.
    pub data: Vec<u8>,
}

/// The fragments of one answer, in whatever order they come, in bounded memory.
#[derive(Clone, Debug)]
pub struct Assembly {
    request: ControlRequest,
    fragments: BTreeMap<usize, Vec<u8>>,
    size: usize,
    status: u16,
    /// Where the answer ends, once its last fragment is there.
    end: Option<usize>,
}

impl Assembly {
    /// An assembly of the answer to `request`, of which nothing is there yet.
    pub fn new(request: ControlRequest) -> Assembly {
        Assembly { request, fragments: BTreeMap::new(), size: 0, status: 0, end: None }
    }

    /// Whether a part of the answer is there.
    pub fn is_begun(&self) -> bool {
        !self.fragments.is_empty()
    }

    /// Takes in a datagram; gives the answer when it is complete. A copy of a fragment changes nothing.
    pub fn add(&mut self, datagram: &[u8]) -> Result<Option<ControlAnswer>, ControlError> {
        let (status, start, more, data) = self.read(datagram)?;
        let end = start + data.len();
        if let Some(known) = self.fragments.get(&start).filter(|known| known.len() == data.len()) {
            let same = known == data && more == (self.end != Some(end));
            return if same { Ok(None) } else { Err(ControlError::Overlap) };
        }
        self.check_place(start, end, more)?;
        let size = self.size + data.len();
        if size > MAX_DATA || end > MAX_DATA || self.fragments.len() >= MAX_FRAGMENTS {
            return Err(ControlError::TooLarge);
        }
        // Only now: what is refused leaves nothing behind.
        self.size = size;
        self.fragments.insert(start, data.to_vec());
        self.status = status;
        if !more {
            self.end = Some(end);
        }
        // Without overlaps the parts fill the whole exactly when their lengths do.
        let complete = self.end == Some(self.size);
        Ok(complete
            .then(|| ControlAnswer { status, data: self.fragments.values().flatten().copied().collect::<Vec<u8>>() }))
    }

    /// Status, offset, whether more follows, and the data of a fragment of this answer.
    fn read<'a>(&self, datagram: &'a [u8]) -> Result<(u16, usize, bool, &'a [u8]), ControlError> {
        let (header, rest) =
            datagram.split_first_chunk::<HEADER_LEN>().ok_or(ControlError::Truncated(datagram.len()))?;
        let word = |at: usize| u16::from_be_bytes([header[at], header[at + 1]]);
        let flags = header[1];
        let ours = header[0] & 7 == MODE
            && flags & RESPONSE != 0
            && flags & OPCODE == self.request.opcode as u8
            && word(2) == self.request.sequence
            && word(6) == self.request.association;
        if !ours {
            return Err(ControlError::Unrelated);
        }
        if flags & ERROR != 0 {
            return Err(ControlError::Refused(Refusal::from_code((word(4) >> 8) as u8)));
        }
        // What follows the count is padding.
        let data = rest.get(..usize::from(word(10))).ok_or(ControlError::Truncated(datagram.len()))?;
        Ok((word(4), usize::from(word(8)), flags & MORE != 0, data))
    }

    fn check_place(&self, start: usize, end: usize, more: bool) -> Result<(), ControlError> {
        let before = self.fragments.range(..=start).next_back().map_or(0, |(at, data)| at + data.len());
        let after = self.fragments.range(start..).next().map_or(usize::MAX, |(at, _)| *at);
        let last_known = self.fragments.last_key_value().map_or(0, |(at, data)| at + data.len());
        let past_the_end = self.end.is_some_and(|known| end > known || !more);
        let last_too_early = !more && last_known > end;
        if before > start || after < end || past_the_end || last_too_early {
            return Err(ControlError::Overlap);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    const REQUEST: ControlRequest =
        ControlRequest { opcode: Opcode::ReadVariables, sequence: 0x1234, association: 0x4568 };

    fn fragment(offset: usize, more: bool, data: &[u8]) -> Vec<u8> {
        let mut bytes = REQUEST.to_bytes().to_vec();
        bytes[1] |= RESPONSE | if more { MORE } else { 0 };
        bytes[4..6].copy_from_slice(&0x961a_u16.to_be_bytes());
        bytes[8..10].copy_from_slice(&(offset as u16).to_be_bytes());
        bytes[10..12].copy_from_slice(&(data.len() as u16).to_be_bytes());
        bytes.extend_from_slice(data);
        bytes
    }

    #[test]
    fn a_request_is_as_ntpq_sends_it() {
        assert_eq!(REQUEST.to_bytes(), [0x16, 0x02, 0x12, 0x34, 0, 0, 0x45, 0x68, 0, 0, 0, 0]);
    }

    #[test]
    fn fragments_join_in_any_order_and_copies_do_no_harm() {
        let (first, second, last) = (fragment(0, true, b"ab"), fragment(2, true, b"cd"), fragment(4, false, b"e"));
        for order in [[&first, &second, &last], [&last, &second, &first], [&second, &last, &first]] {
            let mut assembly = Assembly::new(REQUEST);
            assert_eq!(assembly.add(order[0]), Ok(None));
            assert_eq!(assembly.add(order[0]), Ok(None), "a copy");
            assert_eq!(assembly.add(order[1]), Ok(None));
            assert_eq!(assembly.add(order[0]), Ok(None), "a late copy");
            let answer = assembly.add(order[2]).unwrap().unwrap();
            assert_eq!((answer.status, answer.data.as_slice()), (0x961a, &b"abcde"[..]));
        }
    }

    #[test]
    fn an_answer_with_a_hole_is_never_complete() {
        let mut assembly = Assembly::new(REQUEST);
        assert_eq!(assembly.add(&fragment(0, true, b"ab")), Ok(None));
        assert_eq!(assembly.add(&fragment(4, false, b"e")), Ok(None));
        assert!(assembly.is_begun());
    }

    #[test]
    fn padding_is_no_data_and_missing_data_is_seen() {
        let mut padded = fragment(0, false, b"abc");
        padded.extend_from_slice(b"\0xyz");
        assert_eq!(Assembly::new(REQUEST).add(&padded).unwrap().unwrap().data, b"abc");
        let cut = &fragment(0, false, b"abc")[..14];
        assert_eq!(Assembly::new(REQUEST).add(cut), Err(ControlError::Truncated(14)));
        assert_eq!(Assembly::new(REQUEST).add(&[0x16]), Err(ControlError::Truncated(1)));
    }

    #[test]
    fn contradicting_fragments_are_an_error() {
        let contradictions = [
            [fragment(0, true, b"abcd"), fragment(2, true, b"cdef")],
            [fragment(2, true, b"cdef"), fragment(0, true, b"abcd")],
            [fragment(0, true, b"ab"), fragment(0, true, b"xy")],
            [fragment(0, true, b"ab"), fragment(0, true, b"abc")],
            [fragment(2, false, b"c"), fragment(4, false, b"d")],
            [fragment(2, false, b"c"), fragment(4, true, b"d")],
            [fragment(4, true, b"d"), fragment(2, false, b"c")],
            [fragment(0, true, b"ab"), fragment(0, false, b"ab")],
        ];
        for [first, second] in contradictions {
            let mut assembly = Assembly::new(REQUEST);
            assert_eq!(assembly.add(&first), Ok(None));
            assert_eq!(assembly.add(&second), Err(ControlError::Overlap), "{first:?} {second:?}");
        }
    }

    #[test]
    fn more_than_the_bounds_is_an_error() {
        let mut assembly = Assembly::new(REQUEST);
        let results: Vec<_> = (0..=MAX_FRAGMENTS).map(|n| assembly.add(&fragment(n, true, b"a"))).collect();
        assert!(results[..MAX_FRAGMENTS].iter().all(|result| *result == Ok(None)));
        assert_eq!(results[MAX_FRAGMENTS], Err(ControlError::TooLarge));
        assert_eq!(Assembly::new(REQUEST).add(&fragment(MAX_DATA, true, b"a")), Err(ControlError::TooLarge));
        // What was refused does not count towards the whole.
        let mut assembly = Assembly::new(REQUEST);
        assert_eq!(assembly.add(&fragment(MAX_DATA, true, b"abc")), Err(ControlError::TooLarge));
        assert_eq!(assembly.add(&fragment(3, false, b"def")), Ok(None));
        assert_eq!(Assembly::new(REQUEST).add(&fragment(1, true, &[0; MAX_DATA])), Err(ControlError::TooLarge));
    }

    #[test]
    fn foreign_packets_and_refusals_are_told_apart() {
        let mut other = fragment(0, false, b"a");
        other[3] ^= 1;
        assert_eq!(Assembly::new(REQUEST).add(&other), Err(ControlError::Unrelated));
        assert_eq!(Assembly::new(REQUEST).add(&REQUEST.to_bytes()), Err(ControlError::Unrelated), "our own question");
        let mut refused = fragment(0, false, b"");
        refused[1] |= ERROR;
        refused[4] = 7;
        assert_eq!(Assembly::new(REQUEST).add(&refused), Err(ControlError::Refused(Refusal::Prohibited)));
    }

    proptest! {
        /// An answer cut into pieces that come in any order is the same bytes again.
        #[test]
        fn what_was_cut_is_put_together_again(
            data in prop::collection::vec(any::<u8>(), 1..600), size in 8_usize..80, order in any::<prop::sample::Index>(),
        ) {
            let mut pieces: Vec<(usize, &[u8])> = data.chunks(size).enumerate().collect();
            let turn = order.index(pieces.len());
            pieces.rotate_left(turn);
            let mut assembly = Assembly::new(REQUEST);
            let mut answers = Vec::new();
            for (place, piece) in pieces {
                let more = place * size + piece.len() < data.len();
                answers.extend(assembly.add(&fragment(place * size, more, piece)).unwrap());
            }
            prop_assert_eq!(answers, [ControlAnswer { status: 0x961a, data }]);
        }

        /// Whatever comes, memory stays bounded, and what is complete has no holes.
        #[test]
        fn nothing_breaks_it(pieces in prop::collection::vec((0_usize..40, any::<bool>(), 0_usize..9), 0..40)) {
            let mut assembly = Assembly::new(REQUEST);
            for (offset, more, length) in pieces {
                if let Ok(Some(answer)) = assembly.add(&fragment(offset, more, &[7; 9][..length])) {
                    prop_assert_eq!(answer.data.len(), assembly.end.unwrap());
                    break;
                }
            }
            prop_assert!(assembly.size <= MAX_DATA);
        }

        #[test]
        fn any_datagram_is_read_or_refused(datagram in prop::collection::vec(any::<u8>(), 0..80)) {
            let _ = Assembly::new(REQUEST).add(&datagram);
        }
    }
}
