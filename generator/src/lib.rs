//! mcpress
pub mod capture;
pub mod diagnostics;
pub mod ir;
pub mod lock;
pub mod lower;
pub mod names;
pub mod select;
