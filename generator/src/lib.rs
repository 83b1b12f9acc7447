//! Press an MCP server into a native command line.
//!
//! ```text
//! server ──introspect──▶ Capture ──lower──▶ ir::Program ──emit──▶ syn::File ──format──▶ text
//! (stdio, http, file)    (JSON file)        + diagnostics                               │
//!                                           + lock   │                               package
//!                                                    └──bundle──▶ runner + spec         ▼
//!                                                                  binary ◀──compile── crate
//! ```
//!
//! One arrow is one module with one public function; one box is one plain value that can be printed.
//! Only [`introspect`] talks to a server. Everything after it runs offline and gives the same bytes
//! for the same capture, names and options.

pub mod bundle;
pub mod capture;
pub mod cli;
pub mod commands;
pub mod compile;
pub mod demo;
pub mod diagnostics;
pub mod emit;
pub mod format;
pub mod generate;
pub mod introspect;
pub mod ir;
pub mod lock;
pub mod lower;
pub mod names;
pub mod origin;
pub mod overlay;
pub mod package;
mod parallel;
pub mod select;
pub mod sources;
