//! What holds for every input, one module for each fuzz target. Shared by the targets, which look for inputs that break it,
//! and by tests/corpus.rs, which has the kept inputs go through it on every `cargo test`.
#![allow(dead_code, reason = "each target uses one of them")]
#![allow(clippy::unwrap_used, reason = "a property fails by panicking")]

pub(crate) mod adjtime;
pub(crate) mod authentication;
mod bytes;
pub(crate) mod chrony_conf;
mod configuration;
pub(crate) mod control;
pub(crate) mod date;
pub(crate) mod exchange;
pub(crate) mod history;
pub(crate) mod keys;
pub(crate) mod ntp_conf;
pub(crate) mod ntp_toml;
pub(crate) mod ntpdate_defaults;
pub(crate) mod nts_fields;
pub(crate) mod nts_jar;
pub(crate) mod nts_records;
pub(crate) mod openntpd_conf;
pub(crate) mod packet;
mod played;
pub(crate) mod reports;
pub(crate) mod server_lists;
pub(crate) mod sysconfig;
pub(crate) mod timemaster_conf;
pub(crate) mod timesyncd_conf;
pub(crate) mod uci;
