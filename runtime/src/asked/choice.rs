//! The values that a field may have, where the schema lists them.

use serde_json::{Map, Value};

use super::words::label;

/// The most choices that are listed. The others can be typed all the same.
const LISTED: usize = 100;

/// What can be chosen, in the schema's order.
pub(super) struct Choices<'a> {
    all: Vec<(&'a Value, String)>,
    /// Whether a choice may be typed as its number in the list: not where a number could as well be
    /// meant as what is listed.
    numbered: bool,
}

impl<'a> Choices<'a> {
    /// The choices of a schema: an `enum`, with the `enumNames` of older servers, or a `oneOf` or
    /// `anyOf` in which each schema is a `const` with a title.
    pub(super) fn of(keywords: &'a Map<String, Value>) -> Option<Self> {
        let all = listed(keywords).or_else(|| {
            ["oneOf", "anyOf"]
                .iter()
                .find_map(|keyword| titled(keywords.get(*keyword)?))
        })?;
        let is_number = |title: &str| title.parse::<f64>().is_ok();
        let numbered = !all.iter().any(|(_, title)| is_number(title));
        Some(Self { all, numbered })
    }

    /// The list, a line a choice.
    pub(super) fn list(&self) -> String {
        let mut list = String::new();
        for (at, (_, title)) in self.all.iter().enumerate().take(LISTED) {
            list.push_str(&if self.numbered {
                format!("  {}) {title}\n", at + 1)
            } else {
                format!("  - {title}\n")
            });
        }
        if self.all.len() > LISTED {
            list.push_str(&format!("  and {} more\n", self.all.len() - LISTED));
        }
        list
    }

    /// What is to be typed.
    pub(super) fn wanted(&self) -> String {
        if self.numbered {
            format!("1 to {}", self.all.len())
        } else {
            "one of these".to_owned()
        }
    }

    /// The choice that was typed: its number, its title or its value.
    pub(super) fn read(&self, typed: &str) -> Result<Value, String> {
        let number = typed.parse::<usize>().ok().filter(|_| self.numbered);
        let chosen = match number {
            Some(number) => number.checked_sub(1).and_then(|at| self.all.get(at)),
            None => self.named(typed),
        };
        chosen.map(|(value, _)| (*value).clone()).ok_or_else(|| {
            format!(
                "{} is none of the choices; give {}",
                label(typed),
                self.wanted()
            )
        })
    }

    fn named(&self, typed: &str) -> Option<&(&'a Value, String)> {
        let lower = typed.to_lowercase();
        let mut all = self.all.iter();
        let exact = all.clone().find(|(_, title)| title == typed);
        exact
            .or_else(|| all.clone().find(|(value, _)| shown(value) == typed))
            .or_else(|| all.find(|(_, title)| title.to_lowercase() == lower))
    }

    /// Whether a value is one of them.
    pub(super) fn has(&self, value: &Value) -> bool {
        self.all.iter().any(|(choice, _)| *choice == value)
    }

    /// A value by its title.
    pub(super) fn title(&self, value: &Value) -> String {
        let known = self.all.iter().find(|(choice, _)| *choice == value);
        known.map_or_else(|| label(&shown(value)), |(_, title)| title.clone())
    }
}

fn listed(keywords: &Map<String, Value>) -> Option<Vec<(&Value, String)>> {
    let values = match (keywords.get("enum"), keywords.get("const")) {
        (Some(Value::Array(values)), _) if !values.is_empty() => &values[..],
        (_, Some(only)) => std::slice::from_ref(only),
        _ => return None,
    };
    let names = keywords.get("enumNames").and_then(Value::as_array);
    let name = |at: usize| names?.get(at)?.as_str();
    let titled = |(at, value)| {
        let title = name(at).map_or_else(|| shown(value), str::to_owned);
        (value, label(&title))
    };
    Some(values.iter().enumerate().map(titled).collect())
}

/// The constants with titles; None where a schema is anything else, but for one that means nothing.
fn titled(schemas: &Value) -> Option<Vec<(&Value, String)>> {
    let mut all = Vec::new();
    for schema in schemas.as_array()? {
        if schema.get("type").is_some_and(|name| name == "null") {
            continue;
        }
        let value = schema.get("const")?;
        let title = schema.get("title").and_then(Value::as_str);
        let title = title.map_or_else(|| shown(value), str::to_owned);
        all.push((value, label(&title)));
    }
    (!all.is_empty()).then_some(all)
}

/// A value as it is typed: a string without its quotes.
pub(super) fn shown(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn choices(schema: &Value) -> Choices<'_> {
        Choices::of(schema.as_object().unwrap()).unwrap()
    }

    #[test]
    fn a_choice_is_typed_as_its_number_its_title_or_its_value() {
        for schema in [
            json!({"oneOf": [{"const": "#f00", "title": "Red"}, {"const": "#0f0", "title": "Green"}]}),
            json!({"anyOf": [{"const": "#f00", "title": "Red"}, {"const": "#0f0", "title": "Green"}, {"type": "null"}]}),
            json!({"enum": ["#f00", "#0f0"], "enumNames": ["Red", "Green"]}),
        ] {
            let choices = choices(&schema);
            assert_eq!(choices.list(), "  1) Red\n  2) Green\n");
            for typed in ["2", "Green", "green", "#0f0"] {
                assert_eq!(choices.read(typed), Ok(json!("#0f0")), "{typed}");
            }
            for typed in ["0", "3", "-1", "blue"] {
                assert_eq!(
                    choices.read(typed),
                    Err(format!("{typed} is none of the choices; give 1 to 2"))
                );
            }
        }
    }

    #[test]
    fn a_number_that_is_listed_is_no_number_of_the_list() {
        let schema = json!({"enum": [3, 2, "1"]});
        let choices = choices(&schema);
        assert_eq!(choices.list(), "  - 3\n  - 2\n  - 1\n");
        assert_eq!(choices.read("1"), Ok(json!("1")));
        assert_eq!(choices.read("3"), Ok(json!(3)));
    }

    #[test]
    fn what_is_no_list_of_constants_is_no_choice() {
        for schema in [
            json!({}),
            json!({"enum": []}),
            json!({"enum": "a"}),
            json!({"oneOf": []}),
            json!({"anyOf": [{"type": "string"}, {"const": "a"}]}),
            json!({"oneOf": [1, null]}),
        ] {
            assert!(
                Choices::of(schema.as_object().unwrap()).is_none(),
                "{schema}"
            );
        }
    }
}
