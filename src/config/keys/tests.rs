use proptest::prelude::*;

use super::*;

fn id(number: u32) -> KeyId {
    KeyId::new(number).unwrap()
}

/// The key that a text has under number 1, and that of a line of chronyd's with its secret in hexadecimal sign alike.
#[track_caller]
fn assert_key(text: &str, algorithm: Algorithm, secret: &[u8]) {
    let key = find(text.as_bytes(), id(1)).unwrap_or_else(|error| panic!("{text:?}: {error}"));
    assert_eq!((key.id(), key.algorithm()), (id(1), algorithm), "{text:?}");
    let expected = Key::new(id(1), algorithm, Zeroizing::new(secret.to_vec())).unwrap();
    let sign = |key: Key| {
        let mut packet = vec![0x23; 48];
        key.sign(&mut packet);
        packet
    };
    assert_eq!(sign(key), sign(expected), "{text:?}");
}

fn fault(text: &str) -> KeyError {
    find(text.as_bytes(), id(1)).unwrap_err()
}

#[test]
fn types_have_the_names_that_the_daemons_use() {
    for (names, algorithm) in [
        (&["M", "m", "MD5", "md5"][..], Algorithm::Md5),
        (&["SHA1", "sha1", "SHA-1"], Algorithm::Sha1),
        (&["SHA256", "sha-256", "SHA2-256"], Algorithm::Sha256),
        (&["SHA384", "SHA-384"], Algorithm::Sha384),
        (&["SHA512", "sha512"], Algorithm::Sha512),
    ] {
        for name in names {
            assert_key(&format!("1 {name} secret"), algorithm, b"secret");
        }
    }
    for name in ["AES", "AES-128", "AES128", "AES128CMAC", "AES-128-CMAC", "aes128cmac"] {
        assert_key(&format!("1 {name} 0123456789abcdef"), Algorithm::Aes128Cmac, b"0123456789abcdef");
    }
    for name in ["AES256", "AES-256", "AES-256-CMAC"] {
        assert_key(&format!("1 {name} HEX:{}", "0a".repeat(32)), Algorithm::Aes256Cmac, &[10; 32]);
    }
}

#[test]
fn lines_of_ntpd_and_of_chronyd_are_read() {
    let ntpd = "# ntpkey_MD5key\n\n 1\tMD5 L\";Nw<`.I<f4U0)247\"i  # MD5 key\n2 SHA1 \
                89ccb6cbd4d3e1ed5d9fd3cc1e7ad1b8e5b3b8ff # SHA1 key\n3 MD5 sesame 192.0.2.1,192.0.2.0/24\n";
    assert_key(ntpd, Algorithm::Md5, b"L\";Nw<`.I<f4U0)247\"i");
    assert_key("1 MD5 sesame 192.0.2.1,192.0.2.0/24", Algorithm::Md5, b"sesame");
    let chrony = "! a comment\n; one more\n% and one\n1 sesame\r\n20 SHA1 ASCII:more sesame\n";
    assert_key(chrony, Algorithm::Md5, b"sesame");
    assert_key("1 SHA1 ASCII:HEX:0a#b", Algorithm::Sha1, b"HEX:0a#b");
    assert_key("1 HEX:00Ff", Algorithm::Md5, &[0, 255]);
    assert_key("1 MD5 HEX:00ff", Algorithm::Md5, &[0, 255]);
    assert_key("0001 MD5 x", Algorithm::Md5, b"x");
    assert_key("\u{feff}1 MD5 marked", Algorithm::Md5, b"marked");
    assert!(find(b"1 MD5 \xfc\xff\n", id(1)).is_ok(), "text need not be UTF-8");
}

#[test]
fn a_long_secret_is_hexadecimal_where_it_can_be() {
    assert_key("1 MD5 0123456789abcdef0123", Algorithm::Md5, b"0123456789abcdef0123");
    assert_key("1 MD5 0a0a0a0a0a0a0a0a0a0a0A", Algorithm::Md5, &[10; 11]);
    assert_key("1 MD5 0a0a0a0a0a0a0a0a0a0a0", Algorithm::Md5, b"0a0a0a0a0a0a0a0a0a0a0");
    assert_key("1 MD5 correct-horse-battery-staple", Algorithm::Md5, b"correct-horse-battery-staple");
    assert_key("1 MD5 ASCII:0a0a0a0a0a0a0a0a0a0a0a", Algorithm::Md5, b"0a0a0a0a0a0a0a0a0a0a0a");
    let long = "0a".repeat(40);
    assert_key(&format!("1 SHA1 {long}"), Algorithm::Sha1, &[10; 32]);
    assert_key(&format!("1 SHA1 HEX:{long}"), Algorithm::Sha1, &[10; 40]);
}

#[test]
fn of_two_lines_with_a_number_the_later_counts() {
    assert_key("1 MD5 first\n1 SHA1 second\n2 MD5 other", Algorithm::Sha1, b"second");
    assert!(matches!(fault("1 MD5 first\n1 MD5"), KeyError::BadLine { line: 2, .. }));
}

#[test]
fn an_unknown_number_is_told_with_those_that_there_are() {
    assert_eq!(fault("").to_string(), "it has no key 1, nor any other");
    assert_eq!(fault("0 MD5 x\n-1 MD5 x\n+1 MD5 x\nx MD5 1\n").to_string(), "it has no key 1, nor any other");
    assert_eq!(fault("5 MD5 x\n3 unheard-of x\n5 MD5 y\n").to_string(), "it has no key 1, only 5, 3");
    let many: String = (2..20).map(|number| format!("{number} MD5 x\n")).collect();
    assert_eq!(fault(&many).to_string(), "it has no key 1, only 2, 3, 4, 5, 6, 7, 8, 9, 10, 11 and 8 more");
}

#[test]
fn what_is_wrong_with_the_wanted_key_is_told_with_its_line_and_type() {
    for (text, error) in [
        ("\n1", "line 2: key 1: there is no secret"),
        ("1 SHA1", "line 1: key 1 (SHA1): there is no secret"),
        ("1 SHA1 # secret", "line 1: key 1 (SHA1): there is no secret"),
        ("1 SHA1 HEX:", "line 1: key 1 (SHA1): the secret is empty"),
        ("1 ASCII:", "line 1: key 1 (MD5): the secret is empty"),
        ("1 HEX:0g", "line 1: key 1 (MD5): the secret after HEX: has to be pairs of hexadecimal digits"),
        ("1 HEX:0", "line 1: key 1 (MD5): the secret after HEX: has to be pairs of hexadecimal digits"),
        ("1 AES128 short", "line 1: key 1 (AES128): a secret for AES128 has 16 bytes, and this one has 5"),
    ] {
        assert_eq!(fault(text).to_string(), error, "{text:?}");
    }
    assert!(matches!(fault("1 MD5 a#b"), KeyError::BadLine { fault: BadKey::Ambiguous, .. }));
    let long = format!("1 MD5 {}", "x".repeat(MAX_LINE));
    assert!(matches!(fault(&long), KeyError::BadLine { fault: BadKey::TooLong, .. }));
    let other = fault("2 MD5 x\n1 RMD160 secret").to_string();
    assert!(other.starts_with("line 2: key 1 has the type RMD160, which is not supported (these are: MD5, SHA1,"));
    for secret in ["my\u{1b}secret", "hunter2secret", "SHAdow123", "s12345"] {
        assert!(fault(&format!("1 {secret} my laptop")).to_string().contains("the type (no known name),"));
    }
    for foreign in ["SHA3-256", "A", "blake2b512"] {
        assert!(fault(&format!("1 {foreign} secret")).to_string().contains(foreign));
    }
    assert_eq!(find(&vec![b'\n'; MAX_FILE + 1], id(1)).unwrap_err(), KeyError::TooLarge);
}

proptest! {
    #[test]
    fn anything_can_be_read_and_no_secret_is_printed(text in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = find(&text, id(1));
        let line = [b"1 SHA1 HEX:".as_slice(), &text].concat();
        if let Err(error) = find(&line, id(1)) {
            prop_assert!(error.to_string().is_ascii());
        }
    }

    #[test]
    fn a_secret_in_either_daemons_form_is_the_same(secret in prop::collection::vec(any::<u8>(), 11..32)) {
        let digits: String = secret.iter().map(|byte| format!("{byte:02x}")).collect();
        assert_key(&format!("1 SHA256 {digits}"), Algorithm::Sha256, &secret);
        assert_key(&format!("1 SHA256 HEX:{digits}"), Algorithm::Sha256, &secret);
    }
}
