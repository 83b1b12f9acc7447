//! Values that are known while a server is looked at, and kept nowhere.

use std::collections::BTreeMap;
use std::fmt;

/// What fills the slots while the server is introspected.
///
/// The values come from a config's `env`, from `--env NAME=VALUE` or from a header. They are given
/// to the server that is introspected and to nothing else: this type cannot be serialised or
/// displayed, and its `Debug` shows the names alone.
///
/// ```
/// use mcpress::origin::{Additions, Places, Wanted, locate};
///
/// let wanted = Wanted::Command("uvx altr-mcp".to_owned());
/// let additions = Additions {
///     env: vec!["MAPI_KEY=hunter2".to_owned()],
///     ..Additions::default()
/// };
/// let origin = locate(&wanted, &additions, &Places::default())?;
/// assert_eq!(origin.values.expose("MAPI_KEY"), Some("hunter2"));
/// assert_eq!(format!("{:?}", origin.values), r#"{"MAPI_KEY": <redacted>}"#);
/// # Ok::<(), mcpress::origin::OriginError>(())
/// ```
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Values(BTreeMap<String, String>);

impl Values {
    /// The value of one slot: one of two exits, to be used for introspection only.
    pub fn expose(&self, slot: &str) -> Option<&str> {
        self.0.get(slot).map(String::as_str)
    }

    /// All values with their slots, by name: the other exit.
    pub fn expose_all(&self) -> impl Iterator<Item = (&str, &str)> {
        self.0
            .iter()
            .map(|(slot, value)| (slot.as_str(), value.as_str()))
    }

    /// The slots that have a value, by name.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }

    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Keeps a value, in place of an earlier one.
    pub(super) fn insert(&mut self, slot: &str, value: &str) {
        self.0.insert(slot.to_owned(), value.to_owned());
    }

    /// Forgets the values of slots that are not wanted.
    pub(super) fn retain(&mut self, mut wanted: impl FnMut(&str) -> bool) {
        self.0.retain(|slot, _| wanted(slot));
    }
}

impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map()
            .entries(self.0.keys().map(|slot| (slot, format_args!("<redacted>"))))
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn printing_values_shows_names_alone() {
        let mut values = Values::default();
        values.insert("MAPI_KEY", "hunter2");
        values.insert("ORG_ID", "acme");
        assert_eq!(
            format!("{values:?}"),
            r#"{"MAPI_KEY": <redacted>, "ORG_ID": <redacted>}"#
        );
        let pretty = format!("{values:#?}");
        assert!(
            pretty.contains("ORG_ID") && !pretty.contains("hunter2") && !pretty.contains("acme"),
            "{pretty}"
        );
    }
}
