//! What is wrong with a command line that cannot be parsed, and what to type instead.

use std::ffi::OsString;

use clap::error::{ContextKind, ContextValue, ErrorKind};

use super::NotParsed;
use super::habits::Habits;

/// Options that exclude each other because one of them means something else than whoever typed it thought.
const MISTAKEN: &[([&str; 2], &str)] = &[
    (["--check", "--systohc"], "-w sets the RTC; the threshold is --warning"),
    (["--collect", "servers"], "the results come from standard input: write --collect <FILE"),
];

/// The long options of a command, with their hyphens, without those that are hidden.
pub(super) fn long_options(command: &clap::Command) -> Vec<String> {
    let shown = command.get_arguments().filter(|argument| !argument.is_hide_set());
    shown.filter_map(clap::Arg::get_long).map(|name| format!("--{name}")).collect()
}

/// What is wrong where a long option has one hyphen: its letters would be taken one by one, and some of them for values.
pub(super) fn one_hyphen(command: &clap::Command, words: &[OsString]) -> Option<String> {
    let words = words.iter().skip(1).filter_map(|word| word.to_str()).take_while(|word| *word != "--");
    let is_suspect = |word: &&str| word.len() > 3 && word.starts_with('-') && !word.starts_with("--");
    let mut words = words.filter(is_suspect).peekable();
    words.peek()?;
    let options = long_options(command);
    words.find_map(|word| {
        let name = word.split('=').next().unwrap_or_default();
        let option = options.iter().find(|option| option.strip_prefix('-') == Some(name))?;
        Some(format!("{name} has one hyphen, so its letters are options by themselves: write {option}"))
    })
}

/// One line on an error of the parser's. `options`: the long options that there are.
pub(super) fn explain(error: &clap::Error, words: &[OsString], habits: Habits, options: &[String]) -> NotParsed {
    let text = error.render().to_string();
    let argument = named(error, ContextKind::InvalidArg).into_iter().next();
    NotParsed::Wrong(match (error.kind(), argument) {
        (ErrorKind::DisplayHelp | ErrorKind::DisplayVersion, _) => return NotParsed::Asked(text),
        (ErrorKind::UnknownArgument, Some(argument)) => unknown(&argument, words, habits, options),
        (ErrorKind::ArgumentConflict, Some(argument)) => conflict(&argument, &named(error, ContextKind::PriorArg)),
        (ErrorKind::TooManyValues, Some(argument)) => format!("{argument} takes no value: write {argument}"),
        _ => first_line(&text),
    })
}

fn conflict(argument: &str, others: &[String]) -> String {
    let (either, all) = (others.join(" or "), others.join(" and "));
    let is_there = |option: &&str| argument == *option || others.iter().any(|other| other == option);
    let hint = MISTAKEN.iter().find(|(pair, _)| pair.iter().all(is_there));
    let hint = hint.map_or(String::new(), |(_, hint)| format!(" ({hint})"));
    format!("{argument} does not go with {either}: leave out {argument}, or {all}{hint}")
}

/// An option that there is not, and the one that may have been meant.
fn unknown(argument: &str, words: &[OsString], habits: Habits, options: &[String]) -> String {
    if argument == "-=" {
        let is_flag = |word: &&str| word.starts_with('-') && !word.starts_with("--") && word.contains('=');
        let word = words.iter().filter_map(|word| word.to_str()).find(is_flag).unwrap_or_default();
        let flag = word.split('=').next().unwrap_or_default();
        return format!("{flag} takes no value, as in \"{word}\": write {flag}");
    }
    if !argument.starts_with('-') {
        return format!("\"{argument}\" stands alone, and belongs to no option (all options: --help)");
    }
    let habit = habits.foreign.iter().find(|(option, _)| *option == argument).map(|(_, instead)| (*instead).to_owned());
    match habit.or_else(|| near(argument, options).map(|option| format!("write {option}?"))) {
        Some(hint) => format!("unknown option {argument}: {hint}"),
        None => format!("unknown option {argument} (all options: --help)"),
    }
}

/// The option that differs from a word by a slip of the fingers or two; nothing where another word was meant.
fn near<'a>(word: &str, options: &'a [String]) -> Option<&'a str> {
    let letters = word.chars().filter(|letter| *letter != '-').count();
    let allowed = match letters {
        0..=3 => 0,
        4..=8 => 1,
        _ => 2,
    };
    let plain = word.to_lowercase().replace('_', "-");
    let distances = options.iter().map(|option| (distance(&plain, option), option.as_str()));
    distances.min().filter(|(distance, _)| *distance <= allowed).map(|(_, option)| option)
}

/// How many letters have to be put in, taken out, replaced, or swapped with the next one (optimal string alignment). A word that is
/// much longer than any option is far from all of them.
fn distance(one: &str, other: &str) -> usize {
    let (one, other): (Vec<char>, Vec<char>) = (one.chars().take(64).collect(), other.chars().collect());
    let mut rows = vec![(0..=other.len()).collect::<Vec<usize>>()];
    for i in 1..=one.len() {
        let mut row = vec![i];
        for j in 1..=other.len() {
            let replaced = rows[i - 1][j - 1] + usize::from(one[i - 1] != other[j - 1]);
            let mut least = replaced.min(rows[i - 1][j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && one[i - 1] == other[j - 2] && one[i - 2] == other[j - 1] {
                least = least.min(rows[i - 2][j - 2] + 1);
            }
            row.push(least);
        }
        rows.push(row);
    }
    rows[one.len()][other.len()]
}

/// The options that an error names, without their values' names.
fn named(error: &clap::Error, kind: ContextKind) -> Vec<String> {
    let words = match error.get(kind) {
        Some(ContextValue::String(word)) => vec![word.clone()],
        Some(ContextValue::Strings(words)) => words.clone(),
        _ => Vec::new(),
    };
    let option = |word: String| word.split(" <").next().unwrap_or_default().replace("[SERVER]...", "servers");
    words.into_iter().map(option).collect()
}

fn first_line(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_slip_of_the_fingers_is_near() {
        let options: Vec<String> =
            ["--query", "--settle", "--min-servers", "--rate", "--doctor", "--metrics"].map(str::to_owned).to_vec();
        for (word, option) in [
            ("--qeury", Some("--query")),
            ("--querry", Some("--query")),
            ("--Query", Some("--query")),
            ("--min_servers", Some("--min-servers")),
            ("--minserver", Some("--min-servers")),
            ("--set", None),
            ("--noaction", None),
            ("--tries", None),
            ("--servers", None),
            ("--", None),
        ] {
            assert_eq!(near(word, &options), option, "{word}");
        }
        assert_eq!(near(&"--q".repeat(10_000), &options), None);
    }
}
