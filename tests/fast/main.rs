//! What takes seconds and nothing of the machine: in this process, or runs of the programs that set no clock, on this machine's
//! loopback.

mod agreement;
mod bounds;
mod config_forms;
mod discipline;
mod fleet_words;
mod full_disk;
mod gnu_answers;
mod hostile_words;
mod key_config;
mod key_file;
mod many_verdicts;
mod misbehaviour;
mod mistakes;
#[cfg(feature = "nts")]
mod nts;
mod phc;
mod progress;
mod rhwclock;
mod rtc_write;
#[path = "../support/mod.rs"]
mod support;
mod test_server;
mod transcripts;
mod unattended;
mod unattended_config;
