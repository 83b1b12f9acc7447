//! Two schemas, place by place.

use std::cell::OnceCell;
use std::collections::{BTreeSet, HashSet};

use serde_json::Value;

use super::types::Types;
use super::view::{ANYTHING, Document, Place, View, refers};
use super::words::are_words;
use super::{Change, Kind, Severity, bounds, keys};

/// How deep schemas are followed into each other.
const DEPTH: usize = 64;

/// The most values that are named in a sentence.
const NAMED: usize = 8;

/// Who depends on a schema.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Side {
    /// Those who send what it describes.
    Input,
    /// Those who read it.
    Output,
}

impl Side {
    pub(super) fn key(self) -> &'static str {
        match self {
            Self::Input => "inputSchema",
            Self::Output => "outputSchema",
        }
    }

    /// "`limit` no longer …"
    pub(super) fn verb(self) -> &'static str {
        match self {
            Self::Input => "takes",
            Self::Output => "gives",
        }
    }
}

/// Which way a schema went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Turn {
    /// Less is valid than before.
    Narrower,
    /// More is valid than before.
    Wider,
    /// Something else is valid, or it cannot be told.
    Elsewhere,
    /// As much is valid as before.
    Neither,
}

/// What a change is said of: the place, and what stood and stands there.
pub(super) struct At<'v> {
    pub(super) pointer: &'v str,
    pub(super) before: Option<&'v Value>,
    pub(super) after: Option<&'v Value>,
}

impl<'v> At<'v> {
    /// A keyword that at least one of the two has.
    pub(super) fn of(before: Option<&'v Place<'_>>, after: Option<&'v Place<'_>>) -> Self {
        Self {
            pointer: after.or(before).map_or("", |place| &place.pointer),
            before: before.map(|place| place.value),
            after: after.map(|place| place.value),
        }
    }
}

/// One schema of a tool, before and after.
pub(super) struct Comparison<'a> {
    pub(super) side: Side,
    tool: &'a str,
    pub(super) before: Document<'a>,
    pub(super) after: Document<'a>,
    /// Whether either refers to places of its own: equal text may then mean different things.
    references: bool,
    same_definitions: OnceCell<bool>,
    /// The pairs that were compared or are being compared, by address.
    seen: HashSet<(usize, usize)>,
    log: Vec<(usize, usize)>,
    depth: usize,
    steps: usize,
    exhausted: bool,
    /// Whether the changes are thrown away, so that words and values do not matter.
    trying: bool,
    changes: Vec<Change>,
}

impl<'a> Comparison<'a> {
    pub(super) fn new(
        side: Side,
        tool: &'a str,
        before: Option<&'a Value>,
        after: Option<&'a Value>,
        steps: usize,
    ) -> Self {
        let document = |schema: Option<&'a Value>| {
            let pointer = format!("/{}", side.key());
            Document::new(Place::new(schema.unwrap_or(&ANYTHING), pointer))
        };
        let (before, after) = (document(before), document(after));
        Self {
            side,
            tool,
            references: before.has_references() || after.has_references(),
            before,
            after,
            same_definitions: OnceCell::new(),
            seen: HashSet::new(),
            log: Vec::new(),
            depth: 0,
            steps,
            exhausted: false,
            trying: false,
            changes: Vec::new(),
        }
    }

    pub(super) fn steps_left(&self) -> usize {
        self.steps
    }

    pub(super) fn into_changes(self) -> Vec<Change> {
        self.changes
    }

    /// Compares the two roots.
    pub(super) fn run(&mut self) {
        let (before, after) = (self.before.root.clone(), self.after.root.clone());
        // References point into the schema itself.
        if before.value == after.value {
            return;
        }
        let mut views = [
            View::of(&self.before, &before),
            View::of(&self.after, &after),
        ];
        for view in &mut views {
            // Arguments are an object, whether that is said or not.
            if view.types == Types::ANY && view.union.is_empty() {
                view.types = Types::OBJECT;
            }
        }
        let [old, new] = views;
        self.seen.insert(addresses(before.value, after.value));
        self.views(&old, &new, "");
        if self.exhausted {
            self.changes.push(Change {
                severity: Severity::Breaking,
                kind: Kind::Changed,
                tool: self.tool.to_owned(),
                pointer: after.pointer,
                what: "the schema changed, and is too large to be judged in full".to_owned(),
                before: None,
                after: None,
            });
        }
    }

    /// Compares two schemas.
    pub(super) fn schemas(&mut self, before: &Place<'a>, after: &Place<'a>, name: &str) {
        if before.value == after.value && !self.references {
            return;
        }
        let pair = addresses(before.value, after.value);
        if !self.spend(1) || !self.seen.insert(pair) {
            return;
        }
        self.log.push(pair);
        if self.depth >= DEPTH {
            if before.value != after.value {
                self.unjudged(Some(before), Some(after), name);
            }
            return;
        }
        let old = View::of(&self.before, before);
        let new = View::of(&self.after, after);
        self.views(&old, &new, name);
    }

    /// Compares two views.
    pub(super) fn views(&mut self, before: &View<'a>, after: &View<'a>, name: &str) {
        if !self.spend(before.cost + after.cost) {
            return;
        }
        if self.depth >= DEPTH {
            self.unjudged(Some(&before.place), Some(&after.place), name);
            return;
        }
        self.depth += 1;
        // A reference that leads nowhere could mean anything.
        let dangles = |view: &View<'_>| view.keyword("$ref").is_some();
        if before.odd != after.odd || dangles(before) != dangles(after) {
            self.unjudged(Some(&before.place), Some(&after.place), name);
        } else if before.union.is_empty() && after.union.is_empty() {
            self.plain(before, after, name);
        } else {
            self.unions(before, after, name);
        }
        self.depth -= 1;
    }

    /// Compares all of two views but their unions.
    pub(super) fn plain(&mut self, before: &View<'a>, after: &View<'a>, name: &str) {
        if self.types(before, after, name) {
            self.values(before, after, name);
            let common = before.types & after.types;
            if common.has(Types::OBJECT) {
                self.object(before, after, name);
            }
            if common.has(Types::ARRAY) {
                self.array(before, after, name);
            }
            bounds::compare(self, before, after, name);
            self.parts(before, after, name);
        }
        self.rest(before, after, name);
    }

    /// Compares the types. False when they have so little in common that the rest does not matter.
    fn types(&mut self, before: &View<'a>, after: &View<'a>, name: &str) -> bool {
        if before.types == after.types {
            return true;
        }
        let (old, new) = (before.types.without_null(), after.types.without_null());
        let values = [before.types.keyword(), after.types.keyword()];
        let (was, is) = (old.words(), new.words());
        let subject = self.subject(name);
        let at = At {
            pointer: &after.place.pointer,
            before: values[0].as_ref(),
            after: values[1].as_ref(),
        };
        // The types of an enumeration are those of its values, which are compared by themselves.
        let told_by_values = match (&before.values, &after.values) {
            (Some(_), Some(_)) => true,
            (None, Some(_)) => new.is_part_of(old),
            (Some(_), None) => old.is_part_of(new),
            (None, None) => false,
        };
        if old != new && !told_by_values {
            let (turn, verb) = if new.is_part_of(old) {
                (Turn::Narrower, "was narrowed")
            } else if old.is_part_of(new) {
                (Turn::Wider, "was widened")
            } else {
                (Turn::Elsewhere, "changed")
            };
            let what = format!("the type of {subject} {verb} from {was} to {is}");
            self.say(turn, &at, what);
            if turn == Turn::Elsewhere {
                return false;
            }
        }
        let takes_null = |view: &View<'_>| view.types.has(Types::NULL);
        if before.types != Types::ANY
            && after.types != Types::ANY
            && takes_null(before) != takes_null(after)
        {
            self.null(takes_null(after), &at, name);
        }
        true
    }

    pub(super) fn null(&mut self, taken: bool, at: &At<'_>, name: &str) {
        let subject = self.subject(name);
        if taken {
            self.say(Turn::Wider, at, format!("{subject} may be null now"));
        } else {
            let what = format!("{subject} may no longer be null");
            self.say(Turn::Narrower, at, what);
        }
    }

    /// Compares `enum` and `const`.
    fn values(&mut self, before: &View<'a>, after: &View<'a>, name: &str) {
        let list = |view: &View<'_>| -> Option<Value> {
            let (values, _) = view.values.as_ref()?;
            Some(values.iter().map(|&value| value.clone()).collect())
        };
        let (old, new) = (list(before), list(after));
        let pointer = after.values.as_ref().or(before.values.as_ref());
        let at = At {
            pointer: pointer.map_or("", |(_, pointer)| pointer),
            before: old.as_ref(),
            after: new.as_ref(),
        };
        let (subject, takes) = (self.subject(name), self.side.verb());
        match (&before.values, &after.values) {
            (None, None) => {}
            (None, Some((values, _))) => {
                let what = format!("{subject} is limited to {}", listed(values));
                self.say(Turn::Narrower, &at, what);
            }
            (Some((values, _)), None) => {
                let what = format!("{subject} is no longer limited to {}", listed(values));
                self.say(Turn::Wider, &at, what);
            }
            (Some((old, _)), Some((new, _))) => {
                let (gone, added) = (missing(old, new), missing(new, old));
                if let ([old], [new]) = (&old[..], &new[..]) {
                    if !gone.is_empty() {
                        let [old, new] = [listed(&[old]), listed(&[new])];
                        let what = format!("the constant {subject} changed from {old} to {new}");
                        self.say(Turn::Elsewhere, &at, what);
                    }
                    return;
                }
                if !gone.is_empty() {
                    let what = format!("{subject} no longer {takes} {}", listed(&gone));
                    self.say(Turn::Narrower, &at, what);
                }
                if !added.is_empty() {
                    let what = format!("{subject} also {takes} {}", listed(&added));
                    self.say(Turn::Wider, &at, what);
                }
            }
        }
    }

    /// Compares what could not be merged into the views.
    fn parts(&mut self, before: &View<'a>, after: &View<'a>, name: &str) {
        if before.parts.len() != after.parts.len() {
            self.unjudged(Some(&before.place), Some(&after.place), name);
            return;
        }
        for (old, new) in before.parts.iter().zip(&after.parts) {
            self.schemas(old, new, name);
        }
    }

    /// Compares the keywords that nothing else looks at.
    fn rest(&mut self, before: &View<'a>, after: &View<'a>, name: &str) {
        let keys: BTreeSet<&str> = before
            .keywords
            .keys()
            .chain(after.keywords.keys())
            .copied()
            .collect();
        for key in keys {
            let (old, new) = (before.keyword(key), after.keyword(key));
            match key {
                "additionalProperties"
                | "unevaluatedProperties"
                | "patternProperties"
                | "propertyNames"
                | "items"
                | "prefixItems"
                | "additionalItems"
                | "contains" => {}
                _ if bounds::are_bounds(key) => {}
                "default" => self.default(old, new, name),
                "readOnly" | "writeOnly" => self.access(key, old, new, name),
                "discriminator" => {
                    // The rest of it is said by the branches.
                    let property = |place: &Place<'a>| {
                        Some(place.child("propertyName", place.value.get("propertyName")?))
                    };
                    let [old, new] = [old, new].map(|place| place.and_then(property));
                    self.opaque(old.as_ref(), new.as_ref(), name);
                }
                _ if are_words(key) => self.words(key, old, new, name),
                _ => self.opaque(old, new, name),
            }
        }
    }

    fn default(&mut self, old: Option<&Place<'a>>, new: Option<&Place<'a>>, name: &str) {
        let at = At::of(old, new);
        if at.before == at.after {
            return;
        }
        let shown =
            |value: Option<&Value>| value.map_or("none".to_owned(), |value| listed(&[value]));
        let (was, is) = (shown(at.before), shown(at.after));
        let subject = self.subject(name);
        let what = format!("the default of {subject} changed from {was} to {is}");
        self.say(Turn::Neither, &at, what);
    }

    /// A property that is only read has no place in arguments, one that is only written none in
    /// results.
    fn access(&mut self, key: &str, old: Option<&Place<'a>>, new: Option<&Place<'a>>, name: &str) {
        let is_true = |place: Option<&Place<'_>>| place.is_some_and(|place| *place.value == true);
        let matters = (key == "readOnly") == (self.side == Side::Input);
        match (is_true(old), is_true(new)) {
            (was, is) if was == is => {}
            (_, is) if matters => {
                let subject = self.subject(name);
                let (turn, what) = if is {
                    (Turn::Elsewhere, format!("{subject} became {key}"))
                } else {
                    (Turn::Neither, format!("{subject} is no longer {key}"))
                };
                self.say(turn, &At::of(old, new), what);
            }
            _ => self.words(key, old, new, name),
        }
    }

    pub(super) fn words(
        &mut self,
        key: &str,
        old: Option<&Place<'a>>,
        new: Option<&Place<'a>>,
        name: &str,
    ) {
        let at = At::of(old, new);
        if self.trying || at.before == at.after {
            return;
        }
        let verb = match (old, new) {
            (None, _) => "is new",
            (_, None) => "is gone",
            _ => "changed",
        };
        let what = format!("the {key} of {} {verb}", self.subject(name));
        self.push(Severity::Description, &at, what);
    }

    /// Compares a keyword that is not understood.
    pub(super) fn opaque(&mut self, old: Option<&Place<'a>>, new: Option<&Place<'a>>, name: &str) {
        match (old, new) {
            (None, None) => {}
            (Some(old), Some(new)) if old.value == new.value => {
                let refers = self.references && (refers(old.value) || old.value.is_string());
                if refers && !self.has_same_definitions() {
                    self.unjudged(Some(old), Some(new), name);
                }
            }
            _ => self.unjudged(old, new, name),
        }
    }

    fn has_same_definitions(&self) -> bool {
        *self
            .same_definitions
            .get_or_init(|| self.before.definitions() == self.after.definitions())
    }

    /// Says of the deepest place that holds all of a difference that nothing is known about it.
    pub(super) fn unjudged(
        &mut self,
        old: Option<&Place<'a>>,
        new: Option<&Place<'a>>,
        name: &str,
    ) {
        let (old, new) = deepest(old.cloned(), new.cloned());
        let key = new.as_ref().or(old.as_ref());
        let key = key.and_then(|place| place.pointer.rsplit('/').next().map(str::to_owned));
        if let Some(key) = key.filter(|key| are_words(key)) {
            self.words(&key, old.as_ref(), new.as_ref(), name);
            return;
        }
        let subject = self.subject(name);
        let what = format!("the schema of {subject} changed in a way that cannot be judged");
        self.say(Turn::Elsewhere, &At::of(old.as_ref(), new.as_ref()), what);
    }

    /// Adds a change, as bad as its turn is for those who depend on the schema.
    pub(super) fn say(&mut self, turn: Turn, at: &At<'_>, what: String) {
        let severity = match (turn, self.side) {
            (Turn::Elsewhere, _) | (Turn::Narrower, Side::Input) | (Turn::Wider, Side::Output) => {
                Severity::Breaking
            }
            _ => Severity::Compatible,
        };
        self.push(severity, at, what);
    }

    fn push(&mut self, severity: Severity, at: &At<'_>, what: String) {
        let value = |value: Option<&Value>| value.filter(|_| !self.trying).cloned();
        self.changes.push(Change {
            severity,
            kind: match (at.before, at.after) {
                (None, Some(_)) => Kind::Added,
                (Some(_), None) => Kind::Removed,
                _ => Kind::Changed,
            },
            tool: self.tool.to_owned(),
            pointer: at.pointer.to_owned(),
            what,
            before: value(at.before),
            after: value(at.after),
        });
    }

    /// What a comparison would say, without a word of it said.
    pub(super) fn attempt(&mut self, compare: impl FnOnce(&mut Self)) -> Vec<Change> {
        let kept = std::mem::take(&mut self.changes);
        let was_trying = std::mem::replace(&mut self.trying, true);
        let mark = self.log.len();
        compare(self);
        for pair in self.log.drain(mark..) {
            self.seen.remove(&pair);
        }
        self.trying = was_trying;
        std::mem::replace(&mut self.changes, kept)
    }

    /// A place by its path, in words.
    pub(super) fn subject(&self, name: &str) -> String {
        match (self.side, name) {
            (Side::Input, "") => "the arguments".to_owned(),
            (Side::Output, "") => "the result".to_owned(),
            (Side::Input, name) => format!("`{}`", name.trim_start_matches('.')),
            (Side::Output, name) => format!("`{}` of the result", name.trim_start_matches('.')),
        }
    }

    fn spend(&mut self, steps: usize) -> bool {
        match self.steps.checked_sub(steps) {
            Some(left) => self.steps = left,
            None => {
                self.steps = 0;
                self.exhausted = true;
            }
        }
        !self.exhausted
    }
}

fn addresses(before: &Value, after: &Value) -> (usize, usize) {
    let address = |value: &Value| std::ptr::from_ref(value) as usize;
    (address(before), address(after))
}

/// The values that others lack.
fn missing<'a>(values: &[&'a Value], others: &[&Value]) -> Vec<&'a Value> {
    let others: HashSet<String> = others.iter().map(|value| bounds::key(value)).collect();
    values
        .iter()
        .copied()
        .filter(|value| !others.contains(&bounds::key(value)))
        .collect()
}

/// Values in a sentence.
pub(super) fn listed(values: &[&Value]) -> String {
    let mut words: Vec<String> = values
        .iter()
        .take(NAMED)
        .map(|value| match value {
            Value::String(text) if !text.is_empty() => format!("`{text}`"),
            value => format!("`{value}`"),
        })
        .collect();
    if values.len() > NAMED {
        words.push(format!("{} more", values.len() - NAMED));
    }
    words.join(", ")
}

/// The deepest pair of places below which all the differences of two values are.
fn deepest<'a>(
    mut old: Option<Place<'a>>,
    mut new: Option<Place<'a>>,
) -> (Option<Place<'a>>, Option<Place<'a>>) {
    for _ in 0..DEPTH {
        let (Some(was), Some(is)) = (&old, &new) else {
            break;
        };
        let below = match (was.value, is.value) {
            (Value::Object(fields), Value::Object(others)) => {
                let mut differing = keys(was.value, is.value)
                    .into_iter()
                    .filter(|key| fields.get(*key) != others.get(*key));
                match (differing.next(), differing.next()) {
                    (Some(key), None) => Some((
                        fields.get(key).map(|value| was.child(key, value)),
                        others.get(key).map(|value| is.child(key, value)),
                    )),
                    _ => None,
                }
            }
            (Value::Array(items), Value::Array(others)) if items.len() == others.len() => {
                let pairs = items.iter().zip(others).enumerate();
                let mut differing = pairs.filter(|(_, (item, other))| item != other);
                match (differing.next(), differing.next()) {
                    (Some((at, (item, other))), None) => {
                        let at = at.to_string();
                        Some((Some(was.child(&at, item)), Some(is.child(&at, other))))
                    }
                    _ => None,
                }
            }
            _ => None,
        };
        match below {
            Some(below) => (old, new) = below,
            None => break,
        }
    }
    (old, new)
}
