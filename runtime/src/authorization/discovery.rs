//! Finding out who signs people in to a server (MCP 2025-11-25, Authorization, Discovery).
//!
//! ```text
//! 401 ──▶ protected resource metadata ──▶ authorization server metadata
//!         (the challenge's, else the       (RFC 8414, then OpenID Connect, with the
//!          well-known places)               issuer's path put in, behind, or left out)
//! ```
//!
//! What another origin says is taken to the letter: an issuer that is not the one asked for, or a
//! resource that is not this server, ends the search, because tokens would go astray. What the server's
//! own origin says is taken by its meaning, because a server behind a prefix is often wrong about its
//! own paths, and can do no more harm with them than it can anyway.

use serde_json::{Map, Value};
use url::Url;

use super::challenge::Challenge;
use super::http::{Fault, Http, shown};
use super::record::Metadata;

/// Who signs people in, and to what.
#[derive(Debug)]
pub(super) struct Found {
    /// The resource that tokens are for.
    pub(super) resource: String,
    /// The scopes that the resource has.
    pub(super) scopes: Vec<String>,
    pub(super) issuer: Metadata,
    /// Whether nothing was found, and this is where a server of 2025-03-26 would have it.
    pub(super) is_guess: bool,
}

/// Looks for the authorization server of a server.
pub(super) async fn discover(
    http: &Http,
    server: &Url,
    challenge: &Challenge,
) -> Result<Found, Fault> {
    let resource = resource(http, server, challenge).await?;
    let named = |name| resource.get(name).and_then(Value::as_str);
    let texts = |name: &str| -> Vec<&str> {
        let list = resource.get(name).and_then(Value::as_array);
        list.into_iter()
            .flatten()
            .filter_map(Value::as_str)
            .collect()
    };
    let found = |issuer, is_guess| Found {
        resource: named("resource").map_or_else(|| canonical(server), str::to_owned),
        scopes: texts("scopes_supported")
            .into_iter()
            .map(str::to_owned)
            .collect(),
        issuer,
        is_guess,
    };
    let issuers = texts("authorization_servers");
    for issuer in &issuers {
        let Ok(url) = server.join(issuer) else {
            continue;
        };
        if let Some(metadata) = issuer_metadata(http, &url, Some(issuer)).await? {
            return Ok(found(metadata, false));
        }
    }
    if !issuers.is_empty() {
        return Err(Fault::Unusable(format!(
            "the authorization server {} does not describe itself",
            issuers.join(", ")
        )));
    }
    // A server of 2025-03-26 is its own authorization server.
    let mut origin = server.clone();
    origin.set_query(None);
    origin.set_fragment(None);
    if let Some(metadata) = issuer_metadata(http, &origin, None).await? {
        return Ok(found(metadata, false));
    }
    let mut metadata = Metadata::default();
    for (name, path) in [
        ("authorization_endpoint", "/authorize"),
        ("token_endpoint", "/token"),
        ("registration_endpoint", "/register"),
    ] {
        origin.set_path(path);
        metadata.set(name, origin.to_string());
    }
    Ok(found(metadata, true))
}

/// The server's URL as a resource identifier (RFC 8707, 2).
fn canonical(server: &Url) -> String {
    let mut server = server.clone();
    server.set_fragment(None);
    let text = server.to_string();
    match server.path() {
        "/" if server.query().is_none() => text.trim_end_matches('/').to_owned(),
        _ => text,
    }
}

/// What the server says of itself as a resource (RFC 9728); nothing if it says nothing.
async fn resource(
    http: &Http,
    server: &Url,
    challenge: &Challenge,
) -> Result<Map<String, Value>, Fault> {
    let advertised = challenge.resource_metadata.as_deref();
    let advertised = advertised.and_then(|place| server.join(place).ok());
    for place in advertised
        .iter()
        .filter(|place| http.allows(place))
        .cloned()
        .chain(well_known(server, "oauth-protected-resource"))
    {
        let answer = http.get(&place).await?;
        let Some(said) = document(answer.status, answer.body)? else {
            continue;
        };
        if !said.contains_key("resource") && !said.contains_key("authorization_servers") {
            continue;
        }
        let names = said.get("resource").and_then(Value::as_str);
        let is_this = names
            .and_then(|resource| Url::parse(resource).ok())
            .is_some_and(|resource| http.is_own(&resource));
        if is_this {
            return Ok(said);
        }
        if Some(&place) == advertised.as_ref() {
            return Err(Fault::Unusable(format!(
                "{} describes another resource: {}",
                shown(&place),
                names.unwrap_or("none")
            )));
        }
    }
    Ok(Map::new())
}

/// What an authorization server says of itself.
async fn issuer_metadata(
    http: &Http,
    issuer: &Url,
    named: Option<&str>,
) -> Result<Option<Metadata>, Fault> {
    if !http.allows(issuer) {
        return Err(Fault::Unusable(format!(
            "{} is not to be asked on a server's word",
            shown(issuer)
        )));
    }
    for place in issuer_places(issuer, http.is_own(issuer)) {
        let answer = http.get(&place).await?;
        let Some(said) = document(answer.status, answer.body)? else {
            continue;
        };
        let metadata = Metadata::new(said);
        if metadata.text("authorization_endpoint").is_none()
            && metadata.text("token_endpoint").is_none()
        {
            continue;
        }
        check(http, &metadata, named, issuer)?;
        return Ok(Some(metadata));
    }
    Ok(None)
}

/// Refuses metadata that is another's, or that leads to where nothing is to be sent.
fn check(http: &Http, metadata: &Metadata, named: Option<&str>, asked: &Url) -> Result<(), Fault> {
    let same = |one: &str, other: &str| one.trim_end_matches('/') == other.trim_end_matches('/');
    let expected = named.map_or_else(|| asked.origin().ascii_serialization(), str::to_owned);
    let said = metadata.issuer();
    let is_own = said
        .and_then(|issuer| Url::parse(issuer).ok())
        .is_none_or(|issuer| http.is_own(&issuer));
    let is_expected = said.is_some_and(|issuer| same(issuer, &expected));
    let is_known = is_expected || (is_own && http.is_own(asked));
    if !is_known {
        return Err(Fault::Unusable(format!(
            "the authorization server {expected} says that it is {}",
            said.unwrap_or("nobody")
        )));
    }
    for name in ["authorization", "token", "registration", "revocation"] {
        let endpoint = metadata.text(&format!("{name}_endpoint"));
        let is_good = match endpoint {
            Some(endpoint) => Url::parse(endpoint).is_ok_and(|url| http.allows(&url)),
            // What only needs the token endpoint finds out by itself that another is missing.
            None => true,
        };
        if !is_good {
            return Err(Fault::Unusable(format!(
                "the {name} endpoint is not one to be used: {}",
                endpoint.unwrap_or_default()
            )));
        }
    }
    // Metadata that says nothing of it is common, and the proof is sent all the same.
    let methods = metadata.list("code_challenge_methods_supported");
    if methods.is_some_and(|methods| !methods.contains(&"S256")) {
        return Err(Fault::Unusable(
            "the authorization server does not support PKCE with S256".to_owned(),
        ));
    }
    Ok(())
}

/// A JSON object, or nothing where there is none.
fn document(status: u16, body: Value) -> Result<Option<Map<String, Value>>, Fault> {
    match body {
        Value::Object(said) if status == 200 => Ok(Some(said)),
        _ if status >= 500 || status == 429 => Err(Fault::Unreachable(format!(
            "HTTP {status} to a question for metadata"
        ))),
        _ => Ok(None),
    }
}

/// The well-known places for a document about a URL: with its path put in, put before, left out.
fn well_known(url: &Url, name: &str) -> Vec<Url> {
    let path = url.path().trim_matches('/');
    let mut paths = Vec::new();
    if !path.is_empty() {
        paths.push(format!("/.well-known/{name}/{path}"));
        paths.push(format!("/{path}/.well-known/{name}"));
    }
    paths.push(format!("/.well-known/{name}"));
    at(url, paths)
}

/// The places for the metadata of an issuer. That of the server's own origin may be one that forgot
/// its path.
fn issuer_places(issuer: &Url, is_own: bool) -> Vec<Url> {
    let path = issuer.path().trim_matches('/');
    let (oauth, openid) = (
        "/.well-known/oauth-authorization-server",
        "/.well-known/openid-configuration",
    );
    let mut paths = Vec::new();
    if !path.is_empty() {
        paths.extend([
            format!("{oauth}/{path}"),
            format!("{openid}/{path}"),
            format!("/{path}{openid}"),
        ]);
    }
    if !path.is_empty() && is_own {
        paths.push(format!("/{path}{oauth}"));
    }
    if path.is_empty() || is_own {
        paths.extend([oauth.to_owned(), openid.to_owned()]);
    }
    at(issuer, paths)
}

fn at(url: &Url, paths: Vec<String>) -> Vec<Url> {
    let mut base = url.clone();
    base.set_query(None);
    base.set_fragment(None);
    let place = |path: String| {
        let mut place = base.clone();
        place.set_path(&path);
        place
    };
    paths.into_iter().map(place).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn paths(places: Vec<Url>) -> Vec<String> {
        places.iter().map(|place| place.path().to_owned()).collect()
    }

    #[test]
    fn a_document_is_looked_for_with_the_path_in_before_and_without() {
        let server = Url::parse("https://a/x/mcp/?q").unwrap();
        assert_eq!(
            paths(well_known(&server, "it")),
            [
                "/.well-known/it/x/mcp",
                "/x/mcp/.well-known/it",
                "/.well-known/it"
            ]
        );
        assert_eq!(paths(issuer_places(&server, false)).len(), 3);
        assert_eq!(paths(issuer_places(&server, true)).len(), 6);
        assert_eq!(
            paths(issuer_places(&Url::parse("https://a").unwrap(), false)),
            [
                "/.well-known/oauth-authorization-server",
                "/.well-known/openid-configuration"
            ]
        );
    }

    #[test]
    fn metadata_of_another_issuer_is_taken_from_the_server_s_own_origin_alone() {
        let metadata = |issuer: &str, token: &str| {
            let mut metadata = Metadata::default();
            metadata.set("issuer", issuer.to_owned());
            metadata.set("token_endpoint", token.to_owned());
            metadata
        };
        let url = |text: &str| Url::parse(text).unwrap();
        let http = Http::new(&url("https://mcp.example/mcp"), false);
        let check = |metadata, named: &str| check(&http, &metadata, Some(named), &url(named));
        let (own, other) = ("https://mcp.example", "https://login.example/tenant");
        let token = "https://login.example/token";
        assert_eq!(check(metadata(other, token), other), Ok(()));
        assert_eq!(
            check(metadata("https://login.example/tenant/", token), other),
            Ok(())
        );
        assert!(check(metadata("https://login.example", token), other).is_err());
        assert!(check(metadata(own, token), other).is_err());
        assert_eq!(
            check(metadata("https://mcp.example/mcp/mcp", token), own),
            Ok(())
        );
        assert!(check(metadata(other, token), own).is_err());
        assert!(check(metadata(other, "http://login.example/token"), other).is_err());
        assert!(check(metadata(other, "https://10.0.0.1/token"), other).is_err());
    }
}
