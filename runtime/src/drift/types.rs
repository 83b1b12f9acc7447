//! The types that a schema takes, as a set.

use std::ops::{BitAnd, BitOr};

use serde_json::{Number, Value};

/// A set of types. A number is an integer or has a fraction, so that `integer` is a part of
/// `number`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct Types(u8);

impl Types {
    pub(super) const NONE: Self = Self(0);
    pub(super) const NULL: Self = Self(1);
    pub(super) const STRING: Self = Self(1 << 2);
    const BOOLEAN: Self = Self(1 << 1);
    const INTEGER: Self = Self(1 << 3);
    const FRACTION: Self = Self(1 << 4);
    pub(super) const NUMBER: Self = Self(1 << 3 | 1 << 4);
    pub(super) const ARRAY: Self = Self(1 << 5);
    pub(super) const OBJECT: Self = Self(1 << 6);
    pub(super) const ANY: Self = Self(0x7f);

    /// The set that a `type` keyword stands for; none when it holds what is no type.
    pub(super) fn of_keyword(keyword: &Value) -> Option<Self> {
        match keyword {
            Value::String(name) => Self::of_name(name),
            Value::Array(names) => names.iter().try_fold(Self::NONE, |types, name| {
                Some(types | Self::of_name(name.as_str()?)?)
            }),
            _ => None,
        }
    }

    fn of_name(name: &str) -> Option<Self> {
        Some(match name {
            "null" => Self::NULL,
            "boolean" => Self::BOOLEAN,
            "string" => Self::STRING,
            "integer" => Self::INTEGER,
            "number" => Self::NUMBER,
            "array" => Self::ARRAY,
            "object" => Self::OBJECT,
            _ => return None,
        })
    }

    /// The type of a value.
    pub(super) fn of_value(value: &Value) -> Self {
        match value {
            Value::Null => Self::NULL,
            Value::Bool(_) => Self::BOOLEAN,
            Value::String(_) => Self::STRING,
            Value::Array(_) => Self::ARRAY,
            Value::Object(_) => Self::OBJECT,
            Value::Number(number) if is_integer(number) => Self::INTEGER,
            Value::Number(_) => Self::FRACTION,
        }
    }

    pub(super) fn has(self, other: Self) -> bool {
        self & other != Self::NONE
    }

    pub(super) fn is_part_of(self, other: Self) -> bool {
        self & other == self
    }

    pub(super) fn without_null(self) -> Self {
        Self(self.0 & !Self::NULL.0)
    }

    pub(super) fn is_integer(self) -> bool {
        self.without_null() == Self::INTEGER
    }

    /// One set a type, null left out.
    pub(super) fn each(self) -> impl Iterator<Item = Self> {
        [
            Self::BOOLEAN,
            Self::STRING,
            Self::NUMBER,
            Self::ARRAY,
            Self::OBJECT,
        ]
        .into_iter()
        .map(move |one| self & one)
        .filter(|&one| one != Self::NONE)
    }

    fn names(self) -> Vec<&'static str> {
        let number = if self.has(Self::FRACTION) {
            "number"
        } else {
            "integer"
        };
        [
            (Self::BOOLEAN, "boolean"),
            (Self::STRING, "string"),
            (Self::NUMBER, number),
            (Self::ARRAY, "array"),
            (Self::OBJECT, "object"),
            (Self::NULL, "null"),
        ]
        .into_iter()
        .filter(|&(one, _)| self.has(one))
        .map(|(_, name)| name)
        .collect()
    }

    /// The set in words.
    pub(super) fn words(self) -> String {
        if self.without_null() == Self::ANY.without_null() {
            return "any".to_owned();
        }
        match self.names().as_slice() {
            [] => "nothing".to_owned(),
            names => names.join(" or "),
        }
    }

    /// The set as a `type` keyword; none where all is taken.
    pub(super) fn keyword(self) -> Option<Value> {
        if self == Self::ANY {
            return None;
        }
        Some(match self.names().as_slice() {
            [name] => (*name).into(),
            names => names.to_vec().into(),
        })
    }
}

impl BitAnd for Types {
    type Output = Self;

    fn bitand(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }
}

impl BitOr for Types {
    type Output = Self;

    fn bitor(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// `5.0` is an integer to JSON Schema.
fn is_integer(number: &Number) -> bool {
    let text = number.as_str();
    !text.contains(['.', 'e', 'E']) || number.as_f64().is_some_and(|number| number.fract() == 0.0)
}
