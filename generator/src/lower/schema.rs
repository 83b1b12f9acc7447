//! A schema with its indirections undone.
//!
//! `$ref`, `allOf`, and the `anyOf` of a nullable all say "as over there, too". A [`Node`] is all of the
//! schemas that hold for one value, the outermost first. A keyword that describes is looked up from the
//! outside in, so that a description beside a `$ref` wins over the one it leads to; keywords that
//! constrain are taken together. Nothing is ever copied.

use std::collections::HashMap;

use mcpress_runtime::schema::{Document, Unresolved};
use serde_json::{Map, Value};

/// The most indirections followed before a schema is given up.
const DEPTH: usize = 64;

type Keywords = Map<String, Value>;

/// All the schemas that hold for one value.
#[derive(Debug, Clone, Default)]
pub(super) struct Node<'a> {
    layers: Vec<&'a Keywords>,
    /// The lists of alternatives of which one must hold, less `null`.
    unions: Vec<Vec<&'a Value>>,
    /// The schemas of the values around this one: a reference to one of them is a recursion.
    around: Vec<&'a Keywords>,
    /// Why the schemas cannot be told in full; what can be still stands.
    pub(super) fault: Option<Fault<'a>>,
}

/// Why a schema's indirections cannot be undone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Fault<'a> {
    /// Neither an object nor a boolean.
    NotSchema,
    /// `false`, which accepts nothing.
    Never,
    /// Parts of which no value can satisfy all.
    Contradiction,
    /// A reference to nothing.
    Dangling(&'a str),
    /// A reference to another document.
    Remote(&'a str),
    /// A reference to a schema that this one is a part of.
    Recursion,
    /// References that lead into themselves, or on for too long to tell.
    Cycle,
}

/// The items of an array.
pub(super) enum Items<'a> {
    /// All alike.
    Alike(Node<'a>),
    /// Each place for itself.
    Placed(Vec<Node<'a>>),
}

impl<'a> Node<'a> {
    /// The schema of a whole document.
    pub(super) fn root(document: &Document<'a>, schema: &'a Value) -> Self {
        Self::default().extended(document, [schema])
    }

    /// The schema of a part of this one's value.
    fn part(&self, document: &Document<'a>, schemas: impl IntoIterator<Item = &'a Value>) -> Self {
        let around = self.around.iter().chain(&self.layers).copied().collect();
        let part = Self {
            around,
            ..Self::default()
        };
        part.extended(document, schemas)
    }

    /// This node, with more schemas for the same value.
    fn extended(
        mut self,
        document: &Document<'a>,
        schemas: impl IntoIterator<Item = &'a Value>,
    ) -> Self {
        for schema in schemas {
            self.absorb(document, schema, &mut Vec::new());
        }
        if self.fault.is_none() && self.contradicts() {
            self.fault = Some(Fault::Contradiction);
        }
        self
    }

    fn absorb(
        &mut self,
        document: &Document<'a>,
        schema: &'a Value,
        entered: &mut Vec<&'a Keywords>,
    ) {
        let keywords = match schema {
            Value::Object(keywords) => keywords,
            Value::Bool(true) => return,
            Value::Bool(false) => return self.fail(Fault::Never),
            _ => return self.fail(Fault::NotSchema),
        };
        let is_this = |other: &&Keywords| std::ptr::eq(*other, keywords);
        if entered.iter().any(is_this) || entered.len() == DEPTH {
            return self.fail(Fault::Cycle);
        }
        if self.layers.iter().any(is_this) {
            return;
        }
        if self.layers.len() >= DEPTH {
            return self.fail(Fault::Cycle);
        }
        entered.push(keywords);
        self.layers.push(keywords);
        if let Some(Value::String(reference)) = keywords.get("$ref") {
            self.follow(document, reference, entered);
        }
        for part in branches(keywords, "allOf").into_iter().flatten() {
            self.absorb(document, part, entered);
        }
        for union in ["anyOf", "oneOf"] {
            let Some(branches) = branches(keywords, union) else {
                continue;
            };
            let others: Vec<_> = branches.iter().filter(|branch| !is_null(branch)).collect();
            match (&others[..], branches) {
                ([only], _) => self.absorb(document, only, entered),
                ([], [null, ..]) => self.absorb(document, null, entered),
                ([], []) => {}
                _ => self.unions.push(others),
            }
        }
        entered.pop();
    }

    fn follow(
        &mut self,
        document: &Document<'a>,
        reference: &'a str,
        entered: &mut Vec<&'a Keywords>,
    ) {
        match document.resolve(reference) {
            Ok(Value::Object(target))
                if self.around.iter().any(|outer| std::ptr::eq(*outer, target)) =>
            {
                self.fail(Fault::Recursion);
            }
            Ok(target) => self.absorb(document, target, entered),
            Err(Unresolved::Dangling(reference)) => self.fail(Fault::Dangling(reference)),
            Err(Unresolved::Remote(reference)) => self.fail(Fault::Remote(reference)),
        }
    }

    /// The first fault is the one to tell.
    fn fail(&mut self, fault: Fault<'a>) {
        self.fault.get_or_insert(fault);
    }

    fn contradicts(&self) -> bool {
        let typed = self.layers.iter().any(|layer| names_types(layer));
        (typed && self.types().is_empty()) || self.values().is_some_and(|values| values.is_empty())
    }

    /// The outermost value of a keyword that describes.
    pub(super) fn get(&self, keyword: &str) -> Option<&'a Value> {
        self.layers.iter().find_map(|layer| layer.get(keyword))
    }

    /// Whether any of these keywords is there.
    pub(super) fn has(&self, keywords: &[&str]) -> bool {
        keywords.iter().any(|keyword| self.get(keyword).is_some())
    }

    /// Whether a keyword is `true` in any of the schemas.
    pub(super) fn is(&self, keyword: &str) -> bool {
        let is_true = |layer: &&Keywords| layer.get(keyword) == Some(&Value::Bool(true));
        self.layers.iter().any(is_true)
    }

    /// The types that all of the schemas allow, in order, `null` among them.
    pub(super) fn types(&self) -> Vec<&'a str> {
        let mut allowed: Option<Vec<&str>> = None;
        for types in self.layers.iter().filter_map(|layer| types(layer)) {
            allowed = Some(match allowed {
                None => types,
                Some(before) => both(&before, &types),
            });
        }
        allowed.unwrap_or_default()
    }

    /// The values that all of the schemas allow, where any of them lists its values.
    pub(super) fn values(&self) -> Option<Vec<&'a Value>> {
        let mut allowed: Option<Vec<&Value>> = None;
        for layer in &self.layers {
            let listed: Vec<&Value> = match (layer.get("const"), layer.get("enum")) {
                (Some(only), _) => vec![only],
                (None, Some(Value::Array(values))) => values.iter().collect(),
                _ => continue,
            };
            allowed = Some(match allowed {
                None => listed,
                Some(mut before) => {
                    before.retain(|value| listed.contains(value));
                    before
                }
            });
        }
        allowed
    }

    /// The fields of an object, in the schema's order.
    pub(super) fn properties(&self, document: &Document<'a>) -> Vec<(&'a str, Self)> {
        let mut names: Vec<(&str, Vec<&Value>)> = Vec::new();
        let mut places: HashMap<&str, usize> = HashMap::new();
        let maps = self
            .layers
            .iter()
            .filter_map(|layer| layer.get("properties")?.as_object());
        for (name, schema) in maps.flatten() {
            match places.get(&**name) {
                Some(&place) => names[place].1.push(schema),
                None => {
                    places.insert(name, names.len());
                    names.push((name, vec![schema]));
                }
            }
        }
        let part = |(name, schemas)| (name, self.part(document, schemas));
        names.into_iter().map(part).collect()
    }

    /// The names of the fields that an object must have.
    pub(super) fn required(&self) -> Vec<&'a str> {
        let lists = self
            .layers
            .iter()
            .filter_map(|layer| layer.get("required")?.as_array());
        lists.flatten().filter_map(Value::as_str).collect()
    }

    /// The schema of an object's values under keys that are not described, where one says more than
    /// that they may be there.
    pub(super) fn rest(&self, document: &Document<'a>) -> Option<Self> {
        let says_more =
            |schema: &&Value| schema.as_object().is_some_and(|schema| !schema.is_empty());
        let patterns = self
            .layers
            .iter()
            .filter_map(|layer| layer.get("patternProperties")?.as_object())
            .flat_map(Map::values);
        let rest = self
            .layers
            .iter()
            .filter_map(|layer| layer.get("additionalProperties"));
        let mut schemas = rest.filter(says_more).peekable();
        if schemas.peek().is_some() {
            return Some(self.part(document, schemas));
        }
        // Patterns of different meaning cannot be told apart here; the check of the whole can.
        let mut patterns = patterns.filter(says_more);
        match (patterns.next(), patterns.next()) {
            (Some(only), None) => Some(self.part(document, [only])),
            _ => None,
        }
    }

    /// The items of an array, where anything is said of them.
    pub(super) fn items(&self, document: &Document<'a>) -> Option<Items<'a>> {
        let slots = |layer: &&'a Keywords| {
            let places = layer.get("prefixItems").or_else(|| layer.get("items"));
            places.and_then(Value::as_array)
        };
        if let Some(slots) = self.layers.iter().find_map(slots) {
            let slots = slots.iter().map(|slot| self.part(document, [slot]));
            return Some(Items::Placed(slots.collect()));
        }
        let items = self.layers.iter().filter_map(|layer| layer.get("items"));
        let mut items = items.peekable();
        items.peek()?;
        Some(Items::Alike(self.part(document, items)))
    }

    /// The alternatives of which one must hold, each with all that holds for every one of them.
    ///
    /// Where there are several such lists, the first is taken: the others only forbid.
    pub(super) fn alternatives(&self, document: &Document<'a>) -> Option<Vec<Self>> {
        let union = self.unions.first()?;
        let bare = Self {
            unions: Vec::new(),
            ..self.clone()
        };
        let alternatives = union
            .iter()
            .map(|branch| bare.clone().extended(document, [*branch]));
        Some(alternatives.collect())
    }
}

fn branches<'a>(keywords: &'a Keywords, keyword: &str) -> Option<&'a [Value]> {
    keywords.get(keyword)?.as_array().map(Vec::as_slice)
}

fn names_types(layer: &Keywords) -> bool {
    matches!(layer.get("type"), Some(Value::String(_) | Value::Array(_)))
}

fn types(layer: &Keywords) -> Option<Vec<&str>> {
    match layer.get("type")? {
        Value::String(only) => Some(vec![only]),
        Value::Array(several) => Some(several.iter().filter_map(Value::as_str).collect()),
        _ => None,
    }
}

/// The types that two lists have in common; what is an integer is a number.
fn both<'a>(one: &[&'a str], other: &[&'a str]) -> Vec<&'a str> {
    let narrow = |kind: &&'a str| {
        if other.contains(kind) {
            Some(*kind)
        } else if *kind == "number" && other.contains(&"integer") {
            other.iter().copied().find(|kind| *kind == "integer")
        } else {
            (*kind == "integer" && other.contains(&"number")).then_some(*kind)
        }
    };
    one.iter().filter_map(narrow).collect()
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
