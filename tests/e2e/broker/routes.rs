//! Loopback addresses that a server asks instead of an API.

use super::*;

#[test]
fn a_route_keeps_the_credential_from_the_server() {
    for kind in Kind::BOTH {
        let vaulted = Vaulted::start(kind, "errand", &[], &route("proxy", "altr-basic"));
        assert_eq!(vaulted.call(&["get", "--path", "things"])["status"], 200);
        let given = vaulted.call(&["environment"])["variables"].clone();
        let url = given["ERRAND_API_URL"].as_str().unwrap();
        assert!(
            url.starts_with("http://127.0.0.1:") && url.ends_with("/v1"),
            "{url}"
        );
        assert_ne!(url, format!("{}/v1", vaulted.alter.provider_url()));
        assert_none_of_the_secrets(&given.to_string());
        assert!(
            given["NO_PROXY"].as_str().unwrap().contains("127.0.0.1"),
            "{given}"
        );
        let provided = vaulted.alter.provided("/v1/things").unwrap();
        assert_eq!(provided.len(), 1);
        assert_eq!(
            header(&provided[0], "authorization"),
            [format!("Basic {}", SECRETS[2])]
        );
        let stray = provided[0]["request"]["headers"].to_string().to_lowercase();
        assert!(
            !stray.contains("x-alter") && !stray.contains("x-api-key"),
            "{stray}"
        );
        // The vault hears of it before the program ends, in sizes and not in bodies.
        let rows = vaulted.asked("/sdk/oauth/audit/api-call");
        assert_eq!(rows.len(), 1, "{rows:?}");
        let row = &rows[0]["request"]["body"];
        assert_eq!(
            (&row["method"], &row["response_status"]),
            (&json!("GET"), &json!(200))
        );
        assert_eq!(
            row["url"],
            format!("{}/v1/things", vaulted.alter.provider_url())
        );
        assert_none_of_the_secrets(&row.to_string());
        assert!(!row.to_string().contains("thing 1"), "{row}");
    }
}

#[test]
fn a_route_carries_everything_that_http_can() {
    let vaulted = Vaulted::routed("proxy", "altr-basic");
    let made = vaulted.call(&["post", "--path", "things", "--body", "{\"name\": \"é\"}"]);
    assert_eq!(
        (&made["status"], &made["body"]["created"]["name"]),
        (&json!(201), &json!("é"))
    );
    assert_eq!(
        vaulted.call(&["delete", "--path", "things/1", "--yes"])["status"],
        204
    );
    for chunked in [&[][..], &["--chunked"]] {
        let sent = vaulted.call(&[&["upload", "--n", "3000000"], chunked].concat());
        let got = vaulted.call(&["download", "--n", "3000000"]);
        assert_eq!(
            (&sent["body"]["length"], &sent["body"]["sha256"]),
            (&json!(3_000_000), &got["sha256"])
        );
    }
    let many = vaulted.call(&["many", "--path", "things", "--n", "20"]);
    assert!(
        many["statuses"]
            .as_array()
            .unwrap()
            .iter()
            .all(|status| status == 200),
        "{many}"
    );
    // One run asks the vault once, however often its server asks the API.
    let row = |entry: &Value| entry["request"]["path"] == "/sdk/token";
    let asked = vaulted
        .asked("/sdk/token")
        .iter()
        .filter(|entry| row(entry))
        .count();
    assert_eq!(asked, 7);
    assert_eq!(vaulted.asked("/sdk/oauth/audit/api-call").len(), 6 + 20);
}

#[test]
fn a_route_leads_to_its_origin_and_nowhere_else() {
    let vaulted = Vaulted::routed("proxy", "altr-basic");
    let origin = vaulted.alter.provider_url().to_owned();
    let refused = |more: &[&str]| {
        let line = [&["request", "-o", "json"], more].concat();
        let outcome = vaulted.sandbox.run(&vaulted.program, line);
        assert_ne!(outcome.code, Some(0), "{more:?}: {outcome:?}");
    };
    for target in [
        "/v1/../status/200",
        "/v1/%2e%2e/status/200",
        "/status/200",
        "/v11/things",
        "//evil.example/v1/things",
        "https://evil.example/v1/things",
        &format!("{origin}/v1/things"),
    ] {
        refused(&["--target", target]);
    }
    refused(&["--method", "CONNECT", "--target", "evil.example:443"]);
    refused(&["--target", "/v1/things", "--anonymous"]);
    refused(&[
        "--target",
        "/v1/things",
        "--headers",
        "{\"Host\": \"evil.example\"}",
    ]);
    let guess = "{\"Authorization\": \"Basic ZXJyYW5kOmd1ZXNz\"}";
    refused(&["--target", "/v1/things", "--anonymous", "--headers", guess]);
    assert_eq!(vaulted.alter.provided("/").unwrap(), [] as [Value; 0]);
    // The server's own headers go along, but for those that would speak for the credential.
    let headers = "{\"Cookie\": \"a=b\", \"X-More\": \"1\", \"Proxy-Authorization\": \"Basic x\"}";
    vaulted.call(&["request", "--target", "/v1/things", "--headers", headers]);
    let provided = vaulted.alter.provided("/v1").unwrap();
    assert_eq!(header(&provided[0], "x-more"), ["1"]);
    assert_eq!(header(&provided[0], "authorization").len(), 1);
    for name in ["cookie", "proxy-authorization"] {
        assert_eq!(header(&provided[0], name), [] as [&str; 0]);
    }
}

#[test]
fn what_does_not_get_through_a_route_is_told_to_who_wants_to_know_all() {
    let vaulted = Vaulted::new(&route("proxy", "altr-basic").replace("ORIGIN/v1", "ORIGIN"));
    let origin = vaulted.alter.provider_url().to_owned();
    let lines = |more: &[&str]| {
        let outcome = vaulted.sandbox.run(&vaulted.program, more);
        assert_none_of_the_secrets(&outcome.stderr);
        let lines = outcome.stderr.lines();
        let told = lines.filter(|line| line.starts_with("loopback: "));
        told.map(str::to_owned).collect::<Vec<_>>()
    };
    let away = "redirect?to=https://evil.example/private";
    for (line, words) in [
        (
            &["request", "--target", "/x?private=1", "--anonymous"][..],
            "/x: 401 no_capability: ",
        ),
        (
            &["request", "--target", "/%2e%2e/x"],
            "/%2e%2e/x: 400 bad_request: ",
        ),
        (
            &["get", "--path", away],
            "/redirect: 502 redirect_elsewhere: the origin redirects to https://evil.example",
        ),
        (
            &["get", "--path", "status/401?private=1"],
            "/status/401: the origin does not take the credential (401)",
        ),
    ] {
        let told = lines(&[line, &["-v"]].concat());
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(
            told[0].starts_with(&format!("loopback: GET {origin}{words}")),
            "{told:?}"
        );
        assert!(!told[0].contains("private"), "{told:?}");
        assert_eq!(lines(line), [] as [String; 0]);
    }
    assert_eq!(lines(&["get", "--path", "x", "-v"]), [] as [String; 0]);
}

#[test]
fn the_vault_makes_the_requests_itself_where_that_is_said() {
    let vaulted = Vaulted::routed("forward", "altr-basic");
    let made = vaulted.call(&[
        "post",
        "--path",
        "things?x=1",
        "--body",
        "{\"name\": \"new\"}",
    ]);
    assert_eq!(
        (&made["status"], &made["body"]["created"]["name"]),
        (&json!(201), &json!("new"))
    );
    // The credential never comes to this machine.
    assert_eq!(vaulted.asked("/sdk/token"), [] as [Value; 0]);
    let asked = vaulted.asked("/sdk/proxy");
    let body = &asked[0]["request"]["body"];
    assert_eq!(
        (&body["method"], &body["body"]),
        (&json!("POST"), &json!({"name": "new"}))
    );
    assert_eq!(header(&asked[0], "X-Alter-Caller"), ["errand"]);
    // What is no JSON cannot go that way, and is not sent.
    let refused = vaulted
        .sandbox
        .run(&vaulted.program, ["upload", "--n", "10"]);
    assert_ne!(refused.code, Some(0), "{refused:?}");
    assert_eq!(
        vaulted.alter.provided("/v1/bytes").unwrap(),
        [] as [Value; 0]
    );
}

#[test]
fn what_is_restricted_to_the_vault_says_which_mode_it_takes() {
    let vaulted = Vaulted::routed("proxy", "user-limits");
    let error = vaulted.fail(&["get", "--path", "things"], 2);
    assert!(
        error["hint"].as_str().unwrap().contains("forward"),
        "{error}"
    );
    assert_none_of_the_secrets(&error.to_string());
}
