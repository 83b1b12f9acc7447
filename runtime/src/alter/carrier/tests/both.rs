//! What holds whoever carries.

use super::*;
use crate::alter::broker::AlterBroker;
use crate::vault::{Broker, Want, What};

#[tokio::test]
async fn the_same_route_is_opened_once_and_one_capability_is_for_all() {
    let vault = World::open(|_| async { String::new() }).await;
    let run = Run::open(&vault, "https://a.example/v1", Carrier::Program, SOON).await;
    let grant = by_provider("some-api");
    let address = async |grant, origin, carrier| {
        let address = run.routes.address(grant, origin, carrier).await.unwrap();
        address.expose().to_owned()
    };
    let same = address(&grant, "https://a.example/v1", Carrier::Program).await;
    assert_eq!(same, run.address);
    let others = [
        address(&grant, "https://b.example/v1", Carrier::Program).await,
        address(&grant, "https://a.example/v1", Carrier::Vault).await,
        address(
            &by_provider("other"),
            "https://a.example/v1",
            Carrier::Program,
        )
        .await,
    ];
    for other in &others {
        assert!(other.ends_with("/v1") && *other != run.address);
    }
    assert_eq!(run.routes.capability().await.unwrap().expose(), run.key);
    let origin = "http://api.example/v1";
    let error = run
        .routes
        .address(&grant, origin, Carrier::Program)
        .await
        .unwrap_err();
    assert_eq!(error.exit() as u8, 2);
}

#[tokio::test]
async fn nothing_is_served_after_the_end() {
    let vault = World::open(|_| async { String::new() }).await;
    let run = Run::open(&vault, "https://a.example/v1", Carrier::Vault, SOON).await;
    assert!(run.close().await.is_none());
    let authority = run
        .address
        .trim_start_matches("http://")
        .trim_end_matches("/v1");
    assert!(TcpStream::connect(authority).await.is_err());
    assert!(run.close().await.is_none());
}

#[tokio::test]
async fn a_run_is_supplied_with_addresses_and_dummies() {
    let vault = World::open(|heard: Heard| async move {
        match heard.line.as_str() {
            "POST /sdk/token" => token(json!({})),
            _ => server::json(201, &json!({})),
        }
    })
    .await;
    let origin = World::open(|_| async { "HTTP/1.1 204 No Content\r\n\r\n".to_owned() }).await;
    let patience = opening(&vault.url, "").patience;
    let broker = AlterBroker::over(Arc::new(client(&vault.url).unwrap()), patience, None);
    let want = |slot: &str, what| Want {
        secret: true,
        slot: slot.to_owned(),
        what,
    };
    let route = |origin: &str| What::Route {
        grant: by_provider("some-api"),
        origin: origin.to_owned(),
        carrier: Carrier::Program,
    };
    let supply = broker
        .supply(vec![
            want("API_KEY", What::Capability),
            want("API_SECRET", What::Capability),
            want("API_URL", route(&format!("{}/v1", origin.url))),
        ])
        .await
        .unwrap();
    // Nothing was asked of the vault for it.
    assert!(vault.heard("").is_empty());
    let value = |slot: &str| supply.values[slot].expose();
    assert_eq!(value("API_KEY"), value("API_SECRET"));
    let request = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = request
        .get(format!("{}/x", value("API_URL")))
        .basic_auth(value("API_KEY"), Some(value("API_SECRET")));
    assert_eq!(request.send().await.unwrap().status(), 204);
    let sent = &origin.heard("GET /v1/x")[0];
    assert!(
        sent.head.contains("authorization: bearer s3cret-token"),
        "{sent:?}"
    );
    assert!(broker.close().await.is_none());
    assert_eq!(vault.heard("POST /sdk/oauth/audit/api-call").len(), 1);

    let error = broker
        .supply(vec![want("API_URL", route("ftp://x"))])
        .await
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "API_URL: origin `ftp://x`: neither https nor http"
    );
}
