//! A server's response in a key exchange: what is taken of it can be used, and does not depend on how it comes.

use rntpdate::internals::wire::nts::{Aead, MOST_COOKIES, Reader, Response, ResponseFault};

pub(crate) fn check(data: &[u8]) {
    let Some((size, message)) = data.split_first() else { return };
    let whole = read(message, message.len().max(1));
    assert_eq!(read(message, usize::from(*size).max(1)).is_ok(), whole.is_ok());
    let Ok(response) = whole else { return };
    assert_eq!(read(message, usize::from(*size).max(1)).as_ref(), Ok(&response));
    assert!((1..=MOST_COOKIES).contains(&response.cookies.len()) && Aead::OFFERED.contains(&response.aead));
    for cookie in &response.cookies {
        let bytes = cookie.bytes();
        assert!(bytes.len() % 4 == 0 && bytes.len() <= 512 && message.windows(bytes.len()).any(|part| part == bytes));
    }
    assert_ne!(response.port, Some(0));
    if let Some(name) = &response.server {
        assert!(name.len() <= 253 && !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_graphic()), "{name:?}");
    }
    let (first, second) = response.key_contexts();
    assert!(first == response.aead || (first, second) == (Aead::SivCmac256, Some(Aead::Gcm128Siv)));
}

fn read(message: &[u8], size: usize) -> Result<Response, ResponseFault> {
    let mut reader = Reader::new(&Aead::OFFERED);
    for piece in message.chunks(size) {
        reader.push(piece)?;
    }
    reader.finish()
}
