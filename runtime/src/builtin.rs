//! The commands that every program has beside its tools.

pub(crate) mod call;
mod check;
mod explain;
pub(crate) mod form;
mod offered;
pub(crate) mod own;
pub(crate) mod prompt;
pub(crate) mod resource;
#[expect(dead_code, reason = "for the completion of a line")]
pub(crate) mod suggestion;
