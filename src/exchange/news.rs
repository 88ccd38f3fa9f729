//! What changes of a server while it is asked.

use serde::{Deserialize, Serialize};

use super::Renewal;
use crate::estimate::{Kiss, LocalTimes};
use crate::time::Interval;
use crate::wire::Header;

/// What has changed of one server since the news before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct News {
    /// The server's place in the order of asking.
    pub server: usize,
    /// Replies that count, since the news before: our own times and the server's header. What follows from them is not said.
    pub measured: Vec<(LocalTimes, Header)>,
    /// An order to leave it alone.
    pub kiss: Option<Kiss>,
    /// Replies came, and none proved what it had to.
    pub untrusted: bool,
    /// The keys should be exchanged anew.
    pub renewal: Option<Renewal>,
    /// New keys have come for the server.
    pub is_renewed: bool,
    /// So far apart are two answers to one request.
    pub contested: Option<Interval>,
    /// Requests that were answered.
    pub answered: usize,
    /// Requests that there will be at the most.
    pub wanted: usize,
    /// The exchange goes on.
    pub is_active: bool,
    /// The exchange goes on to see whether anything has changed.
    pub is_refreshing: bool,
}
