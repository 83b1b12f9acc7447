//! What a server said, as a versioned JSON file.
//!
//! A capture is the only thing the stages after introspection see of a server. Tools, prompts and
//! resources are kept as the JSON values they came as: what this program does not understand today is
//! there for the one that will.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use crate::ir::{Slot, Transport};

/// The version of the capture's layout.
pub const FORMAT: u32 = 1;

/// What a server said.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Capture {
    /// The layout of this file: [`FORMAT`] at the time of writing, 0 for a file from elsewhere.
    pub format: u32,
    /// The protocol revision spoken, such as `2025-11-25`; empty where it is not known.
    pub protocol_version: String,
    /// The capabilities the client declared: a server may choose its tools by them.
    pub client_capabilities: Map<String, Value>,
    /// The answer to `initialize`; null where it is not known.
    pub initialize: Value,
    /// The tools, in the server's order.
    pub tools: Vec<Value>,
    /// The prompts.
    pub prompts: Vec<Value>,
    /// The resources.
    pub resources: Vec<Value>,
    /// The resource templates.
    pub resource_templates: Vec<Value>,
    /// Where the server is, so that a capture alone makes a program that knows it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// What the server declared and then failed to list, one sentence each.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub notes: Vec<String>,
}

/// Where a captured server is: templates and names, no values.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Origin {
    /// How it is started or reached.
    pub transport: Transport,
    /// The named values it needs.
    pub slots: Vec<Slot>,
}

/// Why a text is not a capture.
#[derive(Debug, thiserror::Error)]
pub enum CaptureError {
    /// It is not JSON.
    #[error("not JSON")]
    Json(#[from] serde_json::Error),
    /// It is JSON of another shape.
    #[error("neither a capture nor an answer to `tools/list`: no array named `tools`")]
    Shape,
    /// It is a capture of a layout this program does not know.
    #[error("a capture of layout {0}, newer than layout {FORMAT} that this mcpress reads")]
    Newer(u32),
}

impl Capture {
    /// Reads a capture, a result of `tools/list`, the JSON-RPC response around one, or a bare array
    /// of tools.
    ///
    /// # Errors
    ///
    /// When the text is not JSON, or JSON of none of these shapes.
    pub fn read(text: &str) -> Result<Self, CaptureError> {
        let mut value: Value = serde_json::from_str(text)?;
        if let Some(result) = value.get_mut("result") {
            value = result.take();
        }
        if value.is_array() {
            value = Map::from_iter([("tools".to_owned(), value)]).into();
        }
        if !value.get("tools").is_some_and(Value::is_array) {
            return Err(CaptureError::Shape);
        }
        let capture: Self = serde_json::from_value(value)?;
        if capture.format > FORMAT {
            return Err(CaptureError::Newer(capture.format));
        }
        Ok(capture)
    }

    /// The capture as the text of its file: indented, with a final newline.
    pub fn to_text(&self) -> String {
        let mut text = serde_json::to_string_pretty(self).expect("a capture is JSON already");
        text.push('\n');
        text
    }
}
