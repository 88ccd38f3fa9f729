//! The command lines as they are typed. What the words mean is decided elsewhere.

pub mod rhwclock;
pub mod rntpdate;

use std::ffi::OsString;
use std::path::Path;

use clap::Parser;
use clap::error::{ContextKind, ContextValue, ErrorKind};

/// Why there is no command line to act on.
#[derive(Debug)]
pub enum NotParsed {
    /// The user asked for help or the version: text for stdout, and that is all.
    Asked(String),
    /// The command line is wrong: one line that names what.
    Wrong(String),
}

/// The name a program was started by, without its directory: a link called `ntpdate` makes it `ntpdate`.
pub fn program_name(argv0: Option<&OsString>, default: &str) -> String {
    argv0
        .and_then(|path| Path::new(path).file_name())
        .map(|name| name.to_string_lossy().into_owned())
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| default.to_owned())
}

/// What the options of other programs that are not known here have to do with this one.
pub type Habits = [(&'static str, &'static str)];

/// Parses the arguments after the program's name.
pub fn parse<C: Parser>(program: &str, arguments: impl IntoIterator<Item = OsString>) -> Result<C, NotParsed> {
    parse_with(program, arguments, &[])
}

/// The same; `habits`: what to say of options that are another program's.
pub fn parse_with<C: Parser>(
    program: &str,
    arguments: impl IntoIterator<Item = OsString>,
    habits: &Habits,
) -> Result<C, NotParsed> {
    let words: Vec<OsString> = std::iter::once(OsString::from(program)).chain(arguments).collect();
    let command = C::command().bin_name(program.to_owned());
    let explain = |error: &clap::Error| explain(error, &words, habits);
    let matches = command.try_get_matches_from(&words).map_err(|error| explain(&error))?;
    C::from_arg_matches(&matches).map_err(|error| explain(&error))
}

fn explain(error: &clap::Error, words: &[OsString], habits: &Habits) -> NotParsed {
    let text = error.render().to_string();
    let argument = named(error, ContextKind::InvalidArg).into_iter().next();
    NotParsed::Wrong(match (error.kind(), argument) {
        (ErrorKind::DisplayHelp | ErrorKind::DisplayVersion, _) => return NotParsed::Asked(text),
        (ErrorKind::UnknownArgument, Some(argument)) => unknown(error, &argument, words, habits),
        (ErrorKind::ArgumentConflict, Some(argument)) => {
            let others = named(error, ContextKind::PriorArg);
            let (either, all) = (others.join(" or "), others.join(" and "));
            format!("{argument} does not go with {either}: leave out {argument}, or {all}")
        }
        (ErrorKind::TooManyValues, Some(argument)) => format!("{argument} takes no value: write {argument}"),
        _ => first_line(&text),
    })
}

/// An option that there is not, and the one that may have been meant.
fn unknown(error: &clap::Error, argument: &str, words: &[OsString], habits: &Habits) -> String {
    if argument == "-=" {
        let is_flag = |word: &&str| word.starts_with('-') && !word.starts_with("--") && word.contains('=');
        let word = words.iter().filter_map(|word| word.to_str()).find(is_flag).unwrap_or_default();
        let flag = word.split('=').next().unwrap_or_default();
        return format!("{flag} takes no value, as in \"{word}\": write {flag}");
    }
    let meant = named(error, ContextKind::SuggestedArg).into_iter().next().map(|option| format!("write {option}?"));
    let habit = habits.iter().find(|(option, _)| *option == argument).map(|(_, instead)| (*instead).to_owned());
    match habit.or(meant) {
        Some(hint) => format!("unknown option {argument}: {hint}"),
        None => format!("unknown option {argument} (all options: --help)"),
    }
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
