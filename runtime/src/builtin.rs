//! The commands that every program has beside its tools.

pub(crate) mod call;
pub(crate) mod own;
