//! What a value that fits no branch of a union was meant as.
//!
//! That it fits none is true and of no use. A person who wrote an object with a wrong field meant
//! the branch whose other fields these are, and wants to hear of that field.

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::{Checker, Kind, Violation, object, scalar, schemas, words};

/// The most indirections that are followed to see what a branch is.
const LAYERS: usize = 64;

/// The most branches, and properties of a branch, among which one that tells them apart is sought.
const TAGS: usize = 128;

/// A branch that the value does not fit.
struct Branch<'a> {
    /// The schema with what it refers to.
    layers: Vec<&'a Map<String, Value>>,
    violations: Vec<Violation>,
}

impl<'a> Checker<'a, '_> {
    /// The violations of the branch that was most likely meant.
    pub(super) fn meant(
        &mut self,
        failed: Vec<(&'a Value, Vec<Violation>)>,
        instance: &Value,
    ) -> Vec<Violation> {
        let forms = failed.len();
        let branches = failed.into_iter().map(|(schema, violations)| Branch {
            layers: self.layers(schema),
            violations,
        });
        let (mut branches, others): (Vec<_>, Vec<_>) =
            branches.partition(|branch| branch.is_for(instance));
        let at = self.at.clone();
        let here = |kind, message| {
            vec![Violation {
                at: at.clone(),
                kind,
                message,
            }]
        };
        if branches.is_empty() {
            let choices: Option<Vec<_>> = others.iter().map(Branch::choices).collect();
            if let Some(choices) = choices {
                return here(Kind::Other, words::none_of(instance, &choices.concat()));
            }
            let wanted: Vec<&str> = others.iter().flat_map(Branch::types).collect();
            return here(
                Kind::Type,
                scalar::mismatch(instance, &first_of_each(wanted)),
            );
        }
        let choices: Option<Vec<_>> = branches.iter().map(Branch::choices).collect();
        if let Some(choices) = choices {
            return here(Kind::Other, words::none_of(instance, &choices.concat()));
        }
        if let Value::Object(fields) = instance
            && let Some(violation) = self.tagged(&mut branches, fields)
        {
            return vec![violation];
        }
        if let Some((ways, message)) = self.alternatives(&branches, instance) {
            return here(Kind::Either { ways }, message);
        }
        let score = |branch: &Branch<'_>| {
            let strangers = usize::MAX - branch.acquainted(instance);
            (branch.violations.len(), strangers)
        };
        let Some(best) = branches.iter().map(score).min() else {
            return Vec::new();
        };
        branches.retain(|branch| score(branch) == best);
        branches.dedup_by(|one, other| one.violations == other.violations);
        if branches.len() == 1
            && let Some(branch) = branches.pop()
        {
            return branch.violations;
        }
        let mut message = format!("fits none of the {forms} forms");
        let reasons: Vec<&str> = branches
            .iter()
            .filter(|branch| branch.violations.iter().all(|violation| violation.at == at))
            .flat_map(|branch| &branch.violations)
            .map(|violation| violation.message.as_str())
            .collect();
        if branches.len() <= 3 && reasons.len() == branches.len() {
            message = format!("{message}: {}", reasons.join("; "));
        }
        here(Kind::Other, message)
    }

    /// Where the branches are told apart by a property of fixed values: keeps those that its value
    /// means, or says that it is missing or none of them.
    fn tagged(
        &mut self,
        branches: &mut Vec<Branch<'a>>,
        fields: &Map<String, Value>,
    ) -> Option<Violation> {
        let (name, tags) = self.tag(branches)?;
        let at = self.below(name);
        let Some(value) = fields.get(name) else {
            let asks = |branch: &Branch<'_>| {
                let mut violations = branch.violations.iter();
                violations.any(|violation| violation.kind == Kind::Missing && violation.at == at)
            };
            if !branches.iter().all(&asks) {
                branches.retain(|branch| !asks(branch));
                return None;
            }
            let message = format!(
                "missing; it is one of {}",
                words::list(&words::choices(&tags.concat()))
            );
            return Some(Violation {
                at,
                kind: Kind::Missing,
                message,
            });
        };
        let means = |tag: &[&Value]| tag.iter().any(|tag| super::equal::equal(tag, value));
        if !tags.iter().any(|tag| means(tag)) {
            return Some(Violation {
                at,
                kind: Kind::Other,
                message: words::none_of(value, &tags.concat()),
            });
        }
        let mut tags = tags.iter();
        branches.retain(|_| tags.next().is_some_and(|tag| means(tag)));
        None
    }

    /// The property that tells the branches apart best, and its values in each.
    fn tag(&mut self, branches: &[Branch<'a>]) -> Option<(&'a str, Vec<Vec<&'a Value>>)> {
        if !(2..=TAGS).contains(&branches.len()) {
            return None;
        }
        let mut best: Option<(usize, _, _)> = None;
        for name in branches[0].properties().take(TAGS) {
            let tags: Option<Vec<_>> = branches
                .iter()
                .map(|branch| {
                    let mut schemas = branch
                        .layers
                        .iter()
                        .filter_map(|layer| layer.get("properties")?.get(name));
                    schemas.find_map(|schema| choices(&self.layers(schema)))
                })
                .collect();
            let Some(tags) = tags else { continue };
            let all = tags.concat();
            let distinct: HashSet<String> = all.iter().map(|tag| tag.to_string()).collect();
            self.spend(all.len());
            // Each value in one branch only is best.
            let worth = (2 * distinct.len()).saturating_sub(all.len());
            if distinct.len() > 1 && best.as_ref().is_none_or(|(most, ..)| worth > *most) {
                best = Some((worth, name, tags));
            }
        }
        best.map(|(_, name, tags)| (name, tags))
    }

    /// What is missing, set by set, and `missing a and b, or c`, where the branches ask for different
    /// properties and nothing else.
    fn alternatives(
        &self,
        branches: &[Branch<'a>],
        instance: &Value,
    ) -> Option<(Vec<Vec<String>>, String)> {
        let missing = |violation: &Violation| {
            let (parent, _) = violation.at.rsplit_once('/')?;
            let here = violation.kind == Kind::Missing && parent == self.at;
            here.then(|| violation.at.clone())
        };
        let mut ways: Vec<Vec<String>> = branches
            .iter()
            .map(|branch| branch.violations.iter().map(missing).collect())
            .collect::<Option<_>>()?;
        let mut acquainted = branches.iter().map(|branch| branch.acquainted(instance));
        let first = acquainted.next()?;
        if branches.len() < 2 || acquainted.any(|other| other != first) {
            return None;
        }
        let mut seen = HashSet::new();
        ways.retain(|way| seen.insert(way.clone()));
        let name = |at: &String| crate::schema::unescape(&at[self.at.len() + 1..]);
        let names = ways
            .iter()
            .map(|way| words::both(&way.iter().map(name).collect::<Vec<_>>()));
        let message = format!("missing {}", names.collect::<Vec<_>>().join(", or "));
        (ways.len() > 1).then_some((ways, message))
    }

    /// A schema with those it refers to and is made of.
    fn layers(&self, schema: &'a Value) -> Vec<&'a Map<String, Value>> {
        let mut layers: Vec<&Map<String, Value>> = Vec::new();
        let mut ahead = vec![schema];
        while let Some(schema) = ahead.pop() {
            let Value::Object(keywords) = schema else {
                continue;
            };
            if layers.len() == LAYERS || layers.iter().any(|seen| std::ptr::eq(*seen, keywords)) {
                continue;
            }
            layers.push(keywords);
            let reference = keywords.get("$ref").and_then(Value::as_str);
            ahead.extend(reference.and_then(|reference| self.document.resolve(reference).ok()));
            ahead.extend(
                schemas(keywords, "allOf")
                    .unwrap_or_default()
                    .iter()
                    .take(LAYERS),
            );
        }
        layers
    }
}

impl<'a> Branch<'a> {
    /// Whether a value is of the branch's type.
    fn is_for(&self, instance: &Value) -> bool {
        if let Some(choices) = self.choices() {
            let kind = std::mem::discriminant(instance);
            return choices
                .iter()
                .any(|choice| std::mem::discriminant(*choice) == kind);
        }
        let types = self.types();
        types.is_empty()
            || types.iter().any(|name| {
                // A fraction is meant for the branch of integers, if anything.
                scalar::is(name, instance) || (*name == "integer" && instance.is_number())
            })
    }

    fn choices(&self) -> Option<Vec<&'a Value>> {
        choices(&self.layers)
    }

    /// The types it names, or its choices have; none for a branch of any type.
    fn types(&self) -> Vec<&'a str> {
        if let Some(choices) = self.choices() {
            return choices.into_iter().map(kind).collect();
        }
        let mut types = self
            .layers
            .iter()
            .filter_map(|layer| scalar::types(layer.get("type")?));
        types.next().unwrap_or_default()
    }

    fn properties(&self) -> impl Iterator<Item = &'a str> {
        let properties = self
            .layers
            .iter()
            .filter_map(|layer| layer.get("properties")?.as_object());
        properties.flat_map(Map::keys).map(String::as_str)
    }

    /// How many of an object's fields it knows.
    fn acquainted(&self, instance: &Value) -> usize {
        let Value::Object(fields) = instance else {
            return 0;
        };
        let required = self
            .layers
            .iter()
            .flat_map(|layer| object::names(layer.get("required")));
        let known: HashSet<&str> = self.properties().chain(required).collect();
        known
            .into_iter()
            .filter(|name| fields.contains_key(*name))
            .count()
    }
}

/// The values of a schema that has no others.
fn choices<'a>(layers: &[&'a Map<String, Value>]) -> Option<Vec<&'a Value>> {
    layers.iter().find_map(|layer| {
        let only = layer.get("const").map(|only| vec![only]);
        only.or_else(|| Some(schemas(layer, "enum")?.iter().collect()))
    })
}

/// The name of a value's type.
fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

fn first_of_each<T: PartialEq>(all: Vec<T>) -> Vec<T> {
    let mut kept = Vec::new();
    for one in all {
        if !kept.contains(&one) {
            kept.push(one);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::validate::tests::check;

    fn tagged() -> Value {
        json!({ "oneOf": [{ "$ref": "#/$defs/circle" }, { "$ref": "#/$defs/square" }], "$defs": {
            "circle": {
                "type": "object",
                "properties": { "kind": { "const": "circle" }, "radius": { "type": "number" } },
                "required": ["kind", "radius"],
            },
            "square": {
                "type": "object",
                "properties": { "kind": { "enum": ["square"] }, "side": { "type": "number" } },
                "required": ["kind", "side"],
                "additionalProperties": false,
            },
        } })
    }

    #[test]
    fn a_union_that_is_told_apart_by_a_property_is_read_by_it() {
        check(&[
            (tagged(), json!({ "kind": "circle", "radius": 1 }), &[]),
            (
                tagged(),
                json!({ "kind": "square", "radius": 1 }),
                &[
                    "@/radius unknown; the fields are kind, side",
                    "@/side missing",
                ],
            ),
            (
                tagged(),
                json!({ "kind": "circle", "radius": "1", "side": 1 }),
                &["@/radius a string where a number is wanted"],
            ),
            (
                tagged(),
                json!({ "radius": 1 }),
                &["@/kind missing; it is one of circle, square"],
            ),
            (
                tagged(),
                json!({ "kind": "sqare" }),
                &["@/kind \"sqare\" is none of circle, square; did you mean square?"],
            ),
            (
                tagged(),
                json!([]),
                &["@ an array where an object is wanted"],
            ),
        ]);
    }

    #[test]
    fn the_branch_of_the_values_type_is_meant() {
        let list = json!({ "anyOf": [
            { "type": "string" },
            { "type": "array", "items": { "type": "string" } },
            { "type": "null" },
        ] });
        let page = json!({ "anyOf": [{ "type": "integer", "maximum": 5 }, { "type": "null" }] });
        check(&[
            (
                list.clone(),
                json!(["a", 1, 2]),
                &[
                    "@/1 a number where a string is wanted",
                    "@/2 a number where a string is wanted",
                ],
            ),
            (
                list,
                json!({}),
                &["@ an object where a string, an array or null is wanted"],
            ),
            (
                page.clone(),
                json!(6),
                &["@ 6 is more than the maximum of 5"],
            ),
            (page, json!(1.5), &["@ 1.5 where an integer is wanted"]),
        ]);
    }

    #[test]
    fn choices_of_all_branches_are_one_list() {
        let union = json!({ "oneOf": [{ "const": "a" }, { "const": "b" }, { "enum": ["c", "d"] }, { "type": "null" }] });
        check(&[
            (
                union.clone(),
                json!("x"),
                &["@ \"x\" is none of a, b, c, d"],
            ),
            (union, json!("c"), &[]),
        ]);
    }

    #[test]
    fn objects_are_told_by_the_fields_they_have() {
        let union = json!({ "anyOf": [
            { "properties": { "a": {}, "b": {} }, "required": ["a", "b"] },
            { "properties": { "c": {} }, "required": ["c"] },
        ] });
        check(&[
            (union.clone(), json!({ "a": 1 }), &["@/b missing"]),
            (union.clone(), json!({}), &["@ missing a and b, or c"]),
            (union, json!({ "a": 1, "b": 1 }), &[]),
        ]);
        let root = json!({ "anyOf": [{ "required": ["a"] }, { "required": ["b"] }], "properties": { "a": {} } });
        check(&[
            (root.clone(), json!({}), &["@ missing a, or b"]),
            (root, json!({ "b": 1 }), &[]),
        ]);
    }

    #[test]
    fn where_nothing_is_close_that_is_said() {
        let union = json!({ "anyOf": [
            { "type": "string", "pattern": "^a" },
            { "type": "string", "minLength": 3 },
        ] });
        check(&[(
            union,
            json!("x"),
            &[
                "@ fits none of the 2 forms: \"x\" does not match ^a; 1 character, where the least is 3",
            ],
        )]);
        let union = json!({ "anyOf": [
            { "items": { "type": "string" } },
            { "items": { "type": "object" } },
        ] });
        check(&[(union, json!([1]), &["@ fits none of the 2 forms"])]);
    }
}
