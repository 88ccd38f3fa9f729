//! What several tests share. Each test crate uses a part of it.
#![allow(dead_code, reason = "each test crate uses a part of these helpers")]

pub(crate) mod cpio;
pub(crate) mod dns;
pub(crate) mod dry_run;
pub(crate) mod fake_rtc;
pub(crate) mod guest;
pub(crate) mod hurry;
pub(crate) mod lab;
pub(crate) mod monitor;
pub(crate) mod netns;
pub(crate) mod overlay;
pub(crate) mod peers;
pub(crate) mod query;
pub(crate) mod require;
pub(crate) mod schema;
