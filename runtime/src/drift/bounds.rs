//! Keywords that bound a value: ranges, lengths, patterns, formats.

use std::cmp::Ordering;

use serde_json::{Number, Value};

use super::schema::{At, Comparison, Turn};
use super::view::{Place, View};

/// Bounds from below and from above; the absence of the first is zero for sizes.
const LEAST: [&str; 4] = ["minLength", "minItems", "minProperties", "minContains"];
const MOST: [&str; 4] = ["maxLength", "maxItems", "maxProperties", "maxContains"];

/// Keywords that are there in the same words or not at all.
const EXACT: [&str; 4] = ["pattern", "format", "contentEncoding", "contentMediaType"];

/// Whether [`compare`] looks at a keyword.
pub(super) fn are_bounds(keyword: &str) -> bool {
    LEAST.contains(&keyword)
        || MOST.contains(&keyword)
        || EXACT.contains(&keyword)
        || matches!(
            keyword,
            "minimum"
                | "maximum"
                | "exclusiveMinimum"
                | "exclusiveMaximum"
                | "multipleOf"
                | "uniqueItems"
        )
}

/// Compares the bounds of two views.
pub(super) fn compare<'a>(
    comparison: &mut Comparison<'a>,
    before: &View<'a>,
    after: &View<'a>,
    name: &str,
) {
    for upper in [false, true] {
        range(comparison, before, after, name, upper);
    }
    for (keywords, upper) in [(LEAST, false), (MOST, true)] {
        for key in keywords {
            let (old, new) = (before.keyword(key), after.keyword(key));
            if is_same(old, new) {
                continue;
            }
            let (Some(was), Some(is)) = (size(old, upper), size(new, upper)) else {
                unreadable(comparison, old, new, name);
                continue;
            };
            let turn = turn_of(was, is, upper);
            tell(comparison, key, turn, old, new, name);
        }
    }
    for key in EXACT {
        let (old, new) = (before.keyword(key), after.keyword(key));
        let turn = match (old, new) {
            (None, Some(_)) => Turn::Narrower,
            (Some(_), None) => Turn::Wider,
            _ => Turn::Elsewhere,
        };
        let turn = (!is_same(old, new)).then_some(turn);
        tell(comparison, key, turn, old, new, name);
    }
    let (old, new) = (before.keyword("multipleOf"), after.keyword("multipleOf"));
    tell(comparison, "multipleOf", steps(old, new), old, new, name);
    let (old, new) = (before.keyword("uniqueItems"), after.keyword("uniqueItems"));
    let unique = |place: Option<&Place<'_>>| place.is_some_and(|place| *place.value == true);
    let turn = match (unique(old), unique(new)) {
        (false, true) => Some(Turn::Narrower),
        (true, false) => Some(Turn::Wider),
        _ => None,
    };
    tell(comparison, "uniqueItems", turn, old, new, name);
}

/// Says how a bound moved, if it did.
fn tell<'a>(
    comparison: &mut Comparison<'a>,
    key: &str,
    turn: Option<Turn>,
    old: Option<&Place<'a>>,
    new: Option<&Place<'a>>,
    name: &str,
) {
    let Some(turn) = turn else {
        return;
    };
    let shown = |place: Option<&Place<'_>>| match place.map(|place| place.value) {
        None => "none".to_owned(),
        Some(Value::String(text)) => format!("`{text}`"),
        Some(value) => value.to_string(),
    };
    let verb = match turn {
        Turn::Narrower => "was tightened",
        Turn::Wider => "was loosened",
        _ => "changed",
    };
    let what = format!(
        "the {key} of {} {verb} from {} to {}",
        comparison.subject(name),
        shown(old),
        shown(new)
    );
    comparison.say(turn, &At::of(old, new), what);
}

/// A bound that is no number counts as the same only in the same words.
fn unreadable<'a>(
    comparison: &mut Comparison<'a>,
    old: Option<&Place<'a>>,
    new: Option<&Place<'a>>,
    name: &str,
) {
    if !is_same(old, new) {
        comparison.unjudged(old, new, name);
    }
}

fn is_same(old: Option<&Place<'_>>, new: Option<&Place<'_>>) -> bool {
    old.map(|place| place.value) == new.map(|place| place.value)
}

/// A bound on a size: none where there is no telling, infinite where there is no bound.
fn size(place: Option<&Place<'_>>, upper: bool) -> Option<Bound> {
    match place {
        None if upper => Some(Bound::Infinite),
        None => Some(Bound::At(Decimal::Whole(0), false)),
        Some(place) => Some(Bound::At(Decimal::of(place.value)?, false)),
    }
}

/// Compares `minimum` and `exclusiveMinimum`, or their counterparts, as the one bound that they are.
fn range<'a>(
    comparison: &mut Comparison<'a>,
    before: &View<'a>,
    after: &View<'a>,
    name: &str,
    upper: bool,
) {
    // A number too large to be compared is still the same as itself.
    let same = |key| is_same(before.keyword(key), after.keyword(key));
    if range_keys(upper).into_iter().all(same) {
        return;
    }
    let (Some((was, old)), Some((is, new))) = (limit(before, upper), limit(after, upper)) else {
        for key in range_keys(upper) {
            unreadable(comparison, before.keyword(key), after.keyword(key), name);
        }
        return;
    };
    let turn = turn_of(was, is, upper);
    let key = new
        .or(old)
        .and_then(|place| place.pointer.rsplit('/').next());
    let key = key.unwrap_or_default().to_owned();
    tell(comparison, &key, turn, old, new, name);
}

fn range_keys(upper: bool) -> [&'static str; 2] {
    if upper {
        ["maximum", "exclusiveMaximum"]
    } else {
        ["minimum", "exclusiveMinimum"]
    }
}

/// A bound: a number, and whether it is itself out of bounds.
#[derive(Debug, Clone, Copy)]
enum Bound {
    Infinite,
    At(Decimal, bool),
}

/// The tighter of a view's two bounds on one side, and the keyword that sets it. None when a bound
/// is not a number.
fn limit<'v, 'a>(view: &'v View<'a>, upper: bool) -> Option<(Bound, Option<&'v Place<'a>>)> {
    let [inclusive, exclusive] = range_keys(upper).map(|key| view.keyword(key));
    let read = |place: Option<&'v Place<'a>>, exclusive: bool| match place {
        None => Some((Bound::Infinite, None)),
        Some(place) => {
            let number = Decimal::of(place.value)?;
            // For integers, "more than 0" is "at least 1".
            let bound = match number {
                Decimal::Whole(whole) if exclusive && view.types.is_integer() => {
                    let next = if upper {
                        whole.checked_sub(1)?
                    } else {
                        whole.checked_add(1)?
                    };
                    Bound::At(Decimal::Whole(next), false)
                }
                number => Bound::At(number, exclusive),
            };
            Some((bound, Some(place)))
        }
    };
    // In draft 4 the exclusive keyword says whether the other one is.
    if let Some(Value::Bool(flag)) = exclusive.map(|place| place.value) {
        return read(inclusive, *flag);
    }
    let (first, second) = (read(inclusive, false)?, read(exclusive, true)?);
    match turn_of(first.0, second.0, upper) {
        Some(Turn::Narrower) => Some(second),
        Some(Turn::Elsewhere) => None,
        _ => Some(first),
    }
}

/// Which way a bound moved.
fn turn_of(was: Bound, is: Bound, upper: bool) -> Option<Turn> {
    let (was, is) = match (was, is) {
        (Bound::Infinite, Bound::Infinite) => return None,
        (Bound::Infinite, _) => return Some(Turn::Narrower),
        (_, Bound::Infinite) => return Some(Turn::Wider),
        (Bound::At(was, was_out), Bound::At(is, is_out)) => ((was, was_out), (is, is_out)),
    };
    let Some(order) = was.0.compare(is.0) else {
        return Some(Turn::Elsewhere);
    };
    let moved = if upper { order } else { order.reverse() };
    // `Greater`: less is within it than was.
    match moved.then(is.1.cmp(&was.1)) {
        Ordering::Greater => Some(Turn::Narrower),
        Ordering::Less => Some(Turn::Wider),
        Ordering::Equal => None,
    }
}

/// Which way `multipleOf` moved.
fn steps(old: Option<&Place<'_>>, new: Option<&Place<'_>>) -> Option<Turn> {
    let (old, new) = match (old, new) {
        (None, None) => return None,
        (None, _) => return Some(Turn::Narrower),
        (_, None) => return Some(Turn::Wider),
        (Some(old), Some(new)) => (old.value, new.value),
    };
    if key(old) == key(new) {
        return None;
    }
    let divides = |step: &Value, number: &Value| match (Decimal::of(step), Decimal::of(number)) {
        (Some(Decimal::Whole(step)), Some(Decimal::Whole(number))) => {
            number.checked_rem(step) == Some(0)
        }
        (Some(step), Some(number)) => {
            let ratio = number.float() / step.float();
            ratio.is_finite() && (ratio - ratio.round()).abs() < 1e-9 && ratio.abs() < 1e9
        }
        _ => false,
    };
    Some(if divides(old, new) {
        Turn::Narrower
    } else if divides(new, old) {
        Turn::Wider
    } else {
        Turn::Elsewhere
    })
}

/// A number as it can be compared: whole ones exactly.
#[derive(Debug, Clone, Copy)]
enum Decimal {
    Whole(i128),
    Other(f64),
}

impl Decimal {
    fn of(value: &Value) -> Option<Self> {
        let Value::Number(number) = value else {
            return None;
        };
        if let Ok(whole) = number.as_str().parse() {
            return Some(Self::Whole(whole));
        }
        let float = number.as_f64().filter(|float| float.is_finite())?;
        #[expect(
            clippy::cast_possible_truncation,
            reason = "whole and small enough to be exact"
        )]
        Some(if float.fract() == 0.0 && float.abs() < EXACT_BELOW {
            Self::Whole(float as i128)
        } else {
            Self::Other(float)
        })
    }

    fn float(self) -> f64 {
        match self {
            #[expect(clippy::cast_precision_loss, reason = "compared with another float")]
            Self::Whole(whole) => whole as f64,
            Self::Other(float) => float,
        }
    }

    /// None where floats are too coarse to tell.
    fn compare(self, other: Self) -> Option<Ordering> {
        if let (Self::Whole(a), Self::Whole(b)) = (self, other) {
            return Some(a.cmp(&b));
        }
        let order = self.float().partial_cmp(&other.float())?;
        let is_coarse = order == Ordering::Equal && self.float().abs() >= EXACT_BELOW;
        (!is_coarse).then_some(order)
    }
}

/// Every whole number below is a float of its own.
const EXACT_BELOW: f64 = 9_007_199_254_740_992.0;

/// A text that two values share if JSON Schema calls them equal: the order of keys does not matter,
/// nor how a number is written.
pub(super) fn key(value: &Value) -> String {
    match value {
        Value::Number(number) => number_key(number),
        Value::Array(items) => {
            let items: Vec<String> = items.iter().map(key).collect();
            format!("[{}]", items.join(","))
        }
        Value::Object(fields) => {
            let mut fields: Vec<String> = fields
                .iter()
                .map(|(name, value)| format!("{}:{}", Value::from(name.as_str()), key(value)))
                .collect();
            fields.sort();
            format!("{{{}}}", fields.join(","))
        }
        value => value.to_string(),
    }
}

fn number_key(number: &Number) -> String {
    match Decimal::of(&Value::Number(number.clone())) {
        Some(Decimal::Whole(whole)) => whole.to_string(),
        Some(Decimal::Other(float)) if float.abs() < EXACT_BELOW => float.to_string(),
        _ => number.to_string(),
    }
}
