//! What takes root, and a minute or two: network namespaces, real servers, other users. No run may set a clock here.

mod addresses;
mod authentication;
mod collect;
mod confinement;
mod diagnosis;
mod doctor;
mod fleet;
mod hwclock_name;
mod monitoring;
mod names;
mod nts;
mod peers_smoke;
mod peers_sync;
mod scarcity;
#[path = "../support/mod.rs"]
mod support;
mod unattended_contrib;
