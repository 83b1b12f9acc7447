//! What is taken of an answer, and what is refused.

use serde_json::json;

use super::*;
use crate::error::{Error, Exit};

const GRANT: &str = "2763f184-3ab2-5cca-9885-6e8c07bbc57a";

/// A credential with these fields of its answer instead of, or beside, the least there must be.
fn credential(fields: Value) -> Result<Credential, Refusal> {
    let mut answer = json!({"access_token": "s3cret", "grant_id": GRANT});
    for (name, value) in fields.as_object().unwrap() {
        answer[name] = value.clone();
    }
    Credential::read(answer)
}

#[test]
fn the_least_answer_is_a_bearer_token() {
    let credential = credential(json!({"unknown": [1]})).unwrap();
    assert_eq!(
        (&*credential.header, &*credential.format),
        ("Authorization", "Bearer {token}")
    );
    assert_eq!(credential.value(None).unwrap().expose(), "s3cret");
    assert_eq!(credential.lifetime(), None);
    assert!(!format!("{credential:?}").contains("s3cret"));
}

#[test]
fn a_credential_ends_with_the_first_of_its_ends() {
    let life = |fields| credential(fields).unwrap().lifetime().unwrap();
    assert!((3590..=3600).contains(&life(
        json!({"expires_in": 3600, "expires_at": "2100-01-01T00:00:00Z"})
    )));
    assert_eq!(
        life(json!({"expires_in": 3600, "token_expires_at": "2000-01-01T00:00:00Z"})),
        0
    );
    assert!(life(json!({"expires_in": u64::MAX})) > 1 << 40);
}

#[test]
fn an_answer_that_breaks_a_rule_is_refused_by_the_field_and_never_the_value() {
    let ten_fields: Map<String, Value> = (0..11).map(|n| (format!("f{n}"), "x".into())).collect();
    let rule = json!({"target": "header", "key": "X-Key", "value_source": "token"});
    let rule_with = |name: &str, value: &str| {
        let mut rule = rule.clone();
        rule[name] = value.into();
        json!({"additional_injections": [rule]})
    };
    let cases = [
        ("access_token", json!({"access_token": null})),
        ("access_token", json!({"access_token": ""})),
        ("access_token", json!({"access_token": 7})),
        ("access_token", json!({"access_token": "marked\r\nX: y"})),
        ("access_token", json!({"access_token": "marked\0"})),
        ("access_token", json!({"access_token": "x".repeat(LONG)})),
        ("grant_id", json!({"grant_id": null})),
        ("grant_id", json!({"grant_id": "marked"})),
        ("grant_id", json!({"grant_id": GRANT.to_uppercase()})),
        ("token_type", json!({"token_type": 7})),
        ("expires_in", json!({"expires_in": -1})),
        ("expires_in", json!({"expires_in": 1.5})),
        ("expires_in", json!({"expires_in": "3600"})),
        ("expires_at", json!({"expires_at": "2026-01-01T00:00:00"})),
        (
            "token_expires_at",
            json!({"token_expires_at": 1_767_225_600}),
        ),
        ("grant_expires_at", json!({"grant_expires_at": "marked"})),
        ("scopes", json!({"scopes": "marked"})),
        ("scopes", json!({"scopes": [1]})),
        ("provider_id", json!({"provider_id": []})),
        ("token_generation", json!({"token_generation": "marked"})),
        ("scope_mismatch", json!({"scope_mismatch": "yes"})),
        ("injection_header", json!({"injection_header": ""})),
        ("injection_header", json!({"injection_header": "X Key"})),
        ("injection_header", json!({"injection_header": "1X"})),
        ("injection_header", json!({"injection_header": "X_Key"})),
        (
            "injection_header",
            json!({"injection_header": "x".repeat(61)}),
        ),
        ("injection_header", json!({"injection_header": "Host"})),
        (
            "injection_header",
            json!({"injection_header": "Transfer-Encoding"}),
        ),
        ("injection_format", json!({"injection_format": "Bearer"})),
        ("injection_format", json!({"injection_format": "{token}\n"})),
        (
            "injection_format",
            json!({"injection_format": format!("{{token}}{}", "x".repeat(200))}),
        ),
        (
            "additional_credentials",
            json!({"additional_credentials": "marked"}),
        ),
        (
            "additional_credentials",
            json!({"additional_credentials": ten_fields}),
        ),
        (
            "additional_credentials",
            json!({"additional_credentials": {"a": 7}}),
        ),
        (
            "additional_credentials",
            json!({"additional_credentials": {"a": " "}}),
        ),
        (
            "additional_credentials",
            json!({"additional_credentials": {"a": "marked\n"}}),
        ),
        (
            "additional_credentials",
            json!({"additional_credentials": {"a": "x".repeat(8193)}}),
        ),
        (
            "additional_credentials",
            json!({"additional_credentials": {"x".repeat(51): "x"}}),
        ),
        (
            "additional_injections",
            json!({"additional_injections": {}}),
        ),
        (
            "additional_injections",
            json!({"additional_injections": ["marked"]}),
        ),
        (
            "additional_injections",
            json!({"additional_injections": vec![rule.clone(); 11]}),
        ),
        (
            "additional_injections",
            json!({"additional_injections": [{"target": "header", "key": "X"}]}),
        ),
        ("additional_injections", rule_with("more", "marked")),
        ("additional_injections", rule_with("target", "body")),
        ("additional_injections", rule_with("key", "Cookie")),
        ("additional_injections", rule_with("key", "a b")),
        ("additional_injections", rule_with("key", &"x".repeat(101))),
        ("additional_injections", rule_with("value_source", "marked")),
        (
            "additional_injections",
            rule_with("value_source", "additional_credentials."),
        ),
        (
            "additional_injections",
            rule_with("value_source", "additional_credentials.A"),
        ),
    ];
    for (field, fields) in cases {
        let error = Error::from(credential(fields.clone()).expect_err(field));
        assert_eq!(
            (error.code(), error.exit()),
            ("vault_malformed", Exit::Protocol)
        );
        let told = format!("{error} {:?} {}", error.hint(), error.to_json(None));
        assert!(told.contains(&format!("`{field}`")), "{told}: {fields}");
        assert!(!told.contains("marked"), "{told}");
    }
    for answer in [json!(null), json!([]), json!("marked")] {
        assert_eq!(
            Credential::read(answer).expect_err("").kind,
            Kind::Malformed
        );
    }
}

const LONG: usize = (64 << 10) + 1;

#[test]
fn the_rules_let_through_what_keeps_them() {
    for fields in [
        json!({"expires_in": null, "expires_at": null, "scopes": null, "scope_mismatch": null}),
        json!({"injection_format": "AWS4-HMAC-SHA256 Credential"}),
        json!({"injection_header": "DD-API-KEY", "injection_format": "{token}{token}"}),
        json!({"additional_credentials": {}}),
        json!({"additional_injections": [
            {"target": "query_param", "key": "cookie", "value_source": "additional_credentials.a_1"},
        ]}),
        json!({"retry_info": "junk"}),
    ] {
        credential(fields.clone()).unwrap_or_else(|error| panic!("{fields}: {error:?}"));
    }
}

#[test]
fn a_basic_credential_is_split_at_its_first_colon() {
    let basic = |token: &str| {
        let token = BASE64_STANDARD.encode(token);
        credential(json!({"access_token": token, "injection_format": "Basic {token}"})).unwrap()
    };
    let value = |credential: &Credential, field| {
        credential
            .value(Some(field))
            .map(|value| value.expose().to_owned())
    };
    let pair = basic("me:pass:word");
    assert_eq!(value(&pair, "username").unwrap(), "me");
    assert_eq!(value(&pair, "password").unwrap(), "pass:word");
    assert!(value(&basic("me:pass\0word"), "password").is_err());
    assert!(value(&basic("no colon"), "username").is_err());
    let bearer = credential(json!({"provider_id": "altr-mapi"})).unwrap();
    let error = Error::from(value(&bearer, "username").unwrap_err());
    assert_eq!(error.exit(), Exit::Usage);
    assert_eq!(
        error.to_string(),
        "the credential for `altr-mapi` has no field `username`: it has none but itself"
    );
}

#[test]
fn a_field_of_the_vaults_is_that_field() {
    let credential = credential(json!({
        "access_token": BASE64_STANDARD.encode("me:word"),
        "injection_format": "Basic {token}",
        "additional_credentials": {"username": "somebody", "org_id": "o-1"},
    }))
    .unwrap();
    let value = |field| credential.value(Some(field)).unwrap().expose().to_owned();
    assert_eq!(value("username"), "somebody");
    assert_eq!(value("password"), "word");
    assert_eq!(value("org_id"), "o-1");
    let error = Error::from(credential.value(Some("token")).unwrap_err()).to_string();
    assert!(
        error.ends_with("it has org_id, username, password"),
        "{error}"
    );
}
