//! A server that answers from a file: `serve CAPTURE`.
//!
//! It says what a real server said, so that a real command line can be generated from it, and takes
//! next to no time and memory of its own, so that what is measured around it is the client. Any call
//! is answered with the same small structured result.

use std::io::{BufRead, Write};
use std::path::Path;

use serde_json::{Value, json};

use crate::error::Error;

/// What a call of any tool is answered with.
pub(crate) const ANSWER: &str = "replayed";

/// Speaks on the standard streams until the client is done.
pub(crate) fn serve(capture: Option<String>) -> Result<(), Error> {
    let path = capture.ok_or_else(|| Error::Usage("serve needs a capture".to_owned()))?;
    let text = std::fs::read_to_string(&path).map_err(Error::file(&path))?;
    let capture: Value = serde_json::from_str(&text)
        .map_err(|error| Error::Server(format!("cannot: {path}: {error}")))?;
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let line = line.map_err(Error::file("stdin"))?;
        let Ok(message) = serde_json::from_str::<Value>(&line) else {
            continue;
        };
        let Some(id) = message.get("id") else {
            continue;
        };
        let method = message["method"].as_str().unwrap_or_default();
        let body = match method {
            "initialize" => json!({"result": capture["initialize"]}),
            "tools/list" => json!({"result": {"tools": capture["tools"]}}),
            "tools/call" => json!({"result": answer()}),
            "prompts/list" => json!({"result": {"prompts": []}}),
            "resources/list" => json!({"result": {"resources": []}}),
            "resources/templates/list" => json!({"result": {"resourceTemplates": []}}),
            "ping" => json!({"result": {}}),
            _ => json!({"error": {"code": -32601, "message": format!("no method {method}")}}),
        };
        let mut reply = json!({"jsonrpc": "2.0", "id": id});
        if let (Some(reply), Value::Object(body)) = (reply.as_object_mut(), body) {
            reply.extend(body);
        }
        // A client that has left needs no answer.
        if writeln!(out, "{reply}").and_then(|()| out.flush()).is_err() {
            break;
        }
    }
    Ok(())
}

fn answer() -> Value {
    let structured = json!({"success": true, "data": ANSWER, "error": null});
    json!({
        "content": [{"type": "text", "text": structured.to_string()}],
        "structuredContent": structured,
        "isError": false,
    })
}

/// Writes a capture with a given number of tools: those of another, over and over, numbered.
pub(crate) fn multiply(capture: &Value, count: usize, path: &Path) -> Result<(), Error> {
    let mut grown = capture.clone();
    let tools = capture["tools"].as_array().cloned().unwrap_or_default();
    let numbered = tools
        .iter()
        .cycle()
        .take(if tools.is_empty() { 0 } else { count })
        .enumerate();
    grown["tools"] = numbered
        .map(|(at, tool)| {
            let mut tool = tool.clone();
            if at >= tools.len() {
                let name = tool["name"].as_str().unwrap_or_default();
                tool["name"] = format!("{name}_{}", at / tools.len()).into();
            }
            tool
        })
        .collect();
    std::fs::write(path, grown.to_string()).map_err(Error::file(path))
}
