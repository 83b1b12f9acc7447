//! What a run gets of several grants, and how they are examined.

use std::sync::Arc;

use serde_json::{Value, json};

use super::server::{Heard, Server, answer, json};
use super::{GRANT, KEY, by_provider, client, opening};
use crate::alter::broker::AlterBroker;
use crate::error::{Error, Exit};
use crate::vault::{Broker, Finding, Grant, Supply, Verdict, Want, What};

const DERIVED: &str = "alter_dk_7777777777777777777777_ig25z4";
const AGENT: &str = "alter_key_agt0agt0agt0agt0agt0agt0agt0agt0agt0agt0";

/// A credential whose value tells the provider.
fn token(heard: &Heard) -> Option<String> {
    let provider = heard.json()["provider_id"].as_str()?.to_owned();
    let mut credential = json!({"access_token": format!("token-of-{provider}"), "grant_id": GRANT});
    if provider == "basic" {
        credential["access_token"] = "bWU6c2VjcmV0".into();
        credential["injection_format"] = "Basic {token}".into();
    }
    Some(json(200, &credential))
}

fn value(slot: &str, provider: &str, field: Option<&str>) -> Want {
    Want {
        secret: true,
        slot: slot.to_owned(),
        what: What::Value {
            grant: by_provider(provider),
            field: field.map(str::to_owned),
            destination: None,
        },
    }
}

fn derived(slot: &str) -> Want {
    Want {
        secret: true,
        slot: slot.to_owned(),
        what: What::Derived,
    }
}

fn broker(server: &Server) -> AlterBroker {
    AlterBroker::over(
        Arc::new(client(&server.url).unwrap()),
        opening(&server.url, KEY).patience,
        None,
    )
}

fn told(supply: &Supply) -> Vec<(&str, &str)> {
    let values = supply.values.iter();
    values
        .map(|(slot, value)| (slot.as_str(), value.expose()))
        .collect()
}

#[tokio::test]
async fn a_grant_is_asked_for_once_however_many_slots_want_of_it() {
    let server = Server::acting(token).await;
    let supply = broker(&server)
        .supply(vec![
            value("KEY", "basic", Some("username")),
            value("SECRET", "basic", Some("password")),
            value("OTHER", "other", None),
            Want {
                secret: true,
                slot: "HEADER".to_owned(),
                what: What::Headers {
                    grant: by_provider("other"),
                    url: "https://api.example/mcp".to_owned(),
                },
            },
        ])
        .await
        .unwrap();
    assert_eq!(
        told(&supply),
        [
            ("KEY", "me"),
            ("OTHER", "token-of-other"),
            ("SECRET", "secret")
        ]
    );
    let [(name, header)] = &supply.headers[..] else {
        panic!()
    };
    assert_eq!(
        (name.as_str(), header.expose()),
        ("Authorization", "Bearer token-of-other")
    );
    let mut heard: Vec<Value> = server.heard().iter().map(Heard::json).collect();
    heard.sort_by_key(Value::to_string);
    assert_eq!(
        heard,
        [
            json!({"provider_id": "basic", "reason": "a look around", "request": null}),
            json!({"provider_id": "other", "reason": "a look around",
                   "request": {"method": "POST", "url": "https://api.example/mcp"}}),
        ]
    );
}

#[tokio::test]
async fn the_grants_of_two_users_are_two() {
    let server = Server::acting(token).await;
    let of = |user: &str| Want {
        secret: true,
        slot: user.to_owned(),
        what: What::Value {
            grant: Grant {
                user_token: Some(crate::secret::Secret::plain(user)),
                ..by_provider("other")
            },
            field: None,
            destination: None,
        },
    };
    broker(&server)
        .supply(vec![of("alice"), of("bob"), of("alice")])
        .await
        .unwrap();
    assert_eq!(server.heard().len(), 2);
}

#[tokio::test]
async fn the_first_slot_that_cannot_be_filled_is_named() {
    let server = Server::acting(|heard| match heard.json()["provider_id"].as_str() {
        Some("good") => token(heard),
        _ => Some(json(404, &json!({"detail": {"error": "grant_not_found"}}))),
    })
    .await;
    let error = broker(&server)
        .supply(vec![
            value("A", "good", None),
            value("B", "bad", None),
            value("C", "worse", None),
        ])
        .await
        .unwrap_err();
    assert_eq!(
        (error.code(), error.exit()),
        ("missing_grant", Exit::Credential)
    );
    assert_eq!(
        error.to_string(),
        "B: the vault has no grant for `bad` that this key can use"
    );
    assert_eq!(
        error.hint().as_deref(),
        Some("run `altr-cli auth connect bad`")
    );
    assert_eq!(error.to_json(None)["error"]["slot"], "B");
    let error = broker(&server)
        .supply(vec![value("A", "good", Some("org_id"))])
        .await
        .unwrap_err();
    assert_eq!((error.code(), error.exit()), ("usage", Exit::Usage));
    assert!(error.to_string().contains("no field `org_id`"), "{error}");
}

#[tokio::test]
async fn a_destination_in_the_open_is_refused_before_the_vault_is_asked() {
    let server = Server::acting(token).await;
    let want = |url: &str| Want {
        secret: true,
        slot: "HEADER".to_owned(),
        what: What::Headers {
            grant: by_provider("other"),
            url: url.to_owned(),
        },
    };
    for url in [
        "http://api.example/mcp",
        "https://me:marked@api.example/mcp",
        "nonsense",
    ] {
        let error = broker(&server).supply(vec![want(url)]).await.unwrap_err();
        assert_eq!(error.exit(), Exit::Usage);
        assert!(!error.to_string().contains("marked"), "{error}");
    }
    assert!(server.heard().is_empty());
    broker(&server)
        .supply(vec![want("unix:/run/mcp.sock:/mcp")])
        .await
        .unwrap();
    assert_eq!(server.heard()[0].json()["request"], Value::Null);
}

/// A vault for derived keys: the agent that each key is of, and what it says to a derivation.
async fn deriving(answers: Vec<(u16, Value)>, agent_of_derived: bool) -> Server {
    let answers = std::sync::Mutex::new(std::collections::VecDeque::from(answers));
    Server::acting(move |heard| {
        if heard.target == "/sdk/agents/me" {
            let is_agent = agent_of_derived || heard.header("x-api-key") == Some(AGENT);
            return Some(match is_agent {
                true => json(200, &json!({"id": GRANT, "name": "a", "status": "active"})),
                false => json(403, &json!({"error": "me_requires_agent_key"})),
            });
        }
        let (status, body) = answers.lock().unwrap().pop_front()?;
        Some(json(status, &body))
    })
    .await
}

fn agents_broker(server: &Server) -> AlterBroker {
    let opening = super::opening(&server.url, AGENT);
    AlterBroker::open(opening).unwrap()
}

#[tokio::test]
async fn a_server_gets_a_key_of_a_few_minutes() {
    let server = deriving(vec![(201, json!({"api_key": DERIVED}))], false).await;
    let supply = broker(&server)
        .supply(vec![derived("A"), derived("B")])
        .await
        .unwrap();
    assert_eq!(told(&supply), [("A", DERIVED), ("B", DERIVED)]);
    let heard = server.heard();
    assert_eq!(heard.len(), 1);
    assert_eq!(heard[0].json()["expires_in"], 900);
    assert_eq!(
        heard[0].json()["scopes"],
        json!([
            "tokens:retrieve",
            "proxy:execute",
            "connect:initiate",
            "audit:emit"
        ])
    );
}

#[tokio::test]
async fn a_derived_key_asks_for_no_more_than_there_is() {
    let lacking = |scope: &str| {
        (
            403,
            json!({"error": "insufficient_scope", "missing": [scope]}),
        )
    };
    let made = (201, json!({"api_key": DERIVED}));
    let server = deriving(vec![lacking("proxy:execute"), made], false).await;
    let supply = broker(&server).supply(vec![derived("A")]).await.unwrap();
    assert_eq!(told(&supply), [("A", DERIVED)]);
    let scopes = server.heard()[1].json()["scopes"].clone();
    assert_eq!(
        scopes,
        json!(["tokens:retrieve", "connect:initiate", "audit:emit"])
    );
    let server = deriving(vec![lacking("keys:derive")], false).await;
    let supply = broker(&server).supply(vec![derived("A")]).await.unwrap();
    assert_eq!(told(&supply), [("A", super::KEY)]);
    assert_eq!(server.heard().len(), 1);
}

#[tokio::test]
async fn an_agents_derived_key_is_the_agents_or_is_not_used() {
    for (is_the_agents, expected) in [(true, DERIVED), (false, AGENT)] {
        let server = deriving(vec![(201, json!({"api_key": DERIVED}))], is_the_agents).await;
        let supply = agents_broker(&server)
            .supply(vec![derived("A")])
            .await
            .unwrap();
        assert_eq!(told(&supply), [("A", expected)]);
        assert_eq!(server.heard().len(), 3);
    }
}

#[tokio::test]
async fn a_vault_in_trouble_is_no_reason_to_hand_over_the_key() {
    for (status, word) in [
        (503, "whatever"),
        (401, "key_revoked"),
        (429, "rate_limit_exceeded"),
    ] {
        let server = deriving(vec![(status, json!({"error": word}))], false).await;
        broker(&server)
            .supply(vec![derived("A")])
            .await
            .unwrap_err();
    }
}

/// A vault with these grants, which answers at this date.
async fn vault(grants: Value) -> Server {
    Server::acting(move |heard| {
        Some(match heard.target.as_str() {
            "/sdk/agents/me" => answer(
                403,
                "X-Alter-Key-Deprecated: true\r\nDate: Thu, 01 Jan 2026 00:00:00 GMT\r\n",
                r#"{"error": "me_requires_agent_key"}"#,
            ),
            _ => json(200, &json!({"grants": grants, "has_more": false})),
        })
    })
    .await
}

async fn examined(server: &Server, grants: &[&str]) -> Vec<Finding> {
    let grants = grants.iter().map(|name| by_provider(name)).collect();
    broker(server).examine(grants).await
}

fn listed(provider: &str, fields: Value) -> Value {
    let mut grant = json!({
        "grant_kind": "oauth", "grant_id": GRANT, "provider_id": provider, "status": "active", "principal_type": "system",
    });
    for (name, value) in fields.as_object().unwrap() {
        grant[name] = value.clone();
    }
    grant
}

#[tokio::test]
async fn each_grant_of_the_configuration_is_compared_with_what_there_is() {
    let soon = crate::alter::clock::compact(crate::alter::clock::now() + 9000).1;
    let [year, month, day, time] = [&soon[..4], &soon[4..6], &soon[6..8], &soon[9..15]];
    let time = format!("{}:{}:{}", &time[..2], &time[2..4], &time[4..]);
    let soon = format!("{year}-{month}-{day}T{time}Z");
    let server = vault(json!([
        listed(
            "fine",
            json!({"account_identifier": "me@example", "grant_expires_at": "2100-01-01T00:00:00Z"})
        ),
        listed("revoked", json!({"status": "revoked"})),
        listed("over", json!({"grant_expires_at": "2000-01-01T00:00:00Z"})),
        listed("soon", json!({"grant_expires_at": soon})),
        listed("broken", json!({"needs_reconnect": true})),
        listed("two", json!({"label": "a"})),
        listed("two", json!({"label": "b"})),
        listed("theirs", json!({"principal_type": "user"})),
    ]))
    .await;
    let names = [
        "fine", "revoked", "over", "soon", "broken", "two", "theirs", "none",
    ];
    let findings = examined(&server, &names).await;
    let (own, grants) = findings.split_at(3);
    let subjects: Vec<&str> = own.iter().map(|finding| finding.subject.as_str()).collect();
    assert_eq!(subjects, ["key", "backend", "clock"]);
    assert_eq!(own[0].verdict, Verdict::Doubtful);
    assert!(own[0].words.starts_with("an application's key;") && own[0].words.contains("replaced"));
    assert_eq!(own[1].verdict, Verdict::Fine);
    assert_eq!(own[2].verdict, Verdict::Doubtful);
    assert!(own[2].words.contains("ahead of"), "{:?}", own[2]);
    let connect = |name: &str| Some(format!("run `altr-cli auth connect {name}`"));
    let bad = Verdict::Bad(Exit::Credential);
    for (found, (name, verdict, words, hint)) in grants.iter().zip([
        ("fine", Verdict::Fine, "active, me@example", None),
        ("revoked", bad, "it is revoked", connect("revoked")),
        ("over", bad, "it has expired", connect("over")),
        ("soon", Verdict::Doubtful, "it ends in 2 h", connect("soon")),
        ("broken", bad, "connected again", connect("broken")),
        (
            "two",
            Verdict::Bad(Exit::Usage),
            "there are 2 of it",
            Some("name one by `account`, `label` or `grant_id`".to_owned()),
        ),
        (
            "theirs",
            bad,
            "none that this key can use",
            connect("theirs"),
        ),
        ("none", bad, "none that this key can use", connect("none")),
    ]) {
        assert_eq!(found.subject, format!("grant {name}"));
        assert_eq!(found.verdict, verdict, "{found:?}");
        assert!(found.words.contains(words), "{found:?}");
        assert_eq!(found.hint, hint, "{found:?}");
    }
    // One list for all of them.
    assert_eq!(server.heard().len(), 2);
}

#[tokio::test]
async fn a_key_that_is_refused_is_told_from_a_vault_that_is_not_there() {
    let server = Server::open([json(401, &json!({"error": "key_expired"}))]).await;
    let findings = examined(&server, &["fine"]).await;
    let told: Vec<(&str, Verdict)> = findings
        .iter()
        .map(|finding| (finding.subject.as_str(), finding.verdict))
        .collect();
    assert_eq!(
        told,
        [
            ("key", Verdict::Bad(Exit::Credential)),
            ("backend", Verdict::Fine)
        ]
    );
    let server = Server::open([]).await;
    let findings = examined(&server, &["fine"]).await;
    let told: Vec<(&str, Verdict)> = findings
        .iter()
        .map(|finding| (finding.subject.as_str(), finding.verdict))
        .collect();
    assert_eq!(
        told,
        [
            ("key", Verdict::Fine),
            ("backend", Verdict::Bad(Exit::Timeout))
        ]
    );
}

#[tokio::test]
async fn a_key_that_cannot_list_is_no_failure() {
    let server = Server::open([
        json(
            200,
            &json!({"id": GRANT, "name": "mcp-agent", "status": "inactive"}),
        ),
        json(
            403,
            &json!({"error": "insufficient_scope", "missing": ["grants:read"]}),
        ),
    ])
    .await;
    let findings = examined(&server, &["fine"]).await;
    assert_eq!(findings[0].verdict, Verdict::Bad(Exit::Denied));
    assert!(findings[0].words.contains("`mcp-agent`, which is inactive"));
    assert_eq!(findings[2].verdict, Verdict::Doubtful);
    assert_eq!(findings[2].subject, "grant fine");
}

#[test]
fn the_vault_is_opened_with_a_key_alone() {
    let opening = super::opening("https://vault.example", "no key");
    let error = (crate::alter::ALTER.open)(opening).map(drop).unwrap_err();
    assert!(matches!(error, Error::Vault(fault) if fault.code == "invalid_key"));
}
