//! Servers that speak to the vault themselves, and runs within runs.

use super::*;

#[test]
fn a_person_at_the_terminal_is_sent_where_an_aware_server_says() {
    let desk = Desk::new("aware", "");
    let (key, base) = (
        format!("AGENT_API_KEY={}", desk.alter.key("app")),
        format!("ALTER_BASE_URL={}", desk.alter.url()),
    );
    let line = [
        "retrieve",
        "--provider",
        "notion",
        "--mcp-env",
        &key,
        "--mcp-env",
        &base,
    ];
    let (mut typist, _alter) = desk.sit(&line);
    typist.at("open 127.0.0.1 in the browser? [y/N] ", "y\n");
    let (code, stdout, shown) = typist.leave();
    assert_eq!(code, Some(0), "{shown}");
    assert!(stdout.contains("\"key_type\""), "{stdout}");
    assert!(
        shown.contains("the server of aware asks to open a page:"),
        "{shown}"
    );
}

#[test]
fn a_person_who_does_not_go_there_gets_the_page_as_an_error() {
    let desk = Desk::new("aware", "");
    let line = ["listed", "--marker", "authorization_required", "-o", "json"];
    let (mut typist, _alter) = desk.sit(&line);
    typist.at("open connect.example in the browser? [y/N] ", "n\n");
    let (code, stdout, shown) = typist.leave();
    assert_eq!(code, Some(3), "{shown}");
    // As a failure of the tool's, its payload is data.
    assert!(stdout.contains("authorization_required"), "{stdout}");
    assert!(
        shown.contains("\"connect_url\":\"https://connect.example/"),
        "{shown}"
    );
}

#[test]
fn a_wait_for_an_aware_server_ends_with_its_time() {
    let desk = Desk::new("aware", "");
    let line = [
        "plain",
        "--marker",
        "authorization_required",
        "--wait",
        "--timeout",
        "4s",
    ];
    let outcome = desk.run(&line, 3);
    assert!(
        outcome.stderr.contains("https://connect.example/"),
        "{outcome:?}"
    );
    assert!(outcome.elapsed.as_secs() >= 3, "{outcome:?}");
    // Whoever is not waited for says so at once.
    let outcome = desk.run(&line[..3], 3);
    assert!(outcome.elapsed.as_secs() < 3, "{outcome:?}");
}

#[test]
fn a_run_within_a_run_is_part_of_it_and_knows_the_tool_that_led_to_it() {
    use std::os::unix::fs::PermissionsExt;
    let desk = Desk::handed_over("stripe-test");
    let inner = desk.sandbox.file("inner");
    press(
        &desk.sandbox,
        Kind::Bundled,
        "inner",
        &inner,
        &["--command", &fixture("everyday")],
    );
    let folder = desk.sandbox.file(".config/inner");
    std::fs::create_dir_all(&folder).unwrap();
    let config = "[credentials.API_TOKEN]\nsource = \"alter\"\nmode = \"env\"\nprovider = \"datadog-test\"\n";
    std::fs::write(folder.join("config.toml"), config).unwrap();
    // A server whose tool runs another program of this kind.
    let script = desk.sandbox.file("server");
    let text = format!(
        "#!/bin/sh\nALTER_BASE_URL={} ALTER_API_KEY={} {} get-env --name API_TOKEN >&2\nexec {}\n",
        desk.alter.url(),
        desk.alter.key("app"),
        inner.display(),
        fixture("everyday")
    );
    std::fs::write(&script, text).unwrap();
    std::fs::set_permissions(&script, PermissionsExt::from_mode(0o755)).unwrap();
    let option = script.display().to_string();
    let line = ["--mcp-command", &option, "--mcp-thread-id", "thread-1"];
    desk.run(&[GET, &line].concat(), 0);
    let contexts: Vec<Value> = desk
        .alter
        .exchanges("/sdk/token")
        .unwrap()
        .iter()
        .filter(|exchange| exchange["response"]["status"] == 200)
        .map(context)
        .collect();
    let [outer, nested] = &contexts[..] else {
        panic!("{contexts:?}")
    };
    assert_eq!(outer["tool"], "get_env");
    assert!(outer.get("parent_tool").is_none(), "{outer}");
    assert_eq!(
        (
            &nested["tool"],
            &nested["parent_tool"],
            &nested["thread_id"]
        ),
        (&json!("get_env"), &json!("get_env"), &json!("thread-1"))
    );
    assert!(outer["run_id"].is_string(), "{outer}");
    assert_eq!(outer["run_id"], nested["run_id"]);
}

/// What the vault was told that a request is for.
fn context(exchange: &Value) -> Value {
    let headers = exchange["request"]["headers"].as_array().unwrap().iter();
    let mut headers = headers.filter(|pair| {
        let name = pair[0].as_str().unwrap();
        name.eq_ignore_ascii_case("X-Alter-Context")
    });
    serde_json::from_str(headers.next().unwrap()[1].as_str().unwrap()).unwrap()
}
