//! Tasks at a server that says what a test has it say, word for word.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use rmcp::model::ClientJsonRpcMessage;
use rmcp::service::RxJsonRpcMessage;
use rmcp::transport::Transport;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};

use super::*;
use crate::client::{Introduction, Limits};
use crate::host::{Answering, Host};
use crate::protocol::Revision;
use crate::transport::{AuthorizationSettings, Connector, Endpoint, Link, Remote};
use crate::wire::{Inbound, Wire};

/// What the client says next, by its method (none for an answer of its), and what it is told then. A
/// result or an error is for the request of that method, or for the one that `to` names.
type Script = VecDeque<(&'static str, Vec<Value>)>;

/// The servers that tests of this process have, by their address.
static SERVERS: Mutex<Vec<(String, Arc<Mutex<Server>>)>> = Mutex::new(Vec::new());

struct Server {
    script: Script,
    heard: Vec<Value>,
}

struct Scripted {
    server: Arc<Mutex<Server>>,
    wire: Arc<Wire>,
    ids: HashMap<String, Value>,
    sender: UnboundedSender<String>,
    inbox: UnboundedReceiver<String>,
}

impl Transport<RoleClient> for Scripted {
    type Error = std::io::Error;

    fn send(
        &mut self,
        message: ClientJsonRpcMessage,
    ) -> impl Future<Output = std::io::Result<()>> + Send + 'static {
        self.wire.outbound(&message);
        let message = serde_json::to_value(&message).unwrap();
        let method = message["method"].as_str().unwrap_or_default().to_owned();
        self.ids.insert(method.clone(), message["id"].clone());
        let mut server = self.server.lock().unwrap();
        server.heard.push(message);
        let (wanted, says) = server.script.pop_front().unwrap_or_default();
        assert_eq!(method, wanted, "{:#?}", server.heard);
        for mut said in says {
            if said.get("method").is_none() {
                let to = said["to"].as_str().unwrap_or(&method);
                said["id"] = self.ids[to].clone();
            }
            self.sender.send(said.to_string()).unwrap();
        }
        std::future::ready(Ok(()))
    }

    async fn receive(&mut self) -> Option<RxJsonRpcMessage<RoleClient>> {
        loop {
            let text = self.inbox.recv().await?;
            if let Inbound::Deliver(message) = self.wire.inbound(&text) {
                return Some(message);
            }
        }
    }

    async fn close(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

const SCRIPTED: Connector = Connector {
    reaches: |_| true,
    authorize: None,
    open: |endpoint, _, party| {
        Box::pin(async move {
            let servers = SERVERS.lock().unwrap();
            let server = servers.iter().find(|(url, _)| url == endpoint.address());
            let (sender, inbox) = unbounded_channel();
            let transport = Scripted {
                server: Arc::clone(&server.unwrap().1),
                wire: Arc::clone(&party.wire),
                ids: HashMap::new(),
                sender,
                inbox,
            };
            Ok(Link::over(transport, party, None))
        })
    },
};

/// Says its own name to whatever it is asked, and writes down what it hears of tasks.
#[derive(Default)]
struct Person(Mutex<Vec<String>>);

impl Host for Person {
    fn capabilities(&self) -> Value {
        json!({"elicitation": {}})
    }

    fn hear(&self, event: Event) {
        if let Event::Notification(method, said) = event {
            assert_eq!(method, NEWS);
            let task = Task::told("", said).unwrap();
            self.0.lock().unwrap().push(task.words());
        }
    }

    fn answer<'a>(&'a self, method: &'a str, params: Value) -> Answering<'a> {
        Box::pin(async move { Ok(json!({"action": "accept", "asked": method, "params": params})) })
    }
}

struct Scene {
    client: Client,
    server: Arc<Mutex<Server>>,
    person: Arc<Person>,
}

impl Scene {
    async fn modern(script: impl Into<Script>) -> Self {
        Self::new("2026-07-28", script.into()).await
    }

    /// With the handshake of the era with sessions before the script.
    async fn legacy(script: impl Into<Script>) -> Self {
        let mut script = script.into();
        let capabilities = json!({"tasks": {"requests": {"tools": {"call": {}}}}});
        let greeting = json!({"protocolVersion": "2025-11-25", "capabilities": capabilities});
        script.push_front(("notifications/initialized", vec![]));
        script.push_front(("initialize", vec![json!({"result": greeting})]));
        Self::new("2025-11-25", script).await
    }

    async fn new(revision: &str, script: Script) -> Self {
        let server = Arc::new(Mutex::new(Server {
            script,
            heard: Vec::new(),
        }));
        let url = format!("test:{:p}", Arc::as_ptr(&server));
        SERVERS
            .lock()
            .unwrap()
            .push((url.clone(), Arc::clone(&server)));
        let person = Arc::new(Person::default());
        let introduction = Introduction {
            name: "test".to_owned(),
            revision: Revision::Pinned(revision.to_owned()),
            events: false,
            log_level: None,
        };
        let limits = Limits {
            start: Duration::from_secs(5),
            request: Duration::from_secs(5),
        };
        let endpoint = Endpoint::Http(Remote::new(
            url,
            Vec::new(),
            AuthorizationSettings::default(),
        ));
        let connected =
            Client::connect(endpoint, &[SCRIPTED], introduction, limits, person.clone());
        Self {
            client: connected.await.unwrap(),
            server,
            person,
        }
    }

    /// Calls the tool `work`, of which this much is known, and waits for what comes of it.
    async fn work(&mut self, definition: Option<&str>) -> Result<Value, Error> {
        let params = json!({"name": "work", "arguments": {}});
        match self.client.begin(params, definition, false).await? {
            Begun::Answered(answer) => Ok(answer),
            Begun::Task(task) => self.client.finish(task, "work").await,
        }
    }

    /// The parameters of the requests of a method that the server has heard.
    fn heard(&self, method: &str) -> Vec<Value> {
        let server = self.server.lock().unwrap();
        let heard = server.heard.iter().filter(|said| said["method"] == method);
        heard.map(|said| said["params"].clone()).collect()
    }

    /// Everything was said that was to be said.
    #[track_caller]
    fn ends(self) {
        let left = &self.server.lock().unwrap().script;
        assert!(left.is_empty(), "{left:?}");
    }
}

const REQUIRED: Option<&str> =
    Some(r#"{"name": "work", "execution": {"taskSupport": "required"}}"#);
const OPTIONAL: Option<&str> =
    Some(r#"{"name": "work", "execution": {"taskSupport": "optional"}}"#);

fn task(status: &str) -> Value {
    json!({"taskId": "t", "status": status, "pollInterval": 1})
}

fn with(mut task: Value, name: &str, value: Value) -> Value {
    task[name] = value;
    task
}

fn result(result: Value) -> Vec<Value> {
    vec![json!({"result": result})]
}

fn error(code: i64, message: &str) -> Vec<Value> {
    vec![json!({"error": {"code": code, "message": message}})]
}

fn tool_words(outcome: Result<Value, Error>) -> String {
    match outcome {
        Err(Error::Tool { tool, words }) if tool == "work" => words,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(flavor = "current_thread")]
async fn each_question_of_a_task_is_answered_once() {
    let question = |key: &str| json!({"method": "elicitation/create", "params": {"message": key}});
    let asks = |questions: Value| with(task("input_required"), "inputRequests", questions);
    let done = with(task("completed"), "result", json!({"content": []}));
    let mut scene = Scene::modern([
        (
            "tools/call",
            result(with(task("working"), "resultType", "task".into())),
        ),
        ("tasks/get", result(asks(json!({"a": question("a")})))),
        ("tasks/update", result(json!({"resultType": "complete"}))),
        (
            "tasks/get",
            result(asks(json!({"a": question("a"), "b": question("b")}))),
        ),
        ("tasks/update", result(json!({"resultType": "complete"}))),
        (
            "tasks/get",
            result(asks(json!({"a": question("a"), "b": question("b")}))),
        ),
        ("tasks/get", result(done)),
    ])
    .await;
    assert_eq!(scene.work(None).await.unwrap(), json!({"content": []}));
    let given: Vec<_> = scene
        .heard("tasks/update")
        .iter()
        .map(|params| {
            let responses = params["inputResponses"].as_object().unwrap();
            let asked =
                |(key, answer): (&String, &Value)| format!("{key} {}", answer["params"]["message"]);
            responses.iter().map(asked).collect::<Vec<_>>().join(", ")
        })
        .collect();
    assert_eq!(given, [r#"a "a""#, r#"b "b""#]);
    assert_eq!(
        *scene.person.0.lock().unwrap(),
        ["working", "input required", "completed"]
    );
    scene.ends();
}

#[tokio::test(flavor = "current_thread")]
async fn every_request_of_the_stateless_era_says_that_tasks_are_understood() {
    let mut scene = Scene::modern([("tools/call", result(json!({"content": []})))]).await;
    scene.work(None).await.unwrap();
    let declared =
        &scene.heard("tools/call")[0]["_meta"]["io.modelcontextprotocol/clientCapabilities"];
    assert_eq!(
        *declared,
        json!({"elicitation": {}, "extensions": {"io.modelcontextprotocol/tasks": {}}})
    );
    scene.ends();
}

#[tokio::test(flavor = "current_thread")]
async fn a_server_with_sessions_asks_while_its_result_is_waited_for() {
    let question =
        json!({"jsonrpc": "2.0", "id": "q", "method": "elicitation/create", "params": {}});
    let answer = json!({"to": "tasks/result", "result": {"content": ["said"]}});
    let mut scene = Scene::legacy([
        ("tools/call", result(json!({"task": task("working")}))),
        ("tasks/get", result(task("input_required"))),
        ("tasks/result", vec![question]),
        ("", vec![answer]),
        ("tasks/get", result(task("completed"))),
    ])
    .await;
    let answer = scene.work(REQUIRED).await.unwrap();
    assert_eq!(answer, json!({"content": ["said"]}));
    assert_eq!(scene.heard("tools/call")[0]["task"], json!({}));
    scene.ends();
}

#[tokio::test(flavor = "current_thread")]
async fn a_server_that_has_no_result_yet_is_asked_for_it_at_the_end() {
    let mut scene = Scene::legacy([
        ("tools/call", result(json!({"task": task("working")}))),
        ("tasks/get", result(task("input_required"))),
        ("tasks/result", error(-32603, "not yet")),
        ("tasks/get", result(task("input_required"))),
        ("tasks/get", result(task("completed"))),
        ("tasks/result", result(json!({"content": []}))),
    ])
    .await;
    assert_eq!(scene.work(REQUIRED).await.unwrap(), json!({"content": []}));
    scene.ends();
}

#[tokio::test(flavor = "current_thread")]
async fn a_task_that_failed_has_failed_though_its_result_does_not_say_so() {
    let mut scene = Scene::legacy([
        ("tools/call", result(json!({"task": task("working")}))),
        ("tasks/get", result(task("failed"))),
        ("tasks/result", result(json!({"content": []}))),
    ])
    .await;
    let answer = scene.work(REQUIRED).await.unwrap();
    assert_eq!(answer, json!({"content": [], "isError": true}));
    scene.ends();
}

#[tokio::test(flavor = "current_thread")]
async fn a_task_that_ends_without_an_answer_says_why() {
    let begun = |is_modern: bool| match is_modern {
        true => result(with(task("working"), "resultType", "task".into())),
        false => result(json!({"task": task("working")})),
    };
    let failed = with(
        task("failed"),
        "error",
        json!({"code": 1, "message": "no disk"}),
    );
    let mut scene =
        Scene::modern([("tools/call", begun(true)), ("tasks/get", result(failed))]).await;
    assert_eq!(tool_words(scene.work(None).await), "no disk");
    scene.ends();

    let mut scene = Scene::legacy([
        ("tools/call", begun(false)),
        ("tasks/get", result(task("failed"))),
        ("tasks/result", error(-32603, "no net")),
    ])
    .await;
    assert_eq!(tool_words(scene.work(REQUIRED).await), "no net");
    scene.ends();

    let cancelled = with(task("cancelled"), "statusMessage", "too late".into());
    let mut scene = Scene::modern([
        ("tools/call", begun(true)),
        ("tasks/get", result(cancelled)),
    ])
    .await;
    assert_eq!(tool_words(scene.work(None).await), "cancelled: too late");
    scene.ends();
}

#[tokio::test(flavor = "current_thread")]
async fn what_a_server_tells_unasked_need_not_be_asked_for() {
    let slow = |status: &str| with(task(status), "pollInterval", 60_000.into());
    let other = with(slow("failed"), "taskId", "other".into());
    let news = |task: Value| json!({"method": "notifications/tasks/status", "params": task});
    let mut begun = result(json!({"task": slow("working")}));
    begun.push(news(other));
    begun.push(news(slow("completed")));
    let mut scene = Scene::legacy([
        ("tools/call", begun),
        ("tasks/result", result(json!({"content": []}))),
    ])
    .await;
    assert_eq!(scene.work(REQUIRED).await.unwrap(), json!({"content": []}));
    scene.ends();
}

#[tokio::test(flavor = "current_thread")]
async fn a_tool_that_turns_out_to_be_a_task_alone_is_called_as_one() {
    let listed: Value = serde_json::from_str(REQUIRED.unwrap()).unwrap();
    let mut scene = Scene::legacy([
        ("tools/call", error(-32601, "tasks only")),
        ("tools/list", result(json!({"tools": [listed]}))),
        ("tools/call", result(json!({"task": task("working")}))),
        ("tasks/get", result(task("completed"))),
        ("tasks/result", result(json!({"content": []}))),
    ])
    .await;
    assert_eq!(scene.work(None).await.unwrap(), json!({"content": []}));
    scene.ends();
    // What would be sent as before is not sent again.
    let mut scene = Scene::legacy([
        ("tools/call", error(-32601, "no such tool")),
        ("tools/list", result(json!({"tools": []}))),
    ])
    .await;
    let outcome = scene.work(OPTIONAL).await;
    assert!(matches!(outcome, Err(Error::Refused { code: -32601, .. })));
    scene.ends();
}

#[tokio::test(flavor = "current_thread")]
async fn a_tool_becomes_a_task_at_the_clients_will_only_where_it_can() {
    let params = json!({"name": "work"});
    let mut scene = Scene::legacy([("tools/call", result(json!({"task": task("working")})))]).await;
    let call = scene.client.begin(params.clone(), OPTIONAL, true).await;
    assert!(matches!(call.unwrap(), Begun::Task(_)));
    assert_eq!(scene.heard("tools/call")[0]["task"], json!({}));
    scene.ends();

    let mut scene = Scene::legacy([]).await;
    let call = scene.client.begin(params.clone(), Some("{}"), true).await;
    assert!(matches!(call, Err(Error::Usage { .. })), "{call:?}");
    scene.ends();

    // Nothing is known of the tool: the server is asked.
    let tools = json!({"tools": [{"name": "work"}]});
    let mut scene = Scene::legacy([("tools/list", result(tools))]).await;
    let call = scene.client.begin(params, None, true).await;
    assert!(matches!(call, Err(Error::Usage { .. })), "{call:?}");
    scene.ends();
}

#[tokio::test(flavor = "current_thread")]
async fn a_task_that_is_forgotten_with_its_end_was_cancelled() {
    let mut scene = Scene::modern([
        ("tasks/cancel", result(json!({"resultType": "complete"}))),
        ("tasks/get", error(-32602, "no task")),
    ])
    .await;
    let task = scene.client.cancel_task("t").await.unwrap();
    assert_eq!(task.status(), Status::Cancelled);
    scene.ends();
}

#[test]
fn a_server_that_is_away_for_a_moment_is_asked_again() {
    let error = |status| Error::Unreachable {
        url: "http://a".to_owned(),
        status,
        reason: String::new(),
        sent: true,
        retry_after: None,
    };
    for (status, passes) in [
        (None, true),
        (Some(503), true),
        (Some(429), true),
        (Some(404), false),
        (Some(401), false),
    ] {
        assert_eq!(is_passing(&error(status)), passes, "{status:?}");
    }
    assert!(!is_passing(&Error::Protocol(String::new())));
}
