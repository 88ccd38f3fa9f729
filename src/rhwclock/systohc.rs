//! Writing the clock chip so that its next tick is right.
//!
//! A chip takes whole seconds. Most begin to count the second anew when they are written, so that there is one right moment in each
//! second: half a second after the whole one for a PC's ([`write_delay`]). It is waited for asleep but for the last bit. What a
//! write does to a chip's tick is found out by looking at it, once for each device and boot ([`WriteEffect`]).
#![forbid(unsafe_code)]

use std::time::Duration;

use crate::linux::rtc::tick;
use crate::machine::Clock;
use crate::machine::rtc::{Rtc, write_delay};
use crate::machine::rtc_error::RtcError;
use crate::rtc::rtc_time::RtcTime;
use crate::rtc::timeline::Timeline;
use crate::rtc::write_effect::{FirstLook, NEAR, WriteEffect, first_look, second_look};
use crate::time::{Interval, Time};
use crate::zone::Scale;

/// Before the moment by so much, the wait goes on awake: a sleep ends late by a fraction of this, seldom by more. Where it
/// does, the next attempt stays awake four times as long.
const SPIN: Interval = Interval::from_micros(5000);

/// A write further from its moment than this is repeated a second later, except for the last one; each time twice as much
/// is good enough.
const TOLERANCE: Interval = Interval::from_micros(1000);

/// A write that takes so much longer than reading was interrupted, and nobody knows whether before or after the chip took
/// it. Twice as much each time is good enough. What the kernel has to do afterwards takes less, but for an emulated CPU.
const STALL: Interval = Interval::from_micros(1000);

/// Writes at most, and one more for each that failed. On a machine too busy for all of them the second is still the nearest.
const ATTEMPTS: u32 = 4;

/// So many failed writes are no reason to give up: a bus may be disturbed, and a write that was only to mend the one before is not
/// to make a failure of it.
const FAILED_WRITES: u32 = 1;

/// Beyond this (seconds) what is read back is another time than what was written, not its tick at another moment.
const KEPT_WITHIN: f64 = 0.75;

/// The same after the first write to a chip of which nothing is known: its tick may come at any moment of the second that follows.
const KEPT_AT_FIRST: f64 = 1.02;

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
    /// What was read back: where it was asked for, and where nothing was known of the chip.
    pub verified: Option<Verified>,
    /// What is known of what a write does to the chip's tick.
    pub effect: Option<WriteEffect>,
}

/// What the chip's next tick shows.
#[derive(Clone, Copy, Debug)]
pub struct Verified {
    /// Chip − true time at its tick.
    pub error: Interval,
    /// How well the moment of the tick is known.
    pub bound: Interval,
    /// What the chip showed there.
    shown: RtcTime,
    /// True time there.
    truth: Time,
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

/// Sets the chip to the time of any timeline. Where nothing is known of what a write does to the chip's tick, and the user gives no
/// delay, its next tick is looked at; a chip other than a PC's is then written a second time, or a third. What that shows is
/// remembered.
pub fn set_to(
    clock: &dyn Clock,
    rtc: &mut dyn Rtc,
    timeline: &Timeline,
    scale: Scale<'_>,
    options: Options,
) -> Result<Written, RtcError> {
    let lead = rehearse(clock, rtc, timeline);
    let mut writer = Writer { clock, rtc, timeline, scale, lead };
    if writer.rtc.is_dry() {
        return writer.write(options.delay.unwrap_or_else(|| write_delay(writer.rtc.driver())));
    }
    let known = writer.rtc.write_effect();
    let Some(delay) = options.delay.or(known.map(WriteEffect::delay)) else { return writer.learn(options.verify) };
    let mut written = Written { effect: known, ..writer.write(delay)? };
    if !options.verify {
        return Ok(written);
    }
    let seen = writer.look(&written)?;
    if options.delay.is_none() && known.is_some_and(|known| !known.allows(seen.error)) {
        writer.rtc.remember(None);
        return writer.learn(true);
    }
    writer.check_kept(&written, &seen, KEPT_WITHIN)?;
    written.verified = Some(seen);
    Ok(written)
}

/// A chip, and the time that it is to be set to.
struct Writer<'a> {
    clock: &'a dyn Clock,
    rtc: &'a mut dyn Rtc,
    timeline: &'a Timeline,
    scale: Scale<'a>,
    /// By so much a write is begun before its moment.
    lead: Interval,
}

impl Writer<'_> {
    /// Writes a chip of which nothing is known, and finds out what a write does to its tick. That the chip cannot be read is no
    /// failure unless a look was asked for; that it stands still, or shows another time, is.
    fn learn(&mut self, is_asked: bool) -> Result<Written, RtcError> {
        let delay = write_delay(self.rtc.driver());
        let first = self.write(delay)?;
        let seen = match self.look(&first) {
            Err(error) if !is_asked && error.is_failed_read() => return Ok(first),
            seen => seen?,
        };
        let again = match first_look(delay, seen.error) {
            FirstLook::Done(effect) => {
                self.check_kept(&first, &seen, KEPT_WITHIN)?;
                return Ok(self.learned(first, seen, effect));
            }
            FirstLook::WriteAgain(again) => again,
        };
        self.check_kept(&first, &seen, KEPT_AT_FIRST)?;
        let mut last = self.write(again)?;
        let mut seen_last = self.look(&last)?;
        let effect = second_look((delay, seen.error), (again, seen_last.error));
        if let Some(WriteEffect::Restarts(right)) = effect
            && right != again
        {
            last = self.write(right)?;
            seen_last = self.look(&last)?;
        }
        self.check_kept(&last, &seen_last, KEPT_WITHIN)?;
        Ok(self.learned(last, seen_last, effect))
    }

    fn learned(&mut self, written: Written, seen: Verified, effect: Option<WriteEffect>) -> Written {
        if effect.is_some() {
            self.rtc.remember(effect);
        }
        Written { verified: Some(seen), effect, ..written }
    }

    /// Writes the chip `delay` after a whole second.
    fn write(&mut self, delay: Interval) -> Result<Written, RtcError> {
        let Writer { clock, rtc, timeline, scale, lead } = self;
        let (lead, scale) = (*lead, *scale);
        let mut attempt = 1;
        let mut failures = 0;
        loop {
            let tolerance = TOLERANCE * (1 << (attempt - 1));
            let mut aim = Aim::next(timeline.at(&clock.now()), delay, scale)?;
            let reached = wait(*clock, timeline, aim.moment - lead, SPIN * (1 << (2 * (attempt - 1))));
            let is_last = attempt >= ATTEMPTS;
            if (reached + lead - aim.moment).abs() > tolerance {
                aim = Aim::nearest(reached + lead, delay, scale)?;
            }
            if (reached + lead - aim.moment).abs() <= tolerance || is_last {
                let failure = rtc.set(aim.time).err();
                let longer = timeline.at(&clock.now()) - reached - lead;
                if let Some(error) = failure {
                    failures += 1;
                    if failures > FAILED_WRITES || !error.is_failed_write() {
                        return Err(error);
                    }
                } else if longer <= STALL * (1 << (attempt - 1)) || is_last {
                    let residual = reached + lead - aim.moment;
                    let Aim { time, unix, .. } = aim;
                    return Ok(Written {
                        time,
                        unix,
                        delay,
                        residual,
                        attempts: attempt,
                        verified: None,
                        effect: None,
                    });
                }
            }
            attempt += 1;
        }
    }

    /// Watches the chip's next tick.
    fn look(&mut self, written: &Written) -> Result<Verified, RtcError> {
        if self.rtc.write_effect().is_some_and(|effect| effect != WriteEffect::Keeps) {
            let expected = Time::from_unix(written.unix + 1, 0);
            let left = expected - self.timeline.at(&self.clock.now()) - NEAR;
            self.clock.sleep(left.to_duration().min(Duration::from_secs(2)));
        }
        let tick = tick::exact(self.rtc, self.clock)?;
        let shown = written.unix + (tick.time.as_unix() - written.time.as_unix());
        let truth = self.timeline.at(&tick.at);
        Ok(Verified { error: Time::from_unix(shown, 0) - truth, bound: tick.bound, shown: tick.time, truth })
    }

    /// Fails where the chip shows another time than what was written, not its tick at another moment.
    fn check_kept(&self, written: &Written, seen: &Verified, within: f64) -> Result<(), RtcError> {
        if seen.error.as_secs_f64().abs() <= within {
            return Ok(());
        }
        let due = written.time.as_unix() + (nearest_second(seen.truth) - written.unix);
        let due = RtcTime::from_unix(due).unwrap_or(written.time);
        Err(RtcError::NotKept { path: self.rtc.path().to_owned(), written: due, read: seen.shown })
    }
}

/// Goes once through what is done at the moment of the write: code that was never run is not yet in memory, and fetching
/// it takes milliseconds on a slow machine. What is read does not matter, nor whether it can be.
///
/// Gives the time that reading the chip takes: the write, which takes the chip as long, is begun so much earlier, to be
/// complete at the right moment, since a chip begins its second when it has got all of the time. On a slow bus that is
/// milliseconds.
fn rehearse(clock: &dyn Clock, rtc: &mut dyn Rtc, timeline: &Timeline) -> Interval {
    let _ = wait(clock, timeline, timeline.at(&clock.now()), SPIN);
    let _ = rtc.read();
    let begun = clock.now().raw;
    let _ = rtc.read();
    Interval::from(clock.now().raw) - Interval::from(begun)
}

/// What to write, and when.
struct Aim {
    unix: i64,
    time: RtcTime,
    moment: Time,
}

impl Aim {
    fn new(unix: i64, delay: Interval, scale: Scale<'_>) -> Result<Aim, RtcError> {
        let time = scale.rtc_at(unix).ok_or(RtcError::NoDate { unix })?;
        Ok(Aim { unix, time, moment: Time::from_unix(unix, 0) + delay })
    }

    /// The first right moment after `now`.
    fn next(now: Time, delay: Interval, scale: Scale<'_>) -> Result<Aim, RtcError> {
        Aim::new((now - delay).to_unix().0 + 1, delay, scale)
    }

    /// The right moment next to `now`, before or after.
    fn nearest(now: Time, delay: Interval, scale: Scale<'_>) -> Result<Aim, RtcError> {
        Aim::new(nearest_second(now - delay), delay, scale)
    }
}

fn nearest_second(time: Time) -> i64 {
    (time + Interval::from_micros(500_000)).to_unix().0
}

/// Waits for `moment` and gives the time that it is then; when the clock is stepped meanwhile, it waits no longer than it
/// would have.
fn wait(clock: &dyn Clock, timeline: &Timeline, moment: Time, spin: Interval) -> Time {
    let longest = Duration::from_millis(1100);
    let start = clock.now().raw;
    loop {
        let reading = clock.now();
        let now = timeline.at(&reading);
        let left = moment - now;
        if left <= Interval::ZERO || reading.raw.saturating_sub(start) > longest {
            return now;
        }
        if left > spin {
            clock.sleep((left - spin).to_duration().min(longest));
        } else {
            std::hint::spin_loop();
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn the_nearest_second_is_taken(nanos in 0_i64..4_000_000_000_000_000_000, delay_us in -2_000_000_i64..2_000_000) {
            let now = Time::UNIX_EPOCH + Interval::from_nanos(i128::from(nanos));
            let delay = Interval::from_micros(delay_us);
            let past = now - Aim::nearest(now, delay, Scale::Utc).unwrap().moment;
            prop_assert!(past.as_secs_f64().abs() <= 0.500_001, "{past}");
            let left = Aim::next(now, delay, Scale::Utc).unwrap().moment - now;
            prop_assert!(left > Interval::ZERO && left <= Interval::from_secs(1), "{left}");
        }
    }
}
