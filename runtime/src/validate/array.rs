//! The keywords of arrays.

use serde_json::{Map, Value};

use super::equal::repeated;
use super::number::Decimal;
use super::{Checker, Findings, Kind, bound, schemas, words};

impl<'a> Checker<'a, '_> {
    pub(super) fn array(
        &mut self,
        keywords: &'a Map<String, Value>,
        items: &[Value],
        found: &mut Findings,
    ) {
        self.size(
            keywords,
            items.len(),
            ["minItems", "maxItems"],
            "item",
            found,
        );
        self.items(keywords, items, found);
        self.contains(keywords, items, found);
        if keywords.get("uniqueItems") == Some(&Value::Bool(true)) {
            for at in repeated(items) {
                let message = format!("{} is given more than once", words::show(&items[at]));
                let at = self.below(&at.to_string());
                self.violation_at(found, at, Kind::Other, message);
            }
        }
    }

    /// The items by their place, and the others: `prefixItems` and `items` since 2020-12, `items` and
    /// `additionalItems` before.
    fn items(&mut self, keywords: &'a Map<String, Value>, items: &[Value], found: &mut Findings) {
        let (first, rest) = match (schemas(keywords, "prefixItems"), keywords.get("items")) {
            (None, Some(Value::Array(first))) => (&first[..], keywords.get("additionalItems")),
            (first, Some(Value::Array(_))) => (first.unwrap_or_default(), None),
            (first, rest) => (first.unwrap_or_default(), rest),
        };
        for (at, (item, schema)) in items.iter().zip(first).enumerate() {
            self.descend(&at.to_string(), schema, item, found);
        }
        let others = items.iter().enumerate().skip(first.len());
        match rest {
            None | Some(Value::Bool(true)) => {}
            Some(Value::Bool(false)) => {
                for (at, _) in others {
                    let most = match first.len() {
                        0 => "no item is allowed".to_owned(),
                        most => format!("there are {} at most", words::count(most, "item")),
                    };
                    let at = self.below(&at.to_string());
                    self.violation_at(found, at, Kind::Unknown, format!("one too many; {most}"));
                }
            }
            Some(schema) => {
                for (at, item) in others {
                    self.descend(&at.to_string(), schema, item, found);
                }
            }
        }
    }

    fn contains(
        &mut self,
        keywords: &'a Map<String, Value>,
        items: &[Value],
        found: &mut Findings,
    ) {
        let Some(wanted) = keywords.get("contains") else {
            return;
        };
        let trials = items.iter().map(|item| self.trial(wanted, item));
        let passing: Vec<bool> = trials
            .filter(|trial| trial.passes())
            .map(|trial| trial.sure)
            .collect();
        let sure = passing.iter().filter(|sure| **sure).count();
        let least = bound(keywords, "minContains").unwrap_or_else(|| Decimal::from(1));
        if Decimal::from(passing.len()) < least {
            let message = match keywords.get("minContains") {
                Some(least) => format!(
                    "{} of the wanted form, where the least is {least}",
                    words::count(passing.len(), "item")
                ),
                None => "no item has the wanted form".to_owned(),
            };
            self.violation(found, Kind::Other, message);
        }
        if bound(keywords, "maxContains").is_some_and(|most| Decimal::from(sure) > most) {
            let message = format!(
                "{} of one form, where the most is {}",
                words::count(sure, "item"),
                keywords["maxContains"]
            );
            self.violation(found, Kind::Other, message);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::validate::tests::check;

    #[test]
    fn items_are_checked_by_their_place() {
        let list = json!({ "items": { "type": "string" } });
        let new =
            json!({ "prefixItems": [{ "type": "string" }, { "type": "integer" }], "items": false });
        let old = json!({ "items": [{ "type": "string" }, { "type": "integer" }], "additionalItems": false });
        let open =
            json!({ "items": [{ "type": "string" }], "additionalItems": { "type": "null" } });
        check(&[
            (list.clone(), json!(["a", "b"]), &[]),
            (
                list,
                json!(["a", 1]),
                &["@/1 a number where a string is wanted"],
            ),
            (new.clone(), json!(["a", 1]), &[]),
            (new.clone(), json!(["a"]), &[]),
            (
                new,
                json!([1, 1, 1]),
                &[
                    "@/0 a number where a string is wanted",
                    "@/2 one too many; there are 2 items at most",
                ],
            ),
            (old.clone(), json!(["a", 1]), &[]),
            (
                old,
                json!(["a", 1, 1]),
                &["@/2 one too many; there are 2 items at most"],
            ),
            (open.clone(), json!(["a", null, null]), &[]),
            (
                open,
                json!(["a", null, 1]),
                &["@/2 a number where null is wanted"],
            ),
            (
                json!({ "items": false }),
                json!([1]),
                &["@/0 one too many; no item is allowed"],
            ),
            (json!({ "items": true }), json!([1]), &[]),
            (json!({ "items": "string" }), json!([1]), &[]),
            (json!({ "additionalItems": false }), json!([1]), &[]),
        ]);
    }

    #[test]
    fn how_many_items_there_are_is_checked() {
        let some = json!({ "minItems": 1, "maxItems": 2 });
        let contains = json!({ "contains": { "type": "string" } });
        let counted =
            json!({ "contains": { "type": "string" }, "minContains": 2, "maxContains": 3 });
        check(&[
            (some.clone(), json!([1]), &[]),
            (
                some.clone(),
                json!([]),
                &["@ 0 items, where the least is 1"],
            ),
            (some, json!([1, 2, 3]), &["@ 3 items, where the most is 2"]),
            (contains.clone(), json!([1, "a"]), &[]),
            (
                contains.clone(),
                json!([1]),
                &["@ no item has the wanted form"],
            ),
            (contains, json!([]), &["@ no item has the wanted form"]),
            (counted.clone(), json!(["a", "b", 1]), &[]),
            (
                counted.clone(),
                json!(["a"]),
                &["@ 1 item of the wanted form, where the least is 2"],
            ),
            (
                counted,
                json!(["a", "b", "c", "d"]),
                &["@ 4 items of one form, where the most is 3"],
            ),
            (json!({ "contains": {}, "minContains": 0 }), json!([]), &[]),
            (json!({ "uniqueItems": true }), json!([1, "1", true]), &[]),
            (
                json!({ "uniqueItems": true }),
                json!([{ "a": 1 }, { "a": 1 }]),
                &["@/1 {\"a\":1} is given more than once"],
            ),
            (json!({ "uniqueItems": false }), json!([1, 1]), &[]),
        ]);
    }
}
