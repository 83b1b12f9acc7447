//! Approvals that outlive the run that asked for them.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use serde_json::{Value, json};

use super::server::{Server, json};
use super::{KEY, by_provider, client, opening};
use crate::alter::approval;
use crate::alter::broker::AlterBroker;
use crate::alter::client::Alter;
use crate::alter::forward::{Errand, Forwarded, Pending};
use crate::error::{Error, Exit};
use crate::vault::{Approval, Broker, Patience};

const ID: &str = "0c9f4c94-5a1d-5d52-9a55-1f2d6a1c9e01";
const URL: &str = "https://vault.example/approvals/1";
const OTHER: &str = "https://vault.example/approvals/2";

/// A program's folder of what it remembers, gone at the end.
struct State(PathBuf);

impl State {
    fn new(name: &str) -> Self {
        let folder = format!("mcpress-approvals-{name}-{}", std::process::id());
        Self(std::env::temp_dir().join(folder))
    }

    fn client(&self, server: &Server) -> Arc<Alter> {
        Arc::new(
            client(&server.url)
                .unwrap()
                .remembering(Some(self.0.clone())),
        )
    }

    fn broker(&self, server: &Server) -> AlterBroker {
        AlterBroker::over(self.client(server), opening("", KEY).patience, None)
    }

    fn files(&self) -> Vec<PathBuf> {
        let listed = std::fs::read_dir(self.0.join("approvals"));
        let files = listed.into_iter().flatten().flatten();
        files.map(|file| file.path()).collect()
    }
}

impl Drop for State {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn gate(url: &str) -> Value {
    json!({"approval_id": ID, "approval_url": url, "expires_in": 900})
}

fn begun() -> String {
    let mut body = gate(URL);
    body["status"] = "pending".into();
    body["gates"] = json!([gate(URL), gate(OTHER)]);
    json(202, &body)
}

fn status(status: &str) -> String {
    let gates = json!([{"status": "approved"}, {"status": status}]);
    let has_result = status == "executed";
    json(
        200,
        &json!({"status": status, "gates": gates, "has_result": has_result}),
    )
}

fn result(code: u16, kind: &str, body: &[u8]) -> String {
    use base64::Engine;
    let body = base64::prelude::BASE64_STANDARD.encode(body);
    let headers = json!({"content-type": kind, "set-cookie": "a=b"});
    json(
        200,
        &json!({"status_code": code, "headers": headers, "body_b64": body}),
    )
}

/// A vault whose approval is so when it is looked at, and whose answer is this.
async fn vault(word: &'static str, answer: String) -> Server {
    Server::acting(move |heard| match heard.target.as_str() {
        "/sdk/proxy" => Some(begun()),
        target if target.ends_with("/result") => Some(answer.clone()),
        _ => Some(status(word)),
    })
    .await
}

async fn ask(client: &Alter) -> Pending {
    let grant = by_provider("approval-test");
    let errand = Errand {
        grant: &grant,
        method: "POST",
        url: "https://api.example/x",
        headers: Vec::new(),
        body: Some(json!({"secret": "marked"})),
    };
    match client.forward(errand).await.unwrap() {
        Forwarded::Pending(pending) => pending,
        Forwarded::Answered(_) => panic!(),
    }
}

async fn wait(broker: &AlterBroker) -> Result<Value, Error> {
    broker.approvals(Approval::Wait(ID.to_owned())).await
}

#[tokio::test]
async fn an_approval_is_remembered_and_its_answer_got_by_another_run() {
    let state = State::new("answer");
    let server = vault("executed", result(200, "application/json", b"{\"a\":1.50}")).await;
    let client = state.client(&server);
    approval::begin(&client, &ask(&client).await);
    let [file] = &state.files()[..] else { panic!() };
    let text = std::fs::read_to_string(file).unwrap();
    assert!(
        !text.contains("marked") && text.contains("list_things"),
        "{text}"
    );
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(file).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
    }
    let broker = state.broker(&server);
    let listed = broker.approvals(Approval::List).await.unwrap();
    let [approval] = &listed["approvals"].as_array().unwrap()[..] else {
        panic!("{listed}")
    };
    assert_eq!(
        [&approval["id"], &approval["status"], &approval["tool"]],
        [ID, "executed", "list_things"]
    );
    assert_eq!(approval["urls"], json!([URL, OTHER]));
    assert!(
        approval["asked"].as_str().unwrap().ends_with('Z'),
        "{approval}"
    );
    let told = wait(&broker).await.unwrap();
    assert_eq!(told.to_string(), "{\"a\":1.50}");
    assert!(state.files().is_empty());
    // Another vault's are none of this one's.
    approval::begin(&client, &ask(&client).await);
    let other = vault("pending", String::new()).await;
    let listed = state.broker(&other).approvals(Approval::List).await;
    assert_eq!(listed.unwrap(), json!({"approvals": []}));
}

#[tokio::test]
async fn an_answer_that_is_no_json_or_a_failure_is_told_with_its_status() {
    let state = State::new("shapes");
    let headers = json!({"content-type": "x/y"});
    for (code, body, expected) in [
        (200, &b"plain"[..], json!({"text": "plain"})),
        (200, b"\xff\xfe", json!({"base64": "//4="})),
        (200, b"", json!({"text": ""})),
        (404, b"{\"no\":1}", json!({"body": {"no": 1}})),
        (500, b"sorry", json!({"text": "sorry"})),
    ] {
        let server = vault("executed", result(code, "x/y", body)).await;
        let told = wait(&state.broker(&server)).await.unwrap();
        let mut expected = expected;
        expected["status"] = code.into();
        expected["headers"] = headers.clone();
        assert_eq!(told, expected);
    }
}

#[tokio::test]
async fn what_was_decided_against_is_forgotten_once_it_is_told() {
    for (word, exit) in [
        ("denied", Exit::Denied),
        ("expired", Exit::Denied),
        ("failed", Exit::Tool),
    ] {
        let state = State::new(word);
        let server = vault(word, String::new()).await;
        let client = state.client(&server);
        let broker = state.broker(&server);
        let pending = ask(&client).await;
        approval::begin(&client, &pending);
        let error = wait(&broker).await.unwrap_err();
        assert_eq!(
            (error.code(), error.exit()),
            (&*format!("approval_{word}"), exit)
        );
        assert_eq!(error.to_json(None)["error"]["approval_id"], ID);
        assert!(state.files().is_empty());
        approval::begin(&client, &pending);
        for _ in ["told", "and again to whoever could not read it"] {
            let listed = broker.approvals(Approval::List).await.unwrap();
            assert_eq!(listed["approvals"][0]["over"], true);
        }
        let forget = Approval::Forget(vec![ID.to_owned()]);
        broker.approvals(forget).await.unwrap();
        assert!(state.files().is_empty());
    }
}

#[tokio::test]
async fn one_approval_that_cannot_be_looked_at_hides_no_other() {
    const OTHER: &str = "99999999-2222-4333-8444-555555555555";
    let state = State::new("hidden");
    let server = Server::acting(|heard| match heard.target.as_str() {
        "/sdk/proxy" => Some(begun()),
        target if target.contains(OTHER) => Some(json(503, &json!({}))),
        _ => Some(status("denied")),
    })
    .await;
    let client = state.client(&server);
    let mut pending = ask(&client).await;
    approval::begin(&client, &pending);
    pending.id = OTHER.to_owned();
    approval::begin(&client, &pending);
    let listed = state.broker(&server).approvals(Approval::List).await;
    let listed = listed.unwrap()["approvals"].clone();
    let of = |id: &str| {
        let mut list = listed.as_array().unwrap().iter();
        list.find(|approval| approval["id"] == id).unwrap().clone()
    };
    assert_eq!(
        (&of(ID)["status"], &of(ID)["over"]),
        (&json!("denied"), &json!(true))
    );
    assert_eq!(
        (&of(OTHER)["status"], &of(OTHER)["over"]),
        (&json!("unknown"), &json!(false))
    );
    assert!(of(OTHER)["note"].is_string(), "{listed}");
}

#[tokio::test]
async fn an_approval_that_is_not_given_in_time_is_left_for_another_run() {
    let state = State::new("pending");
    let looks = AtomicUsize::new(0);
    let server = Server::acting(move |heard| match heard.target.as_str() {
        "/sdk/proxy" => Some(begun()),
        // Trouble on the way is not the end.
        _ => match looks.fetch_add(1, Ordering::SeqCst) {
            0 => Some(json(503, &json!({}))),
            _ => Some(status("pending")),
        },
    })
    .await;
    let client = state.client(&server);
    approval::begin(&client, &ask(&client).await);
    let patience = Patience {
        limit: std::time::Duration::from_millis(300),
        ..opening("", KEY).patience
    };
    let broker = AlterBroker::over(Arc::clone(&client), patience, None);
    let error = wait(&broker).await.unwrap_err();
    assert_eq!(
        (error.code(), error.exit()),
        ("approval_pending", Exit::Credential)
    );
    let told = error.to_json(None)["error"].clone();
    assert_eq!(
        (&told["approval_id"], &told["approval_url"]),
        (&ID.into(), &URL.into())
    );
    let hint = error.hint().unwrap();
    assert_eq!(hint, format!("run `altr-cli auth approvals wait {ID}`"));
    let listed = broker.approvals(Approval::List).await.unwrap();
    assert_eq!(listed["approvals"][0]["open"], 1);
    assert_eq!(state.files().len(), 1);
}

#[tokio::test]
async fn an_approval_that_nobody_knows_is_named_so() {
    let state = State::new("unknown");
    let server = Server::acting(|_| {
        Some(json(
            404,
            &json!({"detail": {"error": "approval_not_found"}}),
        ))
    })
    .await;
    let error = wait(&state.broker(&server)).await.unwrap_err();
    assert_eq!(
        (error.code(), error.exit()),
        ("approval_not_found", Exit::Usage)
    );
}
