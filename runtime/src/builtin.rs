//! The commands that every program has beside its tools.

pub(crate) mod call;
mod explain;
pub(crate) mod own;
