//! The program's own configuration file, which its user writes.

use std::path::Path;

use crate::error::Error;

/// Reads a file of TOML into what it should be.
///
/// # Errors
///
/// What is wrong, with the file, the line and the key.
pub(crate) fn parse<T: serde::de::DeserializeOwned>(file: &Path, text: &str) -> Result<T, Error> {
    toml::from_str(text).map_err(|error: toml::de::Error| {
        let at = error.span().map_or(0, |span| span.start);
        refused(file, text, at, error.message())
    })
}

/// The error for what is wrong at a place of a file.
pub(crate) fn refused(file: &Path, text: &str, at: usize, words: &str) -> Error {
    let line = line_of(text, at);
    let key = match words.contains('`') {
        true => String::new(),
        false => key_at(text, at).map_or_else(String::new, |key| format!(" `{key}`:")),
    };
    Error::usage(format!("{}:{line}:{key} {words}", file.display()))
}

/// The key on the line of a place, for errors that do not name one.
fn key_at(text: &str, at: usize) -> Option<&str> {
    let start = text.get(..at)?.rfind('\n').map_or(0, |end| end + 1);
    let line = text.get(start..)?.lines().next()?;
    let (key, _) = line.split_once('=')?;
    Some(key.trim()).filter(|key| !key.is_empty())
}

/// The line of a place of a text, from 1.
pub(crate) fn line_of(text: &str, at: usize) -> usize {
    text.get(..at).unwrap_or_default().matches('\n').count() + 1
}
