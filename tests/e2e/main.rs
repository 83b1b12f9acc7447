//! Real servers, pressed into programs, run as a user would.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on stops")]

mod answers;
mod command_line;
mod drift;
mod eras;
mod explain;
mod generation;
mod life;
mod overlay;
mod remote;
mod servers;
mod sign_in;
mod slots;
