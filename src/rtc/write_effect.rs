//! What a write does to the tick of a clock chip, and how looks at its ticks show that.
//!
//! Some chips begin the second anew when they are written; the right moment for the write is then the same in each second. The tick
//! of others stays where it is (kernel: drivers/rtc/rtc-mc146818-lib.c on AMD's processors, drivers/rtc/rtc-pl031.c), and only the
//! nearest whole second can be had.
#![forbid(unsafe_code)]

use crate::time::Interval;

/// The directory of the note on what looks have shown, as of all notes of one run for the next, where the user says no other.
pub const NOTES_DIR: &str = "/run/rntpdate";

/// A tick that is nearer than this to where it is expected is there.
pub const NEAR: Interval = Interval::from_micros(20_000);

/// A PC's chip whose tick is so near has begun its second anew: it is mostly below a millisecond then.
const SURE: Interval = Interval::from_micros(5000);

/// Half a second: the moment at which a chip is written whose tick stays, for its next tick is then within half a second of the
/// whole one, wherever it is.
const HALF: Interval = Interval::from_micros(500_000);

/// What a write does to a chip's tick.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WriteEffect {
    /// The chip begins its second anew: a write so long after the whole second has its next tick at the next one.
    Restarts(Interval),
    /// The tick stays where it is.
    Keeps,
}

impl WriteEffect {
    /// How long after a whole second to write it.
    pub fn delay(self) -> Interval {
        match self {
            WriteEffect::Restarts(delay) => delay,
            WriteEffect::Keeps => HALF,
        }
    }

    /// Whether this error at the tick after a write can be the chip's.
    pub fn allows(self, error: Interval) -> bool {
        match self {
            WriteEffect::Restarts(_) => error.abs() <= NEAR,
            WriteEffect::Keeps => error.abs() <= HALF + NEAR,
        }
    }

    /// From the text of a note; `None` for any other text.
    pub fn parse(text: &str) -> Option<WriteEffect> {
        match text.split_once(' ') {
            None if text == "keeps" => Some(WriteEffect::Keeps),
            Some(("restarts", micros)) => {
                let micros: i64 = micros.parse().ok().filter(|micros| (0..1_000_000).contains(micros))?;
                Some(WriteEffect::Restarts(Interval::from_micros(micros)))
            }
            _ => None,
        }
    }
}

impl std::fmt::Display for WriteEffect {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            WriteEffect::Restarts(delay) => write!(f, "restarts {}", delay.micros()),
            WriteEffect::Keeps => f.write_str("keeps"),
        }
    }
}

/// What the first tick after a write shows of a chip of which nothing is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FirstLook {
    /// The chip is right, or as right as it can be; what the write does is known, or not yet.
    Done(Option<WriteEffect>),
    /// The chip has to be written once more, so long after a whole second, and looked at again.
    WriteAgain(Interval),
}

/// Judges the first tick after a write that was made `delay` after a whole second: `error` is chip − true time there.
///
/// A chip that is written half a second after the whole one is at its nearest second whatever it does. To another one the wrong
/// second may have been written: a write at the whole second is followed by a tick within the second that comes. The second write
/// is at a moment that is right for a tick that stays, and that moves any other to another place than the first write did.
pub fn first_look(delay: Interval, error: Interval) -> FirstLook {
    if delay == HALF {
        return FirstLook::Done(match error.abs() {
            error if error <= SURE => Some(WriteEffect::Restarts(delay)),
            error if error <= NEAR => None,
            _ => Some(WriteEffect::Keeps),
        });
    }
    // So near to a whole second the two habits would show the same.
    let is_whole = from_whole(error).abs() <= NEAR * 3;
    FirstLook::WriteAgain(if is_whole { HALF } else { within_second(delay + error) })
}

/// What the tick after the second write shows, which was made `again` after a whole second because the first, made `delay` after
/// one, was off by `first`. `None`: nothing that a chip does which has the same habit each time.
pub fn second_look((delay, first): (Interval, Interval), (again, second): (Interval, Interval)) -> Option<WriteEffect> {
    let right = delay + first;
    let restarts = from_whole(second - (right - again)).abs() <= NEAR;
    let keeps = from_whole(second - first).abs() <= NEAR;
    match (restarts, keeps) {
        (true, false) if first.abs() <= NEAR => Some(WriteEffect::Restarts(delay)),
        (true, false) => Some(WriteEffect::Restarts(within_second(right))),
        (false, true) => Some(WriteEffect::Keeps),
        _ => None,
    }
}

/// How far an interval is from whole seconds.
fn from_whole(interval: Interval) -> Interval {
    let beyond = within_second(interval);
    if beyond < HALF { beyond } else { beyond - Interval::from_secs(1) }
}

/// The part of an interval beyond whole seconds, 0 to 1 s.
fn within_second(interval: Interval) -> Interval {
    Interval::from_micros(interval.micros().rem_euclid(1_000_000) as i64)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn notes_are_read_back_and_others_are_none() {
        for effect in [WriteEffect::Keeps, WriteEffect::Restarts(Interval::from_micros(250_001))] {
            assert_eq!(WriteEffect::parse(&effect.to_string()), Some(effect));
        }
        for text in ["", "keep", "keeps ", "keeps 5", "restarts", "restarts -1", "restarts 1000000", "restarts 0.5"] {
            assert_eq!(WriteEffect::parse(text), None, "{text:?}");
        }
    }

    const SECOND: Interval = Interval::from_secs(1);

    /// The errors after the writes that such looks lead to, of a chip whose error after a write at `delay` is `error(delay)`, and
    /// what it is taken for.
    fn course(error: impl Fn(Interval) -> Interval) -> (Interval, Option<WriteEffect>) {
        let first = error(Interval::ZERO);
        let FirstLook::WriteAgain(delay) = first_look(Interval::ZERO, first) else { panic!("{first}") };
        let second = error(delay);
        let known = second_look((Interval::ZERO, first), (delay, second));
        match known {
            Some(WriteEffect::Restarts(right)) if right != delay => (error(right), known),
            _ => (second, known),
        }
    }

    proptest! {
        #[test]
        fn a_tick_that_stays_is_at_its_nearest_second_and_known(phase in 0_i64..1_000_000) {
            let phase = Interval::from_micros(phase);
            // Written S at S + delay; the next tick is the first later moment with that phase, and reads S + 1.
            let error = |delay: Interval| SECOND - if phase > delay { phase } else { phase + SECOND };
            let (last, known) = course(error);
            prop_assert!(last.abs() <= HALF, "{last}");
            prop_assert_eq!(known, Some(WriteEffect::Keeps));
        }

        #[test]
        fn a_tick_that_is_moved_is_exact_and_known(span in 1_i64..=1_000_000) {
            // The tick comes so long after each write.
            let span = Interval::from_micros(span);
            let (last, known) = course(|delay| SECOND - delay - span);
            prop_assert!(last.abs() <= NEAR, "{last}");
            prop_assert!(matches!(known, Some(WriteEffect::Restarts(_))), "{known:?}");
        }

        #[test]
        fn a_pcs_chip_is_written_once(error in -500_000_i64..=500_000) {
            let FirstLook::Done(known) = first_look(HALF, Interval::from_micros(error)) else { panic!("written again") };
            prop_assert_eq!(known == Some(WriteEffect::Restarts(HALF)), error.abs() <= 5000);
            prop_assert_eq!(known == Some(WriteEffect::Keeps), error.abs() > 20_000);
        }
    }

    #[test]
    fn a_chip_that_does_now_this_and_now_that_is_not_known() {
        let (first, second) = (Interval::from_micros(300_000), Interval::from_micros(-130_000));
        assert_eq!(second_look((Interval::ZERO, first), (first, second)), None);
    }
}
