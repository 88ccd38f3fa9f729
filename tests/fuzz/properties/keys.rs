//! Key files of ntpd and chronyd.

use rntpdate::internals::config::keys;
use rntpdate::internals::wire::{Algorithm, HEADER_LEN, Key, KeyId};
use zeroize::Zeroizing;

/// The longest line with a secret of this many bytes in hexadecimal is still one that is read.
const LONGEST_SECRET: usize = 900;

pub(crate) fn check(data: &[u8]) {
    for number in [1, 2, u32::MAX] {
        let id = KeyId::new(number).unwrap();
        let found = keys::find(data, id);
        // What stands around the key's own line changes nothing but the number of the line.
        let around = [b"# a comment\n3 MD5 other\n", data, b"\n4 SHA1 other\n"].concat();
        match (&found, keys::find(&around, id)) {
            (Ok(key), Ok(again)) => assert_eq!(signed(key), signed(&again)),
            (Err(_), Err(_)) => {}
            (found, again) => panic!("{found:?} {again:?}"),
        }
        match found {
            Ok(key) => assert_eq!(key.id(), id),
            Err(error) => {
                assert!(error.to_string().len() < 400 && !error.to_string().contains(char::is_control), "{error}");
            }
        }
    }
    if let Some((kind, secret)) = data.split_first() {
        written(Algorithm::ALL[usize::from(kind % 7)], &secret[..secret.len().min(LONGEST_SECRET)]);
    }
}

/// A secret that is written to a file, in each of the forms, and read again makes the same code, byte for byte.
fn written(algorithm: Algorithm, secret: &[u8]) {
    let id = KeyId::new(7).unwrap();
    let direct = Key::new(id, algorithm, Zeroizing::new(secret.to_vec()));
    let hex: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
    let mut lines = vec![format!("7 {algorithm} HEX:{hex}"), format!("007\t{algorithm}  HEX:{}\r", hex.to_uppercase())];
    if secret.iter().all(u8::is_ascii_graphic) && !secret.is_empty() {
        lines.push(format!("7 {algorithm} ASCII:{} # and a comment", String::from_utf8_lossy(secret)));
    }
    for line in lines {
        match (&direct, keys::find(line.as_bytes(), id)) {
            (Ok(key), Ok(read)) => assert_eq!((read.algorithm(), signed(&read)), (algorithm, signed(key)), "{line}"),
            (Err(_), Err(_)) => {}
            (_, read) => panic!("{line}: {read:?}"),
        }
    }
}

fn signed(key: &Key) -> Vec<u8> {
    let mut packet = vec![0x23; HEADER_LEN];
    key.sign(&mut packet);
    packet
}
