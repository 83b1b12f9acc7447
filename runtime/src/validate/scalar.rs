//! What a value is as a whole, and the keywords of numbers and texts.

use serde_json::{Map, Number, Value};

use super::equal::equal;
use super::number::Decimal;
use super::{Checker, Findings, Kind, Violation, bound, format, schemas, words};

impl<'a> Checker<'a, '_> {
    /// `const`, `enum` and `type`. Only if these are well is there more to ask.
    pub(super) fn value(
        &mut self,
        keywords: &'a Map<String, Value>,
        instance: &Value,
        found: &mut Findings,
    ) -> bool {
        if let Some(only) = keywords.get("const")
            && !equal(only, instance)
        {
            self.violation(found, Kind::Other, words::none_of(instance, &[only]));
            return false;
        }
        let allowed = schemas(keywords, "enum");
        if allowed.is_some_and(<[Value]>::is_empty) {
            // A list that forbids everything was meant otherwise.
            self.unsure += 1;
        } else if let Some(allowed) = allowed
            && !allowed.iter().any(|choice| equal(choice, instance))
        {
            self.spend(allowed.len());
            let allowed: Vec<&Value> = allowed.iter().collect();
            self.violation(found, Kind::Other, words::none_of(instance, &allowed));
            return false;
        }
        let Some(wanted) = keywords.get("type") else {
            return true;
        };
        let Some(wanted) = types(wanted) else {
            self.unsure += 1;
            return true;
        };
        if wanted.iter().any(|name| is(name, instance)) {
            return true;
        }
        self.violation(found, Kind::Type, mismatch(instance, &wanted));
        false
    }

    pub(super) fn number(
        &mut self,
        keywords: &'a Map<String, Value>,
        number: &Number,
        found: &mut Findings,
    ) {
        let given = Decimal::new(number);
        let shown = || words::show(&Value::Number(number.clone()));
        // Before draft-06 the exclusive bounds were switches beside the others.
        let exclusive = |keyword| keywords.get(keyword) == Some(&Value::Bool(true));
        let mut wrong = Vec::new();
        if let Some(least) = bound(keywords, "minimum") {
            let limit = &keywords["minimum"];
            if given < least {
                wrong.push(format!("{} is less than the minimum of {limit}", shown()));
            } else if given == least && exclusive("exclusiveMinimum") {
                wrong.push(format!("{} is not more than {limit}", shown()));
            }
        }
        if let Some(most) = bound(keywords, "maximum") {
            let limit = &keywords["maximum"];
            if given > most {
                wrong.push(format!("{} is more than the maximum of {limit}", shown()));
            } else if given == most && exclusive("exclusiveMaximum") {
                wrong.push(format!("{} is not less than {limit}", shown()));
            }
        }
        if bound(keywords, "exclusiveMinimum").is_some_and(|least| given <= least) {
            let limit = &keywords["exclusiveMinimum"];
            wrong.push(format!("{} is not more than {limit}", shown()));
        }
        if bound(keywords, "exclusiveMaximum").is_some_and(|most| given >= most) {
            let limit = &keywords["exclusiveMaximum"];
            wrong.push(format!("{} is not less than {limit}", shown()));
        }
        if let Some(factor) = bound(keywords, "multipleOf") {
            match given.is_multiple_of(&factor) {
                Some(true) => {}
                Some(false) => {
                    let factor = &keywords["multipleOf"];
                    wrong.push(format!("{} is not a multiple of {factor}", shown()));
                }
                None => self.unsure += 1,
            }
        }
        for message in wrong {
            self.violation(found, Kind::Other, message);
        }
    }

    pub(super) fn text(
        &mut self,
        keywords: &'a Map<String, Value>,
        text: &str,
        found: &mut Findings,
    ) {
        let shown = || words::show(&Value::String(text.to_owned()));
        self.size(
            keywords,
            text.chars().count(),
            ["minLength", "maxLength"],
            "character",
            found,
        );
        if let Some(Value::String(pattern)) = keywords.get("pattern") {
            match self.patterns.matches(pattern, text, &mut self.steps) {
                Some(true) => {}
                Some(false) => {
                    let pattern = words::pattern(pattern);
                    let message = format!("{} does not match {pattern}", shown());
                    self.violation(found, Kind::Other, message);
                }
                None => self.unsure += 1,
            }
        }
        let Some(Value::String(name)) = keywords.get("format") else {
            return;
        };
        let fits = format::has(name, text);
        if fits == Some(true) {
            return;
        }
        // Whether a format is binding is for the server to say.
        self.unsure += 1;
        if let Some(sample) = fits.and_then(|_| format::sample(name)) {
            found.warnings.push(Violation {
                at: self.at.clone(),
                kind: Kind::Other,
                message: format!("{} does not look like {name}, as {sample} does", shown()),
            });
        }
    }

    /// The bounds on how many characters, items or fields there are.
    pub(super) fn size(
        &mut self,
        keywords: &'a Map<String, Value>,
        given: usize,
        [least, most]: [&str; 2],
        thing: &str,
        found: &mut Findings,
    ) {
        let size = Decimal::from(given);
        if bound(keywords, least).is_some_and(|least| size < least) {
            let message = format!(
                "{}, where the least is {}",
                words::count(given, thing),
                keywords[least]
            );
            self.violation(found, Kind::Other, message);
        }
        if bound(keywords, most).is_some_and(|most| size > most) {
            let message = format!(
                "{}, where the most is {}",
                words::count(given, thing),
                keywords[most]
            );
            self.violation(found, Kind::Other, message);
        }
    }
}

/// The types that `type` names; None where one of them is no type, or there is none.
pub(super) fn types(wanted: &Value) -> Option<Vec<&str>> {
    let names: Vec<&str> = match wanted {
        Value::String(name) => vec![name],
        Value::Array(names) => names.iter().map(Value::as_str).collect::<Option<_>>()?,
        _ => return None,
    };
    let known = !names.is_empty() && names.iter().all(|name| words::an_type(name).is_some());
    known.then_some(names)
}

/// Whether a value is of a type.
pub(super) fn is(name: &str, instance: &Value) -> bool {
    match (name, instance) {
        ("integer", Value::Number(number)) => Decimal::new(number).is_integer(),
        ("number", Value::Number(_))
        | ("string", Value::String(_))
        | ("boolean", Value::Bool(_))
        | ("null", Value::Null)
        | ("array", Value::Array(_))
        | ("object", Value::Object(_)) => true,
        _ => false,
    }
}

/// `a string where an integer is wanted`.
pub(super) fn mismatch(instance: &Value, wanted: &[&str]) -> String {
    let wanted: Vec<&str> = wanted
        .iter()
        .filter_map(|name| words::an_type(name))
        .collect();
    let given = match instance {
        // That an integer is wanted of a number is clear once the number is seen.
        Value::Number(_) if wanted.contains(&"an integer") => words::show(instance),
        _ => words::an(instance).to_owned(),
    };
    format!("{given} where {} is wanted", words::either(&wanted))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::validate::tests::check;
    use crate::validate::validate;

    fn value(text: &str) -> Value {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn a_value_is_of_its_type() {
        let values = [
            json!(null),
            json!(true),
            json!(1.5),
            json!(5),
            json!("x"),
            json!([]),
            json!({}),
        ];
        for (name, fits) in [
            ("null", &[0][..]),
            ("boolean", &[1]),
            ("number", &[2, 3]),
            ("integer", &[3]),
            ("string", &[4]),
            ("array", &[5]),
            ("object", &[6]),
            ("any", &[0, 1, 2, 3, 4, 5, 6]),
        ] {
            for (at, value) in values.iter().enumerate() {
                let well = validate(&json!({ "type": name }), value)
                    .violations
                    .is_empty();
                assert_eq!(well, fits.contains(&at), "{name} {value}");
            }
        }
        check(&[
            (json!({ "type": "integer" }), value("5.0"), &[]),
            (json!({ "type": "integer" }), value("1e3"), &[]),
            (
                json!({ "type": "integer" }),
                value("5.5"),
                &["@ 5.5 where an integer is wanted"],
            ),
            (
                json!({ "type": "integer" }),
                json!("x"),
                &["@ a string where an integer is wanted"],
            ),
            (json!({ "type": ["string", "null"] }), json!(null), &[]),
            (
                json!({ "type": ["string", "null"] }),
                json!([]),
                &["@ an array where a string or null is wanted"],
            ),
            (json!({ "type": ["string", "file"] }), json!(1), &[]),
            (json!({ "type": [] }), json!(1), &[]),
            (json!({ "type": { "a": 1 } }), json!(1), &[]),
            (
                json!({ "type": "string", "nullable": true }),
                json!(null),
                &[],
            ),
            (json!({ "enum": ["a"], "nullable": true }), json!(null), &[]),
            (
                json!({ "enum": ["a", null], "nullable": true }),
                json!(null),
                &[],
            ),
            (
                json!({ "type": "string", "nullable": false }),
                json!(null),
                &["@ null where a string is wanted"],
            ),
        ]);
    }

    #[test]
    fn a_value_is_one_of_its_choices() {
        check(&[
            (json!({ "enum": [1, "a"] }), value("1.0"), &[]),
            (
                json!({ "enum": [1, "a"] }),
                json!("1"),
                &["@ \"1\" is none of 1, a"],
            ),
            (
                json!({ "enum": ["red", "green"] }),
                json!("gren"),
                &["@ \"gren\" is none of red, green; did you mean green?"],
            ),
            (
                json!({ "type": "string", "enum": ["red"] }),
                json!(1),
                &["@ 1 where only red is allowed"],
            ),
            (
                json!({ "const": { "a": [1] } }),
                value(r#"{"a": [1e0]}"#),
                &[],
            ),
            (
                json!({ "const": 1 }),
                json!(true),
                &["@ true where only 1 is allowed"],
            ),
            (json!({ "const": null }), json!(null), &[]),
            (json!({ "enum": "a" }), json!(1), &[]),
            (json!({ "enum": [] }), json!(1), &[]),
        ]);
    }

    #[test]
    fn a_number_is_within_its_bounds() {
        check(&[
            (json!({ "minimum": 1, "maximum": 5 }), json!(1), &[]),
            (
                json!({ "minimum": 1, "maximum": 5 }),
                json!(6),
                &["@ 6 is more than the maximum of 5"],
            ),
            (
                json!({ "minimum": 1, "maximum": 5 }),
                json!(0),
                &["@ 0 is less than the minimum of 1"],
            ),
            (
                json!({ "exclusiveMinimum": 1 }),
                json!(1),
                &["@ 1 is not more than 1"],
            ),
            (
                json!({ "exclusiveMaximum": 5 }),
                value("5.0"),
                &["@ 5.0 is not less than 5"],
            ),
            (json!({ "exclusiveMaximum": 5 }), value("4.999"), &[]),
            (
                json!({ "minimum": 1, "exclusiveMinimum": true }),
                json!(1),
                &["@ 1 is not more than 1"],
            ),
            (
                json!({ "minimum": 1, "exclusiveMinimum": false }),
                json!(1),
                &[],
            ),
            (
                json!({ "maximum": 5, "exclusiveMaximum": true }),
                json!(5),
                &["@ 5 is not less than 5"],
            ),
            (json!({ "exclusiveMaximum": true }), json!(5), &[]),
            (json!({ "multipleOf": value("0.01") }), value("19.99"), &[]),
            (
                json!({ "multipleOf": value("0.01") }),
                value("0.005"),
                &["@ 0.005 is not a multiple of 0.01"],
            ),
            (json!({ "multipleOf": 0 }), json!(5), &[]),
            (
                json!({ "maximum": value("9007199254740992") }),
                value("9007199254740993"),
                &["@ 9007199254740993 is more than the maximum of 9007199254740992"],
            ),
            (json!({ "minimum": "1" }), json!(0), &[]),
            (json!({ "minimum": 1 }), json!("0"), &[]),
        ]);
    }

    #[test]
    fn a_text_has_its_length_and_its_pattern() {
        check(&[
            (json!({ "minLength": 2, "maxLength": 3 }), json!("éé"), &[]),
            (
                json!({ "minLength": 2 }),
                json!("a"),
                &["@ 1 character, where the least is 2"],
            ),
            (
                json!({ "maxLength": 2 }),
                json!("abc"),
                &["@ 3 characters, where the most is 2"],
            ),
            (
                json!({ "maxLength": value("2.0") }),
                json!("abc"),
                &["@ 3 characters, where the most is 2.0"],
            ),
            (json!({ "pattern": "^\\d{4}$" }), json!("2026"), &[]),
            (
                json!({ "pattern": "^\\d{4}$" }),
                json!("may"),
                &["@ \"may\" does not match ^\\d{4}$"],
            ),
            (json!({ "pattern": "^(?!a)" }), json!("a"), &[]),
            (json!({ "pattern": 5 }), json!("a"), &[]),
            (
                json!({ "pattern": "b", "maxLength": 1 }),
                json!("aa"),
                &[
                    "@ 2 characters, where the most is 1",
                    "@ \"aa\" does not match b",
                ],
            ),
        ]);
    }

    #[test]
    fn a_format_is_warned_about_and_refuses_nothing() {
        let found = validate(
            &json!({ "properties": { "a": { "format": "date" } } }),
            &json!({ "a": "may" }),
        );
        assert_eq!(found.violations, []);
        assert_eq!(found.warnings[0].at, "/a");
        assert_eq!(
            found.warnings[0].message,
            "\"may\" does not look like date, as 2026-01-31 does"
        );
        for (schema, text) in [
            (json!({ "format": "date" }), "2026-01-31"),
            (json!({ "format": "int32" }), "x"),
            (
                json!({ "anyOf": [{ "format": "date-time" }, { "format": "date" }] }),
                "2026-01-31",
            ),
            (
                json!({ "anyOf": [{ "format": "date-time" }, { "type": "string" }] }),
                "may",
            ),
        ] {
            assert_eq!(validate(&schema, &json!(text)).warnings, [], "{schema}");
        }
    }
}
