//! What a server that knows of the vault says instead of a result: somebody has to connect first.
//!
//! Alter's own library makes an ordinary result of it, which says nothing of an error and need not fit
//! the tool's schema. So it is looked for wherever it may be, before anything else is made of a result.

use serde_json::{Map, Value};

use super::binary::list;
use super::json;
use crate::asked::Page;
use crate::error::{Error, Exit, Fault};
use crate::text::line;

/// The longest text that is taken for a marker, in bytes.
const LONGEST: usize = 64 << 10;

/// The most characters of its words that are repeated.
const MOST_WORDS: usize = 500;

/// How deep it may be wrapped.
const DEPTH: u8 = 3;

/// What a server says is missing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Authorization,
    Scope,
}

/// That a person has to connect an account before a tool can do anything.
#[derive(Debug)]
pub(crate) struct Marker {
    kind: Kind,
    /// In the server's words.
    words: Option<String>,
    /// Where, if it says so and it is a page that a person may be sent to.
    pub(crate) page: Option<Page>,
}

impl Kind {
    const BOTH: [Self; 2] = [Self::Authorization, Self::Scope];

    fn code(self) -> &'static str {
        match self {
            Self::Authorization => "authorization_required",
            Self::Scope => "scope_reauth_required",
        }
    }
}

impl Marker {
    /// The marker that the result of a call is, if it is one.
    pub(crate) fn find(result: &Value) -> Option<Self> {
        let structured = result
            .get("structuredContent")
            .and_then(|data| of(data, DEPTH));
        let in_texts = || {
            let blocks = list(result.get("content")?);
            let text = |block: &Value| match block {
                Value::String(_) => of(block, DEPTH),
                block => of(block.get("text")?, DEPTH),
            };
            blocks.iter().find_map(text)
        };
        structured.or_else(in_texts)
    }

    /// What is missing, in words.
    pub(crate) fn words(&self) -> String {
        let ours = match self.kind {
            Kind::Authorization => "a person has to connect an account first",
            Kind::Scope => "a person has to connect the account again, and allow more",
        };
        match &self.words {
            Some(words) => format!("{ours}: {words}"),
            None => ours.to_owned(),
        }
    }

    /// What a run ends with that got no further.
    pub(crate) fn error(&self, tool: &str) -> Error {
        let mut details = Map::new();
        let hint = match &self.page {
            Some(page) => {
                details.insert("connect_url".to_owned(), page.url().into());
                format!(
                    "open {} in a browser, and run this again; --mcp-wait waits for that",
                    page.url()
                )
            }
            None => "whoever runs the server can say where the account is connected; --mcp-wait \
                     waits until it is"
                .to_owned(),
        };
        Error::Vault(Box::new(Fault {
            code: self.kind.code(),
            exit: Exit::Credential,
            message: format!("{tool}: {}", self.words()),
            hint: Some(hint),
            retryable: false,
            details,
        }))
    }
}

/// The marker that a value is, or that is wrapped in it.
fn of(value: &Value, depth: u8) -> Option<Marker> {
    let depth = depth.checked_sub(1)?;
    match value {
        Value::Object(object) => marker(object).or_else(|| of(object.get("result")?, depth)),
        Value::String(text) => {
            let is_short = text.len() <= LONGEST;
            let names_one = || Kind::BOTH.iter().any(|kind| text.contains(kind.code()));
            if !(is_short && names_one()) {
                return None;
            }
            of(&json(text)?, depth)
        }
        _ => None,
    }
}

fn marker(object: &Map<String, Value>) -> Option<Marker> {
    let text = |name: &str| object.get(name).and_then(Value::as_str);
    let code = text("error")?;
    let kind = Kind::BOTH.into_iter().find(|kind| kind.code() == code)?;
    let words =
        text("message").map(|words| line(words).chars().take(MOST_WORDS).collect::<String>());
    Some(Marker {
        kind,
        words: words.filter(|words| !words.is_empty()),
        page: text("connect_url").and_then(|url| Page::read(url).ok()),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    const URL: &str = "https://connect.example/connect#session=1";

    fn said(code: &str) -> Value {
        json!({"error": code, "message": "connect\n google", "connect_url": URL})
    }

    fn texts(texts: &[&str]) -> Value {
        let blocks = texts
            .iter()
            .map(|text| json!({"type": "text", "text": text}));
        blocks.collect()
    }

    #[test]
    fn a_marker_is_found_wherever_a_server_puts_it() {
        for code in ["authorization_required", "scope_reauth_required"] {
            let said = said(code);
            let text = said.to_string();
            for result in [
                json!({"structuredContent": said}),
                json!({"structuredContent": {"result": said}, "isError": true}),
                json!({"structuredContent": {"result": text}}),
                json!({"content": texts(&[&text]), "isError": false}),
                json!({"content": texts(&["first of all", &text])}),
                json!({"content": texts(&[&json!({"result": said}).to_string()])}),
                json!({"content": text}),
                json!({"structuredContent": {"a": 1}, "content": texts(&[&text])}),
            ] {
                let marker = Marker::find(&result).unwrap_or_else(|| panic!("{result}"));
                assert_eq!(marker.page.as_ref().unwrap().url(), URL);
                let error = marker.error("list_events").to_json(Some("list_events"));
                let error = &error["error"];
                assert_eq!((&error["code"], &error["exit"]), (&code.into(), &3.into()));
                assert_eq!(error["connect_url"], URL);
                let message = error["message"].as_str().unwrap();
                assert!(message.ends_with(": connect google"), "{message}");
            }
        }
    }

    #[test]
    fn what_only_looks_like_a_marker_is_none() {
        let word = "authorization_required";
        for result in [
            json!({"structuredContent": {"error": "authorization_denied"}}),
            json!({"structuredContent": {"error": {"code": word}}}),
            json!({"structuredContent": {"rows": [said(word)]}}),
            json!({"structuredContent": {"code": word}}),
            json!({"content": texts(&[word, "{\"error\": \"authorization_required\""])}),
            json!({"content": [{"type": "image", "data": said(word).to_string()}]}),
            json!({"error": word}),
            json!(word),
        ] {
            assert!(Marker::find(&result).is_none(), "{result}");
        }
        let wrapped = json!({"result": {"result": {"result": said(word)}}});
        assert!(Marker::find(&json!({"structuredContent": wrapped})).is_none());
    }

    #[test]
    fn nobody_is_sent_to_what_is_no_page() {
        for url in [json!("javascript:alert(1)"), json!(7), json!(null)] {
            let said = json!({"error": "authorization_required", "connect_url": url});
            let marker = Marker::find(&json!({"structuredContent": said})).unwrap();
            assert!(marker.page.is_none(), "{url}");
            let error = marker.error("x").to_json(None);
            assert!(error["error"].get("connect_url").is_none(), "{error}");
        }
    }
}
