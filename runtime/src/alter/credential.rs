//! A credential as the vault hands it out, checked to the last field before any of it is used.

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use serde::Serialize;
use serde_json::{Map, Value};

use super::answer::{Fields, bad};
use super::clock;
use super::refusal::{Kind, Refusal};
use crate::secret::Secret;
use crate::vault::{Address, Grant};

/// How a grant is asked for, in the vault's terms.
#[derive(Debug, Clone, Default, Serialize)]
pub(super) struct Asked<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    grant_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    provider_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    account: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    label: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    user_token: Option<&'a str>,
}

impl<'a> Asked<'a> {
    pub(super) fn of(grant: &'a Grant) -> Self {
        let user_token = grant.user_token.as_ref().map(Secret::expose);
        match &grant.by {
            Address::Id(id) => Self {
                grant_id: Some(id),
                user_token,
                ..Self::default()
            },
            Address::Provider {
                provider,
                account,
                label,
            } => Self {
                provider_id: Some(provider),
                account: account.as_deref(),
                label: label.as_deref(),
                user_token,
                ..Self::default()
            },
        }
    }

    pub(super) fn of_provider(provider: &'a str) -> Self {
        Self {
            provider_id: Some(provider),
            ..Self::default()
        }
    }

    /// What it is asked for by, under the names that the vault has for it.
    pub(super) fn address(&self) -> impl Iterator<Item = (&'static str, &'a str)> {
        let parts = [
            ("provider_id", self.provider_id),
            ("grant_id", self.grant_id),
        ];
        parts
            .into_iter()
            .filter_map(|(name, value)| Some((name, value?)))
    }
}

/// The request that a credential is for.
#[derive(Debug, Clone, Copy, Serialize)]
pub(crate) struct Purpose<'a> {
    pub(crate) method: &'a str,
    pub(crate) url: &'a str,
}

/// The body of a request for a credential. Without a purpose the vault is told that there is none:
/// its rules about hosts then have nothing to go by, and it may refuse.
#[derive(Debug, Serialize)]
pub(super) struct TokenRequest<'a> {
    #[serde(flatten)]
    pub(super) grant: Asked<'a>,
    pub(super) reason: Option<&'a str>,
    pub(super) request: Option<Purpose<'a>>,
}

/// A live credential, and how it goes into a request.
#[derive(Debug)]
pub(crate) struct Credential {
    pub(crate) grant_id: String,
    pub(crate) provider_id: String,
    /// Which of an OAuth grant's tokens it is, for the vault's records.
    pub(crate) generation: Option<String>,
    /// Whether the grant no longer allows what it was asked for with: then a 403 of the provider's
    /// means that a person has to connect again.
    pub(crate) scope_mismatch: bool,
    /// When it ends, in seconds since 1970.
    expires_at: Option<i64>,
    pub(super) token: Secret,
    /// The name of the header that it goes in.
    pub(super) header: String,
    /// The value of that header, with `{token}` for the credential.
    pub(super) format: String,
    /// Its other fields; None where the vault speaks of none.
    pub(super) fields: Option<BTreeMap<String, Secret>>,
    pub(super) injections: Vec<Injection>,
}

/// Something else that a request gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Injection {
    pub(super) target: Target,
    /// The name of the header or of the query parameter.
    pub(super) key: String,
    /// The field that it is, or the credential itself.
    pub(super) field: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Target {
    Header,
    Query,
}

/// What begins the format of a credential that signs.
pub(super) const SIGNING: &str = "AWS4-HMAC-SHA256";

/// The fields of such a credential that say what it signs for.
const SIGNED_FOR: [&str; 2] = ["region", "service"];

/// Headers that no credential goes in: they frame, route or explain a request.
const FORBIDDEN: &[&str] = &[
    "host",
    "content-length",
    "content-type",
    "transfer-encoding",
    "connection",
    "keep-alive",
    "upgrade",
    "proxy-authenticate",
    "proxy-authorization",
    "te",
    "trailer",
    "cookie",
    "set-cookie",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-real-ip",
    "x-http-method-override",
    "x-method-override",
    "www-authenticate",
    "strict-transport-security",
    "content-security-policy",
];

impl Credential {
    /// Reads an answer, strictly: a credential that is not wholly understood goes nowhere.
    pub(super) fn read(answer: Value) -> Result<Self, Refusal> {
        let mut answer = Fields::of(answer)?;
        let token = Secret::new(answer.needed("access_token")?);
        if is_broken(token.expose()) {
            return Err(bad("access_token", "broken by an end of a line"));
        }
        let generation = answer.maybe_uuid("token_generation")?;
        answer.text("token_type")?;
        answer.texts("scopes")?;
        let life = answer.count("expires_in")?;
        let ends = [
            answer.moment("expires_at")?,
            answer.moment("token_expires_at")?,
        ];
        answer.moment("grant_expires_at")?;
        let now = i64::try_from(clock::now()).unwrap_or(i64::MAX);
        let lives_until =
            life.map(|life| now.saturating_add(i64::try_from(life).unwrap_or(i64::MAX)));
        Ok(Self {
            grant_id: answer.uuid("grant_id")?,
            provider_id: answer.text("provider_id")?.unwrap_or_default(),
            generation,
            scope_mismatch: answer.flag("scope_mismatch")?,
            expires_at: lives_until
                .into_iter()
                .chain(ends.into_iter().flatten())
                .min(),
            header: header(answer.text("injection_header")?)?,
            format: format(answer.text("injection_format")?)?,
            fields: fields(answer.object("additional_credentials")?)?,
            injections: injections(answer.list("additional_injections")?)?,
            token,
        })
    }

    /// For how many seconds it still works; None where the vault sets no end.
    pub(crate) fn lifetime(&self) -> Option<u64> {
        let now = i64::try_from(clock::now()).unwrap_or(i64::MAX);
        let left = self.expires_at?.saturating_sub(now);
        Some(u64::try_from(left).unwrap_or_default())
    }

    /// The value for a slot: the credential, or a field of it.
    ///
    /// `username` and `password` are also those of a credential for HTTP Basic, which is one text; what
    /// the vault has a field for is that field.
    pub(crate) fn value(&self, field: Option<&str>) -> Result<Secret, Refusal> {
        let Some(field) = field else {
            return whole(self.token.clone(), "the credential");
        };
        if let Some(value) = self.fields.as_ref().and_then(|fields| fields.get(field)) {
            return whole(value.clone(), &format!("`{field}`"));
        }
        let pair = match field {
            "username" | "password" => self.pair(),
            _ => None,
        };
        match (field, pair) {
            ("username", Some((name, _))) => whole(name, "`username`"),
            ("password", Some((_, word))) => whole(word, "`password`"),
            _ => {
                let known: Vec<&str> = self.field_names().collect();
                let known = match known.is_empty() {
                    true => "it has none but itself".to_owned(),
                    false => format!("it has {}", known.join(", ")),
                };
                let provider = &self.provider_id;
                Err(Refusal::new(
                    Kind::BadArgument,
                    format!("the credential for `{provider}` has no field `{field}`: {known}"),
                ))
            }
        }
    }

    /// The fields that a slot can be filled with.
    fn field_names(&self) -> impl Iterator<Item = &str> {
        let fields = self
            .fields
            .iter()
            .flat_map(BTreeMap::keys)
            .map(String::as_str);
        let is_field = |name: &str| {
            self.fields
                .as_ref()
                .is_some_and(|fields| fields.contains_key(name))
        };
        let pair: &[&str] = match self.pair() {
            Some(_) => &["username", "password"],
            None => &[],
        };
        fields.chain(pair.iter().copied().filter(move |name| !is_field(name)))
    }

    /// The user and the password of a credential for HTTP Basic (RFC 7617), split at the first colon.
    fn pair(&self) -> Option<(Secret, Secret)> {
        let is_basic = self
            .format
            .get(..6)
            .is_some_and(|scheme| scheme.eq_ignore_ascii_case("basic "));
        if !is_basic {
            return None;
        }
        let decoded = BASE64_STANDARD.decode(self.token.expose()).ok()?;
        let text = Secret::plain(String::from_utf8(decoded).ok()?);
        let (name, word) = text.expose().split_once(':')?;
        Some((Secret::new(name), Secret::new(word)))
    }
}

/// A value that an environment can hold.
fn whole(value: Secret, what: &str) -> Result<Secret, Refusal> {
    match value.expose().contains('\0') {
        true => Err(Refusal::malformed(format!("{what} holds a NUL"))),
        false => Ok(value),
    }
}

/// Whether a text would end the line that it is put in.
fn is_broken(text: &str) -> bool {
    text.contains(['\r', '\n', '\0'])
}

fn header(name: Option<String>) -> Result<String, Refusal> {
    let name = name.unwrap_or_else(|| "Authorization".to_owned());
    match is_name(&name, 60, b"-") && is_allowed(&name) {
        true => Ok(name),
        false => Err(bad("injection_header", "not a header for a credential")),
    }
}

fn format(format: Option<String>) -> Result<String, Refusal> {
    let format = format.unwrap_or_else(|| "Bearer {token}".to_owned());
    let has_place = format.contains("{token}") || format.starts_with(SIGNING);
    match format.chars().count() <= 200 && !is_broken(&format) && has_place {
        true => Ok(format),
        false => Err(bad("injection_format", "not a format for a credential")),
    }
}

fn fields(given: Option<Map<String, Value>>) -> Result<Option<BTreeMap<String, Secret>>, Refusal> {
    let name = "additional_credentials";
    let Some(given) = given else { return Ok(None) };
    if given.len() > 10 {
        return Err(bad(name, "too long"));
    }
    let mut fields = BTreeMap::new();
    for (field, value) in given {
        let Value::String(value) = value else {
            return Err(bad(name, "not of texts"));
        };
        // Whatever the vault calls it, it is handed out with a credential. What is signed for is in half of
        // all answers, and no secret.
        let value = match SIGNED_FOR.contains(&field.as_str()) {
            true => Secret::plain(value),
            false => Secret::new(value),
        };
        let text = value.expose();
        let is_good = text.len() <= 8192 && !text.trim().is_empty() && !is_broken(text);
        if !is_good || field.chars().count() > 50 {
            return Err(bad(name, "not of credentials"));
        }
        fields.insert(field, value);
    }
    Ok(Some(fields))
}

fn injections(given: Vec<Value>) -> Result<Vec<Injection>, Refusal> {
    let name = "additional_injections";
    if given.len() > 10 {
        return Err(bad(name, "too long"));
    }
    let read = |rule: &Value| {
        let rule = rule.as_object().filter(|rule| rule.len() == 3)?;
        let part = |name: &str| rule.get(name)?.as_str();
        let key = part("key").filter(|key| is_name(key, 100, b"-_"))?;
        let target = match part("target")? {
            "header" if is_allowed(key) => Target::Header,
            "query_param" => Target::Query,
            _ => return None,
        };
        let field = match part("value_source")? {
            "token" => None,
            source => Some(
                source
                    .strip_prefix("additional_credentials.")
                    .filter(|field| is_field(field))?,
            ),
        };
        Some(Injection {
            target,
            key: key.to_owned(),
            field: field.map(str::to_owned),
        })
    };
    given
        .iter()
        .map(|rule| read(rule).ok_or_else(|| bad(name, "not of rules that are known")))
        .collect()
}

/// Whether a text is a name: a letter, then letters, digits and these marks.
fn is_name(text: &str, longest: usize, marks: &[u8]) -> bool {
    text.len() <= longest
        && text.starts_with(|first: char| first.is_ascii_alphabetic())
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || marks.contains(&byte))
}

fn is_field(text: &str) -> bool {
    text.starts_with(|first: char| first.is_ascii_lowercase())
        && text
            .bytes()
            .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_'))
}

/// Whether a credential may go in a header of this name.
fn is_allowed(name: &str) -> bool {
    !FORBIDDEN
        .iter()
        .any(|forbidden| name.eq_ignore_ascii_case(forbidden))
}
