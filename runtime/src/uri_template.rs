//! URI templates (RFC 6570, all four levels): which variables one has, and what it expands to.
//!
//! Written here because it is short: the crates for it bring matching, or types for all of a URI.

use std::fmt::Write as _;

use serde_json::{Map, Value};

/// A URI template, taken apart.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UriTemplate<'a>(Vec<Part<'a>>);

/// A part of a template.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Part<'a> {
    /// Text that stands for itself.
    Literal(&'a str),
    /// Variables in braces.
    Expression(&'static Operator, Vec<Variable<'a>>),
}

/// A variable at one of its places in a template.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Variable<'a> {
    /// Its name.
    pub name: &'a str,
    /// Whether each item of a list, or pair of an object, is a part of its own: `{list*}`.
    pub explode: bool,
    /// Whether the URI makes no sense without it: it is no query, no path segment that can be left out.
    pub required: bool,
    /// How many of its characters are taken: `{name:3}`.
    prefix: Option<usize>,
}

/// How the values of an expression are put together (RFC 6570, appendix A).
#[derive(Debug, PartialEq, Eq)]
struct Operator {
    sign: char,
    first: &'static str,
    separator: char,
    named: bool,
    /// What stands after the name of an empty value.
    empty: &'static str,
    /// Whether reserved characters and percent-encoded ones stay as they are.
    reserved: bool,
}

const fn operator(
    sign: char,
    first: &'static str,
    separator: char,
    named: bool,
    empty: &'static str,
    reserved: bool,
) -> Operator {
    Operator {
        sign,
        first,
        separator,
        named,
        empty,
        reserved,
    }
}

static PLAIN: Operator = operator('\0', "", ',', false, "", false);
static OPERATORS: [Operator; 7] = [
    operator('+', "", ',', false, "", true),
    operator('#', "#", ',', false, "", true),
    operator('.', ".", '.', false, "", false),
    operator('/', "/", '/', false, "", false),
    operator(';', ";", ';', true, "", false),
    operator('?', "?", '&', true, "=", false),
    operator('&', "&", '&', true, "=", false),
];

/// Why a text is no URI template.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UriTemplateError {
    /// A brace without its counterpart.
    #[error("`{0}` has a brace without its counterpart")]
    Brace(String),
    /// An expression that is none.
    #[error("`{{{0}}}` is no expression of RFC 6570")]
    Expression(String),
}

impl<'a> UriTemplate<'a> {
    /// Takes a template apart.
    ///
    /// # Errors
    ///
    /// When it is none.
    pub fn parse(text: &'a str) -> Result<Self, UriTemplateError> {
        let unmatched = || UriTemplateError::Brace(text.to_owned());
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some(open) = rest.find(['{', '}']) {
            let (literal, expression) = rest.split_at(open);
            let expression = expression.strip_prefix('{').ok_or_else(unmatched)?;
            let (inner, after) = expression.split_once('}').ok_or_else(unmatched)?;
            if !literal.is_empty() {
                parts.push(Part::Literal(literal));
            }
            parts.push(self::expression(inner)?);
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Literal(rest));
        }
        Ok(Self(parts))
    }

    /// Its variables, each at the first of its places, in order.
    pub fn variables(&self) -> Vec<Variable<'a>> {
        let mut variables: Vec<Variable<'a>> = Vec::new();
        for part in &self.0 {
            let Part::Expression(_, places) = part else {
                continue;
            };
            for place in places {
                match variables.iter_mut().find(|it| it.name == place.name) {
                    Some(known) => {
                        known.explode |= place.explode;
                        known.required |= place.required;
                    }
                    None => variables.push(*place),
                }
            }
        }
        variables
    }

    /// The URI, with what these values make of the variables. A variable without a value, or whose
    /// value is null or empty as a list, leaves nothing.
    pub fn expand(&self, values: &Map<String, Value>) -> String {
        let mut uri = String::new();
        for part in &self.0 {
            match part {
                Part::Literal(text) => encode(&mut uri, text, true),
                Part::Expression(operator, variables) => {
                    let mut link = operator.first.to_owned();
                    for variable in variables {
                        let value = values.get(variable.name);
                        for text in value.map_or_else(Vec::new, |it| variable.texts(it, operator)) {
                            uri.push_str(&link);
                            uri.push_str(&text);
                            link = operator.separator.to_string();
                        }
                    }
                }
            }
        }
        uri
    }
}

fn expression(inner: &str) -> Result<Part<'_>, UriTemplateError> {
    let wrong = || UriTemplateError::Expression(inner.to_owned());
    let operator = OPERATORS.iter().find(|it| inner.starts_with(it.sign));
    let list = if operator.is_some() {
        &inner[1..]
    } else {
        inner
    };
    let operator = operator.unwrap_or(&PLAIN);
    let variables = list.split(',').map(|text| {
        let (name, explode, prefix) = match (text.strip_suffix('*'), text.split_once(':')) {
            (Some(name), _) => (name, true, None),
            (None, Some((name, length))) => {
                let is_length = (1..=4).contains(&length.len()) && !length.starts_with('0');
                (
                    name,
                    false,
                    Some(length.parse().ok().filter(|_| is_length)?),
                )
            }
            (None, None) => (text, false, None),
        };
        is_name(name).then_some(Variable {
            name,
            explode,
            required: matches!(operator.sign, '\0' | '+'),
            prefix,
        })
    });
    let variables: Option<Vec<_>> = variables.collect();
    let variables = variables.ok_or_else(wrong)?;
    Ok(Part::Expression(operator, variables))
}

/// Whether a text is the name of a variable. More is taken than RFC 6570 has: servers write
/// `{project-id}`.
fn is_name(text: &str) -> bool {
    let fits = |c: char| c.is_alphanumeric() || "_-.%".contains(c);
    !text.is_empty() && text.chars().all(fits)
}

impl Variable<'_> {
    /// The texts that a value makes, each to be linked to the one before.
    fn texts(&self, value: &Value, operator: &Operator) -> Vec<String> {
        let encoded = |text: &str| {
            let mut encoded = String::new();
            encode(&mut encoded, text, operator.reserved);
            encoded
        };
        let pair = |name: &str, text: String| match (operator.named, text.is_empty()) {
            (true, true) => format!("{name}{}", operator.empty),
            (true, false) => format!("{name}={text}"),
            (false, _) => text,
        };
        let keyed =
            |(key, value): (&String, &Value)| Some((encoded(key), encoded(&scalar(value)?)));
        match value {
            Value::Array(items) => {
                let items = items.iter().filter_map(scalar).map(|item| encoded(&item));
                if self.explode {
                    return items.map(|item| pair(self.name, item)).collect();
                }
                let items: Vec<String> = items.collect();
                some(&items)
                    .map(|it| pair(self.name, it))
                    .into_iter()
                    .collect()
            }
            Value::Object(object) if self.explode => {
                let pairs = object.iter().filter_map(keyed);
                let text = |(key, value): (String, String)| match operator.named {
                    true => pair(&key, value),
                    false => format!("{key}={value}"),
                };
                pairs.map(text).collect()
            }
            Value::Object(object) => {
                let pairs = object.iter().filter_map(keyed);
                let flat: Vec<String> = pairs.flat_map(|(key, value)| [key, value]).collect();
                some(&flat)
                    .map(|it| pair(self.name, it))
                    .into_iter()
                    .collect()
            }
            one => {
                let text = scalar(one).map(|text| match self.prefix {
                    Some(length) => text.chars().take(length).collect(),
                    None => text,
                });
                text.map(|text| pair(self.name, encoded(&text)))
                    .into_iter()
                    .collect()
            }
        }
    }
}

/// The items with commas between, if there are any: an empty list has no value.
fn some(items: &[String]) -> Option<String> {
    (!items.is_empty()).then(|| items.join(","))
}

/// A value without parts as text.
fn scalar(value: &Value) -> Option<String> {
    match value {
        Value::Null => None,
        Value::String(text) => Some(text.clone()),
        other => Some(other.to_string()),
    }
}

/// Appends a text, with every character percent-encoded that a URI cannot have (RFC 3986, section 2);
/// `reserved` ones, and what is encoded already, stay as they are if so wanted.
fn encode(uri: &mut String, text: &str, reserved: bool) {
    for (at, c) in text.char_indices() {
        let stays = c.is_ascii_alphanumeric()
            || "-._~".contains(c)
            || (reserved && (":/?#[]@!$&'()*+,;=".contains(c) || is_encoded(&text[at..])));
        if stays {
            uri.push(c);
            continue;
        }
        for byte in c.encode_utf8(&mut [0; 4]).bytes() {
            // A `String` takes any text.
            let _ = write!(uri, "%{byte:02X}");
        }
    }
}

/// Whether a text begins with a percent-encoded byte.
fn is_encoded(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.len() > 2 && bytes[0] == b'%' && bytes[1..3].iter().all(u8::is_ascii_hexdigit)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    /// The variables of RFC 6570, section 3.2.
    fn values() -> Map<String, Value> {
        let values = json!({
            "count": ["one", "two", "three"],
            "dom": ["example", "com"],
            "dub": "me/too",
            "hello": "Hello World!",
            "half": "50%",
            "var": "value",
            "who": "fred",
            "base": "http://example.com/home/",
            "path": "/foo/bar",
            "list": ["red", "green", "blue"],
            "keys": {"semi": ";", "dot": ".", "comma": ","},
            "v": "6",
            "x": "1024",
            "y": "768",
            "empty": "",
            "empty_keys": {},
            "undef": null,
        });
        values.as_object().cloned().unwrap_or_default()
    }

    #[track_caller]
    fn expands(cases: &[(&str, &str)]) {
        for (template, uri) in cases {
            let template = UriTemplate::parse(template).unwrap_or_else(|error| panic!("{error}"));
            assert_eq!(template.expand(&values()), *uri, "{template:?}");
        }
    }

    #[test]
    fn simple_and_reserved_expressions_expand_as_the_rfc_has_it() {
        expands(&[
            ("{count}", "one,two,three"),
            ("{count*}", "one,two,three"),
            ("{var}", "value"),
            ("{hello}", "Hello%20World%21"),
            ("{half}", "50%25"),
            ("O{empty}X", "OX"),
            ("O{undef}X", "OX"),
            ("{x,y}", "1024,768"),
            ("{x,hello,y}", "1024,Hello%20World%21,768"),
            ("?{x,empty}", "?1024,"),
            ("?{x,undef}", "?1024"),
            ("?{undef,y}", "?768"),
            ("{var:3}", "val"),
            ("{var:30}", "value"),
            ("{list}", "red,green,blue"),
            ("{list*}", "red,green,blue"),
            ("{keys}", "semi,%3B,dot,.,comma,%2C"),
            ("{keys*}", "semi=%3B,dot=.,comma=%2C"),
            ("{+hello}", "Hello%20World!"),
            ("{+half}", "50%25"),
            ("{base}index", "http%3A%2F%2Fexample.com%2Fhome%2Findex"),
            ("{+base}index", "http://example.com/home/index"),
            ("O{+empty}X", "OX"),
            ("{+path}/here", "/foo/bar/here"),
            ("here?ref={+path}", "here?ref=/foo/bar"),
            ("up{+path}{var}/here", "up/foo/barvalue/here"),
            ("{+x,hello,y}", "1024,Hello%20World!,768"),
            ("{+path:6}/here", "/foo/b/here"),
            ("{+list*}", "red,green,blue"),
            ("{+keys}", "semi,;,dot,.,comma,,"),
            ("{+keys*}", "semi=;,dot=.,comma=,"),
        ]);
    }

    #[test]
    fn fragments_labels_and_path_segments_expand_as_the_rfc_has_it() {
        expands(&[
            ("{#var}", "#value"),
            ("{#hello}", "#Hello%20World!"),
            ("{#half}", "#50%25"),
            ("foo{#empty}", "foo#"),
            ("foo{#undef}", "foo"),
            ("{#x,hello,y}", "#1024,Hello%20World!,768"),
            ("{#path:6}here", "#/foo/bhere"),
            ("{#list*}", "#red,green,blue"),
            ("{#keys*}", "#semi=;,dot=.,comma=,"),
            ("{.who,who}", ".fred.fred"),
            ("{.half,who}", ".50%25.fred"),
            ("www{.dom*}", "www.example.com"),
            ("X{.var:3}", "X.val"),
            ("X{.empty}", "X."),
            ("X{.list}", "X.red,green,blue"),
            ("X{.list*}", "X.red.green.blue"),
            ("X{.keys}", "X.semi,%3B,dot,.,comma,%2C"),
            ("X{.keys*}", "X.semi=%3B.dot=..comma=%2C"),
            ("X{.empty_keys}", "X"),
            ("X{.empty_keys*}", "X"),
            ("{/who,dub}", "/fred/me%2Ftoo"),
            ("{/var,empty}", "/value/"),
            ("{/var,undef}", "/value"),
            ("{/var,x}/here", "/value/1024/here"),
            ("{/var:1,var}", "/v/value"),
            ("{/list}", "/red,green,blue"),
            ("{/list*}", "/red/green/blue"),
            ("{/list*,path:4}", "/red/green/blue/%2Ffoo"),
            ("{/keys}", "/semi,%3B,dot,.,comma,%2C"),
            ("{/keys*}", "/semi=%3B/dot=./comma=%2C"),
        ]);
    }

    #[test]
    fn parameters_and_queries_expand_as_the_rfc_has_it() {
        expands(&[
            ("{;who}", ";who=fred"),
            ("{;half}", ";half=50%25"),
            ("{;empty}", ";empty"),
            ("{;v,empty,who}", ";v=6;empty;who=fred"),
            ("{;v,undef,who}", ";v=6;who=fred"),
            ("{;hello:5}", ";hello=Hello"),
            ("{;list}", ";list=red,green,blue"),
            ("{;list*}", ";list=red;list=green;list=blue"),
            ("{;keys}", ";keys=semi,%3B,dot,.,comma,%2C"),
            ("{;keys*}", ";semi=%3B;dot=.;comma=%2C"),
            ("{?x,y}", "?x=1024&y=768"),
            ("{?x,y,empty}", "?x=1024&y=768&empty="),
            ("{?x,y,undef}", "?x=1024&y=768"),
            ("{?var:3}", "?var=val"),
            ("{?list}", "?list=red,green,blue"),
            ("{?list*}", "?list=red&list=green&list=blue"),
            ("{?keys}", "?keys=semi,%3B,dot,.,comma,%2C"),
            ("{?keys*}", "?semi=%3B&dot=.&comma=%2C"),
            ("?fixed=yes{&x}", "?fixed=yes&x=1024"),
            ("{&x,y,empty}", "&x=1024&y=768&empty="),
            ("{&list*}", "&list=red&list=green&list=blue"),
            ("{&keys*}", "&semi=%3B&dot=.&comma=%2C"),
        ]);
    }

    #[test]
    fn a_text_without_braces_stays_but_for_what_no_uri_has() {
        expands(&[
            ("file:///a%20b?c#d", "file:///a%20b?c#d"),
            ("file:///a b/é/50%", "file:///a%20b/%C3%A9/50%25"),
        ]);
    }

    #[test]
    fn variables_come_once_and_are_needed_where_the_uri_falls_apart_without_them() {
        let template = UriTemplate::parse("x://{a}/{+b}{/c*}{?a,d-e:3}{#f}").unwrap();
        let variables = template.variables();
        let seen: Vec<_> = variables
            .iter()
            .map(|it| (it.name, it.required, it.explode))
            .collect();
        assert_eq!(
            seen,
            [
                ("a", true, false),
                ("b", true, false),
                ("c", false, true),
                ("d-e", false, false),
                ("f", false, false),
            ]
        );
    }

    #[test]
    fn what_is_no_template_is_refused() {
        for text in ["{", "}", "a{b", "a}b", "{a{b}}"] {
            assert!(UriTemplate::parse(text).is_err(), "{text}");
        }
        for text in [
            "{}",
            "{?}",
            "{a,}",
            "{a b}",
            "{!a}",
            "{a:}",
            "{a:0}",
            "{a:12345}",
            "{a:x}",
            "{é/}",
        ] {
            let error = UriTemplate::parse(text).unwrap_err();
            assert!(matches!(error, UriTemplateError::Expression(_)), "{text}");
        }
    }
}
