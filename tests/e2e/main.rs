//! Real servers, pressed into programs, run as a user would.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod answers;
#[cfg(unix)]
mod asking;
#[cfg(unix)]
mod audit;
mod broker;
mod command_line;
mod completion;
mod content;
mod credentials;
mod doctor;
mod drift;
mod eras;
mod errands;
mod explain;
mod generation;
#[cfg(unix)]
mod governance;
mod life;
mod overlay;
mod prompts;
mod remote;
mod resilience;
mod resources;
mod servers;
mod sign_in;
mod slots;
mod tasks;
#[cfg(unix)]
mod terminal;
mod transports;
#[cfg(unix)]
mod vault;
