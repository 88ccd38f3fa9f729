//! Seconds in JSON.

use serde::Serialize;
use serde_json::value::RawValue;

use crate::time::{Interval, Time};

/// Seconds with nine decimals, which is all that the clocks hold; a float would lose digits of large ones.
#[derive(Serialize)]
pub(super) struct Seconds(Box<RawValue>);

impl From<Interval> for Seconds {
    fn from(interval: Interval) -> Seconds {
        // "-0.000000000" and every other number printed so is JSON.
        Seconds(RawValue::from_string(format!("{interval:.9}")).unwrap_or_default())
    }
}

impl From<Time> for Seconds {
    fn from(time: Time) -> Seconds {
        Seconds::from(time - Time::UNIX_EPOCH)
    }
}
