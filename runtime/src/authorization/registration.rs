//! What this program is to an authorization server: a client it was told of, one that is described at
//! a URL of its own, or one that registers (MCP 2025-11-25, Authorization, Client Registration).

use serde_json::{Value, json};
use url::Url;

use super::http::{Fault, Http};
use super::record::{Client, Metadata, Proof};
use crate::secret::Secret;
use crate::transport::AuthorizationSettings;

/// Chooses the client, and registers one where none is known. What the metadata says wrongly of the
/// server's own endpoints is mended on the way.
pub(super) async fn client(
    http: &Http,
    settings: &AuthorizationSettings,
    issuer: &mut Metadata,
    redirect: &str,
    scopes: &[String],
) -> Result<(Client, Option<Secret>), Fault> {
    let redirect = Some(redirect.to_owned());
    if let Some(id) = &settings.client {
        let client = Client {
            id: id.clone(),
            proof: proof_of_given(settings, issuer),
            redirect,
        };
        return Ok((client, settings.client_secret.clone()));
    }
    if let Some(url) = &settings.client_metadata
        && issuer.is("client_id_metadata_document_supported")
    {
        let client = Client {
            id: url.clone(),
            proof: Proof::Nothing,
            redirect,
        };
        return Ok((client, None));
    }
    register(http, settings, issuer, redirect, scopes).await
}

/// How a client that the user knows of shows who it is.
pub(super) fn proof_of_given(settings: &AuthorizationSettings, issuer: &Metadata) -> Proof {
    let has_key = settings.client_key.is_some();
    proof(issuer, None, has_key, settings.client_secret.is_some())
}

async fn register(
    http: &Http,
    settings: &AuthorizationSettings,
    issuer: &mut Metadata,
    redirect: Option<String>,
    scopes: &[String],
) -> Result<(Client, Option<Secret>), Fault> {
    let endpoint = issuer.text("registration_endpoint");
    let Some(endpoint) = endpoint.and_then(|endpoint| Url::parse(endpoint).ok()) else {
        return Err(Fault::NoClient);
    };
    let mut wanted = json!({
        "client_name": settings.program,
        "redirect_uris": [redirect],
        "grant_types": ["authorization_code", "refresh_token"],
        "response_types": ["code"],
        "token_endpoint_auth_method": "none",
        "application_type": "native",
    });
    if !scopes.is_empty() {
        wanted["scope"] = scopes.join(" ").into();
    }
    let answer = http.post_json(&endpoint, &wanted).await?;
    let text = |name: &str| {
        let text = answer.body.get(name).and_then(Value::as_str);
        text.filter(|text| !text.is_empty())
    };
    let Some(id) = text("client_id").filter(|_| answer.is_success()) else {
        return Err(match answer.refusal() {
            Fault::Refused { code, words } => Fault::Refused {
                code,
                words: format!("it does not register this program: {words}"),
            },
            fault => fault,
        });
    };
    if answer.url != endpoint {
        mend(http, issuer);
    }
    let secret = text("client_secret").map(Secret::new);
    let said = text("token_endpoint_auth_method");
    let client = Client {
        id: id.to_owned(),
        proof: proof(issuer, said, false, secret.is_some()),
        redirect,
    };
    Ok((client, secret))
}

/// Moves the endpoints of the server's own origin to its root, where the one that was tried is.
fn mend(http: &Http, issuer: &mut Metadata) {
    for name in ["authorization", "token", "registration", "revocation"] {
        let name = format!("{name}_endpoint");
        let listed = issuer.text(&name).and_then(|url| Url::parse(url).ok());
        if let Some(moved) = listed.and_then(|url| http.at_root(&url)) {
            issuer.set(&name, moved.to_string());
        }
    }
}

/// The way to show who one is that the server takes: the one it registered, else the best it lists.
fn proof(issuer: &Metadata, said: Option<&str>, has_key: bool, has_secret: bool) -> Proof {
    let listed = issuer.list("token_endpoint_auth_methods_supported");
    let name = |proof: Proof| match proof {
        Proof::Nothing => "none",
        Proof::Basic => "client_secret_basic",
        Proof::Post => "client_secret_post",
        Proof::Key => "private_key_jwt",
    };
    let can = |proof: &Proof| match proof {
        Proof::Nothing => true,
        Proof::Basic | Proof::Post => has_secret,
        Proof::Key => has_key,
    };
    let possible = [Proof::Key, Proof::Basic, Proof::Post, Proof::Nothing];
    let possible: Vec<Proof> = possible.into_iter().filter(can).collect();
    let is_listed = |proof: &&Proof| {
        listed
            .as_ref()
            .is_none_or(|listed| listed.contains(&name(**proof)))
    };
    let registered = possible.iter().find(|proof| Some(name(**proof)) == said);
    let best = possible.iter().find(is_listed);
    // A server that lists nothing this client can do is asked with what it has.
    *registered
        .filter(|proof| is_listed(proof) || **proof == Proof::Nothing)
        .or(best)
        .or(possible.first())
        .unwrap_or(&Proof::Nothing)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_shows_who_it_is_as_the_server_takes_it() {
        let metadata = |methods: &[&str]| {
            let said = json!({"token_endpoint_auth_methods_supported": methods});
            Metadata::new(said.as_object().unwrap().clone())
        };
        let (basic, post, none) = ("client_secret_basic", "client_secret_post", "none");
        let silent = Metadata::default();
        assert_eq!(proof(&silent, None, false, true), Proof::Basic);
        assert_eq!(proof(&silent, Some(post), false, true), Proof::Post);
        assert_eq!(proof(&silent, Some(none), false, true), Proof::Nothing);
        assert_eq!(proof(&silent, None, false, false), Proof::Nothing);
        assert_eq!(proof(&metadata(&[post]), None, false, true), Proof::Post);
        assert_eq!(proof(&metadata(&[none]), None, false, true), Proof::Nothing);
        assert_eq!(
            proof(&metadata(&[basic, post]), Some(post), false, true),
            Proof::Post
        );
        // A public client where only secrets are listed: no secret was given, so none is sent.
        assert_eq!(
            proof(&metadata(&[basic, post]), None, false, false),
            Proof::Nothing
        );
        assert_eq!(
            proof(&metadata(&["private_key_jwt", basic]), None, true, true),
            Proof::Key
        );
        assert_eq!(proof(&metadata(&[basic]), None, true, true), Proof::Basic);
    }
}
