//! Times as ntpdate prints them.

use crate::line::Zone;
use crate::time::Time;
use crate::wire::NtpTimestamp;

/// `eeae1007.48630c00  Mon, Nov 23 2026  1:06:15.282`: the bits, and the local time cut to milliseconds.
pub(super) fn ntp_time(stamp: NtpTimestamp, era: Time, zone: Zone<'_>) -> String {
    if stamp.is_zero() {
        return "(no time)".to_owned();
    }
    let (seconds, fraction) = (stamp.to_bits() >> 32, stamp.to_bits() & 0xffff_ffff);
    let local = zone(stamp.unfold(era)).format("%a, %b %e %Y %k:%M:%S");
    format!("{seconds:08x}.{fraction:08x}  {local}.{:03}", (fraction * 1000) >> 32)
}
