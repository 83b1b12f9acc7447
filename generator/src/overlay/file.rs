//! The file as it is written: its tables, and the values in them that are more than text.

use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserializer, MapAccess, Visitor};
use serde::{Deserialize, de::Error as _};
use serde_json::Value;
use toml::Spanned;

use crate::{
    ir::{Effect, Failure},
    lower::text,
};

/// What the user wants of a tool.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct ToolEntry {
    pub(super) command: Option<String>,
    pub(super) about: Option<String>,
    #[serde(default)]
    pub(super) hide: bool,
    pub(super) group: Option<String>,
    pub(super) effect: Option<Effect>,
    pub(super) failure: Option<Test>,
    #[serde(default)]
    pub(super) examples: Vec<String>,
    /// The flags, by wire name, JSON Pointer or flag.
    #[serde(default)]
    pub(super) flags: Entries<FlagEntry>,
}

/// What the user wants of a flag.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct FlagEntry {
    pub(super) name: Option<String>,
    pub(super) short: Option<Letter>,
    #[serde(default)]
    pub(super) positional: bool,
    #[serde(default)]
    pub(super) hide: bool,
    pub(super) help: Option<String>,
    pub(super) group: Option<String>,
    pub(super) value_name: Option<String>,
    pub(super) default: Option<Json>,
    /// `false` where the server takes for a secret what is none.
    pub(super) secret: Option<bool>,
}

/// What the user says of a value that the server needs.
#[derive(Debug, Clone, PartialEq, Eq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct SlotEntry {
    pub(super) about: Option<String>,
    pub(super) required: Option<bool>,
    /// `false` where its name only looks like a secret's, `true` where it does not.
    pub(super) secret: Option<bool>,
}

/// A table whose order means something.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Entries<T>(pub(super) Vec<(String, T)>);

impl<T> Default for Entries<T> {
    fn default() -> Self {
        Self(Vec::new())
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Entries<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Table<T>(PhantomData<T>);

        impl<'de, T: Deserialize<'de>> Visitor<'de> for Table<T> {
            type Value = Entries<T>;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a table")
            }

            fn visit_map<A: MapAccess<'de>>(self, mut table: A) -> Result<Entries<T>, A::Error> {
                let mut entries: Vec<(Spanned<String>, T)> = Vec::new();
                while let Some(entry) = table.next_entry()? {
                    entries.push(entry);
                }
                // They come sorted by name.
                entries.sort_by_key(|(key, _)| key.span().start);
                let bare = |(key, value): (Spanned<String>, T)| (key.into_inner(), value);
                Ok(Entries(entries.into_iter().map(bare).collect()))
            }
        }

        deserializer.deserialize_map(Table(PhantomData))
    }
}

/// A letter that may be a flag of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[serde(try_from = "String")]
pub(super) struct Letter(pub(super) char);

/// The letters that mean the same on every command, now or one day. (`-t` is a tacit spelling of
/// `--timeout`, and gives way.)
const RESERVED: [char; 5] = ['h', 'o', 'q', 'v', 'y'];

impl TryFrom<String> for Letter {
    type Error = String;

    fn try_from(text: String) -> Result<Self, String> {
        let mut letters = text.chars();
        match (letters.next(), letters.next()) {
            (Some(letter), None) if RESERVED.contains(&letter) => {
                Err(format!("`-{letter}` is kept for the program itself"))
            }
            (Some(letter), None) if letter.is_ascii_alphabetic() => Ok(Self(letter)),
            _ => Err("a short flag is one letter of a to z or A to Z".to_owned()),
        }
    }
}

/// A value to send.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(try_from = "toml::Value")]
pub(super) struct Json(pub(super) Value);

impl TryFrom<toml::Value> for Json {
    type Error = String;

    fn try_from(value: toml::Value) -> Result<Self, String> {
        json(value).map(Self)
    }
}

/// A date and time is sent as the text it is written as.
fn json(value: toml::Value) -> Result<Value, String> {
    Ok(match value {
        toml::Value::String(text) => text.into(),
        toml::Value::Integer(integer) => integer.into(),
        toml::Value::Float(float) => serde_json::Number::from_f64(float)
            .ok_or_else(|| format!("JSON has no number `{float}`"))?
            .into(),
        toml::Value::Boolean(boolean) => boolean.into(),
        toml::Value::Datetime(time) => time.to_string().into(),
        toml::Value::Array(items) => items.into_iter().map(json).collect::<Result<_, _>>()?,
        toml::Value::Table(table) => {
            let field = |(key, value)| Ok((key, json(value)?));
            let fields: Result<serde_json::Map<_, _>, String> =
                table.into_iter().map(field).collect();
            fields?.into()
        }
    })
}

/// How an answer says that a tool failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Test(pub(super) Failure);

impl<'de> Deserialize<'de> for Test {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(match Written::deserialize(deserializer)? {
            Written::Known(Known::Shaped) => Failure::Shaped,
            Written::Known(Known::Flagged) => Failure::Flagged,
            Written::Equals(Equals { pointer, equals }) => {
                if !pointer.is_empty() && !pointer.starts_with('/') {
                    return Err(D::Error::custom(format!(
                        "{pointer:?} is no JSON Pointer, which begins with a slash"
                    )));
                }
                Failure::Equals {
                    pointer,
                    value: text::json(&equals.0),
                }
            }
        }))
    }
}

#[derive(Deserialize)]
#[serde(
    untagged,
    expecting = "wanted: \"shaped\", \"flagged\", or { pointer = \"/place\", equals = value }"
)]
enum Written {
    Known(Known),
    Equals(Equals),
}

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Known {
    Shaped,
    Flagged,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Equals {
    pointer: String,
    equals: Json,
}
