//! What several tests share. Each test crate uses a part of it.
#![allow(dead_code, reason = "each test crate uses a part of these helpers")]

pub(crate) mod cpio;
pub(crate) mod crowd;
pub(crate) mod dns;
pub(crate) mod dry_run;
pub(crate) mod fake_rtc;
pub(crate) mod firewall;
pub(crate) mod guest;
pub(crate) mod hurry;
pub(crate) mod keyed;
pub(crate) mod lab;
pub(crate) mod netns;
pub(crate) mod ntpserver;
pub(crate) mod nts;
pub(crate) mod overlay;
pub(crate) mod peers;
pub(crate) mod query;
pub(crate) mod random;
pub(crate) mod require;
pub(crate) mod schema;
pub(crate) mod static_build;
