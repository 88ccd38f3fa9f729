//! The exchange with one server.

mod news;
mod replies;
mod requests;
mod state;

pub(super) use requests::MOST_SAMPLES;
pub(super) use state::Session;
