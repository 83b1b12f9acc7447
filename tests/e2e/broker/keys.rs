//! Keys to the vault, the program's own and its server's.

use super::*;

#[test]
fn a_server_that_knows_the_vault_gets_a_key_of_a_few_minutes() {
    let config = "[credentials.AGENT_API_KEY]\nsource = \"alter\"\nmode = \"derive\"\n";
    let vaulted = Vaulted::start(Kind::Bundled, "aware", &[], config);
    let base = vaulted.alter.url().to_owned();
    let option = format!("ALTER_BASE_URL={base}");
    let said = vaulted.call(&["retrieve", "--provider", "altr-basic", "--mcp-env", &option]);
    assert_eq!(said["key_type"], "dk");
    let asked = vaulted.asked("/sdk/keys/derive");
    let body = &asked[0]["request"]["body"];
    assert!(body["expires_in"].as_u64().unwrap() <= 3600, "{body}");
    let scopes = body["scopes"].to_string();
    assert!(
        !scopes.contains("keys:") && !scopes.contains("admin"),
        "{scopes}"
    );
}

#[test]
fn a_key_that_does_not_work_says_why() {
    for (key, code, exit) in [
        ("revoked", "key_revoked", 3),
        ("expired", "key_expired", 3),
        ("inactive", "key_inactive", 3),
        ("narrow", "insufficient_scope", 3),
        ("paused_agent", "agent_inactive", 4),
    ] {
        let vaulted = Vaulted::routed("proxy", "altr-basic").key(key);
        let error = vaulted.fail(&["get", "--path", "things"], exit);
        assert_eq!(error["code"], code, "{error}");
        assert!(
            !error.to_string().contains(vaulted.alter.key(key)),
            "{error}"
        );
    }
    let vaulted = Vaulted::routed("proxy", "altr-basic").env("ALTER_API_KEY", "alter_rk_nonsense");
    let error = vaulted.fail(&["get", "--path", "things"], 3);
    assert_eq!(
        (&error["code"], vaulted.asked("/sdk").len()),
        (&json!("invalid_key"), 0)
    );
    let vaulted = Vaulted::routed("proxy", "altr-basic").env("ALTER_API_KEY", "");
    assert_eq!(
        vaulted.fail(&["get", "--path", "things"], 3)["missing"],
        json!(["ALTER_API_KEY"])
    );
    let vaulted = Vaulted::routed("proxy", "altr-basic").key("deprecated");
    let outcome = vaulted.run(&["get", "--path", "things"], 0);
    assert!(
        outcome.stderr.contains("the key to the vault"),
        "{outcome:?}"
    );
}

#[cfg(unix)]
#[test]
fn the_key_to_the_vault_is_where_the_configuration_says_and_no_server_s() {
    use std::os::unix::fs::PermissionsExt;
    let vaulted = Vaulted::new("");
    let key = vaulted.alter.key("app").to_owned();
    let file = vaulted.sandbox.file("key");
    std::fs::write(&file, format!("{key}\n")).unwrap();
    std::fs::set_permissions(&file, std::fs::Permissions::from_mode(0o600)).unwrap();
    let source = format!(
        "[credentials.ALTER_API_KEY]\nsource = \"file\"\npath = \"{}\"\n",
        file.display()
    );
    let vaulted = vaulted.env("ALTER_API_KEY", "");
    vaulted.configure(&format!("{source}{}", route("proxy", "altr-basic")));
    assert_eq!(vaulted.call(&["get", "--path", "things"])["status"], 200);
    let status = vaulted.run(&["auth", "status"], 0);
    assert!(status.stdout.contains("the key to the vault"), "{status:?}");
    let vaulted = vaulted.env("ALTER_API_KEY", &key);
    let source = "[credentials.ALTER_API_KEY]\nsource = \"env\"\n";
    vaulted.configure(&format!("{source}{}", route("proxy", "altr-basic")));
    let given = vaulted.call(&["environment"])["variables"].clone();
    assert!(given.get("ALTER_API_KEY").is_none(), "{given}");
    vaulted.configure("[credentials.MYKEY]\nsource = \"env\"\nvariable = \"ALTER_API_KEY\"\n");
    vaulted.fail(&["environment"], 2);
    let gone = "[credentials.ALTER_API_KEY]\nsource = \"env\"\nvariable = \"NOT_THERE\"\n";
    vaulted.configure(&format!("{gone}{}", route("proxy", "altr-basic")));
    let error = vaulted.fail(&["environment"], 3);
    assert!(
        error["hint"].as_str().unwrap().contains("NOT_THERE"),
        "{error}"
    );
}

#[test]
fn a_server_that_is_given_the_key_itself_is_said_to_be() {
    let vaulted = Vaulted::start(Kind::Bundled, "errand", &[], "");
    let key = vaulted.alter.key("app").to_owned();
    let base = vaulted.alter.url().to_owned();
    let program = vaulted.sandbox.file("knowing");
    let command = fixture("aware");
    let line = [
        "--command",
        &command,
        "--env",
        "AGENT_API_KEY",
        "--env",
        "ALTER_BASE_URL?",
    ];
    let vaulted = vaulted.env("AGENT_API_KEY", &key);
    press(&vaulted.sandbox, Kind::Bundled, "errand", &program, &line);
    let line = ["retrieve", "--provider", "altr-basic", "-o", "json"];
    let outcome = vaulted.sandbox.run(&program, line).exits(0);
    assert_eq!(outcome.json()["key_type"], "rk", "{base}");
    assert!(outcome.stderr.contains("mode = \"derive\""), "{outcome:?}");
    vaulted.configure("[credentials.AGENT_API_KEY]\nsource = \"alter\"\nmode = \"derive\"\n");
    let outcome = vaulted.sandbox.run(&program, line).exits(0);
    assert_eq!(outcome.json()["key_type"], "dk");
    assert!(!outcome.stderr.contains("derive"), "{outcome:?}");
}
