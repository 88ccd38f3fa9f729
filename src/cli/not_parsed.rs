//! A command line that is none.

/// Why there is no command line to act on.
#[derive(Debug)]
pub enum NotParsed {
    /// The user asked for help or the version: text for stdout, and that is all.
    Asked(String),
    /// The command line is wrong: one line that names what.
    Wrong(String),
}
