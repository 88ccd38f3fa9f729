//! From the items of a date to a moment.
#![forbid(unsafe_code)]

use chrono::{DateTime, Datelike, NaiveDate, NaiveDateTime, NaiveTime, TimeDelta, Timelike};

use super::items::{Items, Span, TimeOfDay};
use super::lexer::Number;
use super::moment::{MAX_SECONDS, NoMoment, local_at};
use crate::time::Time;
use crate::zone::{Moments, Zone};

const DAY_NAMES: [&str; 7] = ["Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday"];

/// Where local times become moments.
#[derive(Clone, Copy)]
struct Place<'a> {
    zone: &'a dyn Zone,
    /// The zone that was written, in seconds east of Greenwich.
    written: Option<i64>,
    /// A span from now stays in the season of now, as it does for date(1).
    summer: Option<bool>,
}

/// The moment that `items` mean: first date and time of day (from `now` where they are not given), then the day of the week,
/// then spans of days and more by the calendar, at last spans of hours and less.
pub(super) fn resolve(items: &Items, now: Time, zone: &dyn Zone) -> Result<Time, NoMoment> {
    let today = local_at(now, zone).ok_or(NoMoment::Invalid)?;
    let summer = items.is_only_relative().then(|| zone.season_at(now.to_unix().0).summer);
    let place = Place { zone, written: items.zone, summer };
    let date = match items.date {
        Some((year, month, day)) => date(year, month, day, today)?,
        None => today.date(),
    };
    let time = match items.time {
        Some(time) => time_of_day(time).ok_or_else(no_such_time)?,
        None if items.is_only_relative() => today.time(),
        None => NaiveTime::MIN,
    };
    let mut local = date.and_time(time);
    let mut start = place.moment(local)?;
    if let Some((day, ordinal)) = items.weekday {
        if items.date.is_none() {
            local = to_weekday(local, day, ordinal).ok_or(NoMoment::Invalid)?;
            start = place.moment(local)?;
        } else if ordinal == 0 && day != weekday(local) {
            return Err(NoMoment::OtherWeekday(usize::try_from(weekday(local)).map_or("", |day| DAY_NAMES[day % 7])));
        }
    }
    let Span { years, months, days, .. } = items.span;
    if (years, months, days) != (0, 0, 0) {
        start = place.nearest(by_calendar(local, &items.span).ok_or(NoMoment::Invalid)?);
    }
    let nanos = i64::from(local.nanosecond());
    by_clock(start, nanos, &items.span).ok_or(NoMoment::Invalid)
}

impl Place<'_> {
    /// The moment at which clocks show `local`; an error when they never do.
    fn moment(&self, local: NaiveDateTime) -> Result<i64, NoMoment> {
        let skipped = self.written.is_none() && matches!(self.zone.moments(local), Moments::Skipped(_));
        if skipped { Err(NoMoment::Skipped) } else { Ok(self.nearest(local)) }
    }

    /// The same, or the moment that a clock shows it which was not put forward.
    fn nearest(&self, local: NaiveDateTime) -> i64 {
        let seconds = local.and_utc().timestamp();
        match (self.written, self.summer) {
            (Some(offset), _) => seconds - offset,
            (None, Some(summer)) => self.in_season(local, summer),
            (None, None) => match self.zone.moments(local) {
                Moments::One(moment) | Moments::Skipped(moment) | Moments::Two { later: moment, .. } => moment,
            },
        }
    }

    /// The moment at which clocks show `local` that keep summer time, or do not, the whole year.
    fn in_season(&self, local: NaiveDateTime, summer: bool) -> i64 {
        let near = match self.zone.moments(local) {
            Moments::One(moment) | Moments::Skipped(moment) => moment,
            Moments::Two { earlier, later } => {
                return if self.zone.season_at(earlier).summer == summer { earlier } else { later };
            }
        };
        // A season lasts a week or more, and returns within a year.
        let steps = (0..54).flat_map(|week| [week, -week]).map(|week: i64| near + week * 7 * 86_400);
        let season = steps.map(|at| self.zone.season_at(at)).find(|season| season.summer == summer);
        season.map_or(near, |season| local.and_utc().timestamp() - i64::from(season.offset))
    }
}

fn date(year: Option<Number>, month: i64, day: i64, today: NaiveDateTime) -> Result<NaiveDate, NoMoment> {
    let year = year_of(year, today).and_then(|year| i32::try_from(year).ok()).ok_or(NoMoment::Invalid)?;
    let first = u32::try_from(month).ok().and_then(|month| NaiveDate::from_ymd_opt(year, month, 1));
    let Some(first) = first else {
        return Err(NoMoment::NotInCalendar(format!("there is no month {month} in {year}")));
    };
    let found = u32::try_from(day).ok().and_then(|day| first.with_day(day));
    found.ok_or_else(|| {
        let days = first.num_days_in_month();
        NoMoment::NotInCalendar(format!("{} {year} has {days} days", first.format("%B")))
    })
}

fn no_such_time() -> NoMoment {
    NoMoment::NotInCalendar("the times of a day are 00:00:00 to 23:59:59".to_owned())
}

fn year_of(year: Option<Number>, today: NaiveDateTime) -> Option<i64> {
    Some(match year {
        None => i64::from(today.year()),
        // Two digits mean the year in 1969 … 2068.
        Some(Number { value, digits: 2, .. }) if (0..69).contains(&value) => value + 2000,
        Some(Number { value, digits: 2, .. }) if (69..100).contains(&value) => value + 1900,
        Some(Number { value, .. }) => value.checked_abs()?,
    })
}

/// A 60th second is none that a clock chip shows.
fn time_of_day(time: TimeOfDay) -> Option<NaiveTime> {
    let small = |value: i64| u32::try_from(value).ok();
    let TimeOfDay { hour, minute, second, nanos } = time;
    NaiveTime::from_hms_nano_opt(small(hour)?, small(minute)?, small(second)?, small(nanos)?)
}

fn weekday(local: NaiveDateTime) -> i64 {
    i64::from(local.weekday().num_days_from_sunday())
}

/// The next `day` of the week, today included; with an ordinal so many weeks on.
fn to_weekday(local: NaiveDateTime, day: i64, ordinal: i64) -> Option<NaiveDateTime> {
    let today = weekday(local);
    let weeks = ordinal.checked_sub(i64::from(ordinal > 0 && today != day))?;
    let days = weeks.checked_mul(7)?.checked_add((day - today).rem_euclid(7))?;
    local.checked_add_signed(TimeDelta::try_days(days)?)
}

/// Years and months first; days that the month then has not are days of the next one.
fn by_calendar(local: NaiveDateTime, span: &Span) -> Option<NaiveDateTime> {
    let months = i64::from(local.year())
        .checked_add(span.years)?
        .checked_mul(12)?
        .checked_add(i64::from(local.month0()))?
        .checked_add(span.months)?;
    let month = u32::try_from(months.rem_euclid(12) + 1).ok()?;
    let first = NaiveDate::from_ymd_opt(months.div_euclid(12).try_into().ok()?, month, 1)?;
    let days = span.days.checked_add(i64::from(local.day()) - 1)?;
    Some(first.checked_add_signed(TimeDelta::try_days(days)?)?.and_time(local.time()))
}

fn by_clock(start: i64, nanos: i64, span: &Span) -> Option<Time> {
    let nanos = nanos.checked_add(span.nanos)?;
    let seconds = start
        .checked_add(span.hours.checked_mul(3600)?)?
        .checked_add(span.minutes.checked_mul(60)?)?
        .checked_add(span.seconds)?
        .checked_add(nanos.div_euclid(1_000_000_000))?;
    let in_range = (-MAX_SECONDS..MAX_SECONDS).contains(&seconds) && DateTime::from_timestamp(seconds, 0).is_some();
    in_range.then(|| Time::from_unix(seconds, nanos.rem_euclid(1_000_000_000)))
}
