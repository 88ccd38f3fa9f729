//! What the process that asks the servers says, whoever it is by now: believed as far as servers could have brought it about, or
//! refused, and never more of it than there can be.

use std::time::Duration;

use rntpdate::internals::exchange::{Mirror, Pace, Report, Standings as _};
use rntpdate::internals::time::{Interval, Reading, Time};

/// Lines, each of which is a message.
pub(crate) fn check(data: &[u8]) {
    let pace = Pace {
        samples: 4,
        timeout: Duration::from_secs(1),
        burst: Duration::from_millis(60),
        polite: Duration::from_secs(2),
        most_lost: 2,
        version: 4,
        precision: Interval::from_micros(1),
        era: Time::UNIX_EPOCH,
    };
    let (started, now) = (Duration::from_secs(100), Duration::from_secs(200));
    let now = Reading { real: Time::from_unix(1_800_000_000, 0), raw: now };
    let mut mirror = Mirror::new(pace, started);
    mirror.add("192.0.2.1:123".parse().expect("an address"), None);
    mirror.add("[2001:db8::1]:123".parse().expect("an address"), None);
    for line in data.split(|byte| *byte == b'\n') {
        match serde_json::from_slice::<Report>(line) {
            Ok(Report::News(news)) => {
                if mirror.take(news, &now).is_err() {
                    return;
                }
                judged(&mirror, started, &now);
            }
            Ok(Report::Finished(contacts)) => {
                let Ok(contacts) = mirror.finish(contacts, &now) else { return };
                assert_eq!(contacts.len(), 2);
                for contact in contacts {
                    assert!(contact.answered <= contact.sent && contact.sent <= 8);
                    assert!(contact.candidate.samples.len() <= contact.answered);
                    assert!(contact.candidate.samples.iter().all(|sample| sample.clock_moved(&now).is_none()));
                }
                return;
            }
            _ => return,
        }
    }
}

fn judged(mirror: &Mirror, started: Duration, now: &Reading) {
    let (answered, wanted) = mirror.progress();
    assert!(answered <= wanted && wanted <= 16 && mirror.active() <= mirror.servers());
    for (candidate, _) in mirror.measured() {
        assert!(candidate.samples.len() <= 8);
        for sample in &candidate.samples {
            assert!(!sample.delay.is_negative() && sample.taken.raw >= started && sample.taken.raw <= now.raw);
        }
    }
}
