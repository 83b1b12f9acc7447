//! What objects and lists hold: properties, maps, items.

use std::collections::BTreeSet;

use serde_json::Value;

use super::keys;
use super::schema::{At, Comparison, Side, Turn};
use super::view::{ANYTHING, Place, View};

impl<'a> Comparison<'a> {
    /// Compares properties and what else is said of objects.
    pub(super) fn object(&mut self, before: &View<'a>, after: &View<'a>, name: &str) {
        let names: BTreeSet<&str> = before
            .properties
            .keys()
            .chain(after.properties.keys())
            .chain(&before.required)
            .chain(&after.required)
            .copied()
            .collect();
        for key in names {
            let path = if name.is_empty() {
                key.to_owned()
            } else {
                format!("{name}.{key}")
            };
            let (old, new) = (before.properties.get(key), after.properties.get(key));
            let required = (before.required.contains(key), after.required.contains(key));
            let subject = self.subject(&path);
            match (old, new) {
                (Some(old), None) => {
                    let at = At::of(Some(old), None);
                    self.say(Turn::Elsewhere, &at, format!("{subject} is gone"));
                }
                (None, Some(new)) => {
                    let at = At::of(None, Some(new));
                    let (turn, what) = match (self.side, required.1) {
                        (Side::Output, _) => (Turn::Neither, format!("{subject} is new")),
                        (_, false) => (Turn::Neither, format!("{subject} is new, and optional")),
                        (_, true) => (Turn::Elsewhere, format!("{subject} is new and required")),
                    };
                    self.say(turn, &at, what);
                }
                (old, new) => {
                    if let (Some(old), Some(new)) = (old, new) {
                        self.schemas(old, new, &path);
                    }
                    let at = At {
                        pointer: new.map_or(&after.place.pointer, |place| &place.pointer),
                        before: Some(&required.0.into()),
                        after: Some(&required.1.into()),
                    };
                    match required {
                        (false, true) => {
                            self.say(Turn::Narrower, &at, format!("{subject} became required"));
                        }
                        (true, false) => {
                            self.say(Turn::Wider, &at, format!("{subject} became optional"));
                        }
                        _ => {}
                    }
                }
            }
        }
        for keyword in ["additionalProperties", "unevaluatedProperties"] {
            self.openness(
                before.keyword(keyword),
                after.keyword(keyword),
                before,
                after,
                name,
            );
        }
        self.patterns(before, after, name);
        let names = format!("{name}.(name)");
        self.or_anything("propertyNames", before, after, &names);
    }

    /// Compares what an object takes beside its properties.
    fn openness(
        &mut self,
        old: Option<&Place<'a>>,
        new: Option<&Place<'a>>,
        before: &View<'a>,
        after: &View<'a>,
        name: &str,
    ) {
        let closed = |place: Option<&Place<'_>>| place.is_some_and(|place| *place.value == false);
        let turn = match (closed(old), closed(new)) {
            (true, true) => return,
            (false, true) => Turn::Narrower,
            (true, false) => Turn::Wider,
            (false, false) => {
                if old.is_some() || new.is_some() {
                    let old = old.cloned().unwrap_or_else(|| anything(before));
                    let new = new.cloned().unwrap_or_else(|| anything(after));
                    self.schemas(&old, &new, &format!("{name}.*"));
                }
                return;
            }
        };
        let (subject, takes) = (self.subject(name), self.side.verb());
        // A reader passes over what it does not know.
        let reads = self.side == Side::Output;
        let what = match turn {
            Turn::Narrower => format!("{subject} no longer {takes} properties beside those named"),
            _ => format!("{subject} also {takes} properties beside those named"),
        };
        let turn = if reads { Turn::Neither } else { turn };
        self.say(turn, &At::of(old, new), what);
    }

    /// Compares the properties that a pattern names.
    fn patterns(&mut self, before: &View<'a>, after: &View<'a>, name: &str) {
        let (old, new) = (
            before.keyword("patternProperties"),
            after.keyword("patternProperties"),
        );
        let fields = |place: Option<&Place<'a>>| place.is_none_or(|place| place.value.is_object());
        if !fields(old) || !fields(new) {
            self.opaque(old, new, name);
            return;
        }
        let none = Value::Null;
        let value = |place: Option<&Place<'a>>| place.map(|place| place.value);
        for pattern in keys(value(old).unwrap_or(&none), value(new).unwrap_or(&none)) {
            let schema = |place: Option<&Place<'a>>| {
                let place = place?;
                Some(place.child(pattern, place.value.get(pattern)?))
            };
            match (schema(old), schema(new)) {
                (Some(old), Some(new)) => self.schemas(&old, &new, &format!("{name}.*")),
                (old, new) => {
                    let other = if new.is_some() { before } else { after };
                    let closed = other
                        .keyword("additionalProperties")
                        .is_some_and(|place| *place.value == false);
                    // With everything else taken, a pattern only forbids.
                    let turn = if closed == new.is_some() {
                        Turn::Wider
                    } else {
                        Turn::Narrower
                    };
                    let verb = if new.is_some() { "new" } else { "gone" };
                    let subject = self.subject(name);
                    let what = format!("the properties of {subject} like `{pattern}` are {verb}");
                    self.say(turn, &At::of(old.as_ref(), new.as_ref()), what);
                }
            }
        }
    }

    /// Compares what is said of a list's items.
    pub(super) fn array(&mut self, before: &View<'a>, after: &View<'a>, name: &str) {
        let (old, old_rest) = tuple(before);
        let (new, new_rest) = tuple(after);
        for at in 0..old.len().max(new.len()) {
            let was = old.get(at).unwrap_or(&old_rest);
            let is = new.get(at).unwrap_or(&new_rest);
            self.schemas(was, is, &format!("{name}[{at}]"));
        }
        self.schemas(&old_rest, &new_rest, &format!("{name}[]"));
        self.or_anything("contains", before, after, &format!("{name}[]"));
    }

    /// Compares a keyword that is a schema and takes everything where it is absent.
    fn or_anything(&mut self, key: &str, before: &View<'a>, after: &View<'a>, name: &str) {
        let (old, new) = (before.keyword(key), after.keyword(key));
        if old.is_some() || new.is_some() {
            let old = old.cloned().unwrap_or_else(|| anything(before));
            let new = new.cloned().unwrap_or_else(|| anything(after));
            self.schemas(&old, &new, name);
        }
    }
}

/// The schema that stands for one that is not there.
fn anything<'a>(view: &View<'a>) -> Place<'a> {
    Place::new(&ANYTHING, view.place.pointer.clone())
}

/// The schemas of a list's first items, and of the others (`prefixItems`; in older drafts `items`
/// was both).
fn tuple<'a>(view: &View<'a>) -> (Vec<Place<'a>>, Place<'a>) {
    let slots = |place: &Place<'a>| -> Vec<Place<'a>> {
        let items = place.value.as_array().into_iter().flatten();
        items
            .enumerate()
            .map(|(at, item)| place.child(&at.to_string(), item))
            .collect()
    };
    let (first, rest) = match view.keyword("items") {
        Some(items) if items.value.is_array() => (slots(items), view.keyword("additionalItems")),
        items => (
            view.keyword("prefixItems").map(slots).unwrap_or_default(),
            items,
        ),
    };
    (first, rest.cloned().unwrap_or_else(|| anything(view)))
}
