//! Whether an answer says that the tool failed, and in which words.

use serde_json::Value;

use super::Answer;
use crate::spec::Failure;

/// Why the tool failed, if its answer says so: by `isError`, or by `success: false` at the top of its
/// data or under `data`.
///
/// The second form is what servers that wrap every answer as `{success, data, error}` send. Some of
/// them report a failed call of their own as the `data` of a successful one: as the data itself, as an
/// `error` in it, or, for a call that stands for several, as a list in which nothing succeeded.
pub(super) fn failure(answer: &Answer, test: Failure) -> Option<String> {
    let data = answer.data();
    if answer.is_flagged() {
        return Some(data.and_then(words).unwrap_or_else(|| text(answer)));
    }
    let data = data?;
    match test {
        Failure::Shaped => {}
        Failure::Flagged => return None,
        Failure::Equals { pointer, value } => {
            let wanted: Value = serde_json::from_str(value).ok()?;
            let failed = data.pointer(pointer) == Some(&wanted);
            return failed.then(|| words(data).unwrap_or_default());
        }
    }
    // fastmcp wraps an answer that is no object by itself as `{"result": …}`.
    let data = match data.as_object() {
        Some(object) if object.len() == 1 => object.get("result").unwrap_or(data),
        _ => data,
    };
    let inner = data.get("data");
    let inner_error = inner.and_then(|inner| inner.get("error"));
    let listed = inner
        .and_then(Value::as_array)
        .filter(|list| list.iter().all(has_failed));
    std::iter::once(data)
        .chain(inner)
        .chain(inner_error)
        .chain(listed.and_then(|list| list.first()))
        .find(|value| has_failed(value))
        .map(|failed| words(failed).unwrap_or_default())
}

fn has_failed(value: &Value) -> bool {
    value.get("success").is_some_and(|success| success == false)
}

/// The words for it in a value of the `{success, data, error}` shape.
fn words(value: &Value) -> Option<String> {
    let error = ["error", "message", "detail"]
        .iter()
        .find_map(|name| value.get(name))?;
    match error {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        Value::Object(object) => match object.get("message") {
            Some(Value::String(text)) => Some(text.clone()),
            _ => Some(error.to_string()),
        },
        other => Some(other.to_string()),
    }
}

/// All that the answer says.
fn text(answer: &Answer) -> String {
    let mut text = Vec::new();
    // A vector takes whatever is written to it.
    let _ = answer.text(&mut text);
    String::from_utf8_lossy(&text).into_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_failure_is_found_wherever_a_server_puts_it() {
        let text = |text: &str| json!([{"type": "text", "text": text}]);
        for (result, words) in [
            (
                json!({"isError": true, "content": text("no such tag")}),
                "no such tag\n",
            ),
            (json!({"isError": true, "content": "bare"}), "bare\n"),
            (
                json!({"isError": true, "content": [], "structuredContent": {"reason": 7}}),
                "{\n  \"reason\": 7\n}\n",
            ),
            (json!({"isError": "true", "content": []}), ""),
            (
                json!({"content": text(r#"{"success": false, "error": "denied"}"#)}),
                "denied",
            ),
            (
                json!({"structuredContent": {"success": false, "data": null, "error": {"message": "gone"}}}),
                "gone",
            ),
            (
                json!({"structuredContent": {"success": true, "data": {"success": false, "error": "unreachable"}}}),
                "unreachable",
            ),
            (
                json!({"structuredContent": {"result": {"success": false, "error": "wrapped"}}}),
                "wrapped",
            ),
        ] {
            assert_eq!(
                failure(&Answer::new(result.clone()), Failure::Shaped).as_deref(),
                Some(words),
                "{result}"
            );
        }
    }

    #[test]
    fn an_answer_that_only_looks_like_a_failure_is_none() {
        for result in [
            json!({"content": [{"type": "text", "text": "success: false"}]}),
            json!({"structuredContent": {"success": true, "error": "stale"}}),
            json!({"structuredContent": {"success": "false"}}),
            json!({"structuredContent": {"rows": [{"success": false}]}}),
            json!({"isError": false, "content": []}),
            json!({"structuredContent": {"data": [{"success": false}, {"success": true}]}}),
            json!({"structuredContent": {"data": []}}),
        ] {
            let answer = Answer::new(result.clone());
            assert_eq!(failure(&answer, Failure::Shaped), None, "{result}");
        }
    }
}
