//! The commands that every program has beside its tools.

pub(crate) mod call;
mod check;
pub(crate) mod own;
