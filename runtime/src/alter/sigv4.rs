//! Signatures of AWS, version 4: a credential that is not sent but signs.
//!
//! What is made here of a secret is wiped like one, and is not one that output is searched for: the
//! secret itself is.

use percent_encoding::{percent_decode_str, percent_encode, utf8_percent_encode};
use url::Url;

use super::address::RESERVED;
use super::aws::service_and_region;
use super::clock;
use super::sign::{hex, keyed, sha256};
use crate::secret::Secret;

/// What requests are signed with.
#[derive(Debug)]
pub(super) struct Keys<'a> {
    pub(super) id: &'a str,
    pub(super) secret: &'a Secret,
    pub(super) session: Option<&'a str>,
    /// For addresses that do not tell.
    pub(super) region: Option<&'a str>,
    /// For addresses that do not tell.
    pub(super) service: Option<&'a str>,
}

/// The headers that sign a request, for this moment in seconds since 1970.
///
/// # Errors
///
/// When neither the address nor the credential says what service or region it is.
pub(super) fn headers(
    keys: &Keys<'_>,
    method: &str,
    url: &Url,
    body: &[u8],
    seconds: u64,
) -> Result<Vec<(&'static str, Secret)>, String> {
    let host = url.host_str().unwrap_or_default();
    let (service, region) = match service_and_region(host) {
        Some(found) => found,
        None => {
            let given = |name, value: Option<&str>| {
                value.map(str::to_owned).ok_or(format!(
                    "neither its address nor the credential says the {name} of AWS at {host}"
                ))
            };
            (
                given("service", keys.service)?,
                given("region", keys.region)?,
            )
        }
    };
    let (day, moment) = clock::compact(seconds);
    let payload = sha256(body);
    let host = match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    };
    let mut signed = vec![
        ("host", host.as_str()),
        ("x-amz-content-sha256", &payload),
        ("x-amz-date", &moment),
    ];
    signed.extend(
        keys.session
            .map(|session| ("x-amz-security-token", session)),
    );
    let names: Vec<&str> = signed.iter().map(|(name, _)| *name).collect();
    let names = names.join(";");
    let lines: String = signed
        .iter()
        .map(|(name, value)| {
            let words: Vec<&str> = value.split_whitespace().collect();
            format!("{name}:{}\n", words.join(" "))
        })
        .collect();
    let request = [
        &method.to_ascii_uppercase(),
        &path(url, &service),
        &query(url),
        &lines,
        &names,
        &payload,
    ];
    let request = request.map(String::as_str).join("\n");
    let scope = format!("{day}/{region}/{service}/aws4_request");
    let text = format!(
        "AWS4-HMAC-SHA256\n{moment}\n{scope}\n{}",
        sha256(request.as_bytes())
    );
    let first = Secret::plain(format!("AWS4{}", keys.secret.expose()));
    let mut key = keyed(first.expose().as_bytes(), day.as_bytes());
    for part in [region.as_str(), &service, "aws4_request"] {
        key = keyed(key.as_ref(), part.as_bytes());
    }
    let signature = hex(keyed(key.as_ref(), text.as_bytes()).as_ref());
    let authorization = format!(
        "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={signature}",
        keys.id
    );
    let mut headers = vec![
        ("authorization", Secret::plain(authorization)),
        ("x-amz-date", Secret::plain(moment)),
        ("x-amz-content-sha256", Secret::plain(payload)),
    ];
    let session = keys.session.map(Secret::plain);
    headers.extend(session.map(|session| ("x-amz-security-token", session)));
    Ok(headers)
}

/// The path as it is sent; for all but S3 it is escaped once more.
fn path(url: &Url, service: &str) -> String {
    if service == "s3" {
        return url.path().to_owned();
    }
    let segments = url.path().split('/');
    let segments: Vec<String> = segments
        .map(|segment| utf8_percent_encode(segment, RESERVED).to_string())
        .collect();
    segments.join("/")
}

/// The query, sorted. A plus is a plus here, and no blank.
fn query(url: &Url) -> String {
    let escaped = |text: &str| {
        let bytes: Vec<u8> = percent_decode_str(text).collect();
        percent_encode(&bytes, RESERVED).to_string()
    };
    let query = url.query().unwrap_or_default();
    let pairs = query.split('&').filter(|_| !query.is_empty());
    let mut pairs: Vec<(String, String)> = pairs
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            (escaped(name), escaped(value))
        })
        .collect();
    pairs.sort();
    let pairs: Vec<String> = pairs
        .iter()
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    pairs.join("&")
}
