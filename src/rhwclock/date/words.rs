//! The words of a date and what they mean, as GNU date(1) has them.
#![forbid(unsafe_code)]

/// A unit of the relative forms.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Unit {
    Years,
    Months,
    Days,
    Hours,
    Minutes,
    Seconds,
}

/// What a word means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    /// `am`, or with `true` `pm`.
    Meridian(bool),
    /// A month, from 1.
    Month(u32),
    /// A day of the week, from 0 for Sunday.
    Weekday(i64),
    /// A zone, in seconds east of Greenwich; `dst` or a signed number may follow it.
    Zone(i64),
    /// A zone in summer time, in seconds east of Greenwich.
    SummerZone(i64),
    /// An abbreviation of the local zone, in seconds east of Greenwich.
    LocalZone(i64),
    /// `dst`, behind a zone.
    Dst,
    /// `T`, between date and time, or a zone of its own.
    T,
    /// `J`: local time.
    J,
    /// So many of a unit.
    Unit(Unit, i64),
    /// Days from today.
    Shift(i64),
    /// `last` (−1), `this` (0), `next` (1), `third` (3) and so on.
    Ordinal(i64),
    /// `ago` (−1) or `hence` (1).
    Ago(i64),
}

/// Names of months and days, in full; three letters of them count as well.
const NAMES: [(&str, Word); 24] = [
    ("january", Word::Month(1)),
    ("february", Word::Month(2)),
    ("march", Word::Month(3)),
    ("april", Word::Month(4)),
    ("may", Word::Month(5)),
    ("june", Word::Month(6)),
    ("july", Word::Month(7)),
    ("august", Word::Month(8)),
    ("september", Word::Month(9)),
    ("sept", Word::Month(9)),
    ("october", Word::Month(10)),
    ("november", Word::Month(11)),
    ("december", Word::Month(12)),
    ("sunday", Word::Weekday(0)),
    ("monday", Word::Weekday(1)),
    ("tuesday", Word::Weekday(2)),
    ("tues", Word::Weekday(2)),
    ("wednesday", Word::Weekday(3)),
    ("wednes", Word::Weekday(3)),
    ("thursday", Word::Weekday(4)),
    ("thur", Word::Weekday(4)),
    ("thurs", Word::Weekday(4)),
    ("friday", Word::Weekday(5)),
    ("saturday", Word::Weekday(6)),
];

/// Zones in winter, in minutes east of Greenwich.
const ZONES: [(&str, i64); 29] = [
    ("wet", 0),
    ("art", -180),
    ("brt", -180),
    ("nst", -210),
    ("ast", -240),
    ("clt", -240),
    ("est", -300),
    ("cst", -360),
    ("mst", -420),
    ("pst", -480),
    ("akst", -540),
    ("hst", -600),
    ("hast", -600),
    ("sst", -720),
    ("wat", 60),
    ("cet", 60),
    ("met", 60),
    ("mez", 60),
    ("eet", 120),
    ("cat", 120),
    ("sast", 120),
    ("eat", 180),
    ("msk", 180),
    ("ist", 330),
    ("sgt", 480),
    ("kst", 540),
    ("jst", 540),
    ("gst", 600),
    ("nzst", 720),
];

/// Zones in summer, in minutes east of Greenwich.
const SUMMER_ZONES: [(&str, i64); 18] = [
    ("west", 60),
    ("bst", 60),
    ("brst", -120),
    ("ndt", -150),
    ("adt", -180),
    ("clst", -180),
    ("edt", -240),
    ("cdt", -300),
    ("mdt", -360),
    ("pdt", -420),
    ("akdt", -480),
    ("hadt", -540),
    ("cest", 120),
    ("mest", 120),
    ("mesz", 120),
    ("eest", 180),
    ("msd", 240),
    ("nzdt", 780),
];

const UNITS: [(&str, Word); 10] = [
    ("year", Word::Unit(Unit::Years, 1)),
    ("month", Word::Unit(Unit::Months, 1)),
    ("fortnight", Word::Unit(Unit::Days, 14)),
    ("week", Word::Unit(Unit::Days, 7)),
    ("day", Word::Unit(Unit::Days, 1)),
    ("hour", Word::Unit(Unit::Hours, 1)),
    ("minute", Word::Unit(Unit::Minutes, 1)),
    ("min", Word::Unit(Unit::Minutes, 1)),
    ("second", Word::Unit(Unit::Seconds, 1)),
    ("sec", Word::Unit(Unit::Seconds, 1)),
];

/// `second` is a unit and no ordinal.
const RELATIVES: [(&str, Word); 20] = [
    ("tomorrow", Word::Shift(1)),
    ("yesterday", Word::Shift(-1)),
    ("today", Word::Shift(0)),
    ("now", Word::Shift(0)),
    ("last", Word::Ordinal(-1)),
    ("this", Word::Ordinal(0)),
    ("next", Word::Ordinal(1)),
    ("first", Word::Ordinal(1)),
    ("third", Word::Ordinal(3)),
    ("fourth", Word::Ordinal(4)),
    ("fifth", Word::Ordinal(5)),
    ("sixth", Word::Ordinal(6)),
    ("seventh", Word::Ordinal(7)),
    ("eighth", Word::Ordinal(8)),
    ("ninth", Word::Ordinal(9)),
    ("tenth", Word::Ordinal(10)),
    ("eleventh", Word::Ordinal(11)),
    ("twelfth", Word::Ordinal(12)),
    ("ago", Word::Ago(-1)),
    ("hence", Word::Ago(1)),
];

/// An abbreviation of the local zone, and what to add to UTC under it, in seconds.
pub(super) type Abbreviation = (String, i32);

/// Looks `word` up, in lower case. `local`: the abbreviations of the local zone, which go before those of the table.
pub(super) fn look_up(word: &str, local: &[Abbreviation]) -> Option<Word> {
    match word {
        "am" | "a.m." => return Some(Word::Meridian(false)),
        "pm" | "p.m." => return Some(Word::Meridian(true)),
        "dst" => return Some(Word::Dst),
        "j" => return Some(Word::J),
        "t" => return Some(Word::T),
        _ => {}
    }
    name(word)
        .or_else(|| zone(word, local))
        .or_else(|| find(&UNITS, word))
        .or_else(|| find(&UNITS, word.strip_suffix('s')?))
        .or_else(|| find(&RELATIVES, word))
        .or_else(|| military(word))
        .or_else(|| zone(&word.replace('.', ""), local).filter(|_| word.contains('.')))
}

fn find(table: &[(&str, Word)], word: &str) -> Option<Word> {
    table.iter().find(|(name, _)| *name == word).map(|(_, meaning)| *meaning)
}

fn name(word: &str) -> Option<Word> {
    let short = match word.as_bytes() {
        [_, _, _] | [_, _, _, b'.'] => word.get(..3),
        _ => None,
    };
    match short {
        Some(short) => NAMES.iter().find(|(name, _)| name.starts_with(short)).map(|(_, meaning)| *meaning),
        None => find(&NAMES, word),
    }
}

fn zone(word: &str, local: &[Abbreviation]) -> Option<Word> {
    let minutes = |table: &[(&str, i64)]| table.iter().find(|(name, _)| *name == word).map(|(_, minutes)| minutes * 60);
    if matches!(word, "gmt" | "ut" | "utc") {
        return Some(Word::Zone(0));
    }
    if let Some((_, offset)) = local.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)) {
        return Some(Word::LocalZone(i64::from(*offset)));
    }
    minutes(&ZONES).map(Word::Zone).or_else(|| minutes(&SUMMER_ZONES).map(Word::SummerZone))
}

/// The military zones, one letter each: A to M without J east of Greenwich, N to Y west of it, Z on it.
fn military(word: &str) -> Option<Word> {
    let [letter] = word.as_bytes() else { return None };
    let hours = match letter {
        b'a'..=b'i' => i64::from(letter - b'a') + 1,
        b'k'..=b'm' => i64::from(letter - b'a'),
        b'n'..=b'y' => -(i64::from(letter - b'n') + 1),
        b'z' => 0,
        _ => return None,
    };
    Some(Word::Zone(hours * 3600))
}
