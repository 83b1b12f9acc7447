//! What a person is asked to connect, and what becomes of the call that needs it.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};

use super::server::{Heard, Server, answer, json};
use super::{GRANT, KEY, by_provider, client, opening};
use crate::alter::broker::AlterBroker;
use crate::error::{Error, Exit};
use crate::secret::Secret;
use crate::vault::{Address, Broker, Connection, Grant, Patience, Supply, Want, What};

const URL: &str = "https://vault.example/connect#session=1";
const NEW: &str = "9aadfc32-3904-55a0-9b74-4c649fb7d5b2";
const AGENT: &str = "alter_key_agt0agt0agt0agt0agt0agt0agt0agt0agt0agt0";
const AGENT_ID: &str = "90304f61-9a46-578d-8420-7f366705f980";

const OAUTH: &str = "/sdk/oauth/connect/session";
const POLL: &str = "/sdk/oauth/connect/session/poll";
const SECRET: &str = "/sdk/managed-secrets/connect/session";
const TOKEN: &str = "/sdk/token";
const LIST: &str = "/sdk/grants/list";

/// A vault with a page, which has grants once somebody has been there.
struct Vault {
    server: Server,
}

impl Vault {
    /// The vault refuses a token with this, until the polls have come to their last answer.
    async fn refusing(status: u16, refusal: Value, polls: Vec<Value>) -> Self {
        let (connected, at) = (AtomicBool::new(false), AtomicUsize::new(0));
        Self::acting(move |heard| match heard.target.as_str() {
            TOKEN if connected.load(Ordering::SeqCst) => Some(token()),
            TOKEN => Some(json(status, &json!({"detail": refusal}))),
            OAUTH => Some(json(201, &session())),
            POLL => {
                let at = at.fetch_add(1, Ordering::SeqCst);
                connected.store(at + 1 >= polls.len(), Ordering::SeqCst);
                Some(json(200, &polls[at.min(polls.len() - 1)]))
            }
            _ => None,
        })
        .await
    }

    async fn acting(act: impl Fn(&Heard) -> Option<String> + Send + Sync + 'static) -> Self {
        Self {
            server: Server::acting(move |heard| {
                let unknown = || json(404, &json!({"detail": {"error": "nothing"}}));
                Some(act(heard).unwrap_or_else(unknown))
            })
            .await,
        }
    }

    fn broker(&self, wait: bool, agent: Option<&str>) -> AlterBroker {
        let mut patience = opening(&self.server.url, KEY).patience;
        patience.wait = wait;
        self.patient(patience, agent)
    }

    fn patient(&self, patience: Patience, agent: Option<&str>) -> AlterBroker {
        let client = Arc::new(client(&self.server.url).unwrap());
        AlterBroker::over(client, patience, agent.map(str::to_owned))
    }

    fn heard(&self, target: &str) -> Vec<Value> {
        let heard = self.server.heard();
        let heard = heard.iter().filter(|heard| heard.target == target);
        heard.map(Heard::json).collect()
    }
}

fn token() -> String {
    json(
        200,
        &json!({"access_token": "s3cret-token", "grant_id": GRANT}),
    )
}

fn session() -> Value {
    json!({"session_token": "sess-marked", "connect_url": URL, "expires_in": 600})
}

fn missing() -> Value {
    json!({"error": "grant_not_found"})
}

fn pending() -> Value {
    json!({"status": "pending"})
}

fn completed(grant: &str) -> Value {
    json!({"status": "completed", "grants": [{"grant_id": grant, "provider_id": "google"}]})
}

fn ended(code: &str) -> Value {
    json!({"status": "error", "error": {"error_code": code, "error_message": "no"}})
}

fn want(slot: &str, grant: Grant) -> Want {
    Want {
        secret: true,
        slot: slot.to_owned(),
        what: What::Value {
            grant,
            field: None,
            destination: None,
        },
    }
}

async fn supplied(broker: &AlterBroker, grant: Grant) -> Result<Supply, Error> {
    broker.supply(vec![want("KEY", grant)]).await
}

fn of_alice(provider: &str) -> Grant {
    Grant {
        user_token: Some(Secret::plain("jwt-of-alice")),
        ..by_provider(provider)
    }
}

fn labelled(label: &str) -> Grant {
    Grant {
        by: Address::Provider {
            provider: "google".to_owned(),
            account: None,
            label: Some(label.to_owned()),
        },
        user_token: None,
    }
}

#[track_caller]
fn told(outcome: Result<Supply, Error>) -> Value {
    let error = outcome.expect_err("nothing is there");
    error.to_json(None)["error"].clone()
}

#[tokio::test]
async fn without_a_person_the_page_is_told_and_made_once() {
    for (status, refusal, code) in [
        (404, missing(), "missing_grant"),
        (403, json!({"error": "grant_expired"}), "grant_expired"),
        (400, json!({"error": "grant_revoked"}), "grant_revoked"),
        (410, json!({"error": "gone"}), "grant_deleted"),
        (
            403,
            json!({"error": "scope_mismatch", "missing": ["gmail.send"],
                   "details": {"grant_id": GRANT, "provider_id": "google"}}),
            "scope_reauth_required",
        ),
    ] {
        let vault = Vault::refusing(status, refusal, vec![pending()]).await;
        let broker = vault.broker(false, None);
        let account = Grant {
            by: Address::Provider {
                provider: "google".to_owned(),
                account: Some("a@example.com".to_owned()),
                label: None,
            },
            user_token: None,
        };
        let wants = vec![want("KEY", by_provider("google")), want("OTHER", account)];
        let error = told(broker.supply(wants).await);
        assert_eq!((&error["code"], &error["exit"]), (&code.into(), &3.into()));
        assert_eq!(error["connect_url"], URL);
        assert_eq!(error["provider"], "google");
        assert_eq!(error["expires_in"], 600);
        assert_eq!(
            error["hint"],
            format!(
                "run `altr-cli auth connect google` on a terminal, or open {URL}; --mcp-wait waits for that"
            )
        );
        let sessions = vault.heard(OAUTH);
        assert_eq!(sessions.len(), 1, "{code}");
        assert_eq!(
            sessions[0]["required_scopes"]["google"].is_array(),
            code == "scope_reauth_required"
        );
        assert!(vault.heard(POLL).is_empty());
        assert!(!error.to_string().contains("marked"), "{error}");
    }
}

#[tokio::test]
async fn a_wait_goes_on_with_all_that_wanted_it_once_somebody_has_connected() {
    let polls = vec![pending(), pending(), completed(NEW)];
    let vault = Vault::refusing(404, missing(), polls).await;
    let broker = vault.broker(true, None);
    let mut wants = vec![want("KEY", by_provider("google"))];
    for account in ["a@example.com", "b@example.com"] {
        let mut grant = by_provider("google");
        grant.by = Address::Provider {
            provider: "google".to_owned(),
            account: Some(account.to_owned()),
            label: None,
        };
        wants.push(want(account, grant));
    }
    let supply = broker.supply(wants).await.unwrap();
    assert_eq!(supply.values.len(), 3);
    assert_eq!((vault.heard(OAUTH).len(), vault.heard(POLL).len()), (1, 3));
    assert_eq!(
        vault.heard(POLL)[0],
        json!({"session_token": "sess-marked"})
    );
    assert_eq!(vault.heard(TOKEN).len(), 6);
}

#[tokio::test]
async fn two_grants_of_one_provider_that_differ_by_label_are_two() {
    let vault = Vault::refusing(404, missing(), vec![pending()]).await;
    let wants = vec![want("A", labelled("work")), want("B", labelled("home"))];
    told(vault.broker(false, None).supply(wants).await);
    let mut labels: Vec<String> = vault
        .heard(OAUTH)
        .iter()
        .map(|body| body["requested_grant"]["label"].to_string())
        .collect();
    labels.sort();
    assert_eq!(labels, ["\"home\"", "\"work\""]);
}

#[tokio::test]
async fn what_a_person_makes_of_the_page_is_what_the_run_ends_with() {
    for (poll, code, exit) in [
        (ended("connect_denied"), "connect_denied", 4),
        (ended("invalid_client"), "connect_misconfigured", 2),
        (ended("service_unavailable"), "vault_trouble", 5),
        (ended("identity_provider_inactive"), "operator_required", 4),
        (ended("whatever"), "connect_failed", 3),
        (json!({"status": "expired"}), "connect_expired", 3),
        (
            json!({"status": "completed", "grants": [], "failed_grants": [
                {"provider_id": "google", "reason": "grant_activation_failed", "message": "no"}]}),
            "connect_failed",
            3,
        ),
    ] {
        let vault = Vault::refusing(404, missing(), vec![pending(), poll]).await;
        let error = told(supplied(&vault.broker(true, None), by_provider("google")).await);
        assert_eq!(
            (&error["code"], &error["exit"]),
            (&code.into(), &exit.into()),
            "{error}"
        );
        assert_eq!(vault.heard(TOKEN).len(), 1);
    }
}

#[tokio::test]
async fn when_the_time_is_over_the_page_is_told() {
    let declined = json!({"status": "pending", "declined_providers": [{"provider_id": "google"}]});
    let vault = Vault::refusing(404, missing(), vec![pending(), declined]).await;
    let patience = Patience {
        wait: true,
        limit: Duration::from_millis(180),
        ..opening("", KEY).patience
    };
    // The last of the polls above is the last to be given, over and over.
    let outcome = supplied(&vault.patient(patience, None), by_provider("google")).await;
    let error = told(outcome);
    assert_eq!(
        (&error["code"], &error["connect_url"]),
        (&"missing_grant".into(), &URL.into())
    );
    assert!((2..=4).contains(&vault.heard(POLL).len()));
}

#[tokio::test]
async fn a_vault_that_is_asked_too_often_says_when_to_ask_again() {
    let at = AtomicUsize::new(0);
    let times = Arc::new(Mutex::new(Vec::new()));
    let log = Arc::clone(&times);
    let vault = Vault::acting(move |heard| match heard.target.as_str() {
        TOKEN if at.load(Ordering::SeqCst) > 2 => Some(token()),
        TOKEN => Some(json(404, &json!({"detail": missing()}))),
        OAUTH => Some(json(201, &session())),
        POLL => {
            log.lock().unwrap().push(std::time::Instant::now());
            Some(match at.fetch_add(1, Ordering::SeqCst) {
                0 => {
                    let body = json!({"error": "rate_limit_exceeded"});
                    answer(429, "Retry-After: 1\r\n", &body.to_string())
                }
                1 => json(503, &json!({})),
                _ => json(200, &completed(NEW)),
            })
        }
        _ => None,
    })
    .await;
    let patience = Patience {
        wait: true,
        limit: Duration::from_secs(10),
        ..opening("", KEY).patience
    };
    let broker = vault.patient(patience, None);
    supplied(&broker, by_provider("google")).await.unwrap();
    let times = times.lock().unwrap();
    assert!(times[1] - times[0] >= Duration::from_secs(1));
    assert!(times[2] - times[1] < Duration::from_secs(1));
}

#[tokio::test]
async fn a_credential_is_repaired_or_else_made_anew() {
    let tried = AtomicUsize::new(0);
    let vault = Vault::acting(move |heard| match heard.target.as_str() {
        TOKEN => Some(json(
            400,
            &json!({"detail": {"error": "credential_revoked", "grant_id": GRANT}}),
        )),
        OAUTH if tried.fetch_add(1, Ordering::SeqCst) == 0 => {
            Some(json(404, &json!({"detail": {"error": "grant_not_found"}})))
        }
        OAUTH => Some(json(201, &session())),
        _ => None,
    })
    .await;
    let error = told(supplied(&vault.broker(false, None), labelled("work")).await);
    assert_eq!(
        (&error["code"], &error["connect_url"]),
        (&"credential_revoked".into(), &URL.into())
    );
    let sessions = vault.heard(OAUTH);
    assert_eq!(sessions[0]["repair_grant_id"], GRANT);
    assert!(sessions[0].get("requested_grant").is_none());
    assert!(sessions[1].get("repair_grant_id").is_none());
    assert_eq!(sessions[1]["requested_grant"], json!({"label": "work"}));
}

fn by_id(id: &str) -> Grant {
    Grant {
        by: Address::Id(id.to_owned()),
        user_token: None,
    }
}

#[tokio::test]
async fn by_the_id_of_a_grant_alone_nothing_can_be_connected() {
    let vault = Vault::refusing(404, missing(), vec![pending()]).await;
    let error = told(supplied(&vault.broker(true, None), by_id(GRANT)).await);
    assert_eq!(error["code"], "missing_grant");
    let hint = error["hint"].as_str().unwrap();
    assert!(hint.contains("nothing can be connected"), "{hint}");
    assert!(vault.heard(OAUTH).is_empty());
}

#[tokio::test]
async fn a_grant_that_has_come_in_the_place_of_another_is_asked_for() {
    let refusal = json!({"error": "grant_deleted", "provider_id": "google"});
    let vault = Vault::refusing(410, refusal, vec![completed(NEW)]).await;
    supplied(&vault.broker(true, None), by_id(GRANT))
        .await
        .unwrap();
    let asked: Vec<Value> = vault.heard(TOKEN);
    assert_eq!(asked[0]["grant_id"], GRANT);
    assert_eq!(asked[1]["grant_id"], NEW);
}

/// A vault that has given an agent nothing.
async fn agents() -> Vault {
    Vault::acting(|heard| match heard.target.as_str() {
        TOKEN => Some(json(
            404,
            &json!({"detail": {"error": "no_delegated_grant", "provider_id": "google", "agent_id": AGENT_ID}}),
        )),
        OAUTH => Some(json(201, &session())),
        "/sdk/agents/me" => Some(json(
            200,
            &json!({"id": AGENT_ID, "name": "mcp-agent", "status": "active"}),
        )),
        _ => None,
    })
    .await
}

#[tokio::test]
async fn an_agent_gets_a_grant_of_a_user_and_of_nobody_else() {
    let vault = agents().await;
    let error = told(supplied(&vault.broker(true, None), by_provider("google")).await);
    assert_eq!(
        (&error["code"], &error["exit"]),
        (&"missing_grant".into(), &3.into())
    );
    let hint = error["hint"].as_str().unwrap();
    for part in ["user_token", "operator", AGENT_ID] {
        assert!(hint.contains(part), "{hint}");
    }
    assert!(vault.heard(OAUTH).is_empty());
    let error = told(supplied(&vault.broker(false, None), of_alice("google")).await);
    assert_eq!(error["connect_url"], URL);
    let [session] = &vault.heard(OAUTH)[..] else {
        panic!()
    };
    assert_eq!(session["agent"], AGENT_ID);
    assert_eq!(session["user_token"], "jwt-of-alice");
    // The vault's word for the agent goes before the configuration's.
    let error = told(supplied(&vault.broker(false, Some("other")), of_alice("google")).await);
    assert_eq!(error["connect_url"], URL);
    assert_eq!(vault.heard(OAUTH)[1]["agent"], AGENT_ID);
}

fn connection(provider: &str, user: Option<&str>, agent: Option<&str>) -> Connection {
    Connection {
        provider: provider.to_owned(),
        scopes: vec!["gmail.send".to_owned()],
        user_token: user.map(Secret::plain),
        agent: agent.map(str::to_owned),
    }
}

#[tokio::test]
async fn a_person_connects_ahead_of_the_first_call() {
    let polls = vec![pending(), completed(NEW)];
    let vault = Vault::refusing(404, missing(), polls).await;
    let wanted = connection("google", None, None);
    let connected = vault.broker(true, None).connect(wanted.clone()).await;
    assert_eq!(
        connected.unwrap(),
        json!({"provider": "google", "status": "connected", "grants": [
            {"grant_id": NEW, "provider": "google", "account": null, "scopes": []}]})
    );
    assert_eq!(
        vault.heard(OAUTH)[0]["required_scopes"],
        json!({"google": ["gmail.send"]})
    );
    let error = vault.broker(false, None).connect(wanted).await.unwrap_err();
    assert_eq!(
        (error.code(), error.exit()),
        ("connect_pending", Exit::Credential)
    );
    assert_eq!(error.to_json(None)["error"]["connect_url"], URL);
    let wanted = connection("google", None, Some("mcp-agent"));
    let error = vault.broker(true, None).connect(wanted).await.unwrap_err();
    assert_eq!(
        (error.code(), error.exit()),
        ("user_token_required", Exit::Usage)
    );
    assert!(error.hint().unwrap().contains("mcp-agent"));
    let wanted = connection("google", Some("jwt"), Some("mcp-agent"));
    vault.broker(true, None).connect(wanted).await.unwrap();
    assert_eq!(vault.heard(OAUTH)[2]["agent"], "mcp-agent");
}

#[tokio::test]
async fn the_key_of_an_agent_connects_for_that_agent() {
    let vault = agents().await;
    let mut opening = opening(&vault.server.url, AGENT);
    opening.patience.wait = false;
    let broker = AlterBroker::open(opening).unwrap();
    let error = broker.connect(connection("google", None, None)).await;
    assert_eq!(error.unwrap_err().code(), "user_token_required");
    assert!(vault.heard(OAUTH).is_empty());
    let error = broker
        .connect(connection("google", Some("jwt"), None))
        .await;
    assert_eq!(error.unwrap_err().code(), "connect_pending");
    assert_eq!(vault.heard(OAUTH)[0]["agent"], AGENT_ID);
}

fn listed(id: &str, status: &str) -> Value {
    json!({"grant_kind": "managed_secret", "grant_id": id, "managed_secret_slug": "acme-key", "status": status,
           "principal_type": "user"})
}

#[tokio::test]
async fn a_users_own_key_for_a_secret_is_watched_for_among_the_grants() {
    let looks = AtomicUsize::new(0);
    let vault = Vault::acting(move |heard| match heard.target.as_str() {
        TOKEN if looks.load(Ordering::SeqCst) > 3 => Some(token()),
        TOKEN => Some(json(403, &json!({"detail": {"error": "grant_expired"}}))),
        LIST => {
            let grants = match looks.fetch_add(1, Ordering::SeqCst) {
                0..=2 => vec![listed(GRANT, "expired")],
                _ => vec![listed(GRANT, "expired"), listed(NEW, "active")],
            };
            Some(json(200, &json!({"grants": grants, "has_more": false})))
        }
        SECRET => Some(json(201, &session())),
        _ => None,
    })
    .await;
    supplied(&vault.broker(true, None), of_alice("acme-key"))
        .await
        .unwrap();
    assert_eq!(
        vault.heard(SECRET),
        [json!({"provider": "acme-key", "user_token": "jwt-of-alice"})]
    );
    assert!(vault.heard(OAUTH).is_empty());
    assert_eq!(vault.heard(LIST).len(), 4);
}

#[tokio::test]
async fn what_is_no_provider_may_be_a_secret() {
    let vault = Vault::acting(|heard| match heard.target.as_str() {
        TOKEN => Some(json(404, &json!({"detail": missing()}))),
        LIST => Some(json(
            403,
            &json!({"detail": {"error": "insufficient_scope"}}),
        )),
        OAUTH => Some(json(
            422,
            &json!({"detail": [{"type": "value", "loc": ["body"]}]}),
        )),
        SECRET if heard.json()["provider"] == "acme-key" => Some(json(201, &session())),
        SECRET => Some(json(404, &json!({"detail": {"error": "secret_not_found"}}))),
        _ => None,
    })
    .await;
    let broker = vault.broker(false, None);
    let error = told(supplied(&broker, of_alice("acme-key")).await);
    assert_eq!(error["connect_url"], URL);
    // Neither: the refusal says why nobody can be asked.
    let error = told(supplied(&broker, of_alice("nothing")).await);
    assert_eq!(error["code"], "missing_grant");
    assert!(error.get("connect_url").is_none());
    assert!(error["message"].as_str().unwrap().contains("`nothing`"));
}

#[tokio::test]
async fn a_key_that_may_not_begin_a_session_says_so() {
    let vault = Vault::acting(|heard| match heard.target.as_str() {
        TOKEN => Some(json(404, &json!({"detail": missing()}))),
        OAUTH => Some(json(
            403,
            &json!({"detail": {"error": "insufficient_scope", "missing": ["connect:initiate"]}}),
        )),
        _ => None,
    })
    .await;
    let error = told(supplied(&vault.broker(true, None), by_provider("google")).await);
    assert_eq!(error["code"], "missing_grant");
    let hint = error["hint"].as_str().unwrap();
    assert!(hint.contains("connect:initiate"), "{hint}");
}
