//! The syntax of dhclient's files: words, quotes, `;` and braces.

use std::iter::Peekable;
use std::str::Chars;

/// A part of a file.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Statement {
    /// Words before an opening brace, with the number of the first one's line.
    Open(usize, Vec<String>),
    /// Words before a semicolon.
    Line(usize, Vec<String>),
    /// A closing brace. Words before it that no semicolon ends are lost, as they are to dhclient.
    Close,
}

/// All statements of a text; what none ends is left out.
pub(super) fn statements(text: &str) -> Vec<Statement> {
    let mut reader = Reader { rest: text.chars().peekable(), line: 1 };
    let (mut found, mut words, mut first) = (Vec::new(), Vec::new(), 1);
    while let Some(c) = reader.rest.peek().copied() {
        match c {
            '#' => while reader.rest.next_if(|c| *c != '\n').is_some() {},
            '{' | ';' | '}' => {
                reader.take();
                let words = std::mem::take(&mut words);
                found.push(match c {
                    '{' => Statement::Open(first, words),
                    ';' => Statement::Line(first, words),
                    _ => Statement::Close,
                });
            }
            c if c == ',' || c.is_whitespace() => {
                reader.take();
            }
            _ => {
                if words.is_empty() {
                    first = reader.line;
                }
                words.push(reader.word());
            }
        }
    }
    found
}

struct Reader<'a> {
    rest: Peekable<Chars<'a>>,
    line: usize,
}

impl Reader<'_> {
    fn take(&mut self) -> Option<char> {
        let c = self.rest.next()?;
        self.line += usize::from(c == '\n');
        Some(c)
    }

    /// A word, or what is in quotes.
    fn word(&mut self) -> String {
        let mut word = String::new();
        if self.rest.next_if_eq(&'"').is_some() {
            while let Some(c) = self.take() {
                match c {
                    '"' => break,
                    '\\' => word.extend(self.take()),
                    c => word.push(c),
                }
            }
            return word;
        }
        let is_end = |c: &char| c.is_whitespace() || matches!(c, '{' | '}' | ';' | ',' | '"' | '#');
        while let Some(c) = self.rest.next_if(|c| !is_end(c)) {
            word.push(c);
        }
        word
    }
}
