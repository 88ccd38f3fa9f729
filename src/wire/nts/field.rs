//! Extension fields of NTP packets (RFC 7822), and those of NTS (RFC 8915 §5).

use thiserror::Error;

/// A field's head: its type and its length.
const HEAD: usize = 4;
/// The shortest field outside of what is sealed.
pub(super) const SHORTEST: usize = 16;

/// The field types of NTS.
pub(super) const UNIQUE_IDENTIFIER: u16 = 0x0104;
pub(super) const COOKIE: u16 = 0x0204;
pub(super) const PLACEHOLDER: u16 = 0x0304;
pub(super) const AUTHENTICATOR: u16 = 0x0404;

/// What is no sequence of fields.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum FieldError {
    /// A length that is no multiple of 4, too short, or beyond the end; the length in bytes.
    #[error("an extension field of {0} bytes does not fit its packet")]
    Length(usize),
}

/// One field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ExtensionField<'a> {
    /// The field's type.
    pub kind: u16,
    /// What it says, padding included.
    pub body: &'a [u8],
    /// Where it begins, in bytes from the beginning of all.
    pub at: usize,
    /// Where the next one begins.
    pub end: usize,
}

/// The fields in `bytes`, each at least so long as `shortest` says, until one does not fit.
pub fn fields(bytes: &[u8], shortest: usize) -> impl Iterator<Item = Result<ExtensionField<'_>, FieldError>> {
    let mut at = 0;
    let mut is_broken = false;
    std::iter::from_fn(move || {
        let rest = bytes.get(at..).filter(|rest| !rest.is_empty() && !is_broken)?;
        let field = first(rest, shortest, at);
        match &field {
            Ok(field) => at = field.end,
            Err(_) => is_broken = true,
        }
        Some(field)
    })
}

fn first(rest: &[u8], shortest: usize, at: usize) -> Result<ExtensionField<'_>, FieldError> {
    let head = rest.first_chunk::<HEAD>().ok_or(FieldError::Length(rest.len()))?;
    let length = usize::from(u16::from_be_bytes([head[2], head[3]]));
    let fits = length >= shortest.max(HEAD) && length.is_multiple_of(4);
    let body = rest.get(HEAD..length).filter(|_| fits).ok_or(FieldError::Length(length))?;
    Ok(ExtensionField { kind: u16::from_be_bytes([head[0], head[1]]), body, at, end: at + length })
}

/// Appends a field with this body, padded to a multiple of 4 and to the shortest length.
pub(super) fn write(packet: &mut Vec<u8>, kind: u16, body: &[u8]) {
    let length = (HEAD + body.len()).next_multiple_of(4).max(SHORTEST);
    packet.extend(kind.to_be_bytes());
    packet.extend(u16::try_from(length).unwrap_or(u16::MAX).to_be_bytes());
    packet.extend_from_slice(body);
    packet.resize(packet.len() + length - HEAD - body.len(), 0);
}

/// The body of an authenticator: nonce and ciphertext with their lengths, both padded.
pub(super) fn authenticator(nonce: &[u8], sealed: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    for part in [nonce, sealed] {
        body.extend(u16::try_from(part.len()).unwrap_or(u16::MAX).to_be_bytes());
    }
    for part in [nonce, sealed] {
        body.extend_from_slice(part);
        body.resize(body.len().next_multiple_of(4), 0);
    }
    body
}

/// Nonce and ciphertext of an authenticator; nothing where their padded lengths do not fit its body.
pub(super) fn split_authenticator(body: &[u8]) -> Option<(&[u8], &[u8])> {
    let (lengths, rest) = body.split_first_chunk::<4>()?;
    let nonce = usize::from(u16::from_be_bytes([lengths[0], lengths[1]]));
    let sealed = usize::from(u16::from_be_bytes([lengths[2], lengths[3]]));
    let behind = rest.get(nonce.next_multiple_of(4)..)?;
    // The padding has to be there too.
    behind.get(..sealed.next_multiple_of(4))?;
    Some((rest.get(..nonce)?, behind.get(..sealed)?))
}
