//! Why a server is not fit to be believed.

use thiserror::Error;

use super::distance::TooDistant;
use super::sample::Kiss;
use crate::time::Interval;

/// Why a server is not fit, in the order of the tests: the first that applies counts. The texts up to
/// [`Untrusted`](DropReason::Untrusted) are ntpdate's own.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum DropReason {
    /// The server told us to go away.
    #[error(transparent)]
    Kiss(Kiss),
    /// No usable reply.
    #[error("no data")]
    NoData,
    /// Stratum above 15 or unspecified: the server is not synchronised.
    #[error("strata too high")]
    StrataTooHigh,
    /// The round trip is too long to measure by.
    #[error("server too far away")]
    TooFarAway,
    /// The server says by its leap indicator that it is not synchronised.
    #[error("leap not in sync")]
    LeapNotInSync,
    /// The server's clock was set in its own future.
    #[error("server is very broken")]
    VeryBroken,
    /// The server's clock has not been set for a day or more.
    #[error("server has gone too long without sync")]
    TooLongWithoutSync,
    /// Replies came, and none proved that the server knows our key.
    #[error("Server is untrusted")]
    Untrusted,
    /// The server's certificate is not valid at the time that was obtained.
    #[error(transparent)]
    Certificate(WrongTime),
    /// Two different answers to one request, which nobody but its receivers can answer.
    #[error("two answers to one request are {0:.6} sec apart: somebody else answers in its place")]
    Contested(Interval),
    /// The samples cannot all be true, and no majority of newest ones agrees.
    #[error("its samples contradict each other: offsets {before:+.6} and {after:+.6} sec")]
    Contradiction {
        /// An earlier sample's offset.
        before: Interval,
        /// The newest sample's offset.
        after: Interval,
    },
    /// The error bound from here to the reference clock is too large.
    #[error(transparent)]
    RootDistance(TooDistant),
    /// Fit by itself, and nobody's vote is its: others prove themselves, and it does not.
    #[error("it proves nothing, and others do: it has no vote")]
    NoVote,
}

/// A certificate that does not fit the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum WrongTime {
    /// The certificate's time was over.
    #[error("at the time that was obtained its certificate had expired")]
    Expired,
    /// The certificate's time had not come.
    #[error("at the time that was obtained its certificate was not valid yet")]
    NotYetValid,
    /// Whether the certificate is valid could not be seen.
    #[error("its certificate could not be checked at the time that was obtained")]
    Unknown,
}
