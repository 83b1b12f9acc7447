//! What is done about failures, at servers that fail as they are told to.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::io::ErrorKind;

use super::*;
use crate::process::Launch;
use crate::settings::{Format, Settings, Verbosity};

const MOMENT: Duration = Duration::from_millis(1);

fn refused() -> Error {
    unreachable(None, None)
}

fn unreachable(status: Option<u16>, after: Option<u64>) -> Error {
    Error::Unreachable {
        url: "http://a".to_owned(),
        status,
        reason: "it is away".to_owned(),
        sent: true,
        retry_after: after.map(Duration::from_secs),
    }
}

fn ended(status: i32) -> Error {
    Error::Gone {
        server: "a".to_owned(),
        what: "ended".to_owned(),
        status: Some(status),
        stderr: Vec::new(),
    }
}

fn failed(error: Error, sent: Sent) -> Failure {
    Failure {
        error,
        sent,
        is_connected: sent != Sent::Nothing,
    }
}

/// Every test has circuits of its own.
struct Setting {
    settings: Settings,
    printer: Printer,
    circuits: Circuits,
}

impl Setting {
    fn new(retries: Option<u32>, timeout: Duration) -> Self {
        let mut settings = Settings {
            timeout: Some(timeout),
            ..Settings::default()
        };
        settings.resilience.retries = retries;
        Self {
            settings,
            printer: Printer::new(Format::Text, Verbosity::Quiet),
            circuits: Circuits::new(),
        }
    }

    fn plan(&self, call: Option<bool>) -> Plan<'_> {
        Plan {
            circuits: &self.circuits,
            ..Plan::new(
                &self.settings.resilience,
                self.settings.limits(),
                call,
                &self.printer,
            )
        }
    }

    /// What comes of attempts that fail in this way, one after the other, at the servers of these
    /// names, and at which they were made. What is left to fail when there is no more is an answer.
    fn run(
        &self,
        call: Option<bool>,
        servers: &[&'static str],
        failures: Vec<Failure>,
    ) -> (Result<(), Error>, Vec<&'static str>) {
        let failures = RefCell::new(failures.into_iter());
        let asked = RefCell::new(Vec::new());
        let plan = self.plan(call);
        let server = |name: &'static str| Server {
            who: name,
            endpoint: Endpoint::Stdio(Launch {
                command: name.to_owned(),
                args: Vec::new(),
                env: BTreeMap::new(),
                directory: None,
            }),
        };
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        let outcome = runtime.block_on(async {
            let fallback = servers.get(1).map(|name| async move || Ok(server(name)));
            let mut signals = Signals::listen().unwrap();
            let once = async |server: &Server<&'static str>, _, _: &mut Signals| {
                asked.borrow_mut().push(server.who);
                failures.borrow_mut().next().map_or(Ok(()), Err)
            };
            attempt(&plan, server(servers[0]), fallback, &mut signals, once).await
        });
        (outcome, asked.into_inner())
    }
}

const MINUTE: Duration = Duration::from_secs(60);

fn attempts(error: &Error) -> u32 {
    match error {
        Error::Attempted { attempts, .. } => *attempts,
        _ => 1,
    }
}

#[test]
fn what_was_not_sent_is_tried_again_whatever_the_tool_is() {
    for call in [None, Some(false), Some(true)] {
        let failures = vec![
            failed(refused(), Sent::Nothing),
            failed(unreachable(Some(503), None), Sent::Nothing),
        ];
        let (outcome, asked) = Setting::new(None, MINUTE).run(call, &["a"], failures);
        assert!(outcome.is_ok(), "{call:?}: {outcome:?}");
        assert_eq!(asked.len(), 3);
    }
}

#[test]
fn what_may_have_been_carried_out_is_repeated_only_where_it_can_be() {
    for (call, made) in [(Some(false), 1), (Some(true), 2)] {
        let failures = vec![failed(refused(), Sent::Perhaps)];
        let (outcome, asked) = Setting::new(Some(9), MINUTE).run(call, &["a"], failures);
        assert_eq!(asked.len(), made, "{call:?}");
        assert_eq!(outcome.is_ok(), made == 2, "{call:?}");
    }
    let failures = vec![failed(refused(), Sent::Surely)];
    let (outcome, asked) = Setting::new(Some(9), MINUTE).run(Some(true), &["a", "b"], failures);
    assert_eq!((outcome.is_err(), asked), (true, vec!["a"]));
}

#[test]
fn an_answer_is_taken_for_one_even_if_it_is_a_refusal() {
    let refusal = Error::Refused {
        method: "tools/call".to_owned(),
        code: -32603,
        message: "no".to_owned(),
        data: None,
    };
    for error in [refusal, unreachable(Some(404), None)] {
        let words = error.to_string();
        let failures = vec![failed(error, Sent::Perhaps)];
        let (outcome, asked) = Setting::new(Some(9), MINUTE).run(Some(true), &["a", "b"], failures);
        assert_eq!(outcome.unwrap_err().to_string(), words);
        assert_eq!(asked, ["a"]);
    }
}

#[test]
fn the_error_says_how_often_it_was_tried_and_whether_it_was_sent() {
    let failures = (0..9).map(|_| failed(refused(), Sent::Nothing)).collect();
    let (outcome, _) = Setting::new(None, MINUTE).run(Some(false), &["a"], failures);
    let error = outcome.unwrap_err();
    let json = error.to_json(Some("add"));
    assert_eq!(json["error"]["attempts"], 3);
    assert_eq!(json["error"]["sent"], false);
    assert_eq!(json["error"]["retryable"], true);
    assert!(error.to_string().ends_with("(after 3 attempts)"), "{error}");

    let failures = vec![failed(refused(), Sent::Perhaps)];
    let (outcome, _) = Setting::new(None, MINUTE).run(Some(false), &["a"], failures);
    let json = outcome.unwrap_err().to_json(Some("add"));
    assert_eq!(json["error"]["attempts"], 1);
    assert_eq!(json["error"]["sent"], true);
    assert_eq!(json["error"]["retryable"], false);
    assert!(json["error"]["hint"].to_string().contains("look before"));

    let failures = vec![failed(unreachable(Some(500), None), Sent::Nothing)];
    let (outcome, _) = Setting::new(None, MINUTE).run(None, &["a"], failures);
    assert_eq!(
        outcome.unwrap_err().to_json(None)["error"].get("sent"),
        None
    );
}

#[test]
fn the_wait_is_the_server_s_where_it_names_one_and_there_is_time() {
    let setting = Setting::new(Some(5), MINUTE);
    let plan = setting.plan(Some(true));
    let asks = |seconds| failed(unreachable(Some(429), Some(seconds)), Sent::Perhaps);
    let next = |failure: &Failure, elapsed| plan.next(0, None, failure, elapsed, 1.0);
    assert_eq!(next(&asks(7), Duration::ZERO), Some(Duration::from_secs(7)));
    assert_eq!(next(&asks(60), Duration::ZERO), None);
    assert_eq!(next(&asks(7), MINUTE - Duration::from_secs(7)), None);
    let lost = failed(refused(), Sent::Perhaps);
    assert_eq!(next(&lost, Duration::ZERO).unwrap().as_millis(), 400);
    assert_eq!(next(&lost, MINUTE), None);
    let json = asks(7).error.to_json(None);
    assert_eq!(json["error"]["retry_after"], 7);
    assert!(json["error"]["hint"].to_string().contains("7s"));
}

#[test]
fn nothing_is_tried_again_where_nobody_wants_it_or_it_makes_no_sense() {
    let next = |retries, retry, failure: &Failure, before: Option<&Failure>| {
        let setting = Setting::new(retries, MINUTE);
        let plan = setting.plan(None);
        plan.next(retry, before, failure, Duration::ZERO, 0.0)
            .is_some()
    };
    let lost = failed(refused(), Sent::Nothing);
    assert!(!next(Some(0), 0, &lost, None));
    assert!(next(Some(1), 0, &lost, None));
    assert!(!next(Some(1), 1, &lost, None));
    let late = Error::Timeout {
        what: "x".to_owned(),
        limit: MOMENT,
        stderr: Vec::new(),
    };
    assert!(!next(None, 0, &failed(late, Sent::Nothing), None));
    let missing = Error::Start {
        command: "a".to_owned(),
        source: ErrorKind::NotFound.into(),
    };
    assert!(!next(None, 0, &failed(missing, Sent::Nothing), None));

    // A server that ends in the same way a second time will a third time, unless the user knows better.
    let end = |status| failed(ended(status), Sent::Nothing);
    assert!(next(None, 0, &end(1), None));
    assert!(!next(None, 1, &end(1), Some(&end(1))));
    assert!(next(None, 1, &end(1), Some(&end(2))));
    assert!(next(Some(2), 1, &end(1), Some(&end(1))));
}

#[test]
fn the_fallback_is_asked_where_the_first_is_not_there() {
    let missing = Error::Start {
        command: "a".to_owned(),
        source: ErrorKind::NotFound.into(),
    };
    let failures = vec![failed(missing, Sent::Nothing)];
    let (outcome, asked) = Setting::new(None, MINUTE).run(Some(false), &["a", "b"], failures);
    assert!(outcome.is_ok());
    assert_eq!(asked, ["a", "b"]);

    // A call that may have been carried out is for another server only if it may be repeated.
    for (call, expected) in [(Some(false), &["a"][..]), (Some(true), &["a", "a", "b"])] {
        let failures = (0..expected.len().min(2)).map(|_| failed(refused(), Sent::Perhaps));
        let setting = Setting::new(Some(1), MINUTE);
        let (_, asked) = setting.run(call, &["a", "b"], failures.collect());
        assert_eq!(asked, expected, "{call:?}");
    }
}

#[test]
fn where_both_fail_both_are_told() {
    let failures = (0..4).map(|_| failed(refused(), Sent::Nothing)).collect();
    let (outcome, asked) = Setting::new(Some(1), MINUTE).run(Some(false), &["a", "b"], failures);
    assert_eq!(asked, ["a", "a", "b", "b"]);
    let json = outcome.unwrap_err().to_json(None);
    assert_eq!(json["error"]["attempts"], 4);
    assert_eq!(json["error"]["first"], "cannot reach http://a: it is away");
}

#[test]
fn later_calls_of_a_process_leave_a_server_alone_that_is_down() {
    let setting = Setting::new(Some(2), MINUTE);
    let down = || (0..3).map(|_| failed(refused(), Sent::Nothing)).collect();
    let (first, asked) = setting.run(None, &["a"], down());
    assert_eq!((attempts(&first.unwrap_err()), asked.len()), (3, 3));
    // It opens in the midst of this one, which then says what it saw itself.
    let (second, asked) = setting.run(None, &["a"], down());
    assert_eq!(
        (second.unwrap_err().code(), asked.len()),
        ("unreachable", 2)
    );
    let (third, asked) = setting.run(None, &["a"], down());
    let third = third.unwrap_err();
    assert_eq!((third.code(), asked.len()), ("circuit_open", 0));
    let json = third.to_json(None);
    assert_eq!(json["error"]["exit"], 5);
    assert_eq!(json["error"]["retry_after"], 10);
    // There is another one, and a third is not concerned.
    assert_eq!(setting.run(None, &["a", "b"], Vec::new()).1, ["b"]);
    assert_eq!(setting.run(None, &["c"], Vec::new()).1, ["c"]);
}

#[test]
fn all_attempts_together_take_no_longer_than_one_may() {
    let setting = Setting::new(None, MINUTE);
    let plan = setting.plan(None);
    let start =
        |is_first, has_fallback, elapsed| plan.limits(is_first, has_fallback, elapsed).start;
    assert_eq!(start(true, false, Duration::ZERO), MINUTE);
    assert_eq!(start(true, true, Duration::ZERO), MINUTE / 2);
    assert_eq!(start(false, true, MINUTE / 4), MINUTE * 3 / 4);
    let over = plan.limits(false, false, MINUTE * 2);
    assert_eq!((over.start, over.request), (MOMENT, MOMENT));
    let lost = failed(refused(), Sent::Nothing);
    assert!(plan.may_go_elsewhere(&lost, MINUTE / 2));
    assert!(!plan.may_go_elsewhere(&lost, MINUTE));
}
