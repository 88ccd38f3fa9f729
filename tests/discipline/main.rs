//! The clock between runs from cron: the program's own pipeline in a simulated machine and network, for days.

mod cases;
mod damage;
mod program;
#[path = "../support/random.rs"]
mod random;
mod table;
mod texts;
mod world;
