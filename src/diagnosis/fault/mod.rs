//! The kernel or a router says that packets do not get through: what each report shows, by what it says and who says it.
//!
//! `Certain` is only what nothing else explains. A firewall may answer with any ICMP message in anybody's place, so that what a
//! message says of a host or a way is likely at best; that somebody refuses is certain where the message says just that.

mod firewall;
mod icmp;
mod kernel;
mod link;
mod reporter;

pub(super) use firewall::let_in;
pub(super) use link::{by_neighbour, no_carrier};
pub(super) use reporter::diagnose;
