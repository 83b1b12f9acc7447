use super::*;
use crate::host::Refusal;
use crate::resilience::exposure::Sent;

#[derive(Default)]
struct Ear(Mutex<Vec<String>>);

impl Host for Ear {
    fn capabilities(&self) -> Value {
        Value::Null
    }

    fn hear(&self, event: Event) {
        self.0.lock().unwrap().push(match event {
            Event::Noise(text) => format!("noise {text}"),
            Event::Notification(method, params) => format!("{method} {params}"),
            Event::Stderr(line) => line,
        });
    }

    fn answer<'a>(&'a self, method: &'a str, _: Value) -> Answering<'a> {
        Box::pin(async move { Err(Refusal::unknown(method)) })
    }
}

fn wire() -> (Wire, Arc<Ear>) {
    let ear = Arc::new(Ear::default());
    (Wire::new(ear.clone(), Arc::default()), ear)
}

fn sent(wire: &Wire, id: i64) {
    let request = ClientRequest::CustomRequest(CustomRequest::new("tools/call", None));
    wire.outbound(&JsonRpcMessage::Request(JsonRpcRequest::new(
        RequestId::Number(id),
        request,
    )));
}

#[test]
fn an_answer_is_kept_word_for_word() {
    let (wire, _) = wire();
    sent(&wire, 7);
    let inbound = wire
        .inbound(r#"{"jsonrpc":"2.0","id":7,"result":{"content":"odd","n":1.50,"x-vendor":[]}}"#);
    assert!(matches!(
        inbound,
        Inbound::Deliver(JsonRpcMessage::Response(_))
    ));
    let answer = wire.take_answer(&RequestId::Number(7)).unwrap();
    assert_eq!(
        answer.to_string(),
        r#"{"content":"odd","n":1.50,"x-vendor":[]}"#
    );
}

#[test]
fn a_numeric_id_may_come_back_as_text_or_as_a_float() {
    for id in [r#""7""#, "7.0"] {
        let (wire, _) = wire();
        sent(&wire, 7);
        wire.inbound(&format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{}}}}"#));
        assert!(wire.take_answer(&RequestId::Number(7)).is_some(), "{id}");
    }
}

#[test]
fn an_error_without_an_id_is_of_the_only_request_under_way() {
    let (wire, _) = wire();
    sent(&wire, 3);
    let Inbound::Deliver(JsonRpcMessage::Error(error)) =
        wire.inbound(r#"{"jsonrpc":"2.0","id":null,"error":{"code":-32700,"message":"what?"}}"#)
    else {
        panic!("not delivered as an error");
    };
    assert_eq!(error.id, Some(RequestId::Number(3)));
    assert_eq!(error.error.message, "what?");
}

#[test]
fn an_error_without_an_id_is_noise_when_two_requests_are_under_way() {
    let (wire, heard) = wire();
    sent(&wire, 3);
    sent(&wire, 4);
    assert!(matches!(
        wire.inbound(r#"{"id":null,"error":{"message":"what?"}}"#),
        Inbound::Consumed
    ));
    assert_eq!(*heard.0.lock().unwrap(), ["noise what?"]);
}

#[test]
fn an_error_of_any_shape_is_an_error() {
    for (error, message) in [
        (r#""boom""#, "boom"),
        ("{\"code\":\"x\"}", "{\"code\":\"x\"}"),
        ("[1]", "[1]"),
    ] {
        let (wire, _) = wire();
        sent(&wire, 1);
        let Inbound::Deliver(JsonRpcMessage::Error(delivered)) =
            wire.inbound(&format!(r#"{{"jsonrpc":"2.0","id":1,"error":{error}}}"#))
        else {
            panic!("{error} was not delivered");
        };
        assert_eq!(delivered.error.message, message);
    }
}

#[test]
fn what_is_not_of_the_protocol_is_set_aside() {
    let (wire, heard) = wire();
    for line in [
        "Server starting…",
        "42",
        "[]",
        r#"{"level":"info"}"#,
        "",
        "  ",
    ] {
        assert!(matches!(wire.inbound(line), Inbound::Consumed), "{line}");
    }
    assert_eq!(
        *heard.0.lock().unwrap(),
        [
            "noise Server starting…",
            "noise 42",
            "noise []",
            r#"noise {"level":"info"}"#
        ]
    );
}

#[test]
fn a_request_goes_on_undecoded_whatever_is_in_it() {
    let (wire, _) = wire();
    let Inbound::Deliver(JsonRpcMessage::Request(request)) =
        wire.inbound(r#"{"jsonrpc":"2.0","id":"a","method":"sampling/createMessage","params":5}"#)
    else {
        panic!("not delivered");
    };
    let ServerRequest::CustomRequest(custom) = request.request else {
        panic!("decoded");
    };
    assert_eq!(
        (custom.method.as_str(), custom.params),
        ("undecoded:sampling/createMessage", Some(json!(5)))
    );
}

#[test]
fn a_request_with_an_id_of_no_kind_is_refused_by_it() {
    let (wire, _) = wire();
    let Inbound::Refuse(reply) = wire.inbound(r#"{"id":[1],"method":"roots/list"}"#) else {
        panic!("not refused");
    };
    assert_eq!(reply["id"], json!([1]));
}

#[cfg(feature = "http")]
#[test]
fn an_error_in_reply_to_one_request_is_its_answer_whatever_its_id() {
    let (wire, _) = wire();
    sent(&wire, 3);
    sent(&wire, 4);
    let reply = r#"{"id":"server-error","error":{"code":-32600,"message":"what?"}}"#;
    let Inbound::Deliver(JsonRpcMessage::Error(error)) = wire.reply(&RequestId::Number(4), reply)
    else {
        panic!("not delivered as an error");
    };
    assert_eq!(error.id, Some(RequestId::Number(4)));
    assert!(wire.awaits(&RequestId::Number(3)) && !wire.awaits(&RequestId::Number(4)));
}

#[test]
fn a_ping_is_delivered() {
    let (wire, _) = wire();
    let inbound = wire.inbound(r#"{"jsonrpc":"2.0","id":0,"method":"ping"}"#);
    assert!(matches!(
        inbound,
        Inbound::Deliver(JsonRpcMessage::Request(_))
    ));
}

#[test]
fn what_may_do_something_is_counted_until_it_is_known_not_to_have_been_sent() {
    let exposure = Arc::new(Exposure::default());
    let wire = Wire::new(Arc::new(Ear::default()), Arc::clone(&exposure));
    let list = ClientRequest::CustomRequest(CustomRequest::new("tools/list", None));
    let id = RequestId::Number(1);
    wire.outbound(&JsonRpcMessage::Request(JsonRpcRequest::new(id, list)));
    assert_eq!(exposure.sent(), Sent::Nothing);
    // One that is sent again within the transport is still one.
    sent(&wire, 7);
    sent(&wire, 7);
    assert_eq!(exposure.sent(), Sent::Perhaps);
    wire.unsent(&RequestId::Number(8));
    assert_eq!(exposure.sent(), Sent::Perhaps);
    wire.unsent(&RequestId::Number(7));
    wire.unsent(&RequestId::Number(7));
    assert_eq!(exposure.sent(), Sent::Nothing);
}

#[test]
fn nobody_is_asked_on_behalf_of_a_request_that_is_then_made_again() {
    let exposure = Arc::new(Exposure::default());
    let wire = Wire::new(Arc::new(Ear::default()), Arc::clone(&exposure));
    drop(wire.ask("roots/list", Value::Null));
    assert_eq!(exposure.sent(), Sent::Nothing);
    drop(wire.ask("elicitation/create", Value::Null));
    assert_eq!(exposure.sent(), Sent::Surely);
}

#[cfg(feature = "http")]
#[test]
fn a_request_that_failed_before_it_was_sent_has_done_nothing() {
    for is_sent in [true, false] {
        let exposure = Arc::new(Exposure::default());
        let wire = Wire::new(Arc::new(Ear::default()), Arc::clone(&exposure));
        sent(&wire, 7);
        let error = Error::Unreachable {
            url: String::new(),
            status: None,
            reason: String::new(),
            sent: is_sent,
            retry_after: None,
        };
        wire.fail(RequestId::Number(7), error);
        assert_eq!(exposure.sent() == Sent::Perhaps, is_sent);
    }
}
