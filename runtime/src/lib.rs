//! runtime
mod leak;
pub mod spec;
