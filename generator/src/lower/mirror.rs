//! Arguments that are sent as headers as well (MCP 2026-07-28, Tools, `x-mcp-header`).
//!
//! A server compares the headers of a call with its arguments. A definition that breaks the rules for
//! their names cannot be called in a way that both sides understand, and over HTTP a client has to do
//! as if the tool were not there. Without headers, over standard streams, nobody looks.

use std::collections::HashSet;

use serde_json::Value;

use crate::capture::Capture;
use crate::ir::Transport;

const ANNOTATION: &str = "x-mcp-header";

/// The first revision with such headers.
const SINCE: &str = "2026-07-28";

/// Whether calls to the server of a capture have such headers.
pub(super) fn applies(capture: &Capture) -> bool {
    let transport = capture.origin.as_ref().map(|origin| &origin.transport);
    *capture.protocol_version >= *SINCE && !matches!(transport, Some(Transport::Stdio { .. }))
}

/// Why a tool is left out, in a whole sentence.
pub(super) fn fault(definition: &Value) -> Option<&'static str> {
    Place::Root.fault(definition.get("inputSchema")?, &mut HashSet::new())
}

/// Where a schema stands in a tool's.
#[derive(Clone, Copy, PartialEq)]
enum Place {
    Root,
    /// A property of the root, or of such a property.
    Property,
    /// Anywhere else: what is there may hold for an argument or not.
    Elsewhere,
}

impl Place {
    fn fault(self, schema: &Value, names: &mut HashSet<String>) -> Option<&'static str> {
        let schema = schema.as_object()?;
        if let Some(name) = schema.get(ANNOTATION) {
            let kind = schema.get("type").and_then(Value::as_str);
            if self != Self::Property {
                return Some("It wants a header of what is not a property, so it is left out.");
            }
            let Some(name) = name.as_str().filter(|name| is_token(name)) else {
                return Some("It wants a header whose name is none, so it is left out.");
            };
            if !matches!(kind, Some("string" | "integer" | "boolean")) {
                return Some(
                    "It wants a header of a value that no header can hold, so it is left out.",
                );
            }
            if !names.insert(name.to_ascii_lowercase()) {
                return Some("It wants the same header of two properties, so it is left out.");
            }
        }
        schema.iter().find_map(|(keyword, value)| {
            let schemas = value.as_object().map(|map| map.values());
            match (&**keyword, value) {
                ("properties", Value::Object(_)) => {
                    let place = match self {
                        Self::Root | Self::Property => Self::Property,
                        Self::Elsewhere => Self::Elsewhere,
                    };
                    schemas?.find_map(|schema| place.fault(schema, names))
                }
                ("$defs" | "definitions" | "patternProperties" | "dependentSchemas", _) => {
                    schemas?.find_map(|schema| Self::Elsewhere.fault(schema, names))
                }
                // These hold values, and a value may have any key.
                ("const" | "default" | "enum" | "examples", _) => None,
                (_, Value::Object(_)) => Self::Elsewhere.fault(value, names),
                (_, Value::Array(items)) => items
                    .iter()
                    .find_map(|schema| Self::Elsewhere.fault(schema, names)),
                _ => None,
            }
        })
    }
}

/// Whether a header could have this name (RFC 9110, 5.6.2).
fn is_token(name: &str) -> bool {
    let is_part = |b: u8| b.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&b);
    !name.is_empty() && name.bytes().all(is_part)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::offers;
    use super::*;
    use crate::capture::Origin;

    fn of(schema: Value) -> Option<&'static str> {
        fault(&json!({"name": "t", "inputSchema": schema}))
    }

    fn of_properties(properties: Value) -> Option<&'static str> {
        of(json!({"type": "object", "properties": properties}))
    }

    #[test]
    fn a_header_of_a_plain_value_is_in_order() {
        for schema in [
            json!({"type": "object"}),
            json!({"properties": {"a": {"type": "string", "x-mcp-header": "Region"}}}),
            json!({"properties": {"a": {"properties": {"b": {"type": "integer", "x-mcp-header": "B"}}}}}),
            // A property of that name, and a value with that key.
            json!({"properties": {"x-mcp-header": {"type": "array"}}}),
            json!({"properties": {"a": {"default": {"x-mcp-header": ""}}}}),
        ] {
            assert_eq!(of(schema.clone()), None, "{schema}");
        }
    }

    #[test]
    fn a_header_that_no_call_could_have_is_a_fault() {
        for name in [
            json!(""),
            json!("My Region"),
            json!("A:B"),
            json!("Région"),
            json!("A\t1"),
            json!(1),
        ] {
            let properties = json!({"a": {"type": "string", "x-mcp-header": name}});
            let found = of_properties(properties);
            assert_eq!(
                found,
                Some("It wants a header whose name is none, so it is left out."),
                "{name}"
            );
        }
        for kind in [
            json!("object"),
            json!("array"),
            json!("null"),
            json!("number"),
            json!(["string"]),
        ] {
            let properties = json!({"a": {"type": kind, "x-mcp-header": "A"}});
            let found = of_properties(properties).unwrap_or_default();
            assert!(found.contains("no header can hold"), "{kind}: {found}");
        }
    }

    #[test]
    fn two_headers_of_one_name_are_a_fault_whatever_their_case() {
        let found = of_properties(json!({
            "a": {"type": "string", "x-mcp-header": "MyField"},
            "b": {"properties": {"c": {"type": "string", "x-mcp-header": "myfield"}}},
        }));
        assert_eq!(
            found,
            Some("It wants the same header of two properties, so it is left out.")
        );
    }

    #[test]
    fn a_header_of_what_may_not_be_there_is_a_fault() {
        let header = json!({"type": "string", "x-mcp-header": "A"});
        for schema in [
            json!({"x-mcp-header": "A", "type": "object"}),
            json!({"properties": {"a": {"type": "array", "items": header}}}),
            json!({"anyOf": [{"properties": {"a": header}}]}),
            json!({"$defs": {"a": header}}),
            json!({"properties": {"a": {"additionalProperties": header}}}),
        ] {
            assert!(of(schema.clone()).is_some(), "{schema}");
        }
    }

    #[test]
    fn a_tool_is_left_out_where_calls_have_such_headers() {
        let tool = |name, header| {
            let properties = json!({"a": {"type": "string", "x-mcp-header": header}});
            json!({"name": name, "inputSchema": {"properties": properties}})
        };
        let mut capture = Capture {
            tools: vec![tool("good", "A"), tool("bad", "")],
            protocol_version: "2025-11-25".into(),
            ..Capture::default()
        };
        assert_eq!(offers(&capture).0.len(), 2);
        capture.protocol_version = SINCE.into();
        let (left, diagnostics) = offers(&capture);
        assert_eq!((left.len(), left[0].wire), (1, "good"));
        assert_eq!(
            diagnostics[0].to_string(),
            "tool `bad`: /tools/1: It wants a header whose name is none, so it is left out."
        );
        let child = Transport::Stdio {
            command: "server".into(),
            args: Vec::new(),
            env: Vec::new(),
            directory: None,
        };
        capture.origin = Some(Origin {
            transport: child,
            slots: Vec::new(),
        });
        assert_eq!(offers(&capture).0.len(), 2);
    }
}
