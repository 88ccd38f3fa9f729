//! From the first message to a working sync, on a machine whose clock is really set: a key file that everyone can read, then
//! a key that is not the server's.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use crate::support::guest::Guest;
use crate::support::keyed::{KeyFile, Kind, Served};
use crate::support::require;

const SERVER: &str = "1f8b0c6e47a9d25338e1f60b947ac2d5";
const MISTYPED: &str = "1f8b0c6e47a9d25338e1f60b947ac2d6";

#[test]
fn a_mistyped_key() {
    let (Some(cache), Some(_)) = (require::guest(), require::servers()) else { return };
    let server = Served::start(&cache, Kind::Chronyd, &Kind::Chronyd.line(1, "AES128", SERVER));
    let now = SystemTime::now().duration_since(UNIX_EPOCH).expect("a time after 1970").as_secs();
    let base = chrono::DateTime::from_timestamp(now.cast_signed() - 9, 0).expect("a date");
    let (mistyped, right) =
        (KeyFile::new(&format!("1 AES128CMAC {MISTYPED}\n")), KeyFile::new(&format!("1 AES128CMAC {SERVER}\n")));
    let script = r##"
        say() { echo "# $*"; "$@"; echo "(exit status $?)"; echo; }
        say rntpdate -a 1 10.0.2.2
        say chmod 640 /etc/ntp.keys
        say rntpdate -a 1 10.0.2.2
        echo '# rntpdate -a 1 -d 10.0.2.2'; rntpdate -a 1 -d 10.0.2.2 2>&1 | sed -n '/^Diagnosis/,$p'; echo
        say cp /srv/right /etc/ntp.keys
        say rntpdate -a 1 10.0.2.2"##;
    let run = Guest::new(&cache)
        .program(env!("CARGO_BIN_EXE_rntpdate"))
        .rtc(&base.format("%Y-%m-%dT%H:%M:%S").to_string())
        .file(mistyped.path(), "/etc/ntp.keys", 0o644)
        .file(right.path(), "/srv/right", 0o600)
        .network(&server.network)
        .timeout(Duration::from_secs(150))
        .script(script)
        .run();
    // Shown with --nocapture: the transcript.
    println!("{}", run.console);
    assert_eq!(run.status, 0, "{}", run.console);
    let (open, rest) = run.console.split_once("# chmod").expect("a chmod");
    let (before, after) = rest.split_once("# cp").expect("a cp");
    assert!(open.contains("everyone can read it") && open.contains("chmod 640 /etc/ntp.keys"), "{open}");
    assert!(before.contains("no server suitable for synchronization found"), "{before}");
    assert!(before.contains("does not accept key 1 (AES128)") && before.contains("in /etc/ntp.keys"), "{before}");
    assert!(after.contains("step time server 10.0.2.2 offset +") && after.contains("(exit status 0)"), "{after}");
}
