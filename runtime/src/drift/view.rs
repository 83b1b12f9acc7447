//! A schema as it is compared: references followed, nullables and single branches undone.
//!
//! `{"$ref": …}`, `{"allOf": [T]}`, `{"anyOf": [T, {"type": "null"}]}`, `{"type": ["string", "null"]}`
//! and OpenAPI's `nullable` are spellings that servers change with their libraries. A [`View`] is the
//! same for all of them. What cannot be merged into one view stays beside it as a part.

use std::cell::OnceCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};

use serde_json::{Map, Value};

use super::types::Types;

/// The most references and branches that are merged into one view.
const MERGED: usize = 64;

/// A value and where it is in the tool.
#[derive(Debug, Clone)]
pub(super) struct Place<'a> {
    pub(super) value: &'a Value,
    pub(super) pointer: String,
}

/// What an absent schema is: one that takes everything.
pub(super) static ANYTHING: Value = Value::Bool(true);

impl<'a> Place<'a> {
    pub(super) fn new(value: &'a Value, pointer: impl Into<String>) -> Self {
        Self {
            value,
            pointer: pointer.into(),
        }
    }

    pub(super) fn child(&self, key: &str, value: &'a Value) -> Self {
        Self::new(value, child(&self.pointer, key))
    }

    fn items(&self) -> Vec<Self> {
        let items = self.value.as_array().into_iter().flatten();
        items
            .enumerate()
            .map(|(at, item)| self.child(&at.to_string(), item))
            .collect()
    }
}

/// The JSON Pointer of a key below another place.
pub(super) fn child(pointer: &str, key: &str) -> String {
    format!("{pointer}/{}", key.replace('~', "~0").replace('/', "~1"))
}

/// A whole schema, in which references point.
pub(super) struct Document<'a> {
    pub(super) root: Place<'a>,
    anchors: OnceCell<HashMap<&'a str, Place<'a>>>,
}

impl<'a> Document<'a> {
    pub(super) fn new(root: Place<'a>) -> Self {
        Self {
            root,
            anchors: OnceCell::new(),
        }
    }

    /// What a reference within the document points to.
    fn resolve(&self, reference: &str) -> Option<Place<'a>> {
        let fragment = percent_decoded(reference.strip_prefix('#')?);
        if fragment.is_empty() || fragment.starts_with('/') {
            let value = self.root.value.pointer(&fragment)?;
            return Some(Place::new(
                value,
                format!("{}{fragment}", self.root.pointer),
            ));
        }
        self.anchors
            .get_or_init(|| self.find_anchors())
            .get(&*fragment)
            .cloned()
    }

    fn find_anchors(&self) -> HashMap<&'a str, Place<'a>> {
        let mut anchors = HashMap::new();
        self.visit(|place| {
            if let Some(name) = place.value.get("$anchor").and_then(Value::as_str) {
                anchors.entry(name).or_insert_with(|| place.clone());
            }
        });
        anchors
    }

    /// Whether anything in it refers to another place.
    pub(super) fn has_references(&self) -> bool {
        refers(self.root.value)
    }

    /// All definitions there are, wherever they stand.
    pub(super) fn definitions(&self) -> BTreeMap<String, &'a Value> {
        let mut definitions = BTreeMap::new();
        self.visit(|place| {
            for key in ["$defs", "definitions"] {
                if let Some(value) = place.value.get(key) {
                    definitions.insert(child(&place.pointer, key), value);
                }
            }
        });
        definitions
    }

    fn visit(&self, mut see: impl FnMut(&Place<'a>)) {
        let mut open = vec![self.root.clone()];
        while let Some(place) = open.pop() {
            see(&place);
            match place.value {
                Value::Object(fields) => open.extend(
                    fields
                        .iter()
                        .filter(|(_, value)| value.is_object() || value.is_array())
                        .map(|(key, value)| place.child(key, value)),
                ),
                Value::Array(_) => open.extend(place.items()),
                _ => {}
            }
        }
    }
}

/// Whether a value holds a reference.
pub(super) fn refers(value: &Value) -> bool {
    let mut open = vec![value];
    while let Some(value) = open.pop() {
        match value {
            Value::Object(fields) => {
                if fields.contains_key("$ref") {
                    return true;
                }
                open.extend(fields.values());
            }
            Value::Array(items) => open.extend(items),
            _ => {}
        }
    }
    false
}

fn percent_decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let mut decoded = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let code = (byte == b'%')
            .then(|| text.get(at + 1..at + 3))
            .flatten()
            .and_then(|digits| u8::from_str_radix(digits, 16).ok());
        decoded.push(code.unwrap_or(byte));
        at += if code.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&decoded).into_owned()
}

/// A schema, flattened by one level.
#[derive(Debug, Clone)]
pub(super) struct View<'a> {
    /// Where it stands.
    pub(super) place: Place<'a>,
    /// The types it takes.
    pub(super) types: Types,
    /// What stands where a schema or a type should be.
    pub(super) odd: Option<&'a Value>,
    /// The values of `enum` or `const`, null left out, and where they stand.
    pub(super) values: Option<(Vec<&'a Value>, String)>,
    pub(super) properties: BTreeMap<&'a str, Place<'a>>,
    pub(super) required: BTreeSet<&'a str>,
    /// The branches of `anyOf` or `oneOf` but for null, if there is more than one.
    pub(super) union: Vec<Place<'a>>,
    /// Whether one of the branches was null.
    pub(super) union_takes_null: bool,
    /// What else must hold and could not be merged.
    pub(super) parts: Vec<Place<'a>>,
    /// The first place that a reference led to.
    pub(super) target: Option<String>,
    /// Every other keyword.
    pub(super) keywords: BTreeMap<&'a str, Place<'a>>,
    /// How much was read to make it.
    pub(super) cost: usize,
}

impl<'a> View<'a> {
    /// A schema as it is compared.
    pub(super) fn of(document: &Document<'a>, place: &Place<'a>) -> Self {
        Merging {
            document,
            targets: Vec::new(),
            left: MERGED,
        }
        .view(place)
    }

    /// The view of a schema that takes everything.
    pub(super) fn empty(place: &Place<'a>) -> Self {
        Self {
            place: place.clone(),
            types: Types::ANY,
            odd: None,
            values: None,
            properties: BTreeMap::new(),
            required: BTreeSet::new(),
            union: Vec::new(),
            union_takes_null: false,
            parts: Vec::new(),
            target: None,
            keywords: BTreeMap::new(),
            cost: 1,
        }
    }

    pub(super) fn keyword(&self, key: &str) -> Option<&Place<'a>> {
        self.keywords.get(key)
    }

    fn read_type(&mut self, keyword: &'a Value) {
        match Types::of_keyword(keyword) {
            Some(types) => self.types = self.types & types,
            None => self.odd = Some(keyword),
        }
    }

    fn read_values(&mut self, values: Vec<&'a Value>, pointer: String) {
        let types = values
            .iter()
            .fold(Types::NONE, |types, value| types | Types::of_value(value));
        self.types = self.types & types;
        let values = values.into_iter().filter(|value| !value.is_null());
        self.values = Some((values.collect(), pointer));
    }

    /// Takes over what another view of the same value asks for. False, and nothing is taken, when
    /// both speak of the same thing in different words.
    pub(super) fn merge(&mut self, other: &Self) -> bool {
        let disagree = |a: &Place<'a>, b: &Place<'a>| a.value != b.value;
        let values_clash =
            matches!((&self.values, &other.values), (Some(a), Some(b)) if a.0 != b.0);
        let properties_clash = other.properties.iter().any(|(name, place)| {
            self.properties
                .get(name)
                .is_some_and(|known| disagree(known, place))
        });
        let keywords_clash = other.keywords.iter().any(|(key, place)| {
            !super::words::are_words(key)
                && *key != "default"
                && self
                    .keywords
                    .get(key)
                    .is_some_and(|known| disagree(known, place))
        });
        let odd_clash = self.odd.is_some() && other.odd.is_some();
        let unions_clash = !self.union.is_empty() && !other.union.is_empty();
        if values_clash || properties_clash || keywords_clash || odd_clash || unions_clash {
            return false;
        }
        self.types = self.types & other.types;
        self.odd = self.odd.or(other.odd);
        self.values = self.values.take().or_else(|| other.values.clone());
        for (name, place) in &other.properties {
            self.properties.entry(name).or_insert_with(|| place.clone());
        }
        self.required.extend(&other.required);
        if self.union.is_empty() {
            self.union.clone_from(&other.union);
            self.union_takes_null = other.union_takes_null;
        }
        self.parts.extend(other.parts.iter().cloned());
        self.target = self.target.take().or_else(|| other.target.clone());
        for (key, place) in &other.keywords {
            self.keywords.entry(key).or_insert_with(|| place.clone());
        }
        true
    }
}

/// The making of one view.
struct Merging<'a, 'd> {
    document: &'d Document<'a>,
    /// The references that were followed to get here.
    targets: Vec<String>,
    left: usize,
}

impl<'a> Merging<'a, '_> {
    fn view(&mut self, place: &Place<'a>) -> View<'a> {
        let mut view = View::empty(place);
        let fields = match place.value {
            Value::Bool(true) => return view,
            Value::Bool(false) => {
                view.types = Types::NONE;
                return view;
            }
            Value::Object(fields) => fields,
            odd => {
                view.odd = Some(odd);
                return view;
            }
        };
        view.cost += fields.len();
        // What is merged comes after the schema's own words, which stand for it.
        let mut merged = Vec::new();
        for (key, value) in fields {
            let at = place.child(key, value);
            match (key.as_str(), value) {
                ("$defs" | "definitions" | "nullable" | "$anchor", _) => {}
                ("$ref", Value::String(reference)) => match self.follow(reference) {
                    Some(target) => {
                        view.target = Some(target.pointer.clone());
                        merged.push((target, false));
                    }
                    None => {
                        view.keywords.insert("$ref", at);
                    }
                },
                ("type", _) => view.read_type(value),
                ("enum", Value::Array(values)) if !fields.contains_key("const") => {
                    view.read_values(values.iter().collect(), at.pointer);
                }
                ("enum", Value::Array(_)) => {}
                ("const", _) => view.read_values(vec![value], at.pointer),
                ("properties", Value::Object(properties)) => {
                    view.properties = children(&at, properties);
                    view.cost += properties.len();
                }
                ("required", Value::Array(names)) => {
                    view.required = names.iter().filter_map(Value::as_str).collect();
                    view.cost += names.len();
                }
                ("allOf", Value::Array(_)) => {
                    merged.extend(at.items().into_iter().map(|part| (part, false)));
                }
                ("anyOf" | "oneOf", Value::Array(_)) if view.union.is_empty() => {
                    let (null, mut rest): (Vec<_>, Vec<_>) =
                        at.items().into_iter().partition(is_null);
                    match rest.len() {
                        1 => merged.push((rest.remove(0), !null.is_empty())),
                        0 if null.is_empty() => view.types = Types::NONE,
                        0 => view.types = view.types & Types::NULL,
                        _ => (view.union, view.union_takes_null) = (rest, !null.is_empty()),
                    }
                }
                (key, _) => {
                    view.keywords.insert(key, at);
                }
            }
        }
        for (part, or_null) in merged {
            self.absorb(&mut view, part, or_null);
        }
        if fields.get("nullable").is_some_and(|flag| *flag == true) {
            view.types = view.types | Types::NULL;
        }
        view
    }

    fn absorb(&mut self, view: &mut View<'a>, part: Place<'a>, or_null: bool) {
        if self.left == 0 {
            view.parts.push(part);
            return;
        }
        self.left -= 1;
        let depth = self.targets.len();
        let mut other = self.view(&part);
        self.targets.truncate(depth);
        if or_null {
            other.types = other.types | Types::NULL;
        }
        view.cost += other.cost;
        if !view.merge(&other) {
            view.parts.push(part);
        }
    }

    /// What a reference points to, unless it leads here again.
    fn follow(&mut self, reference: &str) -> Option<Place<'a>> {
        let target = self.document.resolve(reference)?;
        if self.targets.contains(&target.pointer) {
            return None;
        }
        self.targets.push(target.pointer.clone());
        Some(target)
    }
}

fn children<'a>(place: &Place<'a>, fields: &'a Map<String, Value>) -> BTreeMap<&'a str, Place<'a>> {
    fields
        .iter()
        .map(|(name, value)| (name.as_str(), place.child(name, value)))
        .collect()
}

/// Whether a branch takes null and nothing else.
fn is_null(branch: &Place<'_>) -> bool {
    let is = |key: &str, wanted: &dyn Fn(&Value) -> bool| branch.value.get(key).is_some_and(wanted);
    is("type", &|kind| Types::of_keyword(kind) == Some(Types::NULL))
        || is("const", &Value::is_null)
        || is("enum", &|values| {
            values
                .as_array()
                .is_some_and(|values| !values.is_empty() && values.iter().all(Value::is_null))
        })
}
