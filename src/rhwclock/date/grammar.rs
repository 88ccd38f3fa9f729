//! The items of a date in any order, as GNU date(1) takes them (the manual of coreutils, "Date input formats").
#![forbid(unsafe_code)]

use super::items::{Items, Span, TimeOfDay};
use super::lexer::{Number, Token};
use super::words::{Unit, Word};

/// Reads all items. `None` where they are no date, or one item too many.
pub(super) fn items(tokens: &[Token]) -> Option<Items> {
    let mut parser = Parser { rest: tokens, items: Items::default() };
    while let Some(token) = parser.next() {
        parser.item(token)?;
    }
    Some(parser.items)
}

struct Parser<'t> {
    rest: &'t [Token],
    items: Items,
}

impl Parser<'_> {
    fn next(&mut self) -> Option<Token> {
        let (first, rest) = self.rest.split_first()?;
        self.rest = rest;
        Some(*first)
    }

    /// Takes the next token if `wanted` gives something for it.
    fn take<T>(&mut self, wanted: impl Fn(Token) -> Option<T>) -> Option<T> {
        let found = wanted(*self.rest.first()?)?;
        self.next();
        Some(found)
    }

    fn sign(&mut self, sign: char) -> bool {
        self.take(|token| (token == Token::Sign(sign)).then_some(())).is_some()
    }

    fn item(&mut self, token: Token) -> Option<()> {
        match token {
            Token::Plain(number) => self.plain(number),
            Token::Signed(number) => self.relative(number.value),
            Token::Decimal { seconds, nanos, .. } => self.decimal_seconds(seconds, nanos),
            Token::Word(word) => self.word(word),
            Token::Sign(_) => None,
        }
    }

    fn word(&mut self, word: Word) -> Option<()> {
        match word {
            Word::Month(month) => self.month_first(month),
            Word::Weekday(day) => {
                self.sign(',');
                self.set_weekday(day, 0)
            }
            Word::Ordinal(number) => match self.take(weekday) {
                Some(day) => self.set_weekday(day, number),
                None => self.relative(number),
            },
            Word::Unit(unit, size) => self.span(unit, size),
            Word::Shift(days) => self.add(Span::of(Unit::Days, days), 1),
            Word::Zone(zone) => self.zone(zone),
            Word::T => self.zone_and_span(-7 * 3600),
            Word::SummerZone(zone) => self.set_zone(Some(zone)),
            Word::LocalZone(zone) => {
                let dst = self.take(dst).is_some();
                self.set_zone(Some(zone + if dst { 3600 } else { 0 }))
            }
            Word::J => self.set_zone(None),
            Word::Meridian(_) | Word::Dst | Word::Ago(_) => None,
        }
    }

    /// What a number without a sign begins.
    fn plain(&mut self, number: Number) -> Option<()> {
        let value = number.value;
        if let Some(is_pm) = self.take(meridian) {
            return self.set_time(value, 0, (0, 0), Some(is_pm));
        }
        if let Some(day) = self.take(weekday) {
            return self.set_weekday(day, value);
        }
        if let Some(month) = self.take(month) {
            return self.day_first(value, month);
        }
        match self.rest {
            [Token::Sign(':'), ..] => self.time(value),
            [Token::Sign('/'), ..] => self.slashes(number),
            [Token::Word(Word::Unit(..)), ..] => self.relative(value),
            [Token::Signed(_), Token::Word(Word::Unit(..)), ..] => self.digits(number),
            [Token::Signed(month), Token::Signed(day), rest @ ..] => {
                self.rest = rest;
                self.set_date(Some(number), month.value.checked_neg()?, day.value.checked_neg()?)?;
                if self.take(|token| (token == Token::Word(Word::T)).then_some(())).is_some() {
                    let hour = self.take(plain)?;
                    return self.iso_time(hour.value);
                }
                Some(())
            }
            [Token::Signed(_), ..] => self.iso_time(value),
            _ => self.digits(number),
        }
    }

    /// Behind `HH`: `:MM`, `:MM:SS`, and `am` or `pm` or an offset.
    fn time(&mut self, hour: i64) -> Option<()> {
        let (minute, second) = self.minute_and_second()?;
        if let Some(is_pm) = self.take(meridian) {
            return self.set_time(hour, minute, second, Some(is_pm));
        }
        self.set_time(hour, minute, second, None)?;
        self.optional_offset()
    }

    /// As `time`, or an offset right behind the hour; without `am` and `pm`.
    fn iso_time(&mut self, hour: i64) -> Option<()> {
        let (minute, second) = match self.rest {
            [Token::Signed(_), ..] => (0, (0, 0)),
            _ => self.minute_and_second()?,
        };
        self.set_time(hour, minute, second, None)?;
        self.optional_offset()
    }

    fn minute_and_second(&mut self) -> Option<(i64, (i64, i64))> {
        self.sign(':').then_some(())?;
        let minute = self.take(plain)?.value;
        if !self.sign(':') {
            return Some((minute, (0, 0)));
        }
        let second = self.take(|token| match token {
            Token::Plain(number) => Some((number.value, 0)),
            Token::Decimal { seconds, nanos, signed: false } => Some((seconds, nanos)),
            _ => None,
        })?;
        Some((minute, second))
    }

    /// A signed number behind a time is an offset from UTC, whatever follows it.
    fn optional_offset(&mut self) -> Option<()> {
        let Some(number) = self.take(signed) else { return Some(()) };
        let offset = self.offset(number)?;
        self.set_zone(Some(offset))
    }

    /// `+01`, `+0100`, `+01:00`, a day at most; in seconds.
    fn offset(&mut self, number: Number) -> Option<i64> {
        let minutes = if self.sign(':') {
            let minutes = self.take(plain)?.value;
            let hours = number.value.checked_mul(60)?;
            if number.negative { hours.checked_sub(minutes)? } else { hours.checked_add(minutes)? }
        } else if number.digits <= 2 {
            number.value.checked_mul(60)?
        } else {
            (number.value / 100).checked_mul(60)?.checked_add(number.value % 100)?
        };
        (-24 * 60..=24 * 60).contains(&minutes).then(|| minutes * 60)
    }

    /// A zone's name, `dst` behind it, an offset from it, or a span.
    fn zone(&mut self, zone: i64) -> Option<()> {
        if self.take(dst).is_some() {
            return self.set_zone(Some(zone + 3600));
        }
        match self.rest {
            [Token::Signed(_), Token::Word(Word::Unit(..)), ..] => self.zone_and_span(zone),
            [Token::Signed(number), ..] => {
                let number = *number;
                self.next();
                let offset = self.offset(number)?;
                self.set_zone(Some(zone + offset))
            }
            _ => self.set_zone(Some(zone)),
        }
    }

    fn zone_and_span(&mut self, zone: i64) -> Option<()> {
        self.set_zone(Some(zone))?;
        match self.rest {
            [Token::Signed(number), Token::Word(Word::Unit(unit, size)), rest @ ..] => {
                let span = Span::of(*unit, number.value.checked_mul(*size)?);
                self.rest = rest;
                self.add(span, 1)
            }
            _ => Some(()),
        }
    }

    /// `8/25/2019`, or `2019/8/25` where the first has four digits or more.
    fn slashes(&mut self, first: Number) -> Option<()> {
        self.sign('/');
        let second = self.take(plain)?;
        if !self.sign('/') {
            return self.set_date(None, first.value, second.value);
        }
        let third = self.take(plain)?;
        if first.digits >= 4 {
            self.set_date(Some(first), second.value, third.value)
        } else {
            self.set_date(Some(third), first.value, second.value)
        }
    }

    /// `13 March`, `13 March 2009`, `13-Mar-2009`.
    fn day_first(&mut self, day: i64, month: u32) -> Option<()> {
        let year = self.take(|token| plain(token).or_else(|| dashed(token)));
        self.set_date(year, i64::from(month), day)
    }

    /// `March 13`, `March 13, 2009`, `Mar-13-2009`.
    fn month_first(&mut self, month: u32) -> Option<()> {
        let month = i64::from(month);
        if let Some(day) = self.take(signed) {
            let year = self.take(dashed)?;
            return self.set_date(Some(year), month, day.value.checked_neg()?);
        }
        let day = self.take(plain)?.value;
        let year = if self.sign(',') { Some(self.take(plain)?) } else { None };
        self.set_date(year, month, day)
    }

    /// Digits by themselves: a year that is still missing, a date of more than four, or a time.
    fn digits(&mut self, number: Number) -> Option<()> {
        let Number { value, digits, .. } = number;
        if let Some((year @ None, ..)) = &mut self.items.date
            && !self.items.is_relative
            && (self.items.time.is_some() || digits > 2)
        {
            *year = Some(number);
            return Some(());
        }
        match digits {
            0..=2 => self.set_time(value, 0, (0, 0), None),
            3..=4 => self.set_time(value / 100, value % 100, (0, 0), None),
            _ => {
                let year = Number { value: value / 10_000, digits: digits - 4, negative: false };
                self.set_date(Some(year), value / 100 % 100, value % 100)
            }
        }
    }

    /// A unit behind a number.
    fn relative(&mut self, number: i64) -> Option<()> {
        let (unit, size) = self.take(unit)?;
        self.span(unit, number.checked_mul(size)?)
    }

    fn span(&mut self, unit: Unit, number: i64) -> Option<()> {
        let factor = self.take(ago).unwrap_or(1);
        self.add(Span::of(unit, number), factor)
    }

    fn decimal_seconds(&mut self, seconds: i64, nanos: i64) -> Option<()> {
        self.take(|token| (token == Token::Word(Word::Unit(Unit::Seconds, 1))).then_some(()))?;
        let factor = self.take(ago).unwrap_or(1);
        self.add(Span { seconds, nanos, ..Span::default() }, factor)
    }

    fn add(&mut self, span: Span, factor: i64) -> Option<()> {
        self.items.span = self.items.span.plus(span, factor)?;
        self.items.is_relative = true;
        Some(())
    }

    fn set_date(&mut self, year: Option<Number>, month: i64, day: i64) -> Option<()> {
        self.items.date.replace((year, month, day)).is_none().then_some(())
    }

    fn set_time(&mut self, hour: i64, minute: i64, (second, nanos): (i64, i64), is_pm: Option<bool>) -> Option<()> {
        let hour = match is_pm {
            None => hour,
            Some(is_pm) if (1..=12).contains(&hour) => hour % 12 + if is_pm { 12 } else { 0 },
            Some(_) => return None,
        };
        self.items.time.replace(TimeOfDay { hour, minute, second, nanos }).is_none().then_some(())
    }

    fn set_weekday(&mut self, day: i64, ordinal: i64) -> Option<()> {
        self.items.weekday.replace((day, ordinal)).is_none().then_some(())
    }

    fn set_zone(&mut self, zone: Option<i64>) -> Option<()> {
        self.items.zone = zone;
        self.items.zones += 1;
        (self.items.zones == 1).then_some(())
    }
}

fn plain(token: Token) -> Option<Number> {
    if let Token::Plain(number) = token { Some(number) } else { None }
}

fn signed(token: Token) -> Option<Number> {
    if let Token::Signed(number) = token { Some(number) } else { None }
}

/// The sign in 13-Mar-2009 is none.
fn dashed(token: Token) -> Option<Number> {
    let number = signed(token)?;
    Some(Number { value: number.value.checked_neg()?, ..number })
}

fn meridian(token: Token) -> Option<bool> {
    if let Token::Word(Word::Meridian(is_pm)) = token { Some(is_pm) } else { None }
}

fn weekday(token: Token) -> Option<i64> {
    if let Token::Word(Word::Weekday(day)) = token { Some(day) } else { None }
}

fn month(token: Token) -> Option<u32> {
    if let Token::Word(Word::Month(month)) = token { Some(month) } else { None }
}

fn unit(token: Token) -> Option<(Unit, i64)> {
    if let Token::Word(Word::Unit(unit, size)) = token { Some((unit, size)) } else { None }
}

fn ago(token: Token) -> Option<i64> {
    if let Token::Word(Word::Ago(factor)) = token { Some(factor) } else { None }
}

fn dst(token: Token) -> Option<()> {
    (token == Token::Word(Word::Dst)).then_some(())
}
