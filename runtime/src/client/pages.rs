//! Lists that come in pages (MCP 2025-11-25, Pagination).

use std::collections::HashSet;

use serde_json::{Value, json};

use super::Client;
use crate::error::Error;

/// The most pages that are followed, and the most items that are kept of one list.
const PAGES: usize = 1000;
const ITEMS: usize = 100_000;

/// The most bytes that one list may take, as JSON.
const BYTES: usize = 256 << 20;

/// A list that a server gave, as it came.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Listed {
    /// The items of all pages.
    pub items: Vec<Value>,
    /// What was odd about the list, as a sentence.
    pub note: Option<String>,
}

impl Client {
    /// Asks for a list and follows its pages. `key` is what the answers call the items.
    ///
    /// A cursor that comes again ends the list.
    ///
    /// # Errors
    ///
    /// Those of [`Client::request`], and [`Error::Protocol`] for an answer without the list or a list
    /// without an end.
    pub async fn list(&mut self, method: &str, key: &str) -> Result<Listed, Error> {
        let mut items = Vec::new();
        let mut seen = HashSet::new();
        let mut bytes = 0;
        let mut cursor = None;
        loop {
            let params = match &cursor {
                Some(cursor) => json!({"cursor": cursor}),
                None => json!({}),
            };
            let mut page = self.request(method, params).await?;
            match page.get_mut(key).map(Value::take) {
                Some(Value::Array(page)) => {
                    bytes += page
                        .iter()
                        .map(|item| item.to_string().len())
                        .sum::<usize>();
                    items.extend(page);
                }
                _ => {
                    return Err(Error::Protocol(format!(
                        "the answer to {method} has no list of {key}"
                    )));
                }
            }
            // An empty cursor is no cursor: some servers send it at the end.
            cursor = page["nextCursor"]
                .as_str()
                .filter(|cursor| !cursor.is_empty())
                .map(str::to_owned);
            let Some(next) = &cursor else {
                return Ok(Listed { items, note: None });
            };
            if !seen.insert(next.clone()) {
                return Ok(Listed {
                    items: deduplicated(items),
                    note: Some(format!(
                        "{method} gives the cursor `{next}` again; the list is taken as complete"
                    )),
                });
            }
            if seen.len() >= PAGES || items.len() >= ITEMS || bytes >= BYTES {
                return Err(Error::Protocol(format!(
                    "{method} goes on after {} pages with {} items",
                    seen.len(),
                    items.len()
                )));
            }
        }
    }
}

/// The items without those that stand there again: a cursor that repeats brings a page twice.
fn deduplicated(items: Vec<Value>) -> Vec<Value> {
    let mut seen = HashSet::new();
    items
        .into_iter()
        .filter(|item| seen.insert(item.to_string()))
        .collect()
}
