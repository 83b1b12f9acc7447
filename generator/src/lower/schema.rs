//! A schema with its indirections undone.
//!
//! `$ref`, a nullable `anyOf`, and an `allOf` of one are all a schema that says "as over there",
//! with words of its own beside it. A [`Node`] is the chain of them. A keyword is looked up along the
//! chain, the outermost first, so that a description beside a `$ref` wins over the one it leads to,
//! and nothing is ever copied.

use percent_encoding::percent_decode_str;
use serde_json::{Map, Value};

/// The most indirections followed before a schema is given up.
const DEPTH: usize = 64;

/// A tool's whole `inputSchema`, in which references are looked up.
#[derive(Debug, Clone, Copy)]
pub(super) struct Document<'a>(pub(super) &'a Value);

/// A schema with its indirections undone.
#[derive(Debug)]
pub(super) struct Node<'a> {
    layers: Vec<Layer<'a>>,
    /// Why the chain ends before it should; what came before still stands.
    pub(super) fault: Option<Fault<'a>>,
}

/// One schema of the chain, and the keyword that led on from it.
#[derive(Debug)]
struct Layer<'a> {
    keywords: &'a Map<String, Value>,
    spent: Option<&'static str>,
}

/// Why a schema's indirections cannot be undone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault<'a> {
    /// Neither an object nor a boolean.
    NotSchema,
    /// `false`, which accepts nothing.
    Never,
    /// A reference to nothing.
    Dangling(&'a str),
    /// A reference to another document.
    Remote(&'a str),
    /// A chain that leads back into itself, or is too long to tell.
    Cycle,
}

/// Where a schema leads on to.
enum Step<'a> {
    To(&'static str, &'a Value),
    Fault(Fault<'a>),
    End,
}

impl<'a> Document<'a> {
    /// Undoes the indirections of a schema of this document.
    pub(super) fn normalise(self, schema: &'a Value) -> Node<'a> {
        let mut node = Node {
            layers: Vec::new(),
            fault: None,
        };
        let mut schema = schema;
        loop {
            let keywords = match schema {
                Value::Object(keywords) => keywords,
                Value::Bool(true) => return node,
                Value::Bool(false) => return node.fail(Fault::Never),
                _ => return node.fail(Fault::NotSchema),
            };
            let seen = node
                .layers
                .iter()
                .any(|layer| std::ptr::eq(layer.keywords, keywords));
            if seen || node.layers.len() == DEPTH {
                return node.fail(Fault::Cycle);
            }
            let step = self.step(keywords);
            let spent = match step {
                Step::To(keyword, _) => Some(keyword),
                Step::Fault(_) | Step::End => None,
            };
            node.layers.push(Layer { keywords, spent });
            match step {
                Step::To(_, next) => schema = next,
                Step::Fault(fault) => return node.fail(fault),
                Step::End => return node,
            }
        }
    }

    fn step(self, keywords: &'a Map<String, Value>) -> Step<'a> {
        if let Some(Value::String(reference)) = keywords.get("$ref") {
            return match self.resolve(reference) {
                Ok(target) => Step::To("$ref", target),
                Err(fault) => Step::Fault(fault),
            };
        }
        if let Some([only]) = branches(keywords, "allOf") {
            return Step::To("allOf", only);
        }
        for union in ["anyOf", "oneOf"] {
            let Some(branches) = branches(keywords, union) else {
                continue;
            };
            let mut others = branches.iter().filter(|branch| !is_null(branch));
            match (others.next(), others.next()) {
                (Some(only), None) => return Step::To(union, only),
                (None, _) if !branches.is_empty() => return Step::To(union, &branches[0]),
                _ => {}
            }
        }
        Step::End
    }

    fn resolve(self, reference: &'a str) -> Result<&'a Value, Fault<'a>> {
        let Some(fragment) = reference.strip_prefix('#') else {
            return Err(Fault::Remote(reference));
        };
        let dangling = Fault::Dangling(reference);
        let pointer = percent_decode_str(fragment)
            .decode_utf8()
            .map_err(|_| dangling)?;
        self.0.pointer(&pointer).ok_or(dangling)
    }
}

impl<'a> Node<'a> {
    fn fail(mut self, fault: Fault<'a>) -> Self {
        self.fault = Some(fault);
        self
    }

    /// The outermost value of a keyword.
    pub(super) fn get(&self, keyword: &str) -> Option<&'a Value> {
        self.layers
            .iter()
            .filter(|layer| layer.spent != Some(keyword))
            .find_map(|layer| layer.keywords.get(keyword))
    }

    /// Whether any of these keywords is there.
    pub(super) fn has(&self, keywords: &[&str]) -> bool {
        keywords.iter().any(|keyword| self.get(keyword).is_some())
    }

    /// The types it names, in order, `null` among them.
    pub(super) fn types(&self) -> Vec<&'a str> {
        match self.get("type") {
            Some(Value::String(only)) => vec![only],
            Some(Value::Array(several)) => several.iter().filter_map(Value::as_str).collect(),
            _ => Vec::new(),
        }
    }
}

fn branches<'a>(keywords: &'a Map<String, Value>, keyword: &str) -> Option<&'a [Value]> {
    keywords.get(keyword)?.as_array().map(Vec::as_slice)
}

/// Whether a schema accepts null alone.
fn is_null(schema: &Value) -> bool {
    let null_alone = |values: &Value| {
        values
            .as_array()
            .is_some_and(|values| matches!(&values[..], [only] if only == "null" || only.is_null()))
    };
    schema
        .get("type")
        .is_some_and(|kind| kind == "null" || null_alone(kind))
        || schema.get("const").is_some_and(Value::is_null)
        || schema.get("enum").is_some_and(null_alone)
}
