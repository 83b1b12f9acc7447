//! Conversations with a server that asks, typed by a script.

use std::sync::Arc;
use std::task::{Context, Waker};

use insta::assert_snapshot;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::terminal::script::Script;
use super::*;
use crate::settings::{Format, Verbosity};

fn respondent(settings: &Settings, script: Option<&Arc<Script>>) -> Respondent {
    let printer = Printer::new(Format::Text, Verbosity::Quiet);
    let mut respondent = Respondent::new("shop-cli", settings, "", printer).unwrap();
    respondent.browser = |url| match url.contains("broken") {
        true => Err(std::io::ErrorKind::NotFound.into()),
        false => Ok(()),
    };
    respondent.terminal = script.map(|script| Box::new(Arc::clone(script)) as Box<dyn Terminal>);
    respondent
}

fn answering(answers: &str) -> Settings {
    Settings {
        answers: Some(answers.to_owned()),
        ..Settings::default()
    }
}

fn run<T>(future: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(future)
}

/// What is answered when a person types these lines, and what they saw.
#[track_caller]
fn typed(params: &Value, lines: &[&str]) -> (Value, String) {
    typed_with(&Settings::default(), params, lines)
}

#[track_caller]
fn typed_with(settings: &Settings, params: &Value, lines: &[&str]) -> (Value, String) {
    let script = Arc::new(Script::typing(lines));
    let respondent = respondent(settings, Some(&script));
    let answer = run(respondent.answer("elicitation/create", params.clone())).unwrap();
    assert_eq!(script.left(), 0, "{}", script.transcript());
    (answer, script.transcript())
}

/// What is answered where nobody types, and the error that the run ends with.
fn unattended(settings: &Settings, params: &Value) -> (Value, Option<Error>) {
    let respondent = respondent(settings, None);
    let answer = run(respondent.answer("elicitation/create", params.clone())).unwrap();
    (answer, respondent.settle(Ok(())).err())
}

fn order() -> Value {
    json!({
        "message": "Please complete your order",
        "requestedSchema": {
            "type": "object",
            "properties": {
                "name": {"type": "string", "title": "Full name", "minLength": 3, "maxLength": 50},
                "email": {"type": "string", "format": "email", "description": "Where the bill goes"},
                "count": {"type": "integer", "minimum": 1, "maximum": 9, "default": 1},
                "gift": {"type": "boolean", "default": false},
                "colour": {"type": "string", "oneOf": [
                    {"const": "#f00", "title": "Red"},
                    {"const": "#0f0", "title": "Green"},
                ]},
                "extras": {"type": "array", "maxItems": 2, "items": {"type": "string", "enum": ["bag", "card", "bow"]}},
            },
            "required": ["name", "colour"],
        },
    })
}

#[test]
fn a_form_is_typed_field_by_field_and_looked_at_before_it_is_sent() {
    let lines = [
        "Al", "Ada", "ada", "", "0", "2", "y", "", "blue", "2", "1,bow", "",
    ];
    let (answer, transcript) = typed(&order(), &lines);
    assert_eq!(
        answer.to_string(),
        r##"{"action":"accept","content":{"name":"Ada","count":2,"gift":true,"colour":"#0f0","extras":["bag","bow"]}}"##
    );
    assert_snapshot!(transcript, @r#"
    the server of shop-cli asks for input:
    | Please complete your order
    Enter takes what is in [brackets] or skips what is optional; Ctrl-D declines
    | Full name
    name (text, 3 to 50 characters): Al
      2 characters, where the least is 3
    name (text, 3 to 50 characters): Ada
    | Where the bill goes
    email (email, as name@example.com, optional): ada
      "ada" does not look like email, as name@example.com does
    email (email, as name@example.com, optional): ⏎
    count (integer, 1 to 9) [1]: 0
      0 is less than the minimum of 1
    count (integer, 1 to 9) [1]: 2
    gift (y/n) [no]: y
      1) Red
      2) Green
    colour (1 to 2): ⏎
      a value is needed
    colour (1 to 2): blue
      blue is none of the choices; give 1 to 2
    colour (1 to 2): 2
      1) bag
      2) card
      3) bow
    extras (1 to 3, parted by commas, at most 2 of them, optional): 1,bow
      name = Ada
      count = 2
      gift = yes
      colour = Green
      extras = bag, bow
    send this to the server of shop-cli? [Y/n] ⏎
    "#);
}

#[test]
fn what_was_typed_can_be_changed_before_it_is_sent() {
    let params = json!({"message": "Name?", "requestedSchema": {
        "properties": {"name": {"type": "string"}, "note": {"type": "string"}}, "required": ["name"],
    }});
    let lines = ["Ida", "", "n", "Ada", "hi", "y"];
    let (answer, transcript) = typed(&params, &lines);
    assert_eq!(answer["content"], json!({"name": "Ada", "note": "hi"}));
    assert!(
        transcript.contains("name (text) [Ida]: Ada\n"),
        "{transcript}"
    );
}

#[test]
fn the_end_of_the_input_declines_wherever_it_comes() {
    for lines in [
        &["^D"][..],
        &["Ada", "^D"],
        &["Ada", "", "", "", "1", "", "^D"],
    ] {
        let (answer, _) = typed(&order(), lines);
        assert_eq!(answer, json!({"action": "decline"}), "{lines:?}");
    }
}

#[test]
fn a_form_without_fields_is_accepted_by_a_yes_alone() {
    let params =
        json!({"message": "Delete all?", "requestedSchema": {"type": "object", "properties": {}}});
    for (line, action) in [
        ("y", "accept"),
        ("", "decline"),
        ("no", "decline"),
        ("^D", "decline"),
    ] {
        let (answer, _) = typed(&params, &[line]);
        assert_eq!(answer["action"], action, "{line}");
    }
}

#[test]
fn a_secret_is_not_shown_and_the_person_is_warned() {
    for schema in [
        json!({"type": "string", "format": "password", "minLength": 4}),
        json!({"type": "string", "writeOnly": true, "minLength": 4}),
    ] {
        let params = json!({"message": "Log in", "requestedSchema": {
            "properties": {"pin": schema}, "required": ["pin"],
        }});
        let (answer, transcript) = typed(&params, &["abc", "hunter2", "y"]);
        assert_eq!(answer["content"]["pin"], "hunter2");
        assert!(transcript.contains("pin = hidden"), "{transcript}");
        assert!(transcript.contains("a server should not ask for a secret this way"));
        assert!(
            !transcript.contains("abc") && !transcript.contains("hunter2"),
            "{transcript}"
        );
    }
}

#[test]
fn a_wrong_entry_says_why_and_is_asked_for_again() {
    for (schema, wrong, reason, right, value) in [
        (
            json!({"type": "string", "format": "email"}),
            "ada",
            "does not look like",
            "a@b.c",
            json!("a@b.c"),
        ),
        (
            json!({"type": "string", "format": "date"}),
            "1.2.26",
            "does not look like",
            "2026-02-01",
            json!("2026-02-01"),
        ),
        (
            json!({"type": "string", "format": "uri"}),
            "x",
            "does not look like",
            "https://x",
            json!("https://x"),
        ),
        (
            json!({"type": "string", "maxLength": 2}),
            "abc",
            "3 characters",
            "ab",
            json!("ab"),
        ),
        (
            json!({"type": "integer"}),
            "1.5",
            "not an integer",
            "15",
            json!(15),
        ),
        (
            json!({"type": "number", "maximum": 1}),
            "1.5",
            "1.5",
            "0.5",
            json!(0.5),
        ),
        (
            json!({"type": "boolean"}),
            "maybe",
            "neither yes nor no",
            "N",
            json!(false),
        ),
        (
            json!({"anyOf": [{"type": "integer"}, {"type": "null"}]}),
            "x",
            "not an integer",
            "7",
            json!(7),
        ),
        (
            json!({"$ref": "#/$defs/size"}),
            "9",
            "none of the choices",
            "l",
            json!("L"),
        ),
        (
            json!({"type": "object"}),
            "5",
            "an object",
            "{\"a\": 1}",
            json!({"a": 1}),
        ),
        (
            json!({"type": "string"}),
            "",
            "a value is needed",
            "x",
            json!("x"),
        ),
        (
            json!({"type": "string"}),
            "\u{1b}[A",
            "control character",
            "x",
            json!("x"),
        ),
    ] {
        let params = json!({"message": "?", "requestedSchema": {
            "properties": {"x": schema}, "required": ["x"],
            "$defs": {"size": {"type": "string", "enum": ["S", "L"]}},
        }});
        let (answer, transcript) = typed(&params, &[wrong, right, "y"]);
        assert_eq!(answer["content"]["x"], value, "{transcript}");
        assert!(transcript.contains(reason), "{reason}: {transcript}");
    }
}

#[test]
fn answers_given_ahead_fill_the_forms_that_have_their_fields() {
    let given = answering(r#"{"name": "Ada", "colour": "green", "count": "3", "other": 1}"#);
    let (answer, error) = unattended(&given, &order());
    assert_eq!(
        answer.to_string(),
        r##"{"action":"accept","content":{"name":"Ada","count":3,"gift":false,"colour":"#0f0"}}"##
    );
    assert!(error.is_none());
    let unrelated = json!({"message": "Delete all?", "requestedSchema": {"properties": {}}});
    let (answer, error) = unattended(&given, &unrelated);
    assert_eq!(answer["action"], "decline");
    assert!(error.is_some());
}

#[test]
fn the_defaults_alone_are_an_answer_where_they_are_enough() {
    let schema = json!({
        "properties": {
            "name": {"type": "string", "default": "John"},
            "age": {"type": "integer", "default": 30},
            "odd": {"type": "integer", "default": "thirty"},
            "none": {"type": "string"},
        },
        "required": ["name"],
    });
    let params = json!({"message": "?", "requestedSchema": schema});
    let (answer, _) = unattended(&answering("accept-defaults"), &params);
    assert_eq!(
        answer,
        json!({"action": "accept", "content": {"name": "John", "age": 30}})
    );
    let (answer, error) = unattended(&answering("accept-defaults"), &order());
    assert_eq!(answer["action"], "decline");
    assert!(
        error
            .unwrap()
            .to_string()
            .contains("Please complete your order")
    );
}

#[test]
fn answers_in_order_are_used_up_and_a_page_is_one_of_them() {
    let answers = answering(
        r##"[{"action": "accept", "content": {"name": "Ada", "colour": "#f00"}}, {"action": "accept"}, {"action": "cancel"}]"##,
    );
    let respondent = respondent(&answers, None);
    let page = json!({"mode": "url", "message": "Pay", "url": "https://pay.example", "elicitationId": "1"});
    let mut actions = Vec::new();
    for params in [order(), page.clone(), page.clone(), page] {
        let answer = run(respondent.answer("elicitation/create", params)).unwrap();
        actions.push(answer["action"].as_str().unwrap().to_owned());
    }
    assert_eq!(actions, ["accept", "accept", "cancel", "decline"]);
    assert!(respondent.settle(Ok(())).is_err());
}

#[test]
fn what_was_declined_ahead_is_no_error_of_the_run() {
    for params in [order(), json!({"mode": "url", "url": "https://x"})] {
        let (answer, error) = unattended(&answering("decline"), &params);
        assert_eq!(answer["action"], "decline");
        assert!(error.is_none());
    }
}

#[test]
fn a_person_is_asked_for_what_was_not_given_ahead() {
    let given =
        answering(r#"{"name": "Ada", "count": 12, "gift": true, "email": "a@b.c", "extras": []}"#);
    let (answer, transcript) = typed_with(&given, &order(), &["2", "1", ""]);
    assert_eq!(
        answer["content"],
        json!({"name": "Ada", "email": "a@b.c", "count": 2, "gift": true, "colour": "#f00", "extras": []})
    );
    assert!(transcript.contains("not taken: count: "), "{transcript}");
}

#[test]
fn without_a_person_the_run_ends_with_what_was_asked() {
    let respondent = respondent(&Settings::default(), None);
    for params in [
        order(),
        order(),
        json!({"mode": "form", "message": "Sure?\nReally?", "requestedSchema": {
            "properties": {"it's \u{202e}": {"type": "boolean"}}}}),
        json!({"mode": "url", "message": "Sign in", "url": "https://bücher.example/in", "elicitationId": "7"}),
    ] {
        run(respondent.answer("elicitation/create", params)).unwrap();
    }
    let tool = Error::Tool {
        tool: "order".to_owned(),
        words: "declined".to_owned(),
    };
    let error = respondent.settle::<()>(Err(tool)).unwrap_err();
    assert_eq!((error.code(), error.exit() as u8), ("input_required", 3));
    assert_snapshot!(error, @r#"the server of shop-cli asks for what nobody is there to answer: "Please complete your order" (name, email, count, gift, colour, extras); "Sure? Really?" (it's); "Sign in" (open https://xn--bcher-kva.example/in)"#);
    assert_snapshot!(error.hint().unwrap(), @r#"open the page and run this again, or answer ahead with --mcp-answers '{"name": …, "colour": …, "it'\''s": …}', or run this on a terminal"#);
    let asked = &error.to_json(Some("order"))["error"]["asked"];
    assert_eq!(
        asked[0],
        json!({"mode": "form", "message": "Please complete your order", "schema": order()["requestedSchema"]})
    );
    assert_eq!(
        asked[2],
        json!({"mode": "url", "message": "Sign in", "url": "https://bücher.example/in"})
    );
    assert!(respondent.settle(Ok(())).is_ok(), "told twice");
}

#[test]
fn an_interrupted_run_is_interrupted_whatever_was_asked() {
    let respondent = respondent(&Settings::default(), None);
    run(respondent.answer("elicitation/create", order())).unwrap();
    let error = Error::Signal(crate::Exit::Interrupted);
    assert_eq!(
        respondent.settle::<()>(Err(error)).unwrap_err().code(),
        "interrupted"
    );
}

#[test]
fn a_page_is_opened_by_a_yes_alone() {
    let page =
        json!({"mode": "url", "message": "Pay\nhere", "url": "http://me@bücher.example/?q=é"});
    let (answer, transcript) = typed(&page, &[""]);
    assert_eq!(answer, json!({"action": "decline"}));
    assert_snapshot!(transcript, @r#"
    the server of shop-cli asks to open a page:
    | Pay
    | here
      host: xn--bcher-kva.example
      page: http://me@xn--bcher-kva.example/?q=%C3%A9
      warning: what stands before the @ is a user name, not the host
      warning: the host is written in letters that may look like others
      warning: the connection would not be encrypted
    open xn--bcher-kva.example in the browser? [y/N] ⏎
    "#);
}

#[test]
fn a_page_that_is_asked_for_again_is_not_opened_again() {
    let script = Arc::new(Script::typing(&["y", "", "^D"]));
    let respondent = respondent(&Settings::default(), Some(&script));
    let page = json!({"mode": "url", "message": "Pay", "url": "https://broken.test/"});
    for action in ["accept", "accept", "decline"] {
        let answer = run(respondent.answer("elicitation/create", page.clone())).unwrap();
        assert_eq!(answer["action"], action);
    }
    assert_snapshot!(script.transcript(), @r#"
    the server of shop-cli asks to open a page:
    | Pay
      host: broken.test
      page: https://broken.test/
    open broken.test in the browser? [y/N] y
    cannot open it (entity not found); open it yourself
    the server of shop-cli still waits for https://broken.test/; Enter once it is done there, Ctrl-D to decline: ⏎
    the server of shop-cli still waits for https://broken.test/; Enter once it is done there, Ctrl-D to decline: ^D
    "#);
}

#[test]
fn a_server_that_says_that_it_is_done_is_not_waited_for() {
    #[derive(Default)]
    struct Silent(tokio::sync::Mutex<()>);
    impl Terminal for Silent {
        fn turn(&self) -> &tokio::sync::Mutex<()> {
            &self.0
        }
        fn show(&self, _: &str) {}
        fn forget(&self) {}
        fn line(&self, _: bool) -> super::terminal::Typing<'_> {
            Box::pin(std::future::pending())
        }
    }
    let mut respondent = respondent(&Settings::default(), None);
    respondent.terminal = Some(Box::new(Silent::default()));
    respondent
        .state()
        .opened
        .insert("https://x.test/".to_owned());
    let page = json!({"mode": "url", "url": "https://x.test/", "elicitationId": "a"});
    let done = |id: &str| {
        let method = "notifications/elicitation/complete".to_owned();
        respondent.hear(Event::Notification(method, json!({"elicitationId": id})));
    };
    run(async {
        let mut answer = respondent.answer("elicitation/create", page.clone());
        for id in [None, Some("b")] {
            if let Some(id) = id {
                done(id);
            }
            let moment = std::time::Duration::from_millis(20);
            assert!(tokio::time::timeout(moment, &mut answer).await.is_err());
        }
        done("a");
        assert_eq!(answer.await.unwrap()["action"], "accept");
    });
}

#[test]
fn what_is_no_web_address_is_refused() {
    for url in [
        "file:///etc/passwd",
        "javascript:alert(1)",
        "https://a\\@b",
        "",
    ] {
        let respondent = respondent(&answering("accept-defaults"), None);
        let params = json!({"mode": "url", "message": "Open", "url": url});
        let refusal = run(respondent.answer("elicitation/create", params)).unwrap_err();
        assert_eq!(refusal.code, -32602, "{url}");
    }
}

#[test]
fn only_what_can_be_answered_is_declared() {
    let declared = |settings: &Settings, declared: &str| {
        let printer = Printer::new(Format::Text, Verbosity::Quiet);
        Respondent::new("x", settings, declared, printer)
            .unwrap()
            .capabilities()
    };
    let plain = Settings::default();
    let elicitation = json!({"form": {}, "url": {}});
    assert_eq!(declared(&plain, ""), json!({"elicitation": elicitation}));
    assert_eq!(
        declared(
            &plain,
            r#"{"elicitation": {"x": 1}, "roots": {"listChanged": true}}"#
        ),
        json!({"elicitation": {"form": {}, "url": {}, "x": 1}, "roots": {"listChanged": true}})
    );
    let able = Settings {
        roots: vec!["/".to_owned()],
        sampling_command: Some("cat".to_owned()),
        ..Settings::default()
    };
    assert_eq!(
        declared(&able, "[]"),
        json!({"elicitation": elicitation, "roots": {}, "sampling": {}})
    );
}

#[test]
fn what_was_not_declared_is_not_answered() {
    let plain = respondent(&Settings::default(), None);
    for method in ["roots/list", "sampling/createMessage", "x"] {
        let refusal = run(plain.answer(method, json!({}))).unwrap_err();
        assert_eq!(refusal.code, -32601, "{method}");
    }
    let able = Settings {
        roots: vec!["/".to_owned()],
        sampling_command: Some("echo hi".to_owned()),
        ..Settings::default()
    };
    let able = respondent(&able, None);
    let roots = run(able.answer("roots/list", Value::Null)).unwrap();
    assert_eq!(roots, json!({"roots": [{"uri": "file:///", "name": "/"}]}));
    let message = run(able.answer("sampling/createMessage", json!({}))).unwrap();
    assert_eq!(message["content"]["text"], "hi");
    let tools = json!({"tools": []});
    let refusal = run(able.answer("sampling/createMessage", tools)).unwrap_err();
    assert_eq!(refusal.code, -32602);
}

#[test]
fn the_server_is_not_heard_while_a_question_stands() {
    let respondent = respondent(&Settings::default(), None);
    let hold = respondent.hold();
    for _ in 0..2 * REMEMBERED {
        respondent.hear(Event::Noise("x".to_owned()));
    }
    assert_eq!(respondent.state().held.as_ref().unwrap().len(), REMEMBERED);
    drop(hold);
    assert!(respondent.state().held.is_none());
}

fn any_json() -> impl Strategy<Value = Value> {
    let words = prop::sample::select(vec![
        "type",
        "properties",
        "required",
        "enum",
        "const",
        "oneOf",
        "anyOf",
        "allOf",
        "$ref",
        "items",
        "title",
        "description",
        "default",
        "format",
        "enumNames",
        "minLength",
        "minItems",
        "maximum",
        "string",
        "object",
        "array",
        "integer",
        "boolean",
        "#",
        "#/properties/a",
        "a",
        "b",
        "\u{1b}[2J",
        "form",
        "url",
        "https://x",
        "email",
    ]);
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        words.clone().prop_map(Value::from),
        ".{0,8}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 64, 6, move |inner| {
        let key = words.clone().prop_map(str::to_owned);
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..5).prop_map(Value::from),
            prop::collection::vec((key, inner), 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn nothing_that_a_server_asks_is_too_much(
        params in any_json(),
        properties in any_json(),
        given in any_json(),
        lines in prop::collection::vec(prop::sample::select(vec!["", "1", "y", "n", "a,b", "{", "2.5", "^D"]), 0..12),
    ) {
        let lines: Vec<&str> = lines;
        let given = match given {
            Value::Object(_) => given.to_string(),
            _ => "accept-defaults".to_owned(),
        };
        let asked = [
            params.clone(),
            json!({"message": "?", "requestedSchema": params}),
            json!({"message": "?", "requestedSchema": {"properties": properties, "required": ["a"]}}),
            json!({"mode": "url", "url": params, "message": properties}),
        ];
        for params in asked {
            for script in [None, Some(Arc::new(Script::typing(&lines)))] {
                let respondent = respondent(&answering(&given), script.as_ref());
                for method in ["elicitation/create", "roots/list"] {
                    let mut answer = respondent.answer(method, params.clone());
                    let mut context = Context::from_waker(Waker::noop());
                    prop_assert!(answer.as_mut().poll(&mut context).is_ready());
                }
                if let Err(error) = respondent.settle(Ok(())) {
                    let told = format!("{error}{}", error.hint().unwrap_or_default());
                    prop_assert!(!told.contains(char::is_control), "{told:?}");
                }
                let typed = script.map(|script| script.transcript()).unwrap_or_default();
                prop_assert!(!typed.contains('\u{1b}'), "{typed:?}");
            }
        }
    }
}
