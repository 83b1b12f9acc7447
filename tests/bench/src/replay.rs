//! A server that answers from a file: `serve ANSWERS`.
//!
//! It says what a real server said, so that a real command line can be generated from it, and takes
//! next to no time and memory of its own, so that what is measured around it is the client. The file
//! has two lines, the results of `initialize` and of `tools/list`; they are sent as they are, without
//! being parsed. Any call is answered with the same small structured result.

use std::io::{BufRead, Write};
use std::path::Path;

use serde_json::{Value, json};

use crate::error::Error;

/// What a call of any tool is answered with.
pub(crate) const ANSWER: &str = "replayed";

/// Speaks on the standard streams until the client is done.
pub(crate) fn serve(answers: Option<String>) -> Result<(), Error> {
    let path = answers.ok_or_else(|| Error::Usage("serve needs a file of answers".to_owned()))?;
    let text = std::fs::read_to_string(&path).map_err(Error::file(&path))?;
    let Some((initialized, listed)) = text.trim_end().split_once('\n') else {
        return Err(Error::Server(format!(
            "cannot answer: {path} has no two lines"
        )));
    };
    let called = answer().to_string();
    let mut out = std::io::stdout().lock();
    for line in std::io::stdin().lock().lines() {
        let line = line.map_err(Error::file("stdin"))?;
        let Ok(message) = serde_json::from_str::<Value>(&line) else {
            continue;
        };
        let Some(id) = message.get("id") else {
            continue;
        };
        let (kind, body) = match message["method"].as_str() {
            Some("initialize") => ("result", initialized),
            Some("tools/list") => ("result", listed),
            Some("tools/call") => ("result", &*called),
            Some("prompts/list") => ("result", r#"{"prompts": []}"#),
            Some("resources/list") => ("result", r#"{"resources": []}"#),
            Some("resources/templates/list") => ("result", r#"{"resourceTemplates": []}"#),
            Some("ping") => ("result", "{}"),
            _ => ("error", r#"{"code": -32601, "message": "no such method"}"#),
        };
        let sent = writeln!(out, r#"{{"jsonrpc": "2.0", "id": {id}, "{kind}": {body}}}"#);
        // A client that has left needs no answer.
        if sent.and_then(|()| out.flush()).is_err() {
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

/// Writes the answers of a server with a given number of tools: those of another, over and over,
/// numbered from the second time on.
pub(crate) fn write(capture: &Value, count: usize, path: &Path) -> Result<(), Error> {
    let tools = capture["tools"].as_array().cloned().unwrap_or_default();
    let mut grown = Vec::with_capacity(count);
    for at in 0..if tools.is_empty() { 0 } else { count } {
        let mut tool = tools[at % tools.len()].clone();
        if at >= tools.len() {
            let name = tool["name"].as_str().unwrap_or_default();
            tool["name"] = format!("{name}_{}", at / tools.len()).into();
        }
        grown.push(tool);
    }
    let listed = json!({"tools": grown});
    let text = format!("{}\n{listed}\n", capture["initialize"]);
    std::fs::write(path, text).map_err(Error::file(path))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn repeated_tools_have_names_of_their_own() {
        let capture = json!({"initialize": {}, "tools": [{"name": "a"}, {"name": "b"}]});
        let path = std::env::temp_dir().join(format!("replay-{}.json", std::process::id()));
        write(&capture, 5, &path).expect("the folder of temporary files can be written to");
        let text = std::fs::read_to_string(&path).expect("it was written just now");
        let _ = std::fs::remove_file(path);
        let listed = text.lines().nth(1).unwrap_or_default();
        let listed: Value = serde_json::from_str(listed).expect("the second line is JSON");
        let names: BTreeSet<_> = listed["tools"]
            .as_array()
            .into_iter()
            .flatten()
            .map(|tool| &tool["name"])
            .map(Value::to_string)
            .collect();
        assert_eq!(names.len(), 5);
    }
}
