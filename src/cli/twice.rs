//! Options that name something, given twice: the later one would win without a word, where both may have been meant.

use std::collections::HashSet;
use std::ffi::OsString;

use clap::{ArgAction, Command};

/// What the values of such options are called. Numbers are the later one's, as everywhere.
const NAMED: [&str; 5] = ["FILE", "DIRECTORY", "ADDRESS", "SERVER", "COMMAND"];

/// The options of a command that name something, without hyphens. Those with a letter are ntpdate's, where the later one counts
/// and scripts rely on that.
fn naming(command: &Command) -> Vec<String> {
    let is_name = |argument: &&clap::Arg| {
        let named = argument.get_value_names().unwrap_or_default();
        argument.get_short().is_none() && named.iter().any(|name| NAMED.contains(&name.as_str()))
    };
    command.get_arguments().filter(is_name).filter_map(|argument| Some(argument.get_long()?.to_owned())).collect()
}

/// What is wrong where an option that names something is given twice with different values. `words` can be parsed.
pub(super) fn mistake(command: Command, words: &[OsString]) -> Option<String> {
    let options = naming(&command);
    let mut seen = HashSet::new();
    let is_again = |word: &&str| {
        let name = word.split('=').next().unwrap_or_default();
        options.iter().any(|option| name.strip_prefix("--") == Some(option)) && !seen.insert(name.to_owned())
    };
    words.iter().filter_map(|word| word.to_str()).find(is_again)?;
    let id = |option: &str| option.replace('-', "_");
    let all = options
        .iter()
        .fold(command, |command, option| command.mut_arg(id(option), |argument| argument.action(ArgAction::Append)));
    let matches = all.try_get_matches_from(words).ok()?;
    options.iter().find_map(|option| {
        let mut values = matches.get_raw(&id(option))?;
        let first = values.next()?;
        let other = values.find(|value| *value != first)?;
        let (first, other) = (first.to_string_lossy(), other.to_string_lossy());
        Some(format!("--{option} is given twice, with {first} and with {other}: leave one of them out"))
    })
}
