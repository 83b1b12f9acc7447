//! What only the server knows: the values of a prompt's argument, or of a variable in a resource's
//! address (MCP 2025-11-25, Completion).

use std::sync::mpsc;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{Answer, Candidate};
use crate::output::printer::Printer;
use crate::run::Run;
use crate::settings::{Format, Settings, Verbosity};

/// How long a user is made to wait after a key, the start of the server included.
const PATIENCE: Duration = Duration::from_secs(1);

/// What the server proposes for an argument of the `reference`d prompt or resource template, others
/// having been given.
///
/// Nothing is said of whatever goes wrong: nobody asked for it. A server that takes its time is left
/// alone with it, and seen off when the program ends.
#[expect(
    dead_code,
    reason = "for commands that take what only the server knows"
)]
pub(crate) fn asked(
    run: &Run,
    reference: Value,
    argument: &str,
    typed: &str,
    given: Map<String, Value>,
) -> Answer {
    let said: Value = serde_json::from_str(run.spec.server.capture).unwrap_or_default();
    if said
        .pointer("/initialize/capabilities/completions")
        .is_none()
    {
        return Answer::default();
    }
    let params = json!({
        "ref": reference,
        "argument": {"name": argument, "value": typed},
        "context": {"arguments": given},
    });
    let run = Run {
        settings: Settings {
            timeout: Some(PATIENCE),
            ..run.settings.clone()
        },
        printer: Printer::new(Format::Raw, Verbosity::Quiet),
        ..*run
    };
    let (tell, told) = mpsc::channel();
    // A thread of its own, for the limits of a conversation are a phase's each.
    std::thread::spawn(move || {
        let outcome = run.converse(
            async |client| client.request("completion/complete", params).await,
            |answer| {
                // Nobody listens after the time is up.
                let _ = tell.send(answer);
                Ok(())
            },
        );
        outcome.is_ok()
    });
    let answer = told.recv_timeout(PATIENCE).unwrap_or_default();
    let values = answer.pointer("/completion/values");
    let values = values.and_then(Value::as_array).into_iter().flatten();
    let texts = values.filter_map(Value::as_str);
    texts.map(|text| Candidate::new(text, "")).collect()
}
