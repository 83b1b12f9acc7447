//! mcpress
#![expect(unused)]
pub mod capture;
pub mod emit;
pub mod format;
pub mod ir;
pub mod package;
