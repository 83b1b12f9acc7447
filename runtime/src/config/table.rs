//! A table of a file that its user wrote: keys are taken one by one, and what is left is refused.
//!
//! serde would read the same from derived types, for five times the code in every program: what is
//! here is all that a dozen short tables need, and it knows the line of each key.

use std::path::{Path, PathBuf};

use toml::de::{DeTable, DeValue};
use toml::{Spanned, de};

use crate::environment;
use crate::error::Error;

/// A table, as far as nothing was taken out of it.
pub(crate) struct Table<'a> {
    file: &'a Path,
    text: &'a str,
    /// Where it stands: `[credentials.KEY]` is `credentials.KEY`.
    path: String,
    place: usize,
    rest: DeTable<'a>,
    /// The places of the values that were in it.
    places: Vec<(String, usize)>,
}

/// A place of a file, for those who refuse what stands there.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Place<'a> {
    file: &'a Path,
    text: &'a str,
    at: usize,
}

/// The lines of a table and its keys, for what is found to be wrong with it once its text is gone.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Lines {
    file: PathBuf,
    /// What the table is called: `credentials.KEY`.
    name: String,
    own: usize,
    keys: Vec<(String, usize)>,
}

impl Lines {
    /// `FILE:LINE` of a key, or of the table itself where it has none of that name.
    pub(crate) fn shown(&self, key: &str) -> String {
        let line = self.keys.iter().find(|(other, _)| other == key);
        let line = line.map_or(self.own, |(_, line)| *line);
        format!("{}:{line}", self.file.display())
    }

    /// Where it is and what it is called, as the beginning of what is said of it.
    pub(crate) fn subject(&self, key: &str) -> String {
        let has_key = self.keys.iter().any(|(other, _)| other == key);
        let name = match has_key {
            true => format!("{}.{key}", self.name),
            false => self.name.clone(),
        };
        format!("{}: `{name}`", self.shown(key))
    }

    /// The error for what stands there, with a way out.
    pub(crate) fn refused(&self, key: &str, words: &str, hint: &str) -> Error {
        Error::usage_with_hint(format!("{}: {words}", self.subject(key)), hint)
    }
}

impl<'a> Table<'a> {
    /// The table that a file is.
    ///
    /// # Errors
    ///
    /// Where it is no TOML.
    pub(crate) fn read(file: &'a Path, text: &'a str) -> Result<Self, Error> {
        let place = |at| Place { file, text, at };
        match DeTable::parse(text) {
            Ok(table) => Ok(Self::new(place(0), String::new(), table.into_inner())),
            Err(error) => {
                let error: de::Error = error;
                let at = error.span().map_or(0, |span| span.start);
                Err(place(at).refused(error.message()))
            }
        }
    }

    fn new(place: Place<'a>, path: String, table: DeTable<'a>) -> Self {
        let places = table.iter().map(|(key, value)| {
            let key = key.get_ref().clone().into_owned();
            (key, value.span().start)
        });
        Self {
            file: place.file,
            text: place.text,
            path,
            place: place.at,
            places: places.collect(),
            rest: table,
        }
    }

    /// The file that it is in.
    pub(crate) fn file(&self) -> &'a Path {
        self.file
    }

    /// The lines of all that is or was in it.
    pub(crate) fn lines(&self) -> Lines {
        let keys = self.places.iter();
        Lines {
            file: self.file.to_owned(),
            name: self.path.clone(),
            own: self.here().line(),
            keys: keys
                .map(|(key, at)| (key.clone(), self.at(*at).line()))
                .collect(),
        }
    }

    /// Its own place.
    pub(crate) fn here(&self) -> Place<'a> {
        self.at(self.place)
    }

    /// The place of a value that is or was in it; its own where there is none.
    pub(crate) fn place(&self, key: &str) -> Place<'a> {
        let place = self.places.iter().find(|(other, _)| other == key);
        self.at(place.map_or(self.place, |(_, at)| *at))
    }

    fn at(&self, at: usize) -> Place<'a> {
        Place {
            file: self.file,
            text: self.text,
            at,
        }
    }

    /// The name of a key, with all it is in; of the table itself, where the key is empty.
    pub(crate) fn name(&self, key: &str) -> String {
        match (self.path.as_str(), key) {
            ("", key) => key.to_owned(),
            (path, "") => path.to_owned(),
            (path, key) => format!("{path}.{key}"),
        }
    }

    /// The error for what is wrong with a key of its, or with itself where that is empty.
    pub(crate) fn refused(&self, key: &str, words: &str) -> Error {
        let name = self.name(key);
        self.place(key).refused(&format!("`{name}`: {words}"))
    }

    fn take(&mut self, key: &str) -> Option<Spanned<DeValue<'a>>> {
        self.rest.remove(key)
    }

    /// Takes a text.
    ///
    /// # Errors
    ///
    /// Where it is none.
    pub(crate) fn text(&mut self, key: &str) -> Result<Option<String>, Error> {
        match self.take(key).map(Spanned::into_inner) {
            None => Ok(None),
            Some(DeValue::String(text)) => Ok(Some(text.into_owned())),
            Some(_) => Err(self.refused(key, "not a text")),
        }
    }

    /// Takes the path of a file: one from where this file stands, or from the home with `~/`.
    ///
    /// # Errors
    ///
    /// Where it is none.
    pub(crate) fn path(&mut self, key: &str) -> Result<Option<PathBuf>, Error> {
        let Some(text) = self.text(key)? else {
            return Ok(None);
        };
        if text.is_empty() {
            return Err(self.refused(key, "names no file"));
        }
        let path = environment::at_home(&text, self.home());
        if path.starts_with("~") {
            return Err(self.refused(key, "there is no home"));
        }
        Ok(Some(self.file.parent().unwrap_or(self.file).join(path)))
    }

    /// The home that whoever wrote the file means: no variable moves the site's.
    fn home(&self) -> Option<PathBuf> {
        match self.file.starts_with(environment::SITE) {
            true => environment::site_home(),
            false => std::env::home_dir(),
        }
    }

    /// Takes one of these names, for what it stands for.
    ///
    /// # Errors
    ///
    /// Where it is another.
    pub(crate) fn choice<T: Copy>(
        &mut self,
        key: &str,
        all: &[T],
        name: impl Fn(T) -> &'static str,
    ) -> Result<Option<T>, Error> {
        let Some(text) = self.text(key)? else {
            return Ok(None);
        };
        let chosen = all.iter().find(|one| name(**one) == text);
        chosen.copied().map(Some).ok_or_else(|| {
            let names: Vec<&str> = all.iter().map(|one| name(*one)).collect();
            // What is in its place may be the secret itself, and is not repeated.
            let words = format!("not one of {}", names.join(", "));
            self.refused(key, &words)
        })
    }

    /// Takes true or false.
    ///
    /// # Errors
    ///
    /// Where it is neither.
    pub(crate) fn switch(&mut self, key: &str) -> Result<Option<bool>, Error> {
        match self.take(key).map(Spanned::into_inner) {
            None => Ok(None),
            Some(DeValue::Boolean(switch)) => Ok(Some(switch)),
            Some(_) => Err(self.refused(key, "not true or false")),
        }
    }

    /// Takes a whole number up to this one.
    ///
    /// # Errors
    ///
    /// Where it is none.
    pub(crate) fn number(&mut self, key: &str, most: u64) -> Result<Option<u64>, Error> {
        let number = match self.take(key).map(Spanned::into_inner) {
            None => return Ok(None),
            Some(DeValue::Integer(number)) => {
                u64::from_str_radix(number.as_str(), number.radix()).ok()
            }
            Some(_) => None,
        };
        let number = number.filter(|number| *number <= most);
        let wrong = || self.refused(key, &format!("not a number from 0 to {most}"));
        number.map(Some).ok_or_else(wrong)
    }

    /// Takes a list of texts, each with its place.
    ///
    /// # Errors
    ///
    /// Where it is none.
    pub(crate) fn texts(&mut self, key: &str) -> Result<Option<Vec<(String, Place<'a>)>>, Error> {
        let items = match self.take(key).map(Spanned::into_inner) {
            None => return Ok(None),
            Some(DeValue::Array(items)) => items,
            Some(_) => return Err(self.refused(key, "not a list of texts")),
        };
        let mut texts = Vec::new();
        for item in items {
            let place = self.at(item.span().start);
            let DeValue::String(text) = item.into_inner() else {
                let name = self.name(key);
                return Err(place.refused(&format!("`{name}`: not a list of texts")));
            };
            texts.push((text.into_owned(), place));
        }
        Ok(Some(texts))
    }

    /// Takes a table.
    ///
    /// # Errors
    ///
    /// Where it is none.
    pub(crate) fn table(&mut self, key: &str) -> Result<Option<Table<'a>>, Error> {
        match self.take(key).map(Spanned::into_inner) {
            None => Ok(None),
            Some(DeValue::Table(table)) => {
                Ok(Some(Self::new(self.place(key), self.name(key), table)))
            }
            Some(_) => Err(self.refused(key, "not a table")),
        }
    }

    /// The names of what was not taken.
    pub(crate) fn keys(&self) -> Vec<String> {
        let keys = self.rest.keys();
        keys.map(|key| key.get_ref().clone().into_owned()).collect()
    }

    /// Ends the reading of the table.
    ///
    /// # Errors
    ///
    /// Where something was not taken, since it means nothing to anybody.
    pub(crate) fn end(self) -> Result<(), Error> {
        let Some((key, _)) = self.rest.iter().min_by_key(|(key, _)| key.span().start) else {
            return Ok(());
        };
        let words = format!("unknown key `{}`", self.name(key.get_ref()));
        Err(self.at(key.span().start).refused(&words))
    }
}

impl Place<'_> {
    /// `FILE:LINE`.
    pub(crate) fn shown(&self) -> String {
        format!("{}:{}", self.file.display(), self.line())
    }

    fn line(&self) -> usize {
        let before = self.text.get(..self.at).unwrap_or_default();
        before.matches('\n').count() + 1
    }

    /// The error for what stands there.
    pub(crate) fn refused(&self, words: &str) -> Error {
        Error::usage(format!("{}: {words}", self.shown()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(text: &str, take: impl FnOnce(&mut Table<'_>) -> Result<(), Error>) -> String {
        let mut table = Table::read(Path::new("f"), text).unwrap();
        let taken = take(&mut table).and_then(|()| table.end());
        taken.unwrap_err().to_string()
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line_and_key() {
        let error = Table::read(Path::new("f"), "a = 1\nb = [").err().unwrap();
        assert!(error.to_string().starts_with("f:2: "), "{error}");
        for (text, words) in [
            ("\na = 1", "f:2: `a`: not a text"),
            ("a = ''\nc = 1\nb = 1", "f:2: unknown key `c`"),
        ] {
            assert_eq!(refusal(text, |table| table.text("a").map(drop)), words);
        }
        for text in ["a = -1", "a = 11", "a = 1.5", "a = '1'"] {
            let words = refusal(text, |table| table.number("a", 10).map(drop));
            assert_eq!(words, "f:1: `a`: not a number from 0 to 10", "{text}");
        }
        assert_eq!(
            refusal("a = ''", |table| table.path("a").map(drop)),
            "f:1: `a`: names no file"
        );
        assert_eq!(
            refusal("a = ['x',\n 1]", |table| table.texts("a").map(drop)),
            "f:2: `a`: not a list of texts"
        );
        assert_eq!(
            refusal("[a]\n[a.b]\nc = 1", |table| {
                let mut a = table.table("a")?.unwrap();
                let mut b = a.table("b")?.unwrap();
                b.switch("c").map(drop)
            }),
            "f:3: `a.b.c`: not true or false"
        );
        assert_eq!(
            refusal("a = 'z'", |table| table
                .choice("a", &["x", "y"], |name| name)
                .map(drop)),
            "f:1: `a`: not one of x, y"
        );
    }

    #[test]
    fn a_path_is_one_from_the_file_or_from_the_home() {
        let path = |text: &str| {
            let text = format!("a = '{text}'");
            let mut table = Table::read(Path::new("/etc/zoo/config.toml"), &text).unwrap();
            table.path("a").unwrap().unwrap()
        };
        let home = std::env::home_dir().unwrap();
        assert_eq!(path("log"), Path::new("/etc/zoo/log"));
        assert_eq!(path("/var/log"), Path::new("/var/log"));
        assert_eq!(path("~/log"), home.join("log"));
        assert_eq!(path("~log"), Path::new("/etc/zoo/~log"));
    }

    #[test]
    fn what_is_taken_is_what_is_there() {
        let text = "a = 'x'\nb = true\nc = 0x1F\nd = ['y', 'z']\n[e]\n";
        let mut table = Table::read(Path::new("f"), text).unwrap();
        assert_eq!(table.text("a").unwrap().as_deref(), Some("x"));
        assert_eq!(table.switch("b").unwrap(), Some(true));
        assert_eq!(table.number("c", 99).unwrap(), Some(31));
        let texts = table.texts("d").unwrap().unwrap();
        let texts: Vec<_> = texts.iter().map(|(text, _)| text.as_str()).collect();
        assert_eq!(texts, ["y", "z"]);
        assert_eq!(table.text("none").unwrap(), None);
        assert_eq!(
            (table.keys(), table.place("b").shown()),
            (vec!["e".to_owned()], "f:2".to_owned())
        );
        table.table("e").unwrap().unwrap().end().unwrap();
        table.end().unwrap();
    }
}
