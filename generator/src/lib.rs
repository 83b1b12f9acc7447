//! mcpress
#![expect(unused)]
pub mod capture;
pub mod ir;
pub mod origin;
