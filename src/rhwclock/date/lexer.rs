//! A date's text, cut into numbers, words and signs.
#![forbid(unsafe_code)]

use super::words::{Abbreviation, Word, look_up};

/// A whole number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Number {
    pub(super) value: i64,
    /// How many digits it was written with.
    pub(super) digits: usize,
    pub(super) negative: bool,
}

/// A piece of a date.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Token {
    /// A number without a sign.
    Plain(Number),
    /// A number with a sign in front.
    Signed(Number),
    /// A number with a fraction: whole seconds, rounded down, and nanoseconds.
    Decimal { seconds: i64, nanos: i64, signed: bool },
    /// A word that means something.
    Word(Word),
    /// A sign: `:`, `/`, `,` or `@`.
    Sign(char),
}

/// Cuts it up. `None` where a word is not known, a number too large, or a character has no place in dates.
pub(super) fn tokens(text: &str, local: &[Abbreviation]) -> Option<Vec<Token>> {
    let mut rest = text;
    let mut tokens = Vec::new();
    loop {
        rest = rest.trim_start_matches(is_space);
        let Some(first) = rest.chars().next() else { return Some(tokens) };
        match first {
            '0'..='9' | '+' | '-' => {
                let (number, behind) = number(rest)?;
                tokens.extend(number);
                rest = behind;
            }
            '(' => rest = behind_comment(rest),
            ':' | '/' | ',' | '@' => {
                tokens.push(Token::Sign(first));
                rest = &rest[1..];
            }
            _ if first.is_ascii_alphabetic() => {
                let end = rest.find(|c: char| !c.is_ascii_alphabetic() && c != '.').unwrap_or(rest.len());
                tokens.push(Token::Word(look_up(&rest[..end].to_ascii_lowercase(), local)?));
                rest = &rest[end..];
            }
            _ => return None,
        }
    }
}

fn is_space(c: char) -> bool {
    c.is_ascii_whitespace() || c == '\x0b'
}

/// A number, and what is behind it. Blanks may stand between sign and digits, and of several signs the last one counts; a
/// sign with no digits behind it means nothing.
fn number(text: &str) -> Option<(Option<Token>, &str)> {
    let from = text.find(|c: char| c != '+' && c != '-' && !is_space(c)).unwrap_or(text.len());
    let sign = text[..from].chars().rev().find(|c| !is_space(*c));
    let rest = &text[from..];
    let digits = digits_of(rest);
    if digits == 0 {
        return Some((None, rest));
    }
    let negative = sign == Some('-');
    // With its sign, so that the smallest number there is can be read.
    let value: i64 = format!("{}{}", if negative { "-" } else { "" }, &rest[..digits]).parse().ok()?;
    let behind = &rest[digits..];
    let fraction = behind.strip_prefix(['.', ',']).filter(|fraction| digits_of(fraction) > 0);
    let Some(fraction) = fraction else {
        let number = Number { value, digits, negative };
        return Some((Some(if sign.is_some() { Token::Signed(number) } else { Token::Plain(number) }), behind));
    };
    let length = digits_of(fraction);
    let (mut seconds, mut nanos) = (value, nanos(&fraction[..length])?);
    if negative && nanos > 0 {
        (seconds, nanos) = (seconds.checked_sub(1)?, 1_000_000_000 - nanos);
    }
    Some((Some(Token::Decimal { seconds, nanos, signed: sign.is_some() }), &fraction[length..]))
}

fn digits_of(text: &str) -> usize {
    text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len())
}

/// The digits of a fraction; what is behind the ninth is dropped.
fn nanos(digits: &str) -> Option<i64> {
    format!("{digits:0<9}").get(..9)?.parse().ok()
}

/// What is behind the comment that `text` begins with; nothing where it does not end.
fn behind_comment(text: &str) -> &str {
    let mut depth = 0;
    for (at, c) in text.char_indices() {
        match c {
            '(' => depth += 1,
            ')' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return &text[at + 1..];
        }
    }
    ""
}
