//! A web address of a server's, taken apart for a person to judge.

use percent_encoding::{CONTROLS, utf8_percent_encode};

use crate::text::is_invisible;

/// The longest address that is taken.
const LONGEST: usize = 8192;

/// An address that may be opened: `http` or `https`, in ASCII alone, with nothing in it that a browser
/// would read differently from how it looks.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Address {
    /// The whole, as it is shown and opened.
    pub(super) whole: String,
    /// The host, without the port.
    pub(super) host: String,
    /// What a person should know of it.
    pub(super) warnings: Vec<&'static str>,
}

impl Address {
    /// Takes an address apart.
    ///
    /// # Errors
    ///
    /// Why it is not opened.
    pub(super) fn read(text: &str) -> Result<Self, String> {
        if text.len() > LONGEST {
            return Err(format!("the address has more than {LONGEST} characters"));
        }
        // Browsers drop some of these and take a backslash for a slash.
        if text.contains(|c: char| c.is_whitespace() || c.is_control() || c == '\\') {
            return Err("the address has characters that an address cannot have".to_owned());
        }
        let (scheme, rest) = text.split_once("://").unwrap_or(("", text));
        let scheme = scheme.to_ascii_lowercase();
        if !matches!(scheme.as_str(), "http" | "https") {
            return Err("it is no http or https address".to_owned());
        }
        let end = rest.find(['/', '?', '#']).unwrap_or(rest.len());
        let (authority, path) = rest.split_at(end);
        let (user, place) = match authority.rsplit_once('@') {
            Some((user, place)) => (Some(user), place),
            None => (None, authority),
        };
        let (host, port) = split_port(place)?;
        let host = ascii_host(host)?;
        let mut warnings = Vec::new();
        if user.is_some() {
            warnings.push("what stands before the @ is a user name, not the host");
        }
        if host.split('.').any(|label| label.starts_with("xn--")) {
            warnings.push("the host is written in letters that may look like others");
        }
        let near = host == "localhost" || host.starts_with("127.") || host == "[::1]";
        if scheme == "http" && !near {
            warnings.push("the connection would not be encrypted");
        }
        let encoded = |text: &str| utf8_percent_encode(text, CONTROLS).to_string();
        let user = user.map(|user| encoded(user) + "@").unwrap_or_default();
        let port = port.map(|port| format!(":{port}")).unwrap_or_default();
        let path = encoded(path);
        Ok(Self {
            whole: format!("{scheme}://{user}{host}{port}{path}"),
            host,
            warnings,
        })
    }
}

/// A host and the number behind it.
fn split_port(place: &str) -> Result<(&str, Option<u16>), String> {
    let bracket = place.rfind(']').unwrap_or(0);
    let Some(colon) = place[bracket..].find(':').map(|at| bracket + at) else {
        return Ok((place, None));
    };
    let (host, port) = (&place[..colon], &place[colon + 1..]);
    if port.is_empty() {
        return Ok((host, None));
    }
    let digits = port.bytes().all(|byte| byte.is_ascii_digit());
    match port.parse() {
        Ok(port) if digits => Ok((host, Some(port))),
        _ => Err("the address has a port that is no port".to_owned()),
    }
}

/// A host in lower case and in ASCII (RFC 5890), letter for letter: one that a browser would map to
/// another host becomes a host that there is not.
fn ascii_host(host: &str) -> Result<String, String> {
    let wrong = || "the address has no host that can be told".to_owned();
    if let Some(inner) = host.strip_prefix('[') {
        let address = inner.strip_suffix(']').ok_or_else(wrong)?;
        let address: std::net::Ipv6Addr = address.parse().map_err(|_| wrong())?;
        return Ok(format!("[{address}]"));
    }
    let parted = host.to_lowercase().replace(['。', '．', '｡'], ".");
    let bare = parted.strip_suffix('.').unwrap_or(&parted);
    let labels: Option<Vec<String>> = bare.split('.').map(ascii_label).collect();
    let host = labels.ok_or_else(wrong)?.join(".");
    if host.len() > 253 {
        return Err(wrong());
    }
    Ok(host)
}

fn ascii_label(label: &str) -> Option<String> {
    let plain = |c: char| {
        !(c.is_ascii() || is_invisible(c)) || c.is_ascii_alphanumeric() || matches!(c, '-' | '_')
    };
    if label.is_empty() || !label.chars().all(plain) {
        return None;
    }
    let label = if label.is_ascii() {
        label.to_owned()
    } else {
        format!("xn--{}", punycode(label)?)
    };
    (label.len() <= 63).then_some(label)
}

/// The encoding of RFC 3492, section 6.3; none where a number grows too large.
fn punycode(label: &str) -> Option<String> {
    const BASE: u32 = 36;
    const LEAST: u32 = 1;
    const MOST: u32 = 26;
    let digit = |value: u32| char::from_digit(value, BASE);
    // The digits of RFC 3492 begin with the letters.
    let letter = |value: u32| match value {
        0..=25 => char::from_u32(u32::from('a') + value),
        _ => digit(value - 26),
    };
    let points: Vec<u32> = label.chars().map(u32::from).take(256).collect();
    let mut output: String = label.chars().filter(char::is_ascii).collect();
    let basic = u32::try_from(output.len()).ok()?;
    let mut handled = basic;
    if basic > 0 {
        output.push('-');
    }
    let (mut point, mut delta, mut bias) = (128u32, 0u32, 72u32);
    while (handled as usize) < points.len() {
        let next = points
            .iter()
            .copied()
            .filter(|&other| other >= point)
            .min()?;
        delta = delta.checked_add((next - point).checked_mul(handled + 1)?)?;
        point = next;
        for &other in &points {
            if other < point {
                delta = delta.checked_add(1)?;
            }
            if other != point {
                continue;
            }
            let mut rest = delta;
            let mut at = BASE;
            loop {
                let threshold = at.saturating_sub(bias).clamp(LEAST, MOST);
                if rest < threshold {
                    break;
                }
                output.push(letter(threshold + (rest - threshold) % (BASE - threshold))?);
                rest = (rest - threshold) / (BASE - threshold);
                at += BASE;
            }
            output.push(letter(rest)?);
            let mut adapted = if handled == basic {
                delta / 700
            } else {
                delta / 2
            };
            adapted += adapted / (handled + 1);
            let mut steps = 0;
            while adapted > (BASE - LEAST) * MOST / 2 {
                adapted /= BASE - LEAST;
                steps += BASE;
            }
            bias = steps + (BASE - LEAST + 1) * adapted / (adapted + 38);
            delta = 0;
            handled += 1;
        }
        delta = delta.checked_add(1)?;
        point += 1;
    }
    Some(output)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_shown_is_what_is_opened() {
        for (text, whole, host) in [
            ("https://example.com", "https://example.com", "example.com"),
            (
                "HTTPS://Example.COM./a?b=c&d='e'#f",
                "https://example.com/a?b=c&d='e'#f",
                "example.com",
            ),
            (
                "https://example.com@evil.test/",
                "https://example.com@evil.test/",
                "evil.test",
            ),
            (
                "https://a:b@c@evil.test:8443",
                "https://a:b@c@evil.test:8443",
                "evil.test",
            ),
            (
                "https://evil.test?@example.com",
                "https://evil.test?@example.com",
                "evil.test",
            ),
            (
                "https://evil.test#@example.com",
                "https://evil.test#@example.com",
                "evil.test",
            ),
            (
                "https://bücher.example/é",
                "https://xn--bcher-kva.example/%C3%A9",
                "xn--bcher-kva.example",
            ),
            (
                "https://аррӏе.com",
                "https://xn--80ak6aa92e.com",
                "xn--80ak6aa92e.com",
            ),
            (
                "https://他们为什么不说中文.test",
                "https://xn--ihqwcrb4cv8a8dqg056pqjye.test",
                "xn--ihqwcrb4cv8a8dqg056pqjye.test",
            ),
            ("https://evil。test/", "https://evil.test/", "evil.test"),
            ("http://[::1]:80/", "http://[::1]:80/", "[::1]"),
            (
                "https://example.com/\u{202e}gpj",
                "https://example.com/%E2%80%AEgpj",
                "example.com",
            ),
        ] {
            let address = Address::read(text).unwrap();
            assert_eq!((&*address.whole, &*address.host), (whole, host), "{text}");
            assert!(address.whole.is_ascii());
        }
    }

    #[test]
    fn what_could_be_read_in_two_ways_is_not_opened() {
        for text in [
            "",
            "example.com",
            "javascript:alert(1)",
            "file:///etc/passwd",
            "vscode://x",
            "https:/example.com",
            "https:///example.com",
            "https://",
            "https://@/",
            "https://evil.test\\@example.com",
            "https://ex\tample.com",
            "https://example.com/\nx",
            "https://exam%70le.com",
            "https://a..b",
            "https://[::1",
            "https://[x]",
            "https://a:b",
            "https://a:99999",
            "https://a:+1",
            "https://a b",
            "https://<a>",
            "https://example.com\u{202e}moc/",
            &format!("https://{}.com", "a".repeat(64)),
            &format!("https://example.com/{}", "a".repeat(LONGEST)),
        ] {
            assert!(Address::read(text).is_err(), "{text}");
        }
    }

    #[test]
    fn what_a_person_should_know_is_said() {
        for (text, warnings) in [
            ("https://example.com", 0),
            ("http://localhost:3000", 0),
            ("http://127.0.0.1", 0),
            ("http://example.com", 1),
            ("https://me@example.com", 1),
            ("https://xn--80ak6aa92e.com", 1),
            ("http://me@аррӏе.com", 3),
        ] {
            assert_eq!(
                Address::read(text).unwrap().warnings.len(),
                warnings,
                "{text}"
            );
        }
    }
}
