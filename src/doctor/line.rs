//! What is said of one thing that was looked at, and how good it is.

/// How good something is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Mark {
    /// As it should be.
    Good,
    /// The finding may be meant so.
    Warning,
    /// The finding keeps the clock from being set, or makes it wrong.
    Bad,
}

/// One line of the doctor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// How good it is.
    pub mark: Mark,
    /// What was looked at.
    pub topic: &'static str,
    /// What was found.
    pub text: String,
    /// What to do, where it is not good.
    pub advice: Option<String>,
}

impl Check {
    pub(super) fn good(topic: &'static str, text: impl Into<String>) -> Check {
        Check { mark: Mark::Good, topic, text: text.into(), advice: None }
    }

    pub(super) fn warning(topic: &'static str, text: impl Into<String>, advice: impl Into<String>) -> Check {
        Check { mark: Mark::Warning, topic, text: text.into(), advice: Some(advice.into()) }
    }

    pub(super) fn bad(topic: &'static str, text: impl Into<String>, advice: impl Into<String>) -> Check {
        Check { mark: Mark::Bad, topic, text: text.into(), advice: Some(advice.into()) }
    }
}
