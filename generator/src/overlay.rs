//! `mcpress.toml`: what the user would rather have otherwise than the server says it.
//!
//! ```text
//! text ──read──▶ Overlay ──bind──▶ Bound ──commands──▶ select, lower ──▶ Program ──apply──▶ Program
//!                          (to the tools a capture offers)
//! ```
//!
//! An overlay renames, hides, groups, describes and marks. It is bound before a program is lowered,
//! because the commands it fixes decide what the other tools are called; all else is written over the
//! program afterwards. A word of it that means nothing is an error, never passed over: what is
//! misspelled in a file that marks secrets must not look as if it worked. All such words are
//! reported at once.

mod apply;
mod bind;
mod error;
mod file;
mod flags;
mod init;

use std::collections::BTreeMap;

use serde::Deserialize;

use crate::{capture::Capture, lock::Lock};

pub use bind::Bound;
pub use error::{OverlayError, Problem};
pub use init::init;

use file::{Entries, SlotEntry, Test, ToolEntry};

/// The commands that the user fixes, by the wire names of their tools.
pub type Fixed = BTreeMap<String, String>;

/// What the user wants otherwise; by default nothing.
#[derive(Debug, Clone, PartialEq, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Overlay {
    /// The program's one line.
    about: Option<String>,
    /// How answers say that a tool failed, where the tool's own entry does not tell.
    failure: Option<Test>,
    /// The headings of the program's help in their order, with the patterns of their tools.
    #[serde(default)]
    groups: Entries<Vec<String>>,
    /// The values that the server needs, by name.
    #[serde(default)]
    slots: Entries<SlotEntry>,
    /// The tools, by wire name or command.
    #[serde(default)]
    tools: Entries<ToolEntry>,
}

impl Overlay {
    /// Reads an overlay.
    ///
    /// # Errors
    ///
    /// When the text is not TOML, has a key that an overlay has not, or a value of the wrong kind.
    pub fn read(text: &str) -> Result<Self, OverlayError> {
        Ok(toml::from_str(text)?)
    }

    /// The slots it names, with whether the server is started without them if it tells.
    pub fn slots(&self) -> impl Iterator<Item = (&str, Option<bool>)> {
        let entries = self.slots.0.iter();
        entries.map(|(name, entry)| (name.as_str(), entry.required))
    }

    /// Finds the tools that the overlay speaks of.
    ///
    /// What it speaks of in vain is kept in the outcome, to be reported with what
    /// [`apply`](Bound::apply) finds.
    pub fn bind(&self, capture: &Capture, lock: &Lock) -> Bound<'_> {
        Bound::new(self, capture, lock)
    }
}

#[cfg(test)]
mod tests;
