//! What a date says, item by item.
#![forbid(unsafe_code)]

use super::lexer::Number;
use super::words::Unit;

/// Everything that a date says.
#[derive(Clone, Debug, Default)]
pub(super) struct Items {
    /// Year, month and day; the year with as many digits as it was written with.
    pub(super) date: Option<(Option<Number>, i64, i64)>,
    pub(super) time: Option<TimeOfDay>,
    /// A day of the week (0 for Sunday), and which of them.
    pub(super) weekday: Option<(i64, i64)>,
    /// Seconds east of Greenwich.
    pub(super) zone: Option<i64>,
    pub(super) span: Span,
    /// Is there any relative item?
    pub(super) is_relative: bool,
    /// How many zones it says, `J` among them: more than one is wrong.
    pub(super) zones: u32,
}

/// Hours (in 24), minutes, seconds, nanoseconds; their ranges are not yet looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TimeOfDay {
    pub(super) hour: i64,
    pub(super) minute: i64,
    pub(super) second: i64,
    pub(super) nanos: i64,
}

/// The sum of the relative items.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Span {
    pub(super) years: i64,
    pub(super) months: i64,
    pub(super) days: i64,
    pub(super) hours: i64,
    pub(super) minutes: i64,
    pub(super) seconds: i64,
    pub(super) nanos: i64,
}

impl Span {
    pub(super) fn of(unit: Unit, number: i64) -> Span {
        let mut span = Span::default();
        *match unit {
            Unit::Years => &mut span.years,
            Unit::Months => &mut span.months,
            Unit::Days => &mut span.days,
            Unit::Hours => &mut span.hours,
            Unit::Minutes => &mut span.minutes,
            Unit::Seconds => &mut span.seconds,
        } = number;
        span
    }

    pub(super) fn plus(self, other: Span, factor: i64) -> Option<Span> {
        let sum = |a: i64, b: i64| a.checked_add(b.checked_mul(factor)?);
        Some(Span {
            years: sum(self.years, other.years)?,
            months: sum(self.months, other.months)?,
            days: sum(self.days, other.days)?,
            hours: sum(self.hours, other.hours)?,
            minutes: sum(self.minutes, other.minutes)?,
            seconds: sum(self.seconds, other.seconds)?,
            nanos: sum(self.nanos, other.nanos)?,
        })
    }
}

impl Items {
    /// A span from now.
    pub(super) fn of_seconds(seconds: i64) -> Items {
        Items { span: Span::of(Unit::Seconds, seconds), is_relative: true, ..Items::default() }
    }

    /// The midnight that begins a day so many days from today.
    pub(super) fn of_midnight(days: i64) -> Items {
        let time = Some(TimeOfDay { hour: 0, minute: 0, second: 0, nanos: 0 });
        Items { time, span: Span::of(Unit::Days, days), is_relative: true, ..Items::default() }
    }

    /// A date and a time, local.
    pub(super) fn of_local(date: (Option<Number>, i64, i64), time: TimeOfDay) -> Items {
        Items { date: Some(date), time: Some(time), ..Items::default() }
    }

    /// Does it say nothing but a span from now?
    pub(super) fn is_only_relative(&self) -> bool {
        self.is_relative && self.date.is_none() && self.weekday.is_none() && self.time.is_none()
    }
}
