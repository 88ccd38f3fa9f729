//! What is printed of many clocks: for people, and for programs.

mod histogram;
mod json;
mod text;

pub use histogram::histogram;
pub use json::{failed_object, summary_object, target_object};
pub use text::{shown, summary_lines, target_line};
