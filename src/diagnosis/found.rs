//! A cause that was found, and how sure it is.

use super::code::Code;

/// How sure the cause is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Certainty {
    /// The only cause by which this can have been seen.
    Certain,
    /// The likely cause; another is possible and rare.
    Likely,
    /// A cause among several.
    Possible,
}

impl Certainty {
    /// As it is printed.
    pub const fn as_str(self) -> &'static str {
        match self {
            Certainty::Certain => "certain",
            Certainty::Likely => "likely",
            Certainty::Possible => "possible",
        }
    }
}

/// What is the matter with one server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Diagnosis {
    /// For programs.
    pub code: Code,
    /// How sure the cause is.
    pub certainty: Certainty,
    /// What happened.
    pub seen: String,
    /// Why; empty where all is well.
    pub cause: String,
    /// What to do on this machine.
    pub here: Option<String>,
    /// What to do on the server.
    pub there: Option<String>,
}

impl Diagnosis {
    pub(super) fn new(
        code: Code,
        certainty: Certainty,
        seen: impl Into<String>,
        cause: impl Into<String>,
    ) -> Diagnosis {
        Diagnosis { code, certainty, seen: seen.into(), cause: cause.into(), here: None, there: None }
    }

    pub(super) fn here(mut self, text: impl Into<String>) -> Diagnosis {
        self.here = Some(text.into());
        self
    }

    pub(super) fn there(mut self, text: impl Into<String>) -> Diagnosis {
        self.there = Some(text.into());
        self
    }
}
