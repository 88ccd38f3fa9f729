//! Words of a line: those in quotes, and those that a form does not have.

use super::server::{NtsWish, ProofWish, key_proof};

/// The options that mean nothing without NTS: a server with one of them is not to be believed without.
const NTS: [&str; 3] = ["nts", "ask", "noval"];

/// Longer words are not compared: the time goes with the square.
const MAX_COMPARED: usize = 40;
/// In a file with more faults nobody looks for what was meant.
const MAX_GUESSES: usize = 100;

/// Words between blanks, with single and double quotes taken off; a `#` outside quotes begins a comment. Fails where a quote
/// stays open.
pub(super) fn quoted(line: &str) -> Result<Vec<String>, &'static str> {
    let (mut words, mut word, mut quote) = (Vec::new(), None::<String>, None);
    let mut rest = line.chars();
    while let Some(c) = rest.next() {
        match (quote, c) {
            (Some(open), c) if c == open => quote = None,
            (None, '#') => break,
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (None, '\'' | '"') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (None | Some('"'), '\\') => word.get_or_insert_default().extend(rest.next()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    if quote.is_some() { Err("the closing quote is missing") } else { Ok(words) }
}

/// Which of the known words a misspelt one stands for: at the most two changes away, and one for short words. Letters may be
/// large or small.
pub(super) fn meant<'a>(word: &str, known: &[&'a str]) -> Option<&'a str> {
    if word.len() > MAX_COMPARED {
        return None;
    }
    let limit = if word.chars().count() > 4 { 2 } else { 1 };
    let small = word.to_lowercase();
    let others = known.iter().filter(|name| **name != word && name.len().abs_diff(word.len()) <= limit);
    let distances = others.map(|name| (strsim::osa_distance(&small, &name.to_lowercase()), *name));
    let nearest = distances.filter(|(distance, _)| *distance <= limit).min_by_key(|(distance, _)| *distance);
    nearest.map(|(_, name)| name)
}

/// What is wrong with a word that is none of those: `"sevrer" is no directive of ntp.conf: is "server" meant?` `earlier` is the
/// number of faults in the file so far.
pub(super) fn unknown(word: &str, what: &str, known: &[&str], earlier: usize) -> String {
    let shown = word.escape_default();
    match (earlier < MAX_GUESSES).then(|| meant(word, known)).flatten() {
        Some(name) => format!("\"{shown}\" is no {what}: is \"{name}\" meant?"),
        None => format!("\"{shown}\" is no {what}"),
    }
}

/// The options of a server's line: names, some with a value behind them.
pub(super) struct Options<'a> {
    given: Vec<(&'a str, Option<&'a str>)>,
    /// What is wrong with the first word that is no option: what follows may be its value.
    pub(super) fault: Option<String>,
}

impl<'a> Options<'a> {
    pub(super) fn has(&self, name: &str) -> bool {
        self.given.iter().any(|(given, _)| given.eq_ignore_ascii_case(name))
    }

    /// What the server is to prove itself by.
    pub(super) fn proof(&self) -> Option<ProofWish> {
        match self.value("key") {
            _ if NTS.iter().any(|word| self.has(word)) => Some(ProofWish::Nts(NtsWish::default())),
            Some(word) => Some(key_proof(word)),
            None => self.has("autokey").then_some(ProofWish::Key(None)),
        }
    }

    /// What follows the option, empty where nothing does; nothing where the option is not there.
    pub(super) fn value(&self, name: &str) -> Option<&'a str> {
        let given = self.given.iter().find(|(given, _)| given.eq_ignore_ascii_case(name));
        given.map(|(_, value)| value.unwrap_or_default())
    }
}

/// Reads the words behind a server by a table of options, which tells for each whether a value follows.
pub(super) fn options<'a>(words: &[&'a str], known: &[(&str, bool)]) -> Options<'a> {
    let mut options = Options { given: Vec::new(), fault: None };
    let mut rest = words.iter().copied();
    while let Some(word) = rest.next() {
        match known.iter().find(|(name, _)| name.eq_ignore_ascii_case(word)) {
            Some((_, has_value)) => options.given.push((word, if *has_value { rest.next() } else { None })),
            None => {
                let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
                options.fault.get_or_insert_with(|| unknown(word, "option of a server", &names, 0));
            }
        }
    }
    options
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_and_comments() {
        assert_eq!(quoted("list server 'a b'\t\"c\\\"\"x # d").unwrap(), ["list", "server", "a b", "c\"x"]);
        assert_eq!(quoted("''  # nothing").unwrap(), [""]);
        assert_eq!(quoted("list server 'a"), Err("the closing quote is missing"));
    }

    #[test]
    fn misspelt_words() {
        let known = ["NTP", "FallbackNTP", "server", "servers"];
        for (word, name) in [("NPT", "NTP"), ("sevrer", "server"), ("FalbackNtp", "FallbackNTP"), ("servr", "server")] {
            assert_eq!(meant(word, &known), Some(name), "{word}");
        }
        for word in ["NTP", "x", "restrict", &"s".repeat(1 << 20)] {
            assert_eq!(meant(word, &known), None, "{}", word.len());
        }
        assert_eq!(unknown("poul", "directive", &["pool"], 0), "\"poul\" is no directive: is \"pool\" meant?");
    }
}
