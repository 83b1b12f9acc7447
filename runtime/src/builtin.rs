//! The commands that every program has beside its tools.

pub(crate) mod auth;
pub(crate) mod call;
mod check;
mod explain;
pub(crate) mod own;
