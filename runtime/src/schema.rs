//! A tool's whole schema, and where its references lead.
//!
//! Servers write for every draft of JSON Schema there has been, so a reference is taken in any of
//! the spellings they had: a pointer, an anchor, or the identifier of a schema embedded in the same
//! document. What leads out of the document is never fetched.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::HashMap;

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

/// A tool's whole `inputSchema`, in which references are looked up.
///
/// Its anchors and identifiers are indexed when the first of them is asked for, so that a reference
/// costs the same however large the document is.
#[derive(Debug)]
pub struct Document<'a> {
    root: &'a Value,
    named: OnceCell<HashMap<String, &'a Value>>,
}

/// Why a reference leads nowhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unresolved<'r> {
    /// There is nothing at this place of the document.
    Dangling(&'r str),
    /// This leads to another document.
    Remote(&'r str),
}

impl<'a> Document<'a> {
    /// A document by its root.
    pub fn new(root: &'a Value) -> Self {
        Self {
            root,
            named: OnceCell::new(),
        }
    }

    /// The whole document.
    pub fn root(&self) -> &'a Value {
        self.root
    }

    /// What a `$ref` leads to: `#`, `#/a/pointer`, `#anchor`, or the text of an `$id` of this
    /// document with or without one of these behind it.
    ///
    /// A relative reference is not joined to the document's own `$id`; that is written nowhere but
    /// in schemas meant for a registry.
    pub fn resolve<'r>(&self, reference: &'r str) -> Result<&'a Value, Unresolved<'r>> {
        let (base, fragment) = reference.split_once('#').unwrap_or((reference, ""));
        let resource = match base {
            "" => Some(self.root),
            _ => self.named(base),
        };
        if let Some(resource) = resource {
            return self
                .fragment(resource, base, fragment)
                .ok_or(Unresolved::Dangling(reference));
        }
        Err(Unresolved::Remote(reference))
    }

    fn fragment(&self, resource: &'a Value, base: &str, fragment: &str) -> Option<&'a Value> {
        let decoded = percent_decode_str(fragment).decode_utf8().ok()?;
        if decoded.is_empty() {
            return Some(resource);
        }
        if decoded.starts_with('/') {
            // A name with a percent sign of its own is often written as it stands.
            let plain = || resource.pointer(fragment);
            return resource.pointer(&decoded).or_else(plain);
        }
        self.named(&format!("{base}#{decoded}"))
    }

    fn named(&self, name: &str) -> Option<&'a Value> {
        let index = self.named.get_or_init(|| index(self.root));
        index.get(name).copied()
    }
}

/// A name as one token of a JSON Pointer (RFC 6901, section 3).
pub fn escape(name: &str) -> String {
    name.replace('~', "~0").replace('/', "~1")
}

/// The name that one token of a JSON Pointer stands for.
pub fn unescape(token: &str) -> String {
    token.replace("~1", "/").replace("~0", "~")
}

/// Every schema of a document that has a name: an identifier as it is written, an anchor as
/// `#anchor` and, inside a schema with an identifier, as `identifier#anchor` too. Where two have
/// the same name, the first keeps it.
fn index(root: &Value) -> HashMap<String, &Value> {
    let mut named = HashMap::new();
    // A stack of our own: how deep a schema goes is for its server to say.
    let mut ahead = vec![(root, "")];
    while let Some((schema, base)) = ahead.pop() {
        let keywords = match schema {
            Value::Object(keywords) => keywords,
            Value::Array(schemas) => {
                ahead.extend(schemas.iter().rev().map(|schema| (schema, base)));
                continue;
            }
            _ => continue,
        };
        let own = identifier(keywords);
        let base = own.map_or(base, |own| own);
        if let Some(own) = own {
            named.entry(own.to_owned()).or_insert(schema);
        }
        for anchor in anchors(keywords) {
            named.entry(format!("#{anchor}")).or_insert(schema);
            if !base.is_empty() {
                named.entry(format!("{base}#{anchor}")).or_insert(schema);
            }
        }
        for (keyword, value) in keywords.iter().rev() {
            match (keyword.as_str(), value) {
                // These hold data, which may look like a schema.
                ("const" | "enum" | "default" | "example" | "examples", _) => {}
                // Here the keys are names, not keywords.
                (
                    "properties" | "patternProperties" | "$defs" | "definitions"
                    | "dependentSchemas" | "dependencies",
                    Value::Object(schemas),
                ) => ahead.extend(schemas.values().rev().map(|schema| (schema, base))),
                _ => ahead.push((value, base)),
            }
        }
    }
    named
}

/// A schema's `$id`, or `id` of draft-04, as it is written but for an empty fragment.
fn identifier(keywords: &Map<String, Value>) -> Option<&str> {
    let written = texts(keywords, &["$id", "id"]).find(|text| !text.starts_with('#'))?;
    let plain = written.strip_suffix('#').unwrap_or(written);
    (!plain.is_empty()).then_some(plain)
}

/// The names a schema has as a fragment. Before draft 2019-09 they were identifiers.
fn anchors(keywords: &Map<String, Value>) -> impl Iterator<Item = Cow<'_, str>> {
    let new = texts(keywords, &["$anchor", "$dynamicAnchor"]).map(Cow::Borrowed);
    let old = texts(keywords, &["$id", "id"])
        .filter_map(|text| text.strip_prefix('#'))
        .filter_map(|text| percent_decode_str(text).decode_utf8().ok());
    new.chain(old).filter(|name| !name.is_empty())
}

fn texts<'a>(
    keywords: &'a Map<String, Value>,
    names: &'static [&'static str],
) -> impl Iterator<Item = &'a str> {
    names
        .iter()
        .filter_map(|name| keywords.get(*name)?.as_str())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_reference_is_found_in_every_spelling_of_every_draft() {
        let root = json!({
            "$id": "https://x/root.json#",
            "properties": {
                "a": { "anyOf": [{ "const": "slot" }] },
                "id": { "type": "string" },
            },
            "default": { "$anchor": "new", "$id": "data" },
            "$defs": {
                "plain": { "const": "plain" },
                "a/b~c %": { "const": "odd" },
                "new": { "$anchor": "new", "const": "anchor" },
                "dynamic": { "$dynamicAnchor": "dynamic", "const": "dynamic" },
                "six": { "$id": "#six", "const": "six" },
                "four": { "id": "#four", "const": "four" },
                "item": {
                    "$id": "item.json",
                    "const": "item",
                    "$defs": { "part": { "$anchor": "part", "const": "part" } },
                },
            },
        });
        let document = Document::new(&root);
        for (reference, found) in [
            ("#/$defs/plain", "plain"),
            ("#/%24defs/plain", "plain"),
            ("#/$defs/a~1b~0c%20%25", "odd"),
            ("#/$defs/a~1b~0c %", "odd"),
            ("#/properties/a/anyOf/0", "slot"),
            ("#new", "anchor"),
            ("#dynamic", "dynamic"),
            ("#six", "six"),
            ("#four", "four"),
            ("#part", "part"),
            ("item.json", "item"),
            ("item.json#", "item"),
            ("item.json#part", "part"),
            ("item.json#/$defs/part", "part"),
            ("https://x/root.json#/$defs/plain", "plain"),
            ("https://x/root.json#new", "anchor"),
        ] {
            let schema = document.resolve(reference).expect(reference);
            assert_eq!(schema["const"], found, "{reference}");
        }
        for reference in ["#", "", "https://x/root.json", "https://x/root.json#"] {
            let schema = document.resolve(reference).expect(reference);
            assert!(std::ptr::eq(schema, &raw const root), "{reference}");
        }
    }

    #[test]
    fn a_reference_to_nothing_is_told_from_one_to_another_document() {
        let root = json!({ "$defs": { "a": { "$id": "a" } } });
        let document = Document::new(&root);
        for reference in ["#/$defs/b", "#b", "#/%ff", "a#/b", "a#b"] {
            let unresolved = document.resolve(reference).unwrap_err();
            assert_eq!(unresolved, Unresolved::Dangling(reference));
        }
        for reference in ["b", "b.json#/a", "https://x/a", "/$defs/a", "$defs"] {
            let unresolved = document.resolve(reference).unwrap_err();
            assert_eq!(unresolved, Unresolved::Remote(reference));
        }
    }

    #[test]
    fn a_document_that_is_no_schema_has_nothing_to_refer_to() {
        for root in [json!(null), json!(true), json!([1, "a"]), json!("x")] {
            assert!(Document::new(&root).resolve("#a").is_err());
            assert!(Document::new(&root).resolve("#").is_ok());
        }
    }

    #[test]
    fn a_name_comes_back_from_its_token() {
        for (name, token) in [("a/b~c", "a~1b~0c"), ("~1", "~01"), ("", ""), ("é", "é")] {
            assert_eq!(escape(name), token);
            assert_eq!(unescape(token), name);
        }
    }
}
