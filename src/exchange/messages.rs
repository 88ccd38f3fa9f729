//! What passes between the process that decides and the one that speaks with the servers: values only. A build without NTS never
//! says or understands what only NTS takes, and is smaller for it.

use std::net::SocketAddr;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::{Contact, News, Pace};
use crate::net::Fault;
use crate::nts::{Established, KeyFailure, KeyOrder};
use crate::time::Time;
use crate::wire::KeyId;
use crate::wire::nts::Association;

/// What the process with the sockets is told to do.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Order {
    /// Begin an exchange with nobody yet; nothing is due after `deadline`, a raw monotonic time.
    Begin {
        /// How fast to ask.
        pace: Pace,
        /// When it ends.
        deadline: Duration,
    },
    /// Ask these servers too. The socket of each one without a fault follows.
    Ask(Vec<NewServer>),
    /// Exchange keys with a server. The socket to it, whose connection has been begun, follows.
    #[cfg_attr(not(feature = "nts"), serde(skip))]
    ExchangeKeys(KeyOrder),
    /// Go on with the server in this place by what a new key exchange has led to.
    #[cfg_attr(not(feature = "nts"), serde(skip))]
    Renew(usize, WithNts),
    /// Say of chains of certificates, by the numbers of their key exchanges, whether they are valid at these times.
    #[cfg_attr(not(feature = "nts"), serde(skip))]
    CheckChains(Vec<(usize, Time)>),
    /// Ask those once more of whom all is said and whose newest sample was taken before this raw monotonic time.
    Refresh(Duration),
    /// Say that you are still there.
    Answer,
    /// Say what has become of each server.
    Finish,
}

/// A server that is to be asked from now on.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct NewServer {
    /// Where it listens.
    pub address: SocketAddr,
    /// The number of the key that it has to prove to know.
    pub key: Option<KeyId>,
    /// The keys and cookies that it has to prove itself by.
    #[cfg_attr(not(feature = "nts"), serde(skip))]
    pub nts: Option<WithNts>,
    /// Why there is no socket to speak to it.
    pub fault: Option<Fault>,
}

/// Keys and cookies of a server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct WithNts {
    /// The keys and the cookies that may be sent.
    pub association: Association,
    /// So many cookies fewer than there could be are kept for it.
    pub missing: usize,
}

/// What the process with the sockets says.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub enum Report {
    /// The process has given up its rights; what could not be given up, and why.
    Confined(Vec<String>),
    /// What has changed.
    News(Vec<News>),
    /// What came of key exchanges.
    #[cfg_attr(not(feature = "nts"), serde(skip))]
    Established(Vec<Established>),
    /// Whether the chains that were asked for are valid, in their order.
    #[cfg_attr(not(feature = "nts"), serde(skip))]
    Checked(Vec<Result<(), KeyFailure>>),
    /// The process is still there.
    Here,
    /// The servers that had to be asked once more will be: the news before this say which.
    Refreshed,
    /// What has become of each server, in their order.
    Finished(Vec<Contact>),
}
