//! What looks like a credential.
//!
//! A guess, and used as one: a literal header of such a name becomes a slot, which does no harm
//! where the guess is wrong; an argument only earns a warning, since arguments cannot be told
//! apart reliably.

use heck::ToSnakeCase;

use super::template::{self, Part};

/// Whether a header, parameter or variable of this name holds a credential.
pub(super) fn is_credential_name(name: &str) -> bool {
    const ANYWHERE: [&str; 12] = [
        "key",
        "token",
        "secret",
        "password",
        "passwd",
        "passphrase",
        "credential",
        "authorization",
        "cookie",
        "bearer",
        "jwt",
        "private",
    ];
    const WORDS: [&str; 5] = ["auth", "pat", "pass", "pwd", "sig"];
    let lower = name.to_ascii_lowercase();
    ANYWHERE.iter().any(|part| lower.contains(part))
        || name
            .to_snake_case()
            .split('_')
            .any(|word| WORDS.contains(&word))
}

/// Whether a text has the form of a credential whatever its name.
pub(super) fn is_credential_value(text: &str) -> bool {
    const SCHEMES: [&str; 3] = ["bearer ", "basic ", "token "];
    const PREFIXES: [&str; 16] = [
        "sk-",
        "sk_",
        "ghp_",
        "gho_",
        "ghs_",
        "ghu_",
        "github_pat_",
        "glpat-",
        "xoxb-",
        "xoxp-",
        "eyJ",
        "AKIA",
        "AIza",
        "hf_",
        "npm_",
        "pypi-",
    ];
    let starts = |scheme: &&str| {
        text.get(..scheme.len())
            .is_some_and(|start| start.eq_ignore_ascii_case(scheme))
    };
    SCHEMES.iter().any(starts)
        || PREFIXES.iter().any(|prefix| {
            text.strip_prefix(prefix)
                .is_some_and(|rest| rest.len() >= 8)
        })
}

/// Whether a template holds a URL with a password that no slot fills.
pub(super) fn has_literal_password(template: &str) -> bool {
    let literal: String = template::parts(template)
        .into_iter()
        .filter_map(|part| {
            if let Part::Text(text) = part {
                Some(text)
            } else {
                None
            }
        })
        .collect();
    let Some((_, rest)) = literal.split_once("://") else {
        return false;
    };
    let authority = &rest[..rest.find(['/', '?', '#']).unwrap_or(rest.len())];
    let user = authority.rsplit_once('@').map_or("", |(user, _)| user);
    user.split_once(':')
        .is_some_and(|(_, password)| !password.is_empty())
}

/// One warning for each literal argument that looks like a credential. The warnings never hold
/// the argument, only what names it.
pub(super) fn warn_of_arguments(args: &[String]) -> Vec<String> {
    args.iter()
        .enumerate()
        .filter(|(_, arg)| !template::has_reference(arg))
        .filter_map(|(index, arg)| {
            let before = index.checked_sub(1).and_then(|index| args.get(index)).map(String::as_str);
            let name = credential_in(arg, before)?;
            let (name, slot) = (super::shown(name), template::screaming(name));
            Some(format!(
                "argument {} (`{name}`) looks like a credential and is stored as it stands: write `${{{slot}}}` in its place",
                index + 1
            ))
        })
        .collect()
}

/// What names the credential that an argument seems to be.
fn credential_in<'a>(arg: &'a str, before: Option<&'a str>) -> Option<&'a str> {
    if let Some((_, rest)) = arg.split_once("://") {
        if has_literal_password(arg) {
            return Some("password");
        }
        let query = rest.split_once('?').map_or("", |(_, query)| query);
        return query.split(['&', '#']).find_map(named_value);
    }
    if let Some((name, value)) = arg.split_once(':')
        && is_header_name(name)
        && (is_credential_name(name) || is_credential_value(value.trim_start()))
        && !value.trim().is_empty()
    {
        return Some(name);
    }
    if let Some(name) = named_value(arg) {
        return Some(name);
    }
    if arg.starts_with('-') {
        return None;
    }
    if let Some(flag) = before.filter(|flag| flag.starts_with('-') && !flag.contains('='))
        && names_the_value_itself(flag)
        && is_opaque(arg)
    {
        return Some(flag);
    }
    is_credential_value(arg).then_some("token")
}

/// The name of a `name=value` that seems to be a credential.
fn named_value(text: &str) -> Option<&str> {
    let (name, value) = text.split_once('=')?;
    (!value.is_empty()
        && (names_the_value_itself(name) && is_opaque(value) || is_credential_value(value)))
    .then_some(name)
}

/// `--api-key` does; `--api-key-file` and `--api-key-env` name something that is no secret.
fn names_the_value_itself(name: &str) -> bool {
    let words = name.to_snake_case();
    let last = words.rsplit('_').next().unwrap_or_default();
    is_credential_name(name)
        && !matches!(
            last,
            "file" | "path" | "dir" | "env" | "var" | "name" | "type" | "url"
        )
}

/// Not a number (`--max-tokens 100`) and not a switch's value.
fn is_opaque(value: &str) -> bool {
    !value.is_empty() && value.parse::<f64>().is_err() && !matches!(value, "true" | "false")
}

fn is_header_name(name: &str) -> bool {
    !name.is_empty()
        && name
            .chars()
            .all(|char| char.is_ascii_alphanumeric() || char == '-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn credentials_are_known_by_name() {
        for name in [
            "Authorization",
            "X-Api-Key",
            "cookie",
            "exaApiKey",
            "MAPI_SECRET",
            "x-auth",
            "DB_PASS",
        ] {
            assert!(is_credential_name(name), "{name}");
        }
        for name in [
            "Accept-Language",
            "X-Org",
            "author",
            "ORG_ID",
            "compass",
            "X-Request-Id",
        ] {
            assert!(!is_credential_name(name), "{name}");
        }
    }

    #[test]
    fn credentials_are_known_by_form() {
        for value in [
            "Bearer abc",
            "basic YTpi",
            "ghp_0123456789",
            "sk-ant-0123456789",
        ] {
            assert!(is_credential_value(value), "{value}");
        }
        for value in ["bear", "sk-", "de", "Bearér", "tokens"] {
            assert!(!is_credential_value(value), "{value}");
        }
    }

    #[test]
    fn a_password_in_a_url_is_literal_unless_a_slot_fills_it() {
        assert!(has_literal_password("db://me:hunter2@${HOST}/x"));
        assert!(has_literal_password("db://${USER}:hunter2@host"));
        for text in [
            "db://me:${PASSWORD}@host",
            "db://me@host/a:b@c",
            "a:b@c",
            "https://x.example:80/@",
        ] {
            assert!(!has_literal_password(text), "{text}");
        }
    }

    #[test]
    fn arguments_that_look_like_credentials_are_named_and_not_shown() {
        for (args, name) in [
            (&["--api-key", "hunter2"][..], "--api-key"),
            (&["--api-key=hunter2"], "--api-key"),
            (&["-e", "GITHUB_TOKEN=hunter2"], "GITHUB_TOKEN"),
            (
                &["--header", "Authorization: Bearer hunter2"],
                "Authorization",
            ),
            (&["--header", "X-Who:Bearer hunter2"], "X-Who"),
            (&["sk-live-hunter2-hunter2"], "token"),
            (&["postgres://me:hunter2@db/x"], "password"),
            (&["https://x.example/mcp?exaApiKey=hunter2"], "exaApiKey"),
        ] {
            let args: Vec<String> = args.iter().map(ToString::to_string).collect();
            let warnings = warn_of_arguments(&args);
            assert_eq!(warnings.len(), 1, "{args:?}");
            assert!(
                warnings[0].contains(&format!("`{name}`")) && !warnings[0].contains("hunter2"),
                "{}",
                warnings[0]
            );
        }
    }

    #[test]
    fn ordinary_arguments_earn_no_warning() {
        for args in [
            &["-y", "altr-mcp"][..],
            &["--api-key", "${API_KEY}"],
            &["--api-key=${API_KEY}"],
            &["--api-key", "--verbose"],
            &["--api-key-file", "/run/key"],
            &["--api-key-env=KEY"],
            &["--max-tokens", "100"],
            &["--no-auth", "true"],
            &["-e", "GITHUB_TOKEN"],
            &["--header", "Authorization:${AUTH}"],
            &["https://x.example:8080/a@b?limit=1"],
            &["C:\\keys"],
            &["ssh://git@host/x"],
        ] {
            let args: Vec<String> = args.iter().map(ToString::to_string).collect();
            assert_eq!(warn_of_arguments(&args), Vec::<String>::new(), "{args:?}");
        }
    }
}
