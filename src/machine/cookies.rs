//! What is kept of NTS between runs, as a run uses it.

use crate::nts::jar::Jar;

/// A place for keys and cookies between runs.
pub trait CookieStore {
    /// Changes what is kept. When it says that it did, the change is on disk: what was taken out is gone, whatever becomes of this
    /// run. Otherwise nothing has changed.
    fn change(&self, change: &mut dyn FnMut(&mut Jar)) -> bool;
}

/// What a run has of NTS besides its servers.
#[derive(Clone, Copy, Default)]
pub struct NtsState<'a> {
    /// What is kept between runs, if anything is.
    pub store: Option<&'a dyn CookieStore>,
    /// The kernel says that something keeps the clock right.
    pub is_kept_right: bool,
}
