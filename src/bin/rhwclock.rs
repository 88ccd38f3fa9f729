//! rhwclock.
fn main() {}
