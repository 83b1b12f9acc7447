//! What only the server knows: the values of a prompt's argument, or of a variable in a resource's
//! address (MCP 2025-11-25, Completion).

use std::sync::mpsc;
use std::time::Duration;

use serde_json::{Map, Value, json};

use super::{Answer, Candidate};
use crate::resilience;
use crate::run::Run;
use crate::settings::{Format, Settings, Verbosity};

/// How long a user is made to wait after a key, the start of the server included.
const PATIENCE: Duration = Duration::from_secs(1);

/// What the server proposes for an argument of the `reference`d prompt or resource template, others
/// having been given.
///
/// Nothing is said of whatever goes wrong: nobody asked for it. A server that takes its time is left
/// alone with it, and seen off when the program ends.
pub(super) fn asked(
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
    within(PATIENCE, run, params)
}

/// The same within a time, which holds for all of it.
fn within(limit: Duration, run: &Run, params: Value) -> Answer {
    let settings = Settings {
        timeout: Some(limit),
        // What is typed is for the shell.
        answers: Some("decline".to_owned()),
        format: Format::Raw,
        verbosity: Verbosity::Quiet,
        resilience: resilience::Options::once(),
        ..run.settings.clone()
    };
    let door = Run::new(run.spec, run.connectors, run.vaults, settings.clone());
    if door.may_ask().is_err() {
        return Answer::of(&mut std::iter::empty());
    }
    // No vault is asked for a credential because somebody pressed a key.
    let run = Run::new(run.spec, run.connectors, &[], settings);
    let (tell, told) = mpsc::channel();
    // A thread of its own, for the limits of a conversation are each for a part of it.
    std::thread::spawn(move || {
        let outcome = run.converse(
            async |client| client.request("completion/complete", params.clone()).await,
            |answer| {
                // Nobody listens after the time is up.
                let _ = tell.send(answer);
                Ok(())
            },
        );
        outcome.is_ok()
    });
    let answer = told.recv_timeout(limit).unwrap_or_default();
    let values = answer.pointer("/completion/values");
    let values = values.and_then(Value::as_array).into_iter().flatten();
    let texts = values.filter_map(Value::as_str);
    Answer::of(&mut texts.map(|text| Candidate::new(text, "")))
}

#[cfg(all(test, unix))]
mod tests {
    use std::time::Instant;

    use super::*;
    use crate::environment::Overrides;
    use crate::spec::{FORMAT, Server, Spec, Transport};
    use crate::transport::STDIO;

    /// A server in a line of shell: it shakes hands, and completes.
    const SERVER: &str = r#"sh -c '
        while read -r line; do
            id=$(expr "$line" : ".*\"id\":\([0-9]*\)")
            case $line in
            *\"initialize\"*) said="{\"protocolVersion\":\"2025-11-25\",\"capabilities\":{\"completions\":{}},\"serverInfo\":{\"name\":\"s\",\"version\":\"1\"}}" ;;
            *completion/complete*\"value\":\"pa\"*) said="{\"completion\":{\"values\":[\"paris\",\"palo\\nalto\"]}}" ;;
            *) continue ;;
            esac
            printf "%s\n" "{\"jsonrpc\":\"2.0\",\"id\":$id,\"result\":$said}"
        done'"#;

    static SPEC: Spec = Spec {
        format: FORMAT,
        name: "zoo",
        about: "",
        server: Server {
            transport: Transport::Unknown,
            protocol: "",
            capabilities: "{}",
            capture: r#"{"initialize": {"capabilities": {"completions": {}}}}"#,
        },
        slots: &[],
        tools: &[],
        prompts: &[],
        templates: &[],
        omitted: crate::spec::Omitted::NOTHING,
    };

    fn run(server: &str) -> Run {
        let settings = Settings {
            overrides: Overrides {
                command: Some(server.to_owned()),
                ..Overrides::default()
            },
            ..Settings::default()
        };
        Run::new(&SPEC, &[STDIO], &[], settings)
    }

    fn values(limit: Duration, server: &str) -> Vec<String> {
        let params = json!({"argument": {"name": "city", "value": "pa"}});
        let answer = within(limit, &run(server), params);
        let found = answer.candidates.into_iter();
        found.map(|candidate| candidate.value).collect()
    }

    #[test]
    fn the_server_proposes_what_can_be_typed() {
        assert_eq!(values(Duration::from_secs(30), SERVER), ["paris"]);
    }

    #[test]
    fn a_server_that_is_slow_or_broken_costs_a_moment_and_says_nothing() {
        let limit = Duration::from_millis(100);
        for server in ["sleep 30", "false", "/nonexistent/server"] {
            let started = Instant::now();
            assert!(values(limit, server).is_empty(), "{server}");
            assert!(started.elapsed() < limit * 20, "{server}");
        }
    }
}
