//! Reading a [`Spec`](crate::spec::Spec) from JSON into the `'static` references it is made of.
//!
//! What is read is leaked, on purpose and once a process: the alternative, a second set of types
//! that own their strings, would make every user of the table generic over which of the two it has.

use serde::{Deserialize, Deserializer};

pub(crate) fn text<'de, D: Deserializer<'de>>(from: D) -> Result<&'static str, D::Error> {
    String::deserialize(from).map(|text| &*text.leak())
}

pub(crate) fn option<'de, D: Deserializer<'de>>(from: D) -> Result<Option<&'static str>, D::Error> {
    Option::<String>::deserialize(from).map(|text| text.map(|text| &*text.leak()))
}

pub(crate) fn texts<'de, D: Deserializer<'de>>(
    from: D,
) -> Result<&'static [&'static str], D::Error> {
    let texts = Vec::<String>::deserialize(from)?;
    Ok(texts
        .into_iter()
        .map(|text| &*text.leak())
        .collect::<Vec<_>>()
        .leak())
}

pub(crate) fn list<'de, D, T>(from: D) -> Result<&'static [T], D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + 'static,
{
    Vec::<T>::deserialize(from).map(|items| &*items.leak())
}

pub(crate) fn one<'de, D, T>(from: D) -> Result<&'static T, D::Error>
where
    D: Deserializer<'de>,
    T: Deserialize<'de> + 'static,
{
    T::deserialize(from).map(|item| &*Box::leak(Box::new(item)))
}
