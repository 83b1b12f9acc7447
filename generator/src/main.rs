//! mcpress
fn main() {}
