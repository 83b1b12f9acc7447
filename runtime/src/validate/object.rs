//! The keywords of objects.

use serde_json::{Map, Value};

use super::{Checker, Findings, Kind, words};

/// The most fields that are looked through for one that was meant.
const FIELDS: usize = 1000;

impl<'a> Checker<'a, '_> {
    pub(super) fn object(
        &mut self,
        keywords: &'a Map<String, Value>,
        instance: &Value,
        found: &mut Findings,
    ) {
        let Value::Object(fields) = instance else {
            return;
        };
        self.size(
            keywords,
            fields.len(),
            ["minProperties", "maxProperties"],
            "field",
            found,
        );
        for name in names(keywords.get("required")) {
            if !fields.contains_key(name) {
                self.violation_at(found, self.below(name), Kind::Missing, "missing");
            }
        }
        self.fields(keywords, fields, found);
        self.names(keywords, fields, found);
        self.dependencies(keywords, fields, instance, found);
    }

    /// `properties`, `patternProperties` and `additionalProperties`.
    fn fields(
        &mut self,
        keywords: &'a Map<String, Value>,
        fields: &Map<String, Value>,
        found: &mut Findings,
    ) {
        let properties = keywords.get("properties").and_then(Value::as_object);
        let patterns = keywords.get("patternProperties").and_then(Value::as_object);
        let additional = keywords.get("additionalProperties");
        for (name, value) in fields {
            if self.steps == 0 {
                self.unsure += 1;
                return;
            }
            let mut known = false;
            if let Some(schema) = properties.and_then(|properties| properties.get(name)) {
                known = true;
                self.descend(name, schema, value, found);
            }
            for (pattern, schema) in patterns.into_iter().flatten() {
                match self.patterns.matches(pattern, name, &mut self.steps) {
                    Some(true) => self.descend(name, schema, value, found),
                    Some(false) => continue,
                    // It may well be known by that pattern.
                    None => self.unsure += 1,
                }
                known = true;
            }
            match additional {
                _ if known => {}
                Some(Value::Bool(false)) => {
                    self.spend(properties.map_or(0, Map::len));
                    let message = unknown(name, properties);
                    self.violation_at(found, self.below(name), Kind::Unknown, message);
                }
                Some(schema) => self.descend(name, schema, value, found),
                None => {}
            }
        }
    }

    fn names(
        &mut self,
        keywords: &'a Map<String, Value>,
        fields: &Map<String, Value>,
        found: &mut Findings,
    ) {
        let Some(schema) = keywords.get("propertyNames") else {
            return;
        };
        for name in fields.keys() {
            let length = self.enter(name);
            let mut about = Findings::default();
            self.check(schema, &Value::String(name.clone()), &mut about);
            for violation in about.violations {
                self.violation(
                    found,
                    Kind::Other,
                    format!("its name: {}", violation.message),
                );
            }
            self.at.truncate(length);
        }
    }

    /// `dependentRequired` and `dependentSchemas`, and `dependencies`, which was both before 2019-09.
    fn dependencies(
        &mut self,
        keywords: &'a Map<String, Value>,
        fields: &Map<String, Value>,
        instance: &Value,
        found: &mut Findings,
    ) {
        let maps = ["dependentRequired", "dependentSchemas", "dependencies"]
            .into_iter()
            .filter_map(|keyword| keywords.get(keyword)?.as_object());
        for (name, wanted) in maps.flatten() {
            if !fields.contains_key(name) {
                continue;
            }
            let on = self.below(name);
            let depends = || {
                (
                    Kind::Depends { on: on.clone() },
                    format!("missing, and wanted beside {name}"),
                )
            };
            if wanted.is_array() {
                for other in names(Some(wanted)).filter(|other| !fields.contains_key(*other)) {
                    let (kind, message) = depends();
                    self.violation_at(found, self.below(other), kind, message);
                }
                continue;
            }
            let mut findings = self.trial(wanted, instance).findings;
            for violation in &mut findings.violations {
                let parent = violation.at.rsplit_once('/').map(|(parent, _)| parent);
                if violation.kind == Kind::Missing && parent == Some(&self.at) {
                    (violation.kind, violation.message) = depends();
                }
            }
            found.append(findings);
        }
    }
}

/// The names that a keyword lists.
pub(super) fn names(list: Option<&Value>) -> impl Iterator<Item = &str> {
    let list = list.and_then(Value::as_array);
    list.into_iter().flatten().filter_map(Value::as_str)
}

/// `unknown; the fields are a, b; did you mean b?`
fn unknown(name: &str, properties: Option<&Map<String, Value>>) -> String {
    let known = || {
        properties
            .into_iter()
            .flat_map(Map::keys)
            .map(String::as_str)
    };
    let names: Vec<&str> = known().collect();
    if names.is_empty() {
        return "unknown; there are no fields".to_owned();
    }
    let near = words::nearest(name, known().take(FIELDS));
    format!("unknown; the fields are {}{near}", words::list(&names))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::validate::tests::check;

    #[test]
    fn fields_are_checked_by_their_names() {
        let plain = json!({ "properties": { "a": { "type": "string" }, "bcd": {} }, "required": ["a"], "additionalProperties": false });
        let typed = json!({ "properties": { "a": {} }, "patternProperties": { "^x-": { "type": "string" } }, "additionalProperties": { "type": "integer" } });
        let unread =
            json!({ "patternProperties": { "^(?!a)": {} }, "additionalProperties": false });
        check(&[
            (plain.clone(), json!({ "a": "x" }), &[]),
            (
                plain.clone(),
                json!({ "a": "x", "bdc": 1 }),
                &["@/bdc unknown; the fields are a, bcd; did you mean bcd?"],
            ),
            (
                plain.clone(),
                json!({ "zzz": 1 }),
                &["@/zzz unknown; the fields are a, bcd", "@/a missing"],
            ),
            (
                plain,
                json!({ "a": 1 }),
                &["@/a a number where a string is wanted"],
            ),
            (
                json!({ "additionalProperties": false }),
                json!({ "a": 1 }),
                &["@/a unknown; there are no fields"],
            ),
            (
                typed.clone(),
                json!({ "a": null, "x-1": "y", "b": 5.0 }),
                &[],
            ),
            (
                typed,
                json!({ "x-1": 1, "b": "x" }),
                &[
                    "@/x-1 a number where a string is wanted",
                    "@/b a string where an integer is wanted",
                ],
            ),
            (unread, json!({ "b": 1 }), &[]),
            (
                json!({ "properties": { "a/b~": { "type": "null" } } }),
                json!({ "a/b~": 1 }),
                &["@/a~1b~0 a number where null is wanted"],
            ),
            (
                json!({ "properties": { "a": { "required": true } } }),
                json!({ "a": 1 }),
                &[],
            ),
            (
                json!({ "required": ["a~/b"] }),
                json!({}),
                &["@/a~0~1b missing"],
            ),
            (json!({ "required": ["a"] }), json!([]), &[]),
        ]);
    }

    #[test]
    fn names_and_how_many_there_are_is_checked() {
        let named = json!({ "propertyNames": { "pattern": "^[a-z]+$", "maxLength": 2 } });
        let some = json!({ "minProperties": 1, "maxProperties": 2 });
        check(&[
            (named.clone(), json!({ "ab": 1 }), &[]),
            (
                named,
                json!({ "A": 1, "abc": 1 }),
                &[
                    "@/A its name: \"A\" does not match ^[a-z]+$",
                    "@/abc its name: 3 characters, where the most is 2",
                ],
            ),
            (some.clone(), json!({ "a": 1 }), &[]),
            (
                some.clone(),
                json!({}),
                &["@ 0 fields, where the least is 1"],
            ),
            (
                some,
                json!({ "a": 1, "b": 1, "c": 1 }),
                &["@ 3 fields, where the most is 2"],
            ),
        ]);
    }

    #[test]
    fn a_field_may_ask_for_others() {
        for depends in [
            json!({ "dependentRequired": { "a": ["b"] } }),
            json!({ "dependentSchemas": { "a": { "required": ["b"] } } }),
            json!({ "dependencies": { "a": ["b"] } }),
            json!({ "dependencies": { "a": { "required": ["b"] } } }),
        ] {
            check(&[
                (depends.clone(), json!({ "a": 1, "b": 1 }), &[]),
                (depends.clone(), json!({ "c": 1 }), &[]),
                (
                    depends.clone(),
                    json!({ "a": 1 }),
                    &["@/b missing, and wanted beside a"],
                ),
            ]);
            let found = crate::validate::validate(&depends, &json!({ "a": 1 }));
            let on = "/a".to_owned();
            assert_eq!(
                found.violations[0].kind,
                crate::validate::Kind::Depends { on }
            );
        }
        check(&[(
            json!({ "required": ["b"], "dependentRequired": { "a": ["b"] } }),
            json!({ "a": 1 }),
            &["@/b missing"],
        )]);
    }
}
