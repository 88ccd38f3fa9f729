//! Which process of a run is confined.

use super::needs::Needs;

/// The process that is confined.
pub(super) enum Process<'a> {
    Run(&'a Needs),
    Setter(&'a Needs),
    Network,
    Names,
}
