//! mcpress

pub mod capture;
pub mod compile;
pub mod emit;
pub mod format;
pub mod ir;
pub mod package;
