//! The pipeline between a capture and a program, all of it offline.

use crate::capture::Capture;
use crate::diagnostics::Diagnostic;
use crate::ir::{Program, Transport};
use crate::lock::Lock;
use crate::lower::{Lowered, Options, lower};
use crate::overlay::{Overlay, OverlayError};
use crate::select::{Filter, SelectError, select};

/// What the user decides.
#[derive(Debug, Clone, Default)]
pub struct Plan {
    /// The program's name.
    pub name: String,
    /// The tools to take.
    pub filter: Filter,
    /// What is to be otherwise than the server says.
    pub overlay: Overlay,
    /// Whether the program gets credentials out of a vault; unless told, if its server takes any.
    pub broker: Option<bool>,
}

/// Why there is no program.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    /// The filter takes no tool.
    #[error(transparent)]
    Select(#[from] SelectError),
    /// The overlay speaks of what is not there, or wants what cannot be had.
    #[error(transparent)]
    Overlay(#[from] OverlayError),
}

/// A program, with the names to keep for the next time.
#[derive(Debug, Clone)]
pub struct Generated {
    /// The program.
    pub program: Program,
    /// The names it uses and has used.
    pub lock: Lock,
    /// What could not be typed.
    pub diagnostics: Vec<Diagnostic>,
}

/// Makes a program of a capture.
///
/// # Errors
///
/// When the filter takes no tool, or the overlay is not one for this server. Nothing that a server
/// says is an error here.
pub fn generate(capture: &Capture, plan: &Plan, lock: &Lock) -> Result<Generated, GenerateError> {
    let overlay = plan.overlay.bind(capture, lock);
    let selection = select(capture, &plan.filter, overlay.commands(), lock)?;
    let origin = capture.origin.clone();
    let (transport, slots) = origin
        .map(|origin| (origin.transport, origin.slots))
        .unzip();
    let options = Options {
        transport: transport.unwrap_or(Transport::Unknown),
        slots: slots.unwrap_or_default(),
        selection,
        commands: overlay.commands().clone(),
        ..Options::new(&plan.name)
    };
    let Lowered {
        mut program,
        mut diagnostics,
    } = lower(capture, &options, lock);
    diagnostics.extend(overlay.apply(&mut program, lock)?);
    program.vault = plan.broker.unwrap_or_else(|| program.takes_credentials());
    let lock = Lock::of(&program, lock, capture);
    Ok(Generated {
        program,
        lock,
        diagnostics,
    })
}
