//! One key file for the server and for us, with all that a line may hold.

use super::{LOOPBACK, with_key};
use crate::support::keyed::{KeyFile, Kind, Served};
use crate::support::require::{self, Cache};

/// Checks that a server and we read the same of each line: a request passes and so does the reply.
fn assert_read_alike(cache: &Cache, kind: Kind, config: &str, lines: &[(u32, String)]) {
    let text: String = lines.iter().map(|(_, line)| format!("{line}\n")).collect();
    let server = Served::with_config(cache, kind, config, &text);
    for (id, line) in lines.iter().filter(|(id, _)| *id > 0) {
        println!("{kind:?}: {line}");
        with_key(&server.network, "-q", *id, &server.its_file(), &["-p1", LOOPBACK]).assert_passed();
    }
}

#[test]
fn chronyds_own_file() {
    let Some(cache) = require::servers() else { return };
    let lines = [
        (0, "# a comment".to_owned()),
        (0, "! another; 77 is no key".to_owned()),
        (1, "1 sesame".to_owned()),
        (2, "2 SHA1 open-sesame".to_owned()),
        (3, "3 SHA1 HEX:00112233445566778899AABBCCDDEEFF01234567".to_owned()),
        (4, format!("4 SHA256 ASCII:{}", "A".repeat(64))),
        (5, format!("5 SHA512 HEX:{}", "c7".repeat(64))),
        (6, "6 AES128 abcdefghijklmnop".to_owned()),
        (7, format!("7 AES256 HEX:{}", "0f".repeat(32))),
        (8, "  8\tMD5\tsec%re!t;  ".to_owned()),
        (9, format!("9 SHA384 {}", "long-secret-".repeat(20))),
        (10, "10 MD5 ASCII:HEX:00".to_owned()),
        (11, "11 MD5 0123456789abcdef".to_owned()),
        (u32::MAX, format!("{} SHA1 HEX:0123456789abcdef", u32::MAX)),
    ];
    assert_read_alike(&cache, Kind::Chronyd, "keyfile /srv/keys", &lines);
}

#[test]
fn ntpds_own_file() {
    let Some(cache) = require::servers() else { return };
    let lines = [
        (0, "# a comment".to_owned()),
        (1, "1 SHA1 abcdefghijklmnopqrst  # 20 characters".to_owned()),
        (2, "2 SHA1 00112233445566778899aabbccddeeff01234567".to_owned()),
        (3, "3 MD5 00112233445566778899aA".to_owned()),
        (4, format!("4 SHA256 {}", "ab".repeat(32))),
        // ntpd takes the first 32 bytes.
        (5, format!("5 SHA512 {}{}", "cd".repeat(32), "ef".repeat(32))),
        (6, "6 AES abcdefghijklmnop".to_owned()),
        (7, format!("7 AES128CMAC {}", "0f".repeat(16))),
        (8, format!("8 AES-256 {}", "1e".repeat(32))),
        (9, "  9\tmd5\tsesame 127.0.0.1,10.0.0.0/8".to_owned()),
        (10, "10 M sec%re!t".to_owned()),
        (11, "11 sha-1 sesame".to_owned()),
        (65_535, "65535 SHA384 0123456789abcdef".to_owned()),
    ];
    let config = "keys /srv/keys\ntrustedkey 1 2 3 4 5 6 7 8 9 10 11 65535";
    assert_read_alike(&cache, Kind::Ntpd, config, &lines);
}

/// The one line that the two daemons read differently: to ntpd, and so to us, more than 20 hexadecimal digits are bytes, to
/// chronyd they are text without `HEX:`. A prefix makes it clear for chronyd and for us.
#[test]
fn long_digits_without_a_prefix_are_what_ntpd_takes_them_for() {
    let Some(cache) = require::servers() else { return };
    let digits = "00112233445566778899aabbccddeeff01234567";
    let plain = format!("1 SHA1 {digits}\n");
    let ntpd = Served::start(&cache, Kind::Ntpd, &plain);
    with_key(&ntpd.network, "-q", 1, &ntpd.its_file(), &["-p1", LOOPBACK]).assert_passed();
    let chronyd = Served::start(&cache, Kind::Chronyd, &plain);
    let run = with_key(&chronyd.network, "-q", 1, &chronyd.its_file(), &["-p2", "-t0.2", "--interval=0.2", LOOPBACK]);
    run.assert_dropped(LOOPBACK, "no data: no reply to 2 requests");
    let text = KeyFile::new(&format!("1 SHA1 ASCII:{digits}\n"));
    with_key(&chronyd.network, "-q", 1, text.path(), &["-p1", LOOPBACK]).assert_passed();
}
