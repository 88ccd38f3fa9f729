//! The clock between runs from cron: the program's own pipeline in a simulated machine and network, for days.

mod begin;
mod cases;
mod daemon;
mod damage;
mod picture;
mod program;
mod scenarios;
mod table;
mod texts;
mod world;
