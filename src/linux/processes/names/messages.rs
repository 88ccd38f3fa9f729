//! What is asked of the helper that looks up names, and what it answers.

use std::net::IpAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::evidence::NameEvidence;
use crate::net::{Family, Resolved};

/// A question, with a number that its answers have.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Question {
    pub(super) number: u32,
    pub(super) timeout: Duration,
    pub(super) what: What,
    /// What the places of the names in the answers begin with.
    pub(super) from: usize,
}

/// What is to be looked up.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum What {
    Addresses(Vec<String>, Family),
    Names(Vec<IpAddr>),
    Examined(Vec<String>),
}

/// An answer, or a part of one.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Answer {
    pub(super) number: u32,
    pub(super) found: Found,
}

/// What was found.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Found {
    /// Addresses of the name in this place, and whether they are the last.
    Addresses(usize, Resolved, bool),
    Names(Vec<Option<String>>),
    Examined(Vec<NameEvidence>),
}
