//! What a server says about itself.

use super::time::{Nanos, SECOND};

/// The version number of the replies.
#[derive(Clone, Copy, Debug)]
pub enum Version {
    /// The request's.
    Echo,
    /// Always this one, 0 to 7.
    Fixed(u8),
}

/// The reference timestamp of the replies.
#[derive(Clone, Copy, Debug)]
pub enum Reference {
    /// An age: so long before the transmit timestamp; a negative age lies in the future.
    Age(Nanos),
    /// All zero: never synchronised.
    Zero,
}

/// What every reply says unless a behaviour changes it.
#[derive(Clone, Debug)]
pub(super) struct Profile {
    pub(super) leap: u8,
    pub(super) version: Version,
    pub(super) mode: u8,
    pub(super) stratum: u8,
    pub(super) precision: i8,
    pub(super) root_delay: [u8; 4],
    pub(super) root_dispersion: [u8; 4],
    pub(super) refid: [u8; 4],
    pub(super) reference: Reference,
}

impl Default for Profile {
    fn default() -> Self {
        Self {
            leap: 0,
            version: Version::Echo,
            mode: 4,
            stratum: 2,
            precision: -24,
            root_delay: [0; 4],
            root_dispersion: [0, 0, 0, 16],
            refid: [192, 0, 2, 1],
            reference: Reference::Age(16 * SECOND),
        }
    }
}
