//! The results of many machines, put together (`--collect`): what tools that run a command everywhere deliver is read, and the
//! clocks are compared with each other. Pure.
//!
//! ```text
//! lines → Reader (which node says what) → Report of each node → Cluster (one reference, offsets now, the widest pair)
//! ```
//!
//! What comes in is anybody's: each line has a limit, as have the number of nodes and what is kept of each.
#![forbid(unsafe_code)]

mod cluster;
mod document;
mod expected;
mod labels;
mod loose;
mod reader;
mod run;

pub use cluster::{Cluster, Node, State, compare};
pub use expected::missing;
pub use reader::{MAX_LINE, Reader};
