//! The command lines as they are typed. What the words mean is decided elsewhere.

pub mod check_ntp_time;
pub mod habits;
mod mistakes;
mod not_parsed;
pub mod rhwclock;
pub mod rntpdate;
mod twice;
mod usual;
mod visible;

use std::ffi::OsString;
use std::path::Path;

use clap::Parser;

use habits::{Habits, RNTPDATE};
use rntpdate::RntpdateCli;

pub use not_parsed::NotParsed;

/// The name a program was started by, without its directory: a link called `ntpdate` makes it `ntpdate`.
pub fn program_name(argv0: Option<&OsString>, default: &str) -> String {
    argv0
        .and_then(|path| Path::new(path).file_name())
        .map(|name| name.to_string_lossy().into_owned())
        .filter(|name| !name.is_empty())
        .unwrap_or_else(|| default.to_owned())
}

/// The name of a program that asks only servers that are named to it: in scripts a variable is empty by mistake, and the clock is
/// not to be set by servers that nobody named.
pub const NTPDATE: &str = "ntpdate";

/// Parses rntpdate's arguments.
pub fn parse_rntpdate(program: &str, words: &[OsString]) -> Result<RntpdateCli, NotParsed> {
    RntpdateCli::usual(words).map_or_else(|| parse_with(program, words.iter().cloned(), RNTPDATE), Ok)
}

/// Parses the arguments after the program's name.
pub fn parse<C: Parser>(program: &str, arguments: impl IntoIterator<Item = OsString>) -> Result<C, NotParsed> {
    parse_with(program, arguments, habits::NONE)
}

/// The same; `habits`: what to say of options that are another program's, and of those that are given twice.
pub fn parse_with<C: Parser>(
    program: &str,
    arguments: impl IntoIterator<Item = OsString>,
    habits: Habits,
) -> Result<C, NotParsed> {
    let words: Vec<OsString> = std::iter::once(OsString::from(program)).chain(arguments).collect();
    let mut command = C::command().bin_name(program.to_owned());
    if let Some(text) = mistakes::one_hyphen(&command, &words) {
        return Err(NotParsed::Wrong(text));
    }
    let explain =
        |error: &clap::Error| mistakes::explain(error, &words, habits, &mistakes::long_options(&C::command()));
    let matches = command.try_get_matches_from_mut(&words);
    // Hundreds of pieces of memory: a process that asks once ends sooner than they are given back one by one.
    std::mem::forget(command);
    let mut matches = matches.map_err(|error| explain(&error))?;
    if !habits.later_counts
        && let Some(text) = twice::mistake(C::command(), &words)
    {
        return Err(NotParsed::Wrong(text));
    }
    C::from_arg_matches_mut(&mut matches).map_err(|error| explain(&error))
}
