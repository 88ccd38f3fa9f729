//! The command lines as they are typed. What the words mean is decided elsewhere.

pub mod rhwclock;
pub mod rntpdate;

use std::ffi::OsString;
use std::path::Path;

use clap::Parser;
use clap::error::{ContextKind, ErrorKind};

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

/// Parses the arguments after the program's name.
pub fn parse<C: Parser>(program: &str, arguments: impl IntoIterator<Item = OsString>) -> Result<C, NotParsed> {
    let words = std::iter::once(OsString::from(program)).chain(arguments);
    let command = C::command().bin_name(program.to_owned());
    let matches = command.try_get_matches_from(words).map_err(|error| explain(&error))?;
    C::from_arg_matches(&matches).map_err(|error| explain(&error))
}

fn explain(error: &clap::Error) -> NotParsed {
    let text = error.render().to_string();
    match error.kind() {
        ErrorKind::DisplayHelp | ErrorKind::DisplayVersion => NotParsed::Asked(text),
        ErrorKind::UnknownArgument => match error.get(ContextKind::InvalidArg) {
            Some(argument) => NotParsed::Wrong(format!("unknown option {argument}")),
            None => NotParsed::Wrong(first_line(&text)),
        },
        _ => NotParsed::Wrong(first_line(&text)),
    }
}

fn first_line(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}
