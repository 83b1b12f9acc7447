//! Why a name that the user fixed cannot be had.

use crate::lower::text;

/// A fixed name that is not given. Owners are wire names of tools or JSON Pointers of parameters.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameClash {
    /// It cannot be typed.
    #[error("{name:?}, fixed for `{}`, cannot be typed", text::line(owner))]
    Untypable {
        /// The name.
        name: String,
        /// Who was to have it.
        owner: String,
    },
    /// Every program has it, or may have it one day.
    #[error(
        "`{name}`, fixed for `{}`, is kept for the program itself",
        text::line(owner)
    )]
    Reserved {
        /// The name.
        name: String,
        /// Who was to have it.
        owner: String,
    },
    /// Somebody else has it.
    #[error(
        "`{name}`, fixed for `{}`, is the name of `{}`",
        text::line(owner),
        text::line(other)
    )]
    Taken {
        /// The name.
        name: String,
        /// Who was to have it.
        owner: String,
        /// Who has it: by the user, by the lock, or by its own name.
        other: String,
    },
}

impl NameClash {
    /// What to do about it.
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Untypable { .. } => {
                "use letters, digits and dashes, with something other than a dash first"
            }
            Self::Reserved { .. } => "choose another name",
            Self::Taken { .. } => "choose another name, or fix one for each of the two",
        }
    }
}
