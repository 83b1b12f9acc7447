//! What holds whoever carries.

use super::*;

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
