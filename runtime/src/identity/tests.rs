//! Tokens that are taken and tokens that are not. The keys were made with openssl for these tests
//! alone; only their public halves are left.

use std::path::PathBuf;

use serde_json::json;

use super::*;

#[cfg(feature = "http")]
const SIGNATURES: Option<Signatures> = Some(keys::verify);
#[cfg(not(feature = "http"))]
const SIGNATURES: Option<Signatures> = None;

const SECRET_TEXT: &str = "a secret of the tests, of 32 bytes or more";

#[cfg(feature = "http")]
const RS256: &str = "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6InJzYSJ9.eyJzdWIiOiJhZGEiLCJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUiLCJhdWQiOlsiem9vLWNsaSIsIm90aGVyIl0sImV4cCI6NDEwMjQ0NDgwMCwiaWF0IjoxNzAwMDAwMDAwLCJyZWFsbV9hY2Nlc3MiOnsicm9sZXMiOlsiYW5hbHlzdCIsImFkbWluIl19fQ.BcuIHhhCHD7eBrF44w9c4oivjWogYxFbbF61PejVgD6YV3amPgqeyLgGFMFIt7TM14XTcaBMIfyeAS-_U72iPBrtHM0oWgb6afN4uxSaVqSdUXzUgvQBxMRCR4Ti0evRsOjaY3RMSE-oRhbWb7f4X0a4__VS6tHQecKWfrAxlw8rxMfL7Gelym56arAdD9QZXYGgXv1Rt8x2gfgPSqvdyVb1-N79Ymmm5bFdq_08vPsBEODxaN8IEBWPBRE30trzvEIyDowh3If6xvcqllnHtK89whYz1_jVuBSzM2HpdTX02dkabUOEJouwWBfbf7-Lt256dWzJQefdAKlLU_N31Q";
#[cfg(feature = "http")]
const ES256: &str = "eyJhbGciOiJFUzI1NiIsInR5cCI6IkpXVCIsImtpZCI6ImVjIn0.eyJzdWIiOiJhZGEiLCJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUiLCJhdWQiOlsiem9vLWNsaSIsIm90aGVyIl0sImV4cCI6NDEwMjQ0NDgwMCwiaWF0IjoxNzAwMDAwMDAwLCJyZWFsbV9hY2Nlc3MiOnsicm9sZXMiOlsiYW5hbHlzdCIsImFkbWluIl19fQ.qaN-woaSben5uVwsntjcUSlRys2yN40DGFTWVc-7T4WTP6w92uQVq1MLNqGdCo4cBzsc1PI1u-LxSgnrIFS9sQ";
#[cfg(feature = "http")]
const EDDSA: &str = "eyJhbGciOiJFZERTQSIsInR5cCI6IkpXVCIsImtpZCI6ImVkIn0.eyJzdWIiOiJhZGEiLCJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUiLCJhdWQiOlsiem9vLWNsaSIsIm90aGVyIl0sImV4cCI6NDEwMjQ0NDgwMCwiaWF0IjoxNzAwMDAwMDAwLCJyZWFsbV9hY2Nlc3MiOnsicm9sZXMiOlsiYW5hbHlzdCIsImFkbWluIl19fQ.xcgr2-Xrx1Z1Sm1mxwHj589mtUUe3Aj4QUtKrJ1e3Hvsc1H0dGtw7IZf6jpio-f4w8xW7xX-6MXADEwW6cbcBg";
#[cfg(feature = "http")]
const UNNAMED: &str = "eyJhbGciOiJSUzI1NiIsInR5cCI6IkpXVCJ9.eyJzdWIiOiJhZGEiLCJpc3MiOiJodHRwczovL2lkLmV4YW1wbGUiLCJhdWQiOlsiem9vLWNsaSIsIm90aGVyIl0sImV4cCI6NDEwMjQ0NDgwMCwiaWF0IjoxNzAwMDAwMDAwLCJyZWFsbV9hY2Nlc3MiOnsicm9sZXMiOlsiYW5hbHlzdCIsImFkbWluIl19fQ.eWTV971DaSg7DPrR5PIHzG02TlofFQ45nfyIponWaeSOINjWoeDFAYOX1y_jbYbTjc1hAJ07folYfHeFoKiPEQ50ehRzMK03ym4Jca304S86Cth8_KlOAedtwNHNlOPChBj134qoq8apEirYoU5FyS5aYFFL24r_7ThK2bMxGoMJbgQiBlkdGBcuZ6vquuJ91U_qPs8QFfohMgdbmHGrW-p5RuErk9krIxCr-lBDOcjY-txo9ItQv8DBtic6jC6ng-sShwuzocyCwd3zeAunhdRNhjM8I00dwzmqNZFjt0Z9Og21aRnIKEbhGKSrpQucx4FhiXnE6Curh9u0TRVj6w";
#[cfg(feature = "http")]
const KEYS: &str = r#"{"keys": [{"kty": "RSA", "kid": "rsa", "use": "sig", "alg": "RS256", "n": "s4zm3HdQRfIBEpkqyMfD2vhwiZcESRK0bkKb2lojk3-fQ2dS2g4duUoP7XshVJ2KecoIVA3EDRNDRusrqYK8CpSRUT1IeT7JUmwt6XuDry3LfjTOyl3LcXUbVEJh8OOFQCOt2m3lX5HkG_iFiNjcu-OF_iDP5vJruKw72GP96DS0073zrmaPAjBWichE3G6llbrNWXxAWZ1W6ux05J996VvaGezMvv1TT-5Xnh8huvCXLu8Li8O9WsHFVsBi7ftX2YPq5gJiT3q3WoRaDnm31SuC3lsBdKnlfGVL4V_hnZkRr9kCgaU4x37d5Wb_HMWgb1soo3Kow9WBPyTNT4oDIQ", "e": "AQAB"}, {"kty": "EC", "kid": "ec", "crv": "P-256", "x": "ww57SLemD4p_F-fHbQkxAtsi_YxhLh1O3hB0qnNyoIo", "y": "PaSisdehYugtX4T60dZfUnsfqrAxi7pDTpdAaFuj1w0"}, {"kty": "OKP", "kid": "ed", "crv": "Ed25519", "x": "92N67xGasxgOxq9zaiGyvczkmIVRZUJ7uHMWwsKwNG4"}]}"#;

/// A folder with a policy's files, gone at the end.
struct Desk(PathBuf);

impl Desk {
    fn new(name: &str) -> Self {
        let folder = format!("mcpress-identity-{name}-{}", std::process::id());
        let desk = Self(std::env::temp_dir().join(folder));
        std::fs::create_dir_all(&desk.0).unwrap();
        desk.write("secret", SECRET_TEXT);
        desk
    }

    fn write(&self, name: &str, text: impl AsRef<[u8]>) {
        use std::io::Write;
        let path = self.0.join(name);
        let mut options = private::options();
        let mut file = options
            .write(true)
            .create(true)
            .truncate(true)
            .open(path)
            .unwrap();
        file.write_all(text.as_ref()).unwrap();
    }

    /// What is said of how to know who calls, with these lines.
    fn section(&self, lines: &str) -> Section {
        let file = self.0.join("policy.toml");
        Section::read(Table::read(&file, lines).unwrap()).unwrap()
    }

    /// Who a token is of, or why it is not taken.
    fn verify(&self, lines: &str, token: &str) -> Result<Caller, String> {
        let verified =
            self.section(lines)
                .verify(&Secret::plain(token), false, SIGNATURES, &|_| {});
        verified.map_err(|error| {
            assert_eq!((error.code(), error.exit() as u8), ("identity_refused", 4));
            let words = error.to_string();
            let signature = token.rsplit('.').next().unwrap();
            assert!(
                signature.is_empty() || !words.contains(signature),
                "{words}"
            );
            words
                .trim_start_matches("the identity is not taken: ")
                .to_owned()
        })
    }
}

impl Drop for Desk {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn encoded(text: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(text)
}

/// A token that is signed with a secret.
fn signed(secret: &[u8], header: &Value, claims: &Value) -> String {
    let text = format!(
        "{}.{}",
        encoded(&header.to_string()),
        encoded(&claims.to_string())
    );
    let signature = digest::keyed(secret, text.as_bytes());
    format!("{text}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
}

fn with_secret(claims: &Value) -> String {
    signed(
        SECRET_TEXT.as_bytes(),
        &json!({"alg": "HS256", "typ": "JWT"}),
        claims,
    )
}

fn soon() -> i64 {
    clock::now() / 1000 + 600
}

const SECRET_ONLY: &str = "secret_file = 'secret'";

#[test]
fn a_token_signed_with_the_secret_says_who_calls() {
    let desk = Desk::new("secret");
    let claims = json!({"sub": "ada", "exp": soon(), "roles": ["analyst", 7, "admin"]});
    let caller = desk.verify(SECRET_ONLY, &with_secret(&claims)).unwrap();
    assert_eq!(caller.subject.as_deref(), Some("ada"));
    assert_eq!(caller.roles, ["analyst", "admin"]);
    assert!(!caller.is_known_to_site);
    // The line that an editor ends is no part of the secret.
    desk.write("secret", format!("{SECRET_TEXT}\r\n"));
    desk.verify(SECRET_ONLY, &with_secret(&claims)).unwrap();
}

/// RFC 7515, appendix A.1: it is ended, which is seen after its signature alone.
#[test]
fn the_token_of_the_standard_has_a_right_signature() {
    let desk = Desk::new("rfc");
    let key =
        "AyM1SysPpbyDfgZld3umj1qzKObwVMkoqQ-EstJQLr_T-1qS0gZH75aKtMN3Yj0iPS4hcgUuTwjAzZr1Z9CAow";
    desk.write("secret", BASE64_URL_SAFE_NO_PAD.decode(key).unwrap());
    let token = "eyJ0eXAiOiJKV1QiLA0KICJhbGciOiJIUzI1NiJ9.eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ.dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
    assert_eq!(
        desk.verify(SECRET_ONLY, token).unwrap_err(),
        "it ended at 2011-03-22T18:43:00.000Z"
    );
}

#[test]
fn roles_are_where_the_policy_says() {
    let desk = Desk::new("roles");
    for (claim, claims, roles) in [
        (
            "roles",
            json!({"roles": "analyst admin"}),
            vec!["analyst", "admin"],
        ),
        (
            "realm_access.roles",
            json!({"realm_access": {"roles": ["x"]}}),
            vec!["x"],
        ),
        (
            "https://a.example/roles",
            json!({"https://a.example/roles": ["x"]}),
            vec!["x"],
        ),
        ("a.b.c", json!({"a.b": {"c": "x"}}), vec!["x"]),
        ("roles", json!({"role": "x"}), vec![]),
        ("roles", json!({"roles": {"x": true}}), vec![]),
    ] {
        let mut claims = claims;
        claims["exp"] = soon().into();
        let lines = format!("{SECRET_ONLY}\nroles_claim = '{claim}'");
        let caller = desk.verify(&lines, &with_secret(&claims)).unwrap();
        assert_eq!(caller.roles, roles, "{claim} {claims}");
    }
}

#[test]
fn times_hold_within_a_minute() {
    let desk = Desk::new("times");
    let now = clock::now() / 1000;
    for (claims, refusal) in [
        (json!({"exp": now - 50}), None),
        (json!({"exp": now - 70}), Some("it ended at ")),
        (json!({"exp": (now + 5) as f64 + 0.5}), None),
        (json!({"exp": "tomorrow"}), Some("its `exp` is no time")),
        (json!({}), Some("it says of itself no end (`exp`)")),
        (
            json!({"exp": now + 9, "nbf": now + 50, "iat": now + 50}),
            None,
        ),
        (
            json!({"exp": now + 999, "nbf": now + 80}),
            Some("it holds only from "),
        ),
        (
            json!({"exp": now + 999, "iat": now + 80}),
            Some("it was issued at "),
        ),
        (
            json!({"exp": now + 999, "iat": null}),
            Some("its `iat` is no time"),
        ),
    ] {
        let verified = desk.verify(SECRET_ONLY, &with_secret(&claims));
        match refusal {
            None => assert!(verified.is_ok(), "{claims} {verified:?}"),
            Some(words) => assert!(
                verified.as_ref().unwrap_err().starts_with(words),
                "{claims} {verified:?}"
            ),
        }
    }
}

#[test]
fn the_issuer_and_the_audience_are_those_of_the_policy() {
    let desk = Desk::new("parties");
    let lines = format!("{SECRET_ONLY}\nissuer = 'https://id.example'\naudience = 'zoo'");
    for (claims, refusal) in [
        (json!({"iss": "https://id.example", "aud": "zoo"}), None),
        (
            json!({"iss": "https://id.example", "aud": ["ark", "zoo"]}),
            None,
        ),
        (
            json!({"iss": "https://id.example/", "aud": "zoo"}),
            Some("it is not of https://id.example (`iss`)"),
        ),
        (
            json!({"aud": "zoo"}),
            Some("it is not of https://id.example (`iss`)"),
        ),
        (
            json!({"iss": "https://id.example", "aud": ["ark"]}),
            Some("it is not for zoo (`aud`)"),
        ),
        (
            json!({"iss": "https://id.example"}),
            Some("it is not for zoo (`aud`)"),
        ),
    ] {
        let mut claims = claims;
        claims["exp"] = soon().into();
        let verified = desk.verify(&lines, &with_secret(&claims));
        assert_eq!(verified.err().as_deref(), refusal, "{claims}");
    }
}

#[test]
fn what_is_not_signed_as_the_policy_wants_is_refused() {
    let desk = Desk::new("forged");
    let claims = json!({"sub": "ada", "exp": soon(), "roles": "admin"});
    let good = with_secret(&claims);
    let (body, signature) = good.rsplit_once('.').unwrap();
    let none = encoded(r#"{"alg":"none"}"#);
    let payload = body.split('.').nth(1).unwrap();
    let other = with_secret(&json!({"sub": "eve", "exp": soon(), "roles": "admin"}));
    let other = other.rsplit_once('.').unwrap().0;
    let critical = json!({"alg": "HS256", "crit": ["b64"], "b64": false});
    for (token, refusal) in [
        (
            format!("{none}.{payload}."),
            "its algorithm is `none`, which is not taken",
        ),
        (
            format!("{none}.{payload}.{signature}"),
            "its algorithm is `none`, which is not taken",
        ),
        (
            format!("{}.{payload}.{signature}", encoded("{}")),
            "its algorithm is `none`, which is not taken",
        ),
        (
            signed(SECRET_TEXT.as_bytes(), &json!({"alg": "HS512"}), &claims),
            "its algorithm is `HS512`, which is not taken",
        ),
        (
            signed(
                SECRET_TEXT.as_bytes(),
                &json!({"alg": "\u{1b}[31mred and far too long"}),
                &claims,
            ),
            "its algorithm is `red and far too`, which is not taken",
        ),
        (
            signed(SECRET_TEXT.as_bytes(), &critical, &claims),
            "it has critical extensions, and none is understood",
        ),
        (format!("{other}.{signature}"), "its signature is wrong"),
        (format!("{body}."), "its signature is wrong"),
        (
            format!("{body}.{}", &signature[..20]),
            "its signature is wrong",
        ),
        (
            signed(
                b"another secret of the tests, as long",
                &json!({"alg": "HS256"}),
                &claims,
            ),
            "its signature is wrong",
        ),
        (body.to_owned(), "it is no JSON Web Token"),
        (format!("{good}.x"), "it is no JSON Web Token"),
        (format!("{body}.{signature}="), "it is no JSON Web Token"),
        ("..".to_owned(), "it is no JSON Web Token"),
        (
            format!("{}.{payload}.{signature}", encoded("[]")),
            "it is no JSON Web Token",
        ),
        (
            format!("{}.{payload}.{signature}", "x".repeat(70_000)),
            "it is too long",
        ),
    ] {
        assert_eq!(
            desk.verify(SECRET_ONLY, &token).err().as_deref(),
            Some(refusal),
            "{token}"
        );
    }
}

#[test]
fn a_secret_must_be_one_and_be_long_enough() {
    let desk = Desk::new("weak");
    let claims = json!({"exp": soon()});
    let refusal = |secret: &str| {
        desk.write("secret", secret);
        let token = signed(secret.as_bytes(), &json!({"alg": "HS256"}), &claims);
        let words = desk.verify(SECRET_ONLY, &token).unwrap_err();
        words
            .rsplit("secret ")
            .next()
            .unwrap_or_default()
            .to_owned()
    };
    assert_eq!(refusal("short"), "has fewer than 32 bytes");
    let public = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEA\n-----END PUBLIC KEY-----";
    assert_eq!(refusal(public), "is a key, and no secret");
    std::fs::remove_file(desk.0.join("secret")).unwrap();
    let words = desk.verify(SECRET_ONLY, &with_secret(&claims)).unwrap_err();
    assert!(words.starts_with("cannot read "), "{words}");
    assert_eq!(
        desk.verify("jwks_file = 'keys'", &with_secret(&claims))
            .unwrap_err(),
        "it is signed with HS256, and there is no secret_file"
    );
}

#[cfg(unix)]
#[test]
fn a_secret_that_others_can_read_is_warned_about() {
    use std::os::unix::fs::PermissionsExt;
    let desk = Desk::new("shared");
    let warned = |mode| {
        let file = desk.0.join("secret");
        std::fs::set_permissions(file, std::fs::Permissions::from_mode(mode)).unwrap();
        let warnings = std::cell::RefCell::new(Vec::new());
        let token = Secret::plain(with_secret(&json!({"exp": soon()})));
        let warn = |warning: &str| warnings.borrow_mut().push(warning.to_owned());
        desk.section(SECRET_ONLY)
            .verify(&token, false, SIGNATURES, &warn)
            .unwrap();
        warnings.into_inner()
    };
    assert!(warned(0o600).is_empty());
    assert!(
        warned(0o640)[0].ends_with("chmod 600"),
        "{:?}",
        warned(0o640)
    );
}

#[test]
fn a_policy_names_a_file() {
    let table = Table::read(std::path::Path::new("policy.toml"), "[i]\nissuer = 'x'");
    let section = Section::read(table.unwrap().table("i").unwrap().unwrap());
    assert_eq!(
        section.unwrap_err().to_string(),
        "policy.toml:1: `i`: names neither secret_file nor jwks_file"
    );
}

#[cfg(not(feature = "http"))]
#[test]
fn public_keys_are_for_programs_with_tls() {
    let desk = Desk::new("none");
    let token = format!("{}.e30.e30", encoded(r#"{"alg":"ES256"}"#));
    assert_eq!(
        desk.verify("jwks_file = 'keys'", &token).unwrap_err(),
        "it is signed with ES256, and a program for a local server checks HS256 alone"
    );
}

#[cfg(feature = "http")]
#[test]
fn a_token_signed_with_a_private_key_says_who_calls() {
    let desk = Desk::new("keys");
    desk.write("keys", KEYS);
    let lines = "jwks_file = 'keys'\nissuer = 'https://id.example'\naudience = 'zoo-cli'\nroles_claim = 'realm_access.roles'";
    for token in [RS256, ES256, EDDSA, UNNAMED] {
        let caller = desk.verify(lines, token).unwrap();
        assert_eq!(caller.subject.as_deref(), Some("ada"));
        assert_eq!(caller.roles, ["analyst", "admin"]);
    }
}

#[cfg(feature = "http")]
#[test]
fn a_key_checks_signatures_of_its_kind_and_name_alone() {
    let desk = Desk::new("confused");
    let lines = "jwks_file = 'keys'\nsecret_file = 'secret'";
    let no_key = format!(
        "no key of {} is the one that signed it",
        desk.0.join("keys").display()
    );
    let set: Value = serde_json::from_str(KEYS).unwrap();
    let altered = |change: &dyn Fn(&mut Value)| {
        let mut set = set.clone();
        change(&mut set);
        set.to_string()
    };
    let damaged = |token: &str| {
        let (body, signature) = token.rsplit_once('.').unwrap();
        let mut bytes = BASE64_URL_SAFE_NO_PAD.decode(signature).unwrap();
        bytes[5] ^= 1;
        format!("{body}.{}", BASE64_URL_SAFE_NO_PAD.encode(bytes))
    };
    for (keys, token, refusal) in [
        (KEYS.to_owned(), damaged(RS256), "its signature is wrong"),
        (KEYS.to_owned(), damaged(ES256), "its signature is wrong"),
        (KEYS.to_owned(), damaged(EDDSA), "its signature is wrong"),
        // The header says another algorithm than the key is for.
        (
            altered(&|set| set["keys"][0]["alg"] = "RS512".into()),
            RS256.to_owned(),
            &*no_key,
        ),
        (
            altered(&|set| set["keys"][0]["use"] = "enc".into()),
            RS256.to_owned(),
            &*no_key,
        ),
        (
            altered(&|set| set["keys"][1]["kid"] = "other".into()),
            ES256.to_owned(),
            &*no_key,
        ),
        (
            altered(&|set| set["keys"][1]["crv"] = "P-384".into()),
            ES256.to_owned(),
            &*no_key,
        ),
        (
            altered(&|set| set["keys"][2]["x"] = "!".into()),
            EDDSA.to_owned(),
            &*no_key,
        ),
        (
            altered(&|set| set["keys"][2]["x"] = "AAAA".into()),
            EDDSA.to_owned(),
            "its signature is wrong",
        ),
        ("{}".to_owned(), RS256.to_owned(), &*no_key),
        (
            r#"{"keys": [{"kty": "oct", "k": "AAAA"}]}"#.to_owned(),
            UNNAMED.to_owned(),
            &*no_key,
        ),
    ] {
        desk.write("keys", keys);
        assert_eq!(
            desk.verify(lines, &token).err().as_deref(),
            Some(refusal),
            "{token}"
        );
    }
    // Public keys are no secrets: signed with what everybody can read, it is not taken.
    desk.write("keys", KEYS);
    let claims = json!({"sub": "eve", "exp": soon()});
    let forged = signed(
        KEYS.as_bytes(),
        &json!({"alg": "HS256", "kid": "rsa"}),
        &claims,
    );
    assert_eq!(
        desk.verify(lines, &forged).unwrap_err(),
        "its signature is wrong"
    );
}

#[test]
fn a_token_is_given_as_it_is_in_a_file_or_in_a_variable() {
    let desk = Desk::new("given");
    desk.write("token", " a.b.c\n");
    let of = |text: &str| given("zoo", Some(&Secret::plain(text)));
    let at = format!("@{}", desk.0.join("token").display());
    assert_eq!(of("a.b.c").unwrap().unwrap().expose(), "a.b.c");
    assert_eq!(of(&at).unwrap().unwrap().expose(), "a.b.c");
    assert_eq!(
        of("env:PATH").unwrap().unwrap().expose(),
        std::env::var("PATH").unwrap().trim()
    );
    for missing in ["@/nowhere/token", "env:MCPRESS_NO_SUCH_VARIABLE"] {
        assert_eq!(of(missing).unwrap_err().code(), "identity_refused");
    }
    assert!(given("no-such-program", None).unwrap().is_none());
}
