//! rntpdate.
fn main() {}
