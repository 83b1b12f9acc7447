//! No grant: a page to connect at, and the call goes on.

use super::*;

#[test]
fn off_a_terminal_the_page_is_told_and_nothing_is_started() {
    let desk = Desk::new("everyday", &twice_handed_over("notion"));
    let error = desk.fail(GET, 3);
    assert_eq!(error["code"], "missing_grant");
    let url = error["connect_url"].as_str().unwrap();
    assert!(
        url.starts_with(&format!("{}/connect#session=sess_fake_", desk.alter.url())),
        "{url}"
    );
    assert_eq!(
        (&error["provider"], &error["expires_in"]),
        (&"notion".into(), &600.into())
    );
    let hint = error["hint"].as_str().unwrap();
    assert!(
        hint.starts_with("run `everyday auth connect notion` on a terminal, or open ")
            && hint.contains(url)
            && hint.ends_with("--mcp-wait waits for that"),
        "{hint}"
    );
    // Two slots want something of that provider, and it is one person who is asked.
    assert_eq!((desk.count(SESSION), desk.count(POLL)), (1, 0));
}

#[test]
fn a_wait_goes_on_once_somebody_has_connected() {
    let desk = Desk::handed_over("notion");
    let run = desk.spawn(&[GET, &["--wait"]].concat());
    desk.wait_for(POLL, 1);
    desk.control("connect", json!({"outcome": "decline"}));
    desk.wait_for(POLL, 2);
    desk.control("connect", json!({"outcome": "complete"}));
    let outcome = run.finish().exits(0);
    assert_eq!(outcome.stdout, "[redacted]\n");
    for part in [
        "waiting until somebody connects `notion`: http://127.0.0.1:",
        "was declined",
    ] {
        assert!(outcome.stderr.contains(part), "{outcome:?}");
    }
    assert!(!outcome.stderr.contains("sess_fake_0001\""), "{outcome:?}");
    assert_eq!(desk.count(SESSION), 1);
}

#[test]
fn what_comes_of_a_page_is_what_the_call_ends_with() {
    for (outcome, code, exit) in [
        ("deny", "connect_denied", 4),
        ("config", "connect_misconfigured", 2),
        ("expire", "connect_expired", 3),
        ("none_kept", "connect_failed", 3),
    ] {
        let desk = Desk::handed_over("notion");
        let run = desk.spawn(&[GET, &["--wait", "-o", "json"]].concat());
        desk.wait_for(POLL, 1);
        desk.control("connect", json!({"outcome": outcome}));
        let error = run.finish().exits(exit).error();
        assert_eq!(error["code"], code, "{error}");
    }
    let desk = Desk::handed_over("notion");
    let error = desk.fail(&[GET, &["--wait", "--timeout", "1s"]].concat(), 3);
    assert_eq!(error["code"], "missing_grant");
    assert!(error["connect_url"].is_string(), "{error}");
}

#[test]
fn a_person_at_the_terminal_connects_and_the_call_goes_on() {
    let (mut typist, alter) = Desk::handed_over("notion").sit(GET);
    typist.at("open 127.0.0.1 in the browser? [y/N] ", "y\n");
    let (code, stdout, shown) = typist.leave();
    assert_eq!((code, &*stdout), (Some(0), "[redacted]\n"), "{shown}");
    assert!(
        shown.contains(
            "the vault asks to open a page:\n| Connect `notion`, for everyday to go on.\n"
        ),
        "{shown}"
    );
    assert!(!shown.contains("sess_fake_0001\""), "{shown}");
    assert_eq!(count(&alter, SESSION), 1);
}

#[test]
fn a_person_is_asked_in_the_midst_of_a_call_when_it_is_then_that_a_grant_is_missing() {
    let (mut typist, alter) = Desk::forwarded("notion").sit(&["get", "--path", "echo"]);
    typist.at("open 127.0.0.1 in the browser? [y/N] ", "y\n");
    let (code, stdout, shown) = typist.leave();
    assert_eq!(code, Some(0), "{shown}");
    assert!(stdout.contains("Bearer fake-notion-token"), "{stdout}");
    assert_eq!(
        (count(&alter, SESSION), count(&alter, "/sdk/proxy")),
        (1, 2)
    );
}

#[test]
fn a_person_who_has_been_to_the_page_by_another_way_need_not_answer() {
    let (mut typist, alter) = Desk::handed_over("notion").sit(GET);
    wait_until("the question", || typist.shown().ends_with("[y/N] "));
    alter
        .control("connect", &json!({"outcome": "complete"}))
        .unwrap();
    let (code, stdout, shown) = typist.leave();
    assert_eq!((code, &*stdout), (Some(0), "[redacted]\n"), "{shown}");
}

#[test]
fn a_person_who_goes_nowhere_is_told_how_to_go_on() {
    let (mut typist, _alter) = Desk::handed_over("notion").sit(GET);
    typist.at("[y/N] ", "\n");
    let (code, stdout, shown) = typist.leave();
    assert_eq!((code, &*stdout), (Some(3), ""), "{shown}");
    assert!(shown.contains("everyday auth connect notion"), "{shown}");
}

#[test]
fn a_page_that_was_asked_for_is_opened_at_once() {
    let (mut typist, alter) = Desk::handed_over("notion").sit(&["auth", "connect", "notion"]);
    let (code, stdout, shown) = typist.leave();
    assert_eq!(
        (code, &*stdout),
        (Some(0), "notion: connected\n"),
        "{shown}"
    );
    assert!(shown.contains("/connect#"), "{shown}");
    assert_eq!(count(&alter, SESSION), 1);
}

#[test]
fn a_user_gives_a_grant_to_an_agent_and_nobody_else_can() {
    let config = format!("{}[alter]\nagent = \"mcp-agent\"\n", handed_over("notion"));
    let desk = Desk::new("everyday", &config);
    let error = desk.fail(GET, 3);
    assert!(error.get("connect_url").is_none(), "{error}");
    for part in ["user_token", "operator", "mcp-agent"] {
        assert!(error["hint"].as_str().unwrap().contains(part), "{error}");
    }
    assert_eq!(desk.count(SESSION), 0);
    let line = ["auth", "connect", "notion", "--user-token", "env:ALICE"];
    let error = desk.fail(&line, 3);
    assert_eq!(error["code"], "connect_pending");
    let session = &desk.alter.exchanges(SESSION).unwrap()[0]["request"]["body"];
    assert_eq!(session["agent"], "mcp-agent");
    // The key of an agent is that of no other.
    let key = desk.alter.key("agent").to_owned();
    let desk = Desk::handed_over("notion").env("ALTER_API_KEY", &key);
    let error = desk.fail(GET, 3);
    assert!(
        error["hint"].as_str().unwrap().contains("user_token"),
        "{error}"
    );
    assert_eq!(desk.count(SESSION), 0);
}

#[test]
fn a_credential_that_works_no_longer_is_connected_anew() {
    for provider in [
        "revoked-test",
        "expired-test",
        "deleted-test",
        "broken-test",
        "flagged",
    ] {
        let desk = Desk::handed_over(provider);
        let run = desk.spawn(&[GET, &["--wait"]].concat());
        desk.wait_for(POLL, 1);
        desk.control("connect", json!({"outcome": "complete"}));
        run.finish().exits(0);
        assert_eq!(desk.count(SESSION), 1, "{provider}");
    }
}

#[test]
fn by_the_id_of_a_grant_alone_nothing_can_be_connected() {
    let config = "[credentials.API_TOKEN]\nsource = \"alter\"\nmode = \"env\"\n\
                  grant_id = \"11111111-2222-4333-8444-555555555555\"\n";
    let desk = Desk::new("everyday", config);
    let error = desk.fail(&[GET, &["--wait"]].concat(), 3);
    assert!(
        error["hint"]
            .as_str()
            .unwrap()
            .contains("nothing can be connected"),
        "{error}"
    );
    assert_eq!(desk.count(SESSION), 0);
}
