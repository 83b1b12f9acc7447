//! What a server says when it turns a request away: `WWW-Authenticate` (RFC 9110, 11.6.1; RFC 6750, 3).

/// The challenge to come back with a bearer token.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Challenge {
    /// Where the server describes itself (RFC 9728, 5.1).
    pub(crate) resource_metadata: Option<String>,
    /// The scopes that the request needs.
    pub(crate) scope: Option<String>,
    /// Why the token was not enough.
    pub(crate) error: Option<String>,
}

impl Challenge {
    /// The challenge of the scheme `Bearer` in a header, which may hold several.
    pub(crate) fn parse(header: &str) -> Self {
        let mut challenge = Self::default();
        let mut is_bearer = true;
        let mut rest = header;
        loop {
            rest = rest.trim_start_matches([' ', '\t', ',']);
            let end = rest.find([' ', '\t', ',', '=']).unwrap_or(rest.len());
            let (word, after) = rest.split_at(end);
            if word.is_empty() {
                // A stray mark: nothing is read of what follows it but the next word.
                let mut chars = after.chars();
                if chars.next().is_none() {
                    return challenge;
                }
                rest = chars.as_str();
                continue;
            }
            let Some(value) = after.trim_start().strip_prefix('=') else {
                is_bearer = word.eq_ignore_ascii_case("bearer");
                rest = after;
                continue;
            };
            let value = value.trim_start();
            let (value, left) = match value.strip_prefix('"') {
                Some(quoted) => unquote(quoted),
                None => {
                    let end = value.find([' ', '\t', ',']).unwrap_or(value.len());
                    (value[..end].to_owned(), &value[end..])
                }
            };
            rest = left;
            let place = match word.to_ascii_lowercase().as_str() {
                _ if !is_bearer => continue,
                "resource_metadata" => &mut challenge.resource_metadata,
                "scope" => &mut challenge.scope,
                "error" => &mut challenge.error,
                _ => continue,
            };
            if !value.is_empty() {
                place.get_or_insert(value);
            }
        }
    }

    /// The scopes, one by one.
    pub(crate) fn scopes(&self) -> Vec<String> {
        let scope = self.scope.as_deref().unwrap_or_default();
        scope.split_whitespace().map(str::to_owned).collect()
    }

    /// Whether the token is good and lets its bearer do too little.
    pub(crate) fn wants_more(&self) -> bool {
        self.error.as_deref() == Some("insufficient_scope")
    }
}

/// A quoted string after its opening mark, and what follows its closing one.
fn unquote(text: &str) -> (String, &str) {
    let mut value = String::new();
    let mut chars = text.chars();
    while let Some(char) = chars.next() {
        match char {
            '"' => break,
            '\\' => value.extend(chars.next()),
            char => value.push(char),
        }
    }
    (value, chars.as_str())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bearer_s_own_parameters_are_read_among_other_challenges() {
        let header = r#"Basic realm="a, scope=\"no\"", scope=no, bearer error="insufficient_scope", scope = "read write" , resource_metadata=https://a/b?c=d, Digest scope=also-no"#;
        let challenge = Challenge::parse(header);
        assert_eq!(challenge.scopes(), ["read", "write"]);
        assert_eq!(
            challenge.resource_metadata.as_deref(),
            Some("https://a/b?c=d")
        );
        assert!(challenge.wants_more());
    }

    #[test]
    fn whatever_stands_there_is_read_to_its_end() {
        for header in [
            "",
            "Bearer",
            "=",
            "==,\"",
            "Bearer scope=\"",
            "a=\\",
            "Bearer é=ü",
            "\" \" \"",
        ] {
            assert_eq!(Challenge::parse(header), Challenge::default(), "{header}");
        }
    }
}
