//! A datagram: what is read is written back, bit for bit, and what is shown of it is harmless.

use rntpdate::internals::time::{Interval, Time};
use rntpdate::internals::wire::{HEADER_LEN, Header, Malformed, NtpShort, NtpTimestamp, Stratum};

/// The most that may follow a header.
const MAX_TRAILER: usize = 1024;

pub(crate) fn check(data: &[u8]) {
    let (header, trailer) = match Header::parse(data) {
        Ok(parsed) => parsed,
        Err(Malformed::Length(length)) => {
            assert_eq!(length, data.len());
            assert!(length < HEADER_LEN || length % 4 != 0 || length > HEADER_LEN + MAX_TRAILER);
            return;
        }
    };
    assert_eq!([&header.to_bytes()[..], trailer].concat(), data);
    for stratum in [Stratum(0), Stratum(1), header.stratum] {
        let shown = header.refid.display(stratum).to_string();
        assert!(shown.len() <= 15 && shown.bytes().all(|byte| byte.is_ascii_graphic()), "{shown:?}");
    }
    for short in [header.root_delay, header.root_dispersion] {
        short_format(short);
    }
    let stamps = [header.reference, header.origin, header.receive, header.transmit];
    for stamp in stamps {
        timestamp(stamp);
        for other in stamps {
            let (there, back) = (stamp.since(other), other.since(stamp));
            assert!(there == -back || there == back, "2^63 units are half an era, both ways");
            assert_eq!(stamp.is_zero(), stamp == NtpTimestamp::ZERO);
        }
    }
}

fn short_format(short: NtpShort) {
    let units = short.to_interval().units();
    assert_eq!(NtpShort::from_bits(u32::try_from(units >> 16).unwrap()), short);
    assert_eq!(units & 0xffff, 0);
    printed(short.to_interval());
}

fn timestamp(stamp: NtpTimestamp) {
    // The pivots: 1970, and what the stamp itself says of the years since 1582.
    for pivot in [Time::UNIX_EPOCH, Time::from_units(i128::from(stamp.to_bits().reverse_bits()) - (1 << 63))] {
        let time = stamp.unfold(pivot);
        assert!(time >= pivot && time - pivot < Interval::from_secs(1 << 32));
        assert_eq!(NtpTimestamp::from_time(time).to_bits(), stamp.to_bits());
        let (seconds, nanos) = time.to_unix();
        let again = Time::from_unix(seconds, i64::from(nanos));
        assert!((again - time).abs().units() <= 3, "a nanosecond is four units: {again:?} {time:?}");
        assert_eq!(again.to_unix(), (seconds, nanos));
        printed(time - Time::UNIX_EPOCH);
    }
}

/// Nine decimals hold every nanosecond.
fn printed(interval: Interval) {
    let digits = format!("{interval:+.9}").replace('.', "");
    assert_eq!(digits.parse::<i128>().unwrap(), interval.nanos());
}
