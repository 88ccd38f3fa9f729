//! Many clocks at one look (`--fleet`): whom to ask, how fast, and what the answers are worth. Pure.
//!
//! ```text
//! text → targets → Survey (requests and replies, with the times handed in) → Found, one per target → Judgement, Summary
//! ```
//!
//! Nothing here is believed without its proof: a reply counts for a target if it comes from the target's address and echoes the
//! random number that this address alone was sent.
#![forbid(unsafe_code)]

mod judge;
mod measured;
mod pace;
mod reference;
mod spread;
mod survey;
mod targets;

pub use judge::{Judgement, Limits, judge, trouble_text};
pub use measured::{Measured, Trouble};
pub use pace::DEFAULT_GAP;
pub use spread::{Spread, Summary, Tally};
pub use survey::{Found, Survey, SurveyPlan};
pub use targets::{MAX_BYTES, Target, Who, parse};
