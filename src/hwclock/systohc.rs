//! Writing the clock chip so that its next tick is right.
//!
//! A chip takes whole seconds, and begins to count the second anew when it is written. So there is one right moment in each
//! second: half a second after the whole one for a PC's ([`write_delay`]). It is waited for asleep but for the last bit.
#![forbid(unsafe_code)]

use std::time::Duration;

use super::rtc_time::RtcTime;
use super::timeline::Timeline;
use super::zone::Scale;
use crate::system::Clock;
use crate::system::rtc::{Rtc, write_delay};
use crate::system::rtc_error::RtcError;
use crate::time::{Interval, Time};

/// Before the moment by so much, the wait goes on awake: a sleep ends late by a fraction of this, seldom by more. Where it
/// does, the next attempt stays awake four times as long.
const SPIN: Interval = Interval::from_micros(5000);

/// A write further from its moment than this is repeated a second later, except for the last one; each time twice as much
/// is good enough.
const TOLERANCE: Interval = Interval::from_micros(1000);

/// Writes at most. On a machine too busy for all of them the second is still the nearest.
const ATTEMPTS: u32 = 4;

/// Beyond this (seconds) what is read back is another time than what was written, not its tick at another moment.
const KEPT_WITHIN: f64 = 0.75;

/// How to write.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// How long after the whole second to write it; `None`: by the driver's name.
    pub delay: Option<Interval>,
    /// Wait for the chip's next tick afterwards and compare.
    pub verify: bool,
}

/// What was written, or by a dry run would have been.
#[derive(Clone, Copy, Debug)]
pub struct Written {
    /// What the chip was set to.
    pub time: RtcTime,
    /// The same in true time: seconds since 1970.
    pub unix: i64,
    /// How long after that second it was to be written.
    pub delay: Interval,
    /// The moment of the write − the moment that it was meant for; the chip is behind by this.
    pub residual: Interval,
    /// Writes until one was near enough.
    pub attempts: u32,
    /// What was read back.
    pub verified: Option<Verified>,
}

/// What the chip's next tick shows.
#[derive(Clone, Copy, Debug)]
pub struct Verified {
    /// Chip − true time at its tick.
    pub error: Interval,
    /// How well the moment of the tick is known.
    pub bound: Interval,
}

/// Sets the chip to true time: the system clock + `correction`, which is what the clock is still to be slewed by.
pub fn set_rtc(
    clock: &dyn Clock,
    rtc: &mut dyn Rtc,
    correction: Interval,
    scale: Scale<'_>,
    options: Options,
) -> Result<Written, RtcError> {
    set_to(clock, rtc, &Timeline::System { start: clock.now(), correction }, scale, options)
}

/// Sets the chip to the time of any timeline.
pub fn set_to(
    clock: &dyn Clock,
    rtc: &mut dyn Rtc,
    timeline: &Timeline,
    scale: Scale<'_>,
    options: Options,
) -> Result<Written, RtcError> {
    let delay = options.delay.unwrap_or_else(|| write_delay(rtc.driver()));
    let mut attempts = 1;
    let mut written = loop {
        let tolerance = TOLERANCE * (1 << (attempts - 1));
        wait(clock, timeline, delay, SPIN * (1 << (2 * (attempts - 1))));
        let early_enough = past_moment(timeline.at(&clock.now()), delay).1.abs() <= tolerance;
        if early_enough || attempts == ATTEMPTS {
            let mut written = write(clock, rtc, timeline, scale, delay)?;
            written.attempts = attempts;
            if written.residual.abs() <= tolerance || attempts == ATTEMPTS {
                break written;
            }
        }
        attempts += 1;
    };
    if options.verify && !rtc.is_dry() {
        written.verified = Some(verify(clock, rtc, timeline, &written)?);
    }
    Ok(written)
}

/// The second whose moment is nearest to `now`, and how far `now` is past that moment.
fn past_moment(now: Time, delay: Interval) -> (i64, Interval) {
    let half = Interval::from_micros(500_000);
    let unix = (now - delay + half).to_unix().0;
    (unix, now - (Time::from_unix(unix, 0) + delay))
}

/// Waits for the next right moment; when the clock is stepped meanwhile, not longer than it would have taken.
fn wait(clock: &dyn Clock, timeline: &Timeline, delay: Interval, spin: Interval) {
    let start = clock.now();
    let now = timeline.at(&start);
    let target = Time::from_unix((now - delay).to_unix().0 + 1, 0) + delay;
    let longest = Duration::from_millis(1100);
    loop {
        let reading = clock.now();
        let left = target - timeline.at(&reading);
        if left <= Interval::ZERO || reading.raw.saturating_sub(start.raw) > longest {
            return;
        }
        if left > spin {
            clock.sleep((left - spin).to_duration().min(longest));
        } else {
            std::hint::spin_loop();
        }
    }
}

/// Writes the nearest second now, and takes the time in the middle of the call.
fn write(
    clock: &dyn Clock,
    rtc: &mut dyn Rtc,
    timeline: &Timeline,
    scale: Scale<'_>,
    delay: Interval,
) -> Result<Written, RtcError> {
    let before = timeline.at(&clock.now());
    let (unix, _) = past_moment(before, delay);
    let time = scale.rtc_at(unix).ok_or(RtcError::NoDate { unix })?;
    rtc.set(time)?;
    let middle = before + (timeline.at(&clock.now()) - before) / 2;
    let residual = middle - (Time::from_unix(unix, 0) + delay);
    Ok(Written { time, unix, delay, residual, attempts: 0, verified: None })
}

/// Watches the chip's next tick.
fn verify(clock: &dyn Clock, rtc: &mut dyn Rtc, timeline: &Timeline, written: &Written) -> Result<Verified, RtcError> {
    let expected = Time::from_unix(written.unix + 1, 0);
    let left = expected - timeline.at(&clock.now()) - Interval::from_micros(20_000);
    clock.sleep(left.to_duration().min(Duration::from_secs(2)));
    let tick = rtc.watch_tick(clock)?;
    let shown = written.unix + (tick.time.as_unix() - written.time.as_unix());
    let truth = timeline.at(&tick.at);
    let error = Time::from_unix(shown, 0) - truth;
    if error.as_secs_f64().abs() > KEPT_WITHIN {
        let due = written.time.as_unix() + (past_moment(truth, Interval::ZERO).0 - written.unix);
        let due = RtcTime::from_unix(due).unwrap_or(written.time);
        return Err(RtcError::NotKept { path: rtc.path().to_owned(), written: due, read: tick.time });
    }
    Ok(Verified { error, bound: tick.bound })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_nearest_second_is_taken(nanos in 0_i64..4_000_000_000_000_000_000, delay_us in -2_000_000_i64..2_000_000) {
            let now = Time::UNIX_EPOCH + Interval::from_nanos(i128::from(nanos));
            let (unix, past) = past_moment(now, Interval::from_micros(delay_us));
            prop_assert!(past.as_secs_f64().abs() <= 0.500_001, "{past}");
            prop_assert_eq!(Time::from_unix(unix, 0) + Interval::from_micros(delay_us) + past, now);
        }
    }
}
