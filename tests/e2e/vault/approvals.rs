//! Requests that people have to approve of first.

use std::time::Duration;

use super::*;

/// Long enough for a program to wait for something of the vault, which journals what it has answered.
const MOMENT: Duration = Duration::from_millis(500);

/// Asks for something that somebody has to approve, and waits until the vault has it.
fn asked(desk: &Desk, more: &[&str]) -> Running {
    let run = desk.spawn(&[&["get", "--path", "echo"], more].concat());
    desk.wait_for("/sdk/proxy", 1);
    run
}

fn first_approval(desk: &Desk) -> String {
    let exchanges = desk.alter.exchanges("/sdk/proxy").unwrap();
    let id = exchanges[0]["response"]["body"]["approval_id"].as_str();
    id.unwrap().to_owned()
}

#[test]
fn each_of_many_who_have_to_approve_is_named_and_how_many_are_left() {
    let desk = Desk::forwarded("approval-many");
    let run = asked(&desk, &[]);
    desk.control("approval", json!({"outcome": "approve"}));
    desk.control("approval", json!({"outcome": "approve"}));
    let outcome = run.finish().exits(0);
    assert_eq!(
        outcome.stderr.matches("/wallet/approvals/").count(),
        2,
        "{outcome:?}"
    );
    assert!(outcome.stderr.contains(", by 2 people:"), "{outcome:?}");
    let listed = desk
        .run(&["auth", "approvals", "list", "-o", "json"], 0)
        .json();
    assert_eq!(listed, json!({"approvals": []}));
}

#[test]
fn an_approval_is_waited_for_by_another_process() {
    let desk = Desk::forwarded("approval-many");
    let error = desk.fail(&["get", "--path", "echo", "--timeout", "1s"], 3);
    assert_eq!(error["code"], "approval_pending");
    let id = error["approval_id"].as_str().unwrap().to_owned();
    desk.control("approval", json!({"outcome": "approve"}));
    let listed = desk
        .run(&["auth", "approvals", "list", "-o", "json"], 0)
        .json();
    let approval = &listed["approvals"][0];
    assert_eq!(
        (
            &approval["id"],
            &approval["status"],
            &approval["open"],
            &approval["tool"]
        ),
        (&json!(id), &json!("pending"), &json!(1), &json!("get"))
    );
    let listed = desk.run(&["auth", "approvals", "list"], 0).stdout;
    assert!(
        listed.starts_with(&format!("{id}  pending  get  asked 2")),
        "{listed}"
    );
    let wait = ["auth", "approvals", "wait", &id];
    let error = desk.fail(&[&wait[..], &["--timeout", "500ms"]].concat(), 3);
    assert_eq!(error["approval_id"], json!(id));
    assert!(
        error["hint"]
            .as_str()
            .unwrap()
            .contains(&format!("errand auth approvals wait {id}")),
        "{error}"
    );
    let run = desk.spawn(&wait);
    std::thread::sleep(MOMENT);
    desk.control("approval", json!({"outcome": "approve"}));
    // What the origin answered, which echoes what it was asked.
    let answer = run.finish().exits(0).json();
    assert_eq!(
        (&answer["method"], &answer["target"]),
        (&json!("GET"), &json!("/echo"))
    );
    let listed = desk
        .run(&["auth", "approvals", "list", "-o", "json"], 0)
        .json();
    assert_eq!(listed, json!({"approvals": []}));
    // The vault was asked once, whoever waited.
    assert_eq!(desk.count("/sdk/proxy"), 1);
}

#[test]
fn who_waits_for_what_came_to_nothing_is_told_so() {
    for (outcome, exit) in [("deny", 4), ("expire", 4), ("fail", 1)] {
        let desk = Desk::forwarded("approval-test");
        let error = desk.fail(&["get", "--path", "echo", "--timeout", "1s"], 3);
        let id = error["approval_id"].as_str().unwrap().to_owned();
        desk.control(
            "approval",
            json!({"outcome": outcome, "reason": "not today"}),
        );
        let error = desk.fail(&["auth", "approvals", "wait", &id], exit);
        let code = match outcome {
            "deny" => "approval_denied",
            "expire" => "approval_expired",
            _ => "approval_failed",
        };
        assert_eq!(
            (&error["code"], &error["approval_id"]),
            (&json!(code), &json!(id))
        );
        if outcome != "expire" {
            assert!(
                error["message"].as_str().unwrap().contains("not today"),
                "{error}"
            );
        }
    }
    let desk = Desk::forwarded("approval-test");
    let error = desk.fail(&["auth", "approvals", "wait", "nobody-knows"], 2);
    assert_eq!(error["code"], "approval_not_found");
}

#[test]
fn who_interrupts_a_wait_is_told_how_to_go_on_with_it() {
    let desk = Desk::forwarded("approval-test");
    let run = asked(&desk, &[]);
    let id = first_approval(&desk);
    wait_until("the file", || {
        let folder = desk.sandbox.file(".local/state/errand/approvals");
        std::fs::read_dir(folder).is_ok_and(|files| files.count() == 1)
    });
    run.signal_if_running("INT");
    let outcome = run.finish().exits(130);
    let way = format!("errand auth approvals wait {id}");
    assert!(outcome.stderr.contains(&way), "{outcome:?}");
    let wait = desk.spawn(&["auth", "approvals", "wait", &id]);
    std::thread::sleep(MOMENT);
    wait.signal_if_running("INT");
    let outcome = wait.finish().exits(130);
    assert!(outcome.stderr.contains(&way), "{outcome:?}");
    desk.control("approval", json!({"outcome": "approve"}));
    desk.run(&["auth", "approvals", "wait", &id], 0);
}
