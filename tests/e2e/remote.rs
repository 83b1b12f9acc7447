//! Servers over streamable HTTP.

use mcpress_tests::{Kind, Sandbox, mcpress, press};

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
fn a_program_for_a_local_server_reaches_a_remote_one_when_it_was_bundled() {
    mcpress();
    let server = mcpress_fixtures::listen("everyday", &[]).unwrap();
    let program = mcpress_tests::pressed(Kind::Bundled, "everyday");
    let line = ["--mcp-url", server.url(), "echo", "--text", "far"];
    assert_eq!(Sandbox::new().run(&program, line).exits(0).stdout, "far\n");
}

#[test]
fn a_remote_server_that_is_not_there_exits_5() {
    let outcome = Sandbox::new()
        .run(mcpress(), ["inspect", "--url", "http://127.0.0.1:9/mcp"])
        .exits(5);
    assert!(outcome.stderr.contains("127.0.0.1:9"), "{outcome:?}");
}
