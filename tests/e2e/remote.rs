//! Servers over streamable HTTP.

use mcpress_tests::{Kind, Sandbox, mcpress, press, pressed};

#[test]
fn a_remote_server_is_pressed_and_called() {
    mcpress();
    let server = mcpress_fixtures::listen("everyday", &[]).unwrap();
    let sandbox = Sandbox::new();
    for kind in Kind::BOTH {
        let program = sandbox.file(&format!("remote-{kind:?}"));
        press(&sandbox, kind, "remote", &program, &["--url", server.url()]);
        let outcome = sandbox
            .run(&program, ["add", "--a", "20", "--b", "22", "-o", "json"])
            .exits(0);
        assert_eq!(outcome.json()["sum"], 42);
        let text = sandbox
            .run(&program, ["count", "--n", "2", "--delay-ms", "1", "-v"])
            .exits(0);
        assert!(text.stderr.contains("progress: "), "{text:?}");
    }
}

#[test]
fn a_program_for_a_local_server_reaches_a_remote_one_only_if_it_was_bundled() {
    mcpress();
    let server = mcpress_fixtures::listen("everyday", &[]).unwrap();
    let line = ["--mcp-url", server.url(), "echo", "--text", "far"];
    let sandbox = Sandbox::new();
    let bundled = sandbox.run(&pressed(Kind::Bundled, "everyday"), line);
    assert_eq!(bundled.exits(0).stdout, "far\n");
    // HTTP is not linked into what does not need it, and that is said.
    let compiled = sandbox
        .run(&pressed(Kind::Compiled, "everyday"), line)
        .exits(2);
    assert!(compiled.stderr.contains("--url"), "{compiled:?}");
}

#[test]
fn a_remote_server_that_is_not_there_exits_5() {
    let outcome = Sandbox::new()
        .run(mcpress(), ["inspect", "--url", "http://127.0.0.1:9/mcp"])
        .exits(5);
    assert!(outcome.stderr.contains("127.0.0.1:9"), "{outcome:?}");
}

#[test]
fn what_is_no_address_is_refused_before_anything_is_tried() {
    let program = pressed(Kind::Bundled, "everyday");
    let line = ["echo", "--text", "x", "-v"];
    for (option, address) in [
        ("--mcp-url", "nonsense"),
        ("--mcp-url", "ftp://x/"),
        ("--mcp-url", "http://"),
        ("--mcp-url", "http://a b/"),
        ("--mcp-fallback-url", "nonsense"),
    ] {
        let outcome = Sandbox::new().run(&program, line.iter().chain(&[option, address]));
        let outcome = outcome.exits(2);
        assert!(outcome.stderr.contains(address), "{outcome:?}");
        assert!(!outcome.stderr.contains("trying again"), "{outcome:?}");
    }
    let header = [
        "--mcp-fallback-url",
        "http://127.0.0.1:9/",
        "--mcp-fallback-header",
        "bad",
    ];
    let outcome = Sandbox::new().run(&program, line.iter().chain(&header));
    assert!(outcome.exits(2).stderr.contains("`bad`"));
}

#[test]
fn an_address_is_shown_without_what_may_be_secret_in_it() {
    let program = pressed(Kind::Bundled, "everyday");
    let address = "http://user:hunter2pass@127.0.0.1:9/mcp?token=hunter2token";
    let option = ["--mcp-url", address, "--mcp-retries", "0"];
    for line in [
        ["echo", "--text", "x", "-v"].as_slice(),
        &["echo", "--text", "x", "--dry-run"],
        &["self", "info"],
        &["self", "doctor"],
    ] {
        let outcome = Sandbox::new().run(&program, line.iter().chain(&option));
        let said = format!("{}{}", outcome.stdout, outcome.stderr);
        assert!(said.contains("127.0.0.1:9"), "{outcome:?}");
        assert!(!said.contains("hunter2"), "{outcome:?}");
    }
}

#[test]
fn a_server_that_is_nowhere_to_be_found_is_told_by_its_first_answer() {
    let sandbox = Sandbox::new();
    let listening = mcpress_fixtures::listen("faulty", &["--on", "greeting", "--faults", "404x*"]);
    let url = listening.as_ref().unwrap().url();
    let line = ["inspect", "--url", url, "--protocol", "2025-11-25"];
    let outcome = sandbox.run(mcpress(), line).exits(5);
    assert!(outcome.stderr.contains("404"), "{outcome:?}");
}

/// A server that notes the head of one request and answers it with this.
fn once(answer: &'static str) -> (String, std::thread::JoinHandle<String>) {
    use std::io::{Read, Write};
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/mcp", listener.local_addr().unwrap());
    let heard = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut head = Vec::new();
        let mut byte = [0];
        while !head.ends_with(b"\r\n\r\n") && stream.read(&mut byte).unwrap() == 1 {
            head.push(byte[0]);
        }
        stream.write_all(answer.as_bytes()).unwrap();
        String::from_utf8_lossy(&head).to_lowercase()
    });
    (url, heard)
}

/// A program for a remote server that wants a token, made from a bare list of tools.
fn needs_a_token(sandbox: &Sandbox, url: &str) -> std::path::PathBuf {
    let tools = r#"{"tools": [{"name": "look", "inputSchema": {"type": "object"}}]}"#;
    std::fs::write(sandbox.file("tools.json"), tools).unwrap();
    let program = sandbox.file("remote");
    let header = "Authorization: Bearer ${THE_TOKEN}";
    let options = ["--from", "tools.json", "--url", url, "--header", header];
    press(sandbox, Kind::Bundled, "remote", &program, &options);
    program
}

#[test]
fn a_header_is_filled_from_its_slot_and_a_challenge_exits_3() {
    let challenge = "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Bearer scope=\"read\"\r\nContent-Length: 0\r\n\r\n";
    let (url, heard) = once(challenge);
    let sandbox = Sandbox::new();
    let program = needs_a_token(&sandbox, &url);
    let missing = sandbox.run(&program, ["look", "-o", "json"]).exits(3);
    assert_eq!(missing.error()["missing"], serde_json::json!(["THE_TOKEN"]));
    let sandbox = sandbox.env("THE_TOKEN", "open-sesame");
    let outcome = sandbox.run(&program, ["look", "-o", "json"]).exits(3);
    assert_eq!(outcome.error()["code"], "unauthorized");
    assert!(
        heard
            .join()
            .unwrap()
            .contains("authorization: bearer open-sesame")
    );
    assert!(!outcome.stderr.contains("open-sesame"), "{outcome:?}");
}

#[test]
fn a_redirect_to_another_origin_is_not_followed() {
    let (elsewhere, heard_elsewhere) = once("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n");
    let answer = format!(
        "HTTP/1.1 307 Temporary Redirect\r\nLocation: {elsewhere}\r\nContent-Length: 0\r\n\r\n"
    );
    let (url, heard) = once(answer.leak());
    let sandbox = Sandbox::new().env("THE_TOKEN", "open-sesame");
    let program = needs_a_token(&sandbox, &url);
    sandbox.run(&program, ["look"]).exits(5);
    assert!(heard.join().unwrap().contains("open-sesame"));
    assert!(!heard_elsewhere.is_finished(), "the other origin was asked");
}
