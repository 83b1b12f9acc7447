//! The keywords that combine schemas: `allOf`, `anyOf`, `oneOf`, `not`, and `if`.

use serde_json::{Map, Value};

use super::{Checker, Findings, Kind, object, schemas, words};

impl<'a> Checker<'a, '_> {
    pub(super) fn combinations(
        &mut self,
        keywords: &'a Map<String, Value>,
        instance: &Value,
        found: &mut Findings,
    ) {
        for schema in schemas(keywords, "allOf").unwrap_or_default() {
            self.check(schema, instance, found);
        }
        if let Some(branches) = schemas(keywords, "anyOf") {
            self.union(branches, false, instance, found);
        }
        if let Some(branches) = schemas(keywords, "oneOf") {
            self.union(branches, true, instance, found);
        }
        if let Some(refused) = keywords.get("not") {
            self.not(refused, instance, found);
        }
        self.conditional(keywords, instance, found);
    }

    fn union(
        &mut self,
        branches: &'a [Value],
        exclusive: bool,
        instance: &Value,
        found: &mut Findings,
    ) {
        let before = self.unsure;
        let mut failed = Vec::new();
        let mut passed: Option<Findings> = None;
        let (mut sure, mut unsure) = (0, 0);
        for branch in branches {
            let trial = self.trial(branch, instance);
            if !trial.passes() {
                failed.push((branch, trial.findings.violations));
                continue;
            }
            *(if trial.sure { &mut sure } else { &mut unsure }) += 1;
            let warnings = trial.findings.warnings.len();
            if passed
                .as_ref()
                .is_none_or(|passed| warnings < passed.warnings.len())
            {
                passed = Some(trial.findings);
            }
            if !exclusive && trial.sure {
                break;
            }
        }
        if sure > 0 && (!exclusive || unsure == 0) {
            self.unsure = before;
        }
        match passed {
            _ if exclusive && sure > 1 => {
                self.violation(found, Kind::Other, "fits more than one of the forms");
            }
            Some(findings) => found.append(findings),
            None if failed.is_empty() => {}
            None => {
                let violations = self.meant(failed, instance);
                found.append(Findings {
                    violations,
                    warnings: Vec::new(),
                });
            }
        }
    }

    fn not(&mut self, refused: &'a Value, instance: &Value, found: &mut Findings) {
        let before = self.unsure;
        let trial = self.trial(refused, instance);
        if !trial.passes() || !trial.sure {
            return;
        }
        self.unsure = before;
        let alone = refused
            .as_object()
            .is_some_and(|refused| refused.len() == 1);
        let names: Vec<&str> = object::names(refused.get("required")).collect();
        let message = match &names[..] {
            [_, _, ..] if alone => format!("{} may not be given together", words::both(&names)),
            [name] if alone => format!("{name} may not be given"),
            _ => format!("{} is of a form that is not allowed", words::show(instance)),
        };
        self.violation(found, Kind::Other, message);
    }

    fn conditional(
        &mut self,
        keywords: &'a Map<String, Value>,
        instance: &Value,
        found: &mut Findings,
    ) {
        let Some(condition) = keywords.get("if") else {
            return;
        };
        let before = self.unsure;
        let trial = self.trial(condition, instance);
        let next = match trial.passes() {
            true if !trial.sure => return,
            true => keywords.get("then"),
            false => keywords.get("else"),
        };
        self.unsure = before;
        found.warnings.extend(trial.findings.warnings);
        if let Some(next) = next {
            self.check(next, instance, found);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::validate::tests::check;

    #[test]
    fn schemas_are_combined() {
        check(&[
            (
                json!({ "allOf": [{ "minimum": 1 }, { "maximum": 3 }] }),
                json!(2),
                &[],
            ),
            (
                json!({ "allOf": [{ "minimum": 1 }, { "maximum": 3 }] }),
                json!(5),
                &["@ 5 is more than the maximum of 3"],
            ),
            (
                json!({ "anyOf": [{ "type": "string" }, { "type": "null" }] }),
                json!(null),
                &[],
            ),
            (
                json!({ "anyOf": [{ "type": "string" }, { "type": "null" }] }),
                json!(1),
                &["@ a number where a string or null is wanted"],
            ),
            (json!({ "anyOf": [] }), json!(1), &[]),
            (
                json!({ "oneOf": [{ "minimum": 1 }, { "minimum": 5 }] }),
                json!(2),
                &[],
            ),
            (
                json!({ "oneOf": [{ "minimum": 1 }, { "minimum": 5 }] }),
                json!(7),
                &["@ fits more than one of the forms"],
            ),
            (json!({ "not": { "type": "string" } }), json!(1), &[]),
            (
                json!({ "not": { "type": "string" } }),
                json!("a"),
                &["@ \"a\" is of a form that is not allowed"],
            ),
            (
                json!({ "not": { "required": ["a", "b"] } }),
                json!({ "a": 1 }),
                &[],
            ),
            (
                json!({ "not": { "required": ["a", "b"] } }),
                json!({ "a": 1, "b": 1 }),
                &["@ a and b may not be given together"],
            ),
            (
                json!({ "not": { "required": ["a"] } }),
                json!({ "a": 1 }),
                &["@ a may not be given"],
            ),
        ]);
        let conditional = json!({
            "if": { "properties": { "a": { "const": 1 } } },
            "then": { "required": ["b"] },
            "else": { "required": ["c"] },
        });
        check(&[
            (conditional.clone(), json!({ "a": 1, "b": 1 }), &[]),
            (conditional.clone(), json!({ "a": 1 }), &["@/b missing"]),
            (conditional.clone(), json!({ "a": 2 }), &["@/c missing"]),
        ]);
    }

    #[test]
    fn what_is_not_understood_is_not_turned_around() {
        for unread in [
            json!({ "pattern": "^(?!a)" }),
            json!({ "$ref": "https://x/y" }),
            json!({ "$ref": "#/nowhere" }),
            json!({ "type": "text" }),
            json!({ "format": "path" }),
            json!({ "format": "date" }),
            json!({ "unevaluatedProperties": false }),
            json!({ "$dynamicRef": "#x" }),
            json!(7),
        ] {
            check(&[
                (json!({ "not": unread }), json!("x"), &[]),
                (json!({ "oneOf": [unread, unread] }), json!("x"), &[]),
                (
                    json!({ "oneOf": [{ "type": "string" }, unread] }),
                    json!("x"),
                    &[],
                ),
                (
                    json!({ "if": unread, "then": false, "else": false }),
                    json!("x"),
                    &[],
                ),
                (
                    json!({ "contains": unread, "maxContains": 0 }),
                    json!(["x"]),
                    &[],
                ),
                (
                    json!({ "not": { "anyOf": [{ "type": "null" }, unread] } }),
                    json!("x"),
                    &[],
                ),
            ]);
        }
        check(&[
            (
                json!({ "not": { "anyOf": [{ "type": "string" }, { "pattern": "(?=a)" }] } }),
                json!("x"),
                &["@ \"x\" is of a form that is not allowed"],
            ),
            (
                json!({ "not": { "not": { "type": "null" } } }),
                json!("x"),
                &["@ \"x\" is of a form that is not allowed"],
            ),
        ]);
    }
}
