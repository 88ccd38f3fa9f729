//! Why a key exchange came to nothing.

use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::net::Fault;
use crate::time::Time;
use crate::wire::nts::ResponseFault;

/// The longest text from a server or its certificate, in characters, and the most such texts in one failure.
pub const MOST_TEXT: usize = 200;
const MOST_NAMES: usize = 8;

/// How far a key exchange came.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Stage {
    /// TCP's connection.
    Connect,
    /// TLS's handshake.
    Handshake,
    /// The response.
    Response,
}

/// Why a key exchange came to nothing. Texts come from outside and are not yet printable.
#[derive(Clone, Debug, PartialEq, Eq, Error, Serialize, Deserialize)]
pub enum KeyFailure {
    /// TCP's connection could not be made, or broke off.
    #[error("{}", .0.kind)]
    Tcp(Fault),
    /// The server's answer did not come any more, at this stage.
    #[error("{}", match .0 { Stage::Connect => "no reply on its TCP port", Stage::Handshake => "TLS is not answered", Stage::Response => "no response to the key exchange" })]
    Silent(Stage),
    /// The server closed the connection at this stage, without a word.
    #[error("{}", match .0 { Stage::Response => "it closed the connection before its response", _ => "it closed the connection in the handshake" })]
    Closed(Stage),
    /// What answers speaks no TLS.
    #[error("what answers there speaks no TLS")]
    NotTls,
    /// The server broke off with this alert.
    #[error("the server broke off TLS: {0}")]
    Alert(String),
    /// The server has no TLS 1.3.
    #[error("the server has no TLS 1.3")]
    TooOld,
    /// The server did not choose the protocol "ntske/1".
    #[error("a TLS server that is no NTS server")]
    NoAlpn,
    /// Nobody who is trusted vouches for the certificate.
    #[error("its certificate's issuer is not trusted")]
    UnknownIssuer {
        /// The issuer, as far as is known.
        issuer: String,
        /// How many roots are trusted.
        roots: usize,
        /// Where these come from.
        file: String,
    },
    /// The certificate is for other hosts.
    #[error("its certificate is for another host")]
    OtherHost {
        /// The hosts, as far as they are known.
        names: Vec<String>,
    },
    /// A certificate's time is over.
    #[error("its certificate expired on {}", .since.utc())]
    Expired {
        /// When it was over.
        since: Time,
    },
    /// A certificate's time has not come.
    #[error("its certificate is not valid before {}", .begins.utc())]
    NotYetValid {
        /// When it comes.
        begins: Time,
    },
    /// The certificate is of no use for another reason.
    #[error("its certificate is of no use: {0}")]
    Certificate(String),
    /// No authority is there to trust: the file of roots that could not be used, and why.
    #[error("no trusted roots: {0}")]
    NoRoots(String),
    /// TLS failed in another way.
    #[error("TLS failed: {0}")]
    Tls(String),
    /// The response is of no use.
    #[error(transparent)]
    Response(#[from] ResponseFault),
    /// The key exchange failed lately, and is not to be tried again before this time.
    #[error("it failed lately and is not tried again before {}", .again.utc())]
    TooSoon {
        /// When it may be tried.
        again: Time,
    },
    /// The exchange failed on this machine itself.
    #[error("this machine could not do it: {0}")]
    Here(String),
}

impl KeyFailure {
    /// Whether another address of the same name may do better: the way there fails, not the server.
    pub fn may_be_the_way(&self) -> bool {
        matches!(self, KeyFailure::Tcp(_) | KeyFailure::Silent(Stage::Connect | Stage::Handshake))
    }

    /// The failure with its texts cut to their limits, as whoever says it may have been taken over.
    #[must_use]
    pub fn bounded(self) -> KeyFailure {
        let cut = |text: String| text.chars().take(MOST_TEXT).collect::<String>();
        match self {
            KeyFailure::Alert(text) => KeyFailure::Alert(cut(text)),
            KeyFailure::UnknownIssuer { issuer, roots, file } => {
                KeyFailure::UnknownIssuer { issuer: cut(issuer), roots, file: cut(file) }
            }
            KeyFailure::OtherHost { names } => {
                KeyFailure::OtherHost { names: names.into_iter().take(MOST_NAMES).map(cut).collect() }
            }
            KeyFailure::Certificate(text) => KeyFailure::Certificate(cut(text)),
            KeyFailure::NoRoots(text) => KeyFailure::NoRoots(cut(text)),
            KeyFailure::Tls(text) => KeyFailure::Tls(cut(text)),
            KeyFailure::Here(text) => KeyFailure::Here(cut(text)),
            other => other,
        }
    }
}
