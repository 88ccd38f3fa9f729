//! Network Time Security (RFC 8915): certificates, and servers that play any part, honest or hostile.

pub(crate) mod certificates;
pub(crate) mod client;
pub(crate) mod key_server;
pub(crate) mod time_server;
