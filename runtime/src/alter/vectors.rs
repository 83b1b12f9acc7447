//! The vectors that the vault's own client library was asked for, each read by a test.

use std::str::FromStr;

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::Value;
use url::Url;

use super::sign::{Signable, Signer, Stamp};
use super::{address, attribution, aws, header, key, sigv4};
use crate::authorization::challenge::Challenge;
use crate::secret::Secret;

/// One test a section, each case of which is read; and a test that there are no other sections.
macro_rules! sections {
    ($($section:ident)*) => {
        mod vectors {
            use super::{cases, file};
            $(
                #[test]
                fn $section() {
                    for case in cases(stringify!($section)) {
                        super::$section(&case);
                    }
                }
            )*

            #[test]
            fn no_section_is_left_unread() {
                let read = [$(stringify!($section)),*];
                let mut unread = file();
                unread.retain(|name, _| !read.contains(&name.as_str()));
                assert!(unread.is_empty(), "{:?}", unread.keys());
            }
        }
    };
}

sections! {
    signing is_valid_key base_url provider_url path_params retry_after rate_limit bearer_challenge
    context_header sigv4 aws_host traceparent api_base_url url_in_logs
}

fn file() -> serde_json::Map<String, Value> {
    serde_json::from_str(include_str!("vectors.json")).unwrap()
}

fn cases(section: &str) -> Vec<Value> {
    let Some(Value::Array(cases)) = file().remove(section) else {
        panic!("no section {section}")
    };
    assert!(!cases.is_empty());
    cases
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_else(|| panic!("{value}"))
}

fn pairs(value: &Value) -> Vec<(&str, &str)> {
    let pairs = value.as_object().unwrap().iter();
    pairs
        .map(|(name, value)| (name.as_str(), text(value)))
        .collect()
}

/// Whether the library raised an error.
fn raised(case: &Value) -> bool {
    case["output"].get("raised").is_some()
}

#[track_caller]
fn signing(case: &Value) {
    let sent = pairs(&case["headers"]);
    let value = |wanted: &str| {
        let header = sent.iter().find(|(name, _)| *name == wanted);
        header.map(|(_, value)| (*value).to_owned())
    };
    let given = [
        "X-Alter-Scope-Constraints",
        "X-Alter-Request-Rule",
        "X-Alter-Caller",
        "X-Alter-Caller-Type",
        "X-Alter-Actor-ID",
        "X-Alter-Context",
    ];
    let given: Vec<_> = given
        .into_iter()
        .filter_map(|name| Some((name, value(name)?)))
        .collect();
    let request = Signable {
        method: text(&case["method"]),
        target: text(&case["target"]),
        body: text(&case["body"]).as_bytes(),
        headers: &given,
    };
    let stamp = || Stamp {
        seconds: value("X-Alter-Timestamp").unwrap().parse().unwrap(),
        nonce: value("X-Alter-Nonce").unwrap(),
    };
    let hash = value("X-Alter-Content-SHA256").unwrap();
    assert_eq!(
        super::sign::text(&request, &stamp(), &hash),
        text(&case["string_to_sign"]),
        "{}",
        case["name"]
    );
    let key = text(&case["api_key"]);
    let derived = super::sign::keyed(key.as_bytes(), b"alter-signing-v1");
    assert_eq!(super::sign::hex(derived.as_ref()), case["signing_key_hex"]);
    let signer = Signer::new(&Secret::new(key));
    let mut headers = signer.headers(&request, stamp());
    headers.extend(given.clone());
    headers.sort();
    let mut expected: Vec<_> = sent
        .iter()
        .map(|(name, value)| (*name, (*value).to_owned()))
        .collect();
    expected.sort();
    assert_eq!(headers, expected, "{}", case["name"]);
    assert_eq!(value("X-Alter-Signature").unwrap(), case["signature"]);
}

fn is_valid_key(case: &Value) {
    assert_eq!(
        key::kind(text(&case["input"])).is_some(),
        case["output"],
        "{case}"
    );
}

fn base_url(case: &Value) {
    let url = address::base(text(&case["input"]));
    let url = url.map(|url| url.as_str().trim_end_matches('/').to_owned());
    match raised(case) {
        true => assert!(url.is_err(), "{case}"),
        false => assert_eq!(url.unwrap(), case["output"]),
    }
}

fn provider_url(case: &Value) {
    let url = address::destination(text(&case["input"]));
    assert_eq!(url.is_err(), raised(case), "{case}");
}

fn path_params(case: &Value) {
    let values = case["input"][1].as_object().unwrap();
    // A number in the place of a text is nothing that could be given here.
    if values.values().any(|value| !value.is_string()) {
        return assert!(raised(case));
    }
    let filled = address::filled(text(&case["input"][0]), &pairs(&case["input"][1]));
    match raised(case) {
        true => assert!(filled.is_err(), "{case}"),
        false => assert_eq!(filled.unwrap(), case["output"]),
    }
}

fn retry_after(case: &Value) {
    let input = &case["input"];
    let most = input
        .get(2)
        .map_or(header::LONGEST_WAIT, |most| most.as_u64().unwrap());
    assert!([header::LONGEST_WAIT, header::LONGEST_QUOTA].contains(&most));
    let found = header::retry_after(input[0].as_str(), Some(&input[1]), most);
    assert_eq!(found, case["output"].as_u64(), "{case}");
}

fn rate_limit(case: &Value) {
    let headers: HeaderMap = pairs(&case["input"])
        .into_iter()
        .map(|(name, value)| {
            (
                HeaderName::from_str(name).unwrap(),
                HeaderValue::from_str(value).unwrap(),
            )
        })
        .collect();
    let found = header::RateLimit::read(&headers);
    assert_eq!(found.is_none(), case["output"].is_null(), "{case}");
    if let Some(found) = found {
        assert_eq!(found.limit, case["output"]["limit"]);
        assert_eq!(found.remaining, case["output"]["remaining"]);
    }
}

fn bearer_challenge(case: &Value) {
    // Of a challenge's parameters, those that are of use are kept.
    let challenge = Challenge::parse(text(&case["input"]));
    let expected = |name: &str| case["output"].get(name).and_then(Value::as_str);
    assert_eq!(challenge.error.as_deref(), expected("error"), "{case}");
    assert_eq!(challenge.scope.as_deref(), expected("scope"), "{case}");
}

fn context_header(case: &Value) {
    let Some(input) = case["input"].as_object() else {
        return assert_eq!(attribution::header(&[]).unwrap(), None);
    };
    if input.values().any(|value| !value.is_string()) {
        return assert!(raised(case));
    }
    let header = attribution::header(&pairs(&case["input"]));
    match raised(case) {
        true => assert!(header.is_err(), "{case}"),
        false => assert_eq!(header.unwrap().as_deref(), case["output"].as_str()),
    }
}

fn sigv4(case: &Value) {
    let input = &case["input"];
    assert_eq!(input["timestamp"], "20260101T000000Z");
    let secret = Secret::new(text(&input["secret_key"]));
    let keys = sigv4::Keys {
        id: text(&input["access_key_id"]),
        secret: &secret,
        session: input["session_token"].as_str(),
        region: input["region"].as_str(),
        service: input["service"].as_str(),
    };
    let url = Url::parse(text(&input["url"])).unwrap();
    let body = input["body"].as_str().unwrap_or_default().as_bytes();
    let headers = sigv4::headers(&keys, text(&input["method"]), &url, body, 1_767_225_600);
    if raised(case) {
        return assert!(headers.is_err(), "{case}");
    }
    let mut headers: Vec<(String, String)> = headers
        .unwrap()
        .into_iter()
        .map(|(name, value)| (name.to_owned(), value.expose().to_owned()))
        .collect();
    headers.sort();
    let mut expected: Vec<(String, String)> = pairs(&case["output"])
        .into_iter()
        .map(|(name, value)| (name.to_ascii_lowercase(), value.to_owned()))
        .collect();
    expected.sort();
    assert_eq!(headers, expected);
}

fn aws_host(case: &Value) {
    let found = aws::service_and_region(text(&case["input"]));
    let expected = case["output"][0]
        .as_str()
        .map(|service| (service.to_owned(), text(&case["output"][1]).to_owned()));
    assert_eq!(found, expected, "{case}");
}

fn traceparent(case: &Value) {
    assert_eq!(
        header::is_trace_parent(text(&case["input"])),
        case["output"],
        "{case}"
    );
}

fn api_base_url(case: &Value) {
    let found = case["input"].as_str().and_then(address::bare_origin);
    assert_eq!(found, case["output"].as_str(), "{case}");
}

fn url_in_logs(case: &Value) {
    assert_eq!(address::shown(text(&case["input"])), case["output"]);
}
