//! What a server is handed, and which server.

use super::*;

#[test]
fn values_are_handed_over_where_that_is_said() {
    for kind in Kind::BOTH {
        let vaulted = Vaulted::start(kind, "errand", &[], HANDED_OVER);
        let said = vaulted.call(&["get", "--path", "things/7", "--mcp-reason", "to see"]);
        assert_eq!(
            (&said["status"], &said["body"]["id"]),
            (&json!(200), &json!("7"))
        );
        // Two slots are of one grant, which is asked for once.
        let asked = vaulted.asked("/sdk/token");
        assert_eq!(asked.len(), 1, "{asked:?}");
        let body = &asked[0]["request"]["body"];
        assert_eq!(
            (&body["provider_id"], &body["reason"]),
            (&json!("altr-basic"), &json!("to see"))
        );
        assert_eq!(header(&asked[0], "X-Alter-Caller"), ["errand"]);
        assert_eq!(header(&asked[0], "X-Alter-Caller-Type"), ["service"]);
        let context: Value = serde_json::from_str(header(&asked[0], "X-Alter-Context")[0]).unwrap();
        assert_eq!(
            (&context["tool"], &context["framework"]),
            (&json!("get"), &json!("mcpress"))
        );
        assert!(context["run_id"].is_string(), "{context}");
    }
}

#[test]
fn several_grants_are_told_apart() {
    let vaulted = Vaulted::routed("proxy", "mail");
    let error = vaulted.fail(&["get", "--path", "things"], 2);
    assert_eq!(error["code"], "ambiguous_grant");
    assert!(error.to_string().contains("second@example.com"), "{error}");
    let config = route("proxy", "mail").replace(
        "provider = \"mail\"",
        "provider = \"mail\"\nlabel = \"second\"",
    );
    vaulted.configure(&config);
    let line = ["request", "--target", "/v1/things"];
    vaulted.sandbox.run(&vaulted.program, line);
    let provided = vaulted.alter.provided("/v1/things").unwrap();
    assert_eq!(
        header(&provided[0], "authorization"),
        ["Bearer fake-mail-second"]
    );
}

#[test]
fn a_remote_server_gets_the_credential_in_a_header() {
    mcpress();
    let alter = Alter::start(&[]).unwrap();
    let sandbox = Sandbox::new()
        .env("ALTER_BASE_URL", alter.url())
        .env("ALTER_API_KEY", alter.key("app"));
    let journal = sandbox.file("journal");
    let server = mcpress_fixtures::listen("everyday", &[]).unwrap();
    drop(server);
    let server =
        mcpress_fixtures::listen("library", &["--journal", journal.to_str().unwrap()]).unwrap();
    let program = sandbox.file("errand");
    press(
        &sandbox,
        Kind::Bundled,
        "errand",
        &program,
        &["--url", server.url()],
    );
    let folder = sandbox.file(".config/errand");
    std::fs::create_dir_all(&folder).unwrap();
    let text =
        "[credentials.API]\nsource = \"alter\"\nmode = \"header\"\nprovider = \"altr-basic\"\n";
    std::fs::write(folder.join("config.toml"), text).unwrap();
    let before = Journal::read(&journal).entries().len();
    sandbox.run(&program, ["self", "check"]);
    let journal = Journal::read(&journal);
    let requests = journal.entries()[before..]
        .iter()
        .filter(|entry| entry["http"].is_object());
    let requests: Vec<_> = requests.collect();
    assert!(!requests.is_empty());
    for request in requests {
        let sent = &request["http"]["headers"]["authorization"];
        assert_eq!(*sent, format!("Basic {}", SECRETS[2]));
    }
}

#[test]
fn what_is_seen_of_a_credential_is_its_name() {
    let vaulted = Vaulted::new(HANDED_OVER);
    let status = vaulted.run(&["auth", "status", "-o", "json"], 0);
    assert!(status.stdout.contains("altr-basic"), "{status:?}");
    let mut said = status.stdout + &status.stderr;
    for place in ["result", "failure", "error", "stderr", "log", "progress"] {
        let outcome = vaulted
            .sandbox
            .run(&vaulted.program, ["blurt", "--place", place, "-v"]);
        said += &(outcome.stdout + &outcome.stderr);
    }
    assert_none_of_the_secrets(&said);
    assert!(!said.contains(vaulted.alter.key("app")), "{said}");
}

#[test]
fn a_value_of_the_vaults_is_masked_whatever_the_vault_calls_it() {
    let config = "[credentials.API_TOKEN]\nsource = \"alter\"\nmode = \"env\"\nprovider = \"altr-env\"\nfield = \"org_id\"\n";
    let vaulted = Vaulted::start(Kind::Bundled, "everyday", &[], config);
    let get = ["get-env", "--name", "API_TOKEN"];
    assert_eq!(vaulted.run(&get, 0).stdout, "[redacted]\n");
    vaulted.configure(&format!("{config}secret = true\n"));
    assert_eq!(vaulted.run(&get, 0).stdout, "[redacted]\n");
    vaulted.configure(&format!("{config}secret = false\n"));
    assert_eq!(vaulted.run(&get, 0).stdout, "fake-org-id\n");
}

#[test]
fn a_credential_goes_to_no_server_but_the_one_it_is_for() {
    let vaulted = Vaulted::start(Kind::Bundled, "everyday", &[], "");
    let journal = vaulted.sandbox.file("journal");
    let own = mcpress_fixtures::listen("library", &[]).unwrap();
    let other =
        mcpress_fixtures::listen("library", &["--journal", journal.to_str().unwrap()]).unwrap();
    let program = vaulted.sandbox.file("remote");
    press(
        &vaulted.sandbox,
        Kind::Bundled,
        "errand",
        &program,
        &["--url", own.url()],
    );
    let entry = "[credentials.ANY]\nsource = \"alter\"\nprovider = \"stripe-test\"\n";
    let run = |more: &[&str], code: i32| {
        let line = [&["resource", "list"], more].concat();
        vaulted.sandbox.run(&program, line).exits(code)
    };
    vaulted.configure(entry);
    run(&[], 0);
    let elsewhere = ["--mcp-url", other.url()];
    let outcome = run(&elsewhere, 2);
    assert!(outcome.stderr.contains("config.toml:1"), "{outcome:?}");
    run(&["--mcp-header", "X: ${ANY}", "--mcp-url", other.url()], 2);
    let asked = |journal: &Journal| format!("{:?}", journal.entries());
    let text = asked(&Journal::read(&journal));
    assert!(!text.contains("authorization"), "{text}");
    // The fallback gets none either, by no header of its own.
    let first = ["--mcp-header", "X-Any: ${ANY}"];
    let fallback = ["--mcp-fallback-url", other.url()];
    let header = ["--mcp-fallback-header", "X-Any: ${ANY}"];
    drop(own);
    run(&[first, fallback].concat(), 0);
    let line = [&["resource", "list"][..], &first, &fallback, &header].concat();
    vaulted.sandbox.run(&program, line);
    let text = asked(&Journal::read(&journal));
    assert!(
        text.contains("resources") && !text.contains("sk_fake_bearer"),
        "{text}"
    );
    let origin = other.url().trim_end_matches("/mcp");
    vaulted.configure(&format!("{entry}origin = \"{origin}\"\n"));
    run(&elsewhere, 0);
    for text in ["mode = \"env\"\n", "field = \"username\"\n"] {
        vaulted.configure(&format!("{entry}{text}origin = \"{origin}\"\n"));
        run(&elsewhere, 2);
    }
    vaulted.configure("[credentials.ANY]\nsource = \"alter\"\nmode = \"derive\"\n");
    run(&elsewhere, 2);
}
