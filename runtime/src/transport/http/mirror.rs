//! The headers that mirror a request, so that what stands between a client and a server can route
//! it without reading it (MCP 2026-07-28, Streamable HTTP, Standard headers).

use base64::prelude::{BASE64_STANDARD, Engine as _};
use http::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;

/// The headers of a message. `mirrored` are the arguments that the tool's schema wants as headers.
pub(super) fn headers(message: &Value, mirrored: &[(String, String)]) -> HeaderMap {
    let method = message["method"].as_str();
    let params = &message["params"];
    let subject = match method.unwrap_or_default() {
        "tools/call" | "prompts/get" => &params["name"],
        "resources/read" | "resources/subscribe" | "resources/unsubscribe" => &params["uri"],
        "tasks/get" | "tasks/update" | "tasks/cancel" => &params["taskId"],
        _ => &Value::Null,
    };
    let revision = &params["_meta"]["io.modelcontextprotocol/protocolVersion"];
    let standard = [
        ("mcp-protocol-version", revision.as_str()),
        ("mcp-method", method),
        ("mcp-name", subject.as_str()),
    ];
    let standard = standard
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)));
    let arguments = mirrored
        .iter()
        .map(|(name, value)| (format!("mcp-param-{name}"), value.as_str()));
    standard
        .chain(arguments)
        .filter_map(|(name, value)| {
            // A name that is no header's is the schema's mistake, and the server's to notice.
            let name = HeaderName::from_bytes(name.as_bytes()).ok()?;
            Some((name, HeaderValue::from_str(&encoded(value)).ok()?))
        })
        .collect()
}

/// A text as the value of a header: as it stands where that is possible, else in Base64.
fn encoded(text: &str) -> String {
    const OPEN: &str = "=?base64?";
    const CLOSE: &str = "?=";
    let is_blank = |c: char| c == ' ' || c == '\t';
    let is_printable = text.chars().all(|c| (' '..='~').contains(&c));
    let would_be_trimmed = text.starts_with(is_blank) || text.ends_with(is_blank);
    let looks_encoded = text.starts_with(OPEN) && text.ends_with(CLOSE);
    if !is_printable || would_be_trimmed || looks_encoded {
        return format!("{OPEN}{}{CLOSE}", BASE64_STANDARD.encode(text));
    }
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_message_is_mirrored_in_headers_that_can_hold_it() {
        let message = json!({"method": "tools/call", "params": {
            "name": "größe",
            "_meta": {"io.modelcontextprotocol/protocolVersion": "2026-07-28"},
        }});
        let mirrored = [
            ("Region".to_owned(), " eu ".to_owned()),
            ("a b".to_owned(), "x".to_owned()),
        ];
        let headers = headers(&message, &mirrored);
        let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
        assert_eq!(text("Mcp-Protocol-Version"), Some("2026-07-28"));
        assert_eq!(text("Mcp-Method"), Some("tools/call"));
        assert_eq!(text("Mcp-Name"), Some("=?base64?Z3LDtsOfZQ==?="));
        assert_eq!(text("Mcp-Param-Region"), Some("=?base64?IGV1IA==?="));
        assert_eq!(headers.len(), 4);
    }

    #[test]
    fn what_looks_encoded_is_encoded() {
        assert_eq!(encoded("plain, 1"), "plain, 1");
        assert_eq!(
            encoded("=?base64?eA==?="),
            "=?base64?PT9iYXNlNjQ/ZUE9PT89?="
        );
    }
}
