//! From the words of the command line to what is to be done: every default and every check. Pure.
#![forbid(unsafe_code)]

mod addresses;
mod agreement;
mod check;
mod clocks;
mod contents;
mod defaults;
mod fleet;
mod history;
mod making;
mod metrics;
mod mode;
mod nts;
mod numbers;
mod output;
mod pace;
mod policy;
mod proofs;
mod rtc;
mod server_mistakes;
mod targets;
mod unattended;
mod usage;
mod value_mistakes;
mod without_effect;

pub use check::{CheckForm, CheckPlan};
pub use contents::Plan;
pub use defaults::MAX_SERVERS;
pub use fleet::{CollectPlan, FleetPlan, Source};
pub use history::{HistoryPlan, Tuning};
pub use metrics::MetricsPlan;
pub use mode::RunMode;
pub use nts::{NtsPlan, TrustPlan};
pub use output::Output;
pub use proofs::{FileProofs, KeyPlan, ProofPlan};
pub use rtc::RtcPlan;
