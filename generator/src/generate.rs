//! The pipeline between a capture and a program, all of it offline.

use crate::capture::Capture;
use crate::diagnostics::Diagnostic;
use crate::ir::{Program, Transport};
use crate::lock::Lock;
use crate::lower::{Lowered, Options, lower};
use crate::select::{Filter, SelectError, select};

/// What the user decides.
#[derive(Debug, Clone)]
pub struct Plan {
    /// The program's name.
    pub name: String,
    /// The tools to take.
    pub filter: Filter,
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
/// When the filter takes no tool. Nothing that a server says is an error here.
pub fn generate(capture: &Capture, plan: &Plan, lock: &Lock) -> Result<Generated, SelectError> {
    let selection = select(capture, &plan.filter, lock)?;
    let origin = capture.origin.clone();
    let (transport, slots) = origin
        .map(|origin| (origin.transport, origin.slots))
        .unzip();
    let options = Options {
        transport: transport.unwrap_or(Transport::Unknown),
        slots: slots.unwrap_or_default(),
        selection,
        ..Options::new(&plan.name)
    };
    let Lowered {
        program,
        diagnostics,
    } = lower(capture, &options, lock);
    let lock = Lock::of(&program, lock, capture);
    Ok(Generated {
        program,
        lock,
        diagnostics,
    })
}
