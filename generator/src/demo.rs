//! A small server inside `mcpress`, so that everything can be tried with nothing else installed.
//!
//! It speaks MCP 2025-11-25 over standard streams, one request at a time, and is written against the
//! protocol itself: rmcp's server half would come into every build for the sake of five tools.

use std::io::{BufRead, Write};
use std::time::Duration;

use serde_json::{Value, json};

/// A grey PNG of one pixel, in base64.
const PIXEL: &str =
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==";

/// The revisions of the protocol that it speaks, the one it prefers first.
const REVISIONS: [&str; 4] = ["2025-11-25", "2025-06-18", "2025-03-26", "2024-11-05"];

/// Serves until the end of the input.
///
/// # Errors
///
/// When the input cannot be read or the output cannot be written.
pub fn serve(input: impl BufRead, mut output: impl Write) -> std::io::Result<()> {
    for line in input.lines() {
        let Ok(message) = serde_json::from_str::<Value>(&line?) else {
            continue;
        };
        // A notification has no id and wants no answer.
        let (Some(id), Some(method)) = (message.get("id"), message["method"].as_str()) else {
            continue;
        };
        let params = &message["params"];
        let token = &params["_meta"]["progressToken"];
        let outcome = match method {
            "initialize" => Ok(introduction(params)),
            "ping" => Ok(json!({})),
            "tools/list" => Ok(json!({"tools": tools()})),
            "tools/call" => call(params, |done, total| {
                send(
                    &mut output,
                    &json!({"jsonrpc": "2.0", "method": "notifications/progress",
                    "params": {"progressToken": token, "progress": done, "total": total}}),
                )
            })?,
            _ => Err(json!({"code": -32601, "message": format!("no method {method}")})),
        };
        let answer = match outcome {
            Ok(result) => json!({"jsonrpc": "2.0", "id": id, "result": result}),
            Err(error) => json!({"jsonrpc": "2.0", "id": id, "error": error}),
        };
        send(&mut output, &answer)?;
    }
    Ok(())
}

fn send(output: &mut impl Write, message: &Value) -> std::io::Result<()> {
    writeln!(output, "{message}")?;
    output.flush()
}

fn introduction(params: &Value) -> Value {
    let asked = params["protocolVersion"].as_str();
    let version = asked
        .filter(|asked| REVISIONS.contains(asked))
        .unwrap_or(REVISIONS[0]);
    json!({
        "protocolVersion": version,
        "capabilities": {"tools": {}},
        "serverInfo": {"name": "demo", "title": "mcpress demo", "version": env!("CARGO_PKG_VERSION")},
        "instructions": "Five tools to try a generated command line on."
    })
}

fn tools() -> Value {
    let text = |description: &str| json!({"type": "string", "description": description});
    let number = |description: &str| json!({"type": "number", "description": description});
    json!([
        {
            "name": "greet",
            "description": "Greet someone. The answer is text.",
            "inputSchema": {"type": "object", "required": ["name"], "properties": {
                "name": text("Whom to greet"),
                "style": {"type": "string", "enum": ["plain", "warm", "formal"], "default": "plain",
                          "description": "How to say it"},
                "shout": {"type": "boolean", "description": "Say it in capitals"}
            }},
            "annotations": {"readOnlyHint": true}
        },
        {
            "name": "add_numbers",
            "description": "Add numbers up. The answer is structured.",
            "inputSchema": {"type": "object", "required": ["numbers"], "properties": {
                "numbers": {"type": "array", "items": {"type": "number"}, "description": "What to add"},
                "scale": {"anyOf": [number("Multiply the sum by this"), {"type": "null"}], "default": null,
                          "description": "Multiply the sum by this"}
            }},
            "outputSchema": {"type": "object", "properties": {"sum": {"type": "number"}, "count": {"type": "integer"}}},
            "annotations": {"readOnlyHint": true}
        },
        {
            "name": "paint",
            "description": "Paint a picture of one pixel. The answer is an image.",
            "inputSchema": {"type": "object", "properties": {}}
        },
        {
            "name": "break_glass",
            "description": "Fail, to see what a failure looks like.",
            "inputSchema": {"type": "object", "properties": {"reason": text("What to blame")}}
        },
        {
            "name": "count_down",
            "description": "Count down to zero, reporting progress on the way.",
            "inputSchema": {"type": "object", "required": ["from"], "properties": {
                "from": {"type": "integer", "minimum": 1, "maximum": 1000, "description": "Where to begin"},
                "pause_ms": {"type": "integer", "default": 100, "description": "Milliseconds between two numbers"}
            }}
        }
    ])
}

/// The result of a tool, or the error of a request that names none.
fn call(
    params: &Value,
    mut progress: impl FnMut(u64, u64) -> std::io::Result<()>,
) -> std::io::Result<Result<Value, Value>> {
    let arguments = &params["arguments"];
    let text = |text: String| json!({"content": [{"type": "text", "text": text}]});
    let result = match params["name"].as_str().unwrap_or_default() {
        "greet" => text(greeting(arguments)),
        "add_numbers" => sum(arguments),
        "paint" => json!({"content": [{"type": "image", "mimeType": "image/png", "data": PIXEL}]}),
        "break_glass" => {
            let reason = arguments["reason"]
                .as_str()
                .unwrap_or("nothing in particular");
            json!({"isError": true, "content": [{"type": "text", "text": format!("broken, because of {reason}")}]})
        }
        "count_down" => {
            let from = arguments["from"].as_u64().unwrap_or(3).min(1000);
            let pause = arguments["pause_ms"].as_u64().unwrap_or(100).min(10_000);
            for done in 1..=from {
                std::thread::sleep(Duration::from_millis(pause));
                progress(done, from)?;
            }
            text(format!("counted down from {from}"))
        }
        unknown => {
            return Ok(Err(
                json!({"code": -32602, "message": format!("no tool {unknown}")}),
            ));
        }
    };
    Ok(Ok(result))
}

fn greeting(arguments: &Value) -> String {
    let name = arguments["name"].as_str().unwrap_or("stranger");
    let greeting = match arguments["style"].as_str() {
        Some("warm") => format!("So good to see you, {name}!"),
        Some("formal") => format!("Good day to you, {name}."),
        _ => format!("Hello, {name}."),
    };
    if arguments["shout"] == true {
        greeting.to_uppercase()
    } else {
        greeting
    }
}

fn sum(arguments: &Value) -> Value {
    let numbers: Vec<f64> = arguments["numbers"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_f64)
        .collect();
    let sum = numbers.iter().sum::<f64>() * arguments["scale"].as_f64().unwrap_or(1.0);
    let data = json!({"sum": sum, "count": numbers.len()});
    json!({"content": [{"type": "text", "text": data.to_string()}], "structuredContent": data})
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(lines: &str) -> Vec<Value> {
        let mut output = Vec::new();
        serve(lines.as_bytes(), &mut output).unwrap();
        String::from_utf8(output)
            .unwrap()
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect()
    }

    #[test]
    fn progress_comes_before_the_answer() {
        let said = said(
            r#"{"id":1,"method":"tools/call","params":{"name":"count_down","arguments":{"from":2,"pause_ms":0},"_meta":{"progressToken":9}}}"#,
        );
        assert_eq!(said.len(), 3);
        assert_eq!(
            said[1]["params"],
            json!({"progressToken": 9, "progress": 2, "total": 2})
        );
        assert_eq!(
            said[2]["result"]["content"][0]["text"],
            "counted down from 2"
        );
    }

    #[test]
    fn noise_and_notifications_are_not_answered() {
        assert!(said("hello\n{\"method\":\"notifications/initialized\"}\n[]\n\n").is_empty());
    }
}
