//! One row for each of the vault's refusals, and what is read of their bodies.

use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use serde_json::{Value, json};

use super::{Kind, Recovery, Refusal};
use crate::alter::credential::Asked;
use crate::error::Exit::{self, *};
use crate::error::{Error, Fault};

/// A refusal with this body, as the vault gives most of them: under `detail`.
fn refusal(status: u16, error: &str, fields: Value) -> Refusal {
    let mut body = json!({"error": error, "message": "some words of the vault's."});
    for (name, value) in fields.as_object().unwrap() {
        body[name] = value.clone();
    }
    let body = json!({"detail": body}).to_string();
    Refusal::read(status, &HeaderMap::new(), body.as_bytes()).of("altr-cli")
}

fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
    let pairs = pairs.iter().map(|(name, value)| {
        (
            HeaderName::from_static(name),
            HeaderValue::from_str(value).unwrap(),
        )
    });
    pairs.collect()
}

/// Status, the vault's word, its fields; then kind, code, exit status, whether to try again, what the
/// message says and what the hint says.
type Row = (
    u16,
    &'static str,
    Value,
    Kind,
    &'static str,
    Exit,
    bool,
    &'static str,
    &'static str,
);

/// The rows of the table of refusals.
#[rustfmt::skip] // A row is a line.
fn rows() -> Vec<Row> {
    let none = || json!({});
    let google = || json!({"provider_id": "google"});
    let connect = "run `altr-cli auth connect google`";
    let key = "run `altr-cli auth set ALTER_API_KEY`";
    let operator = "ask the vault's operator";
    vec![
        (400, "delegated_grant_requires_proxy", none(), Kind::NeedsProxy, "grant_needs_proxy", Usage, false, "delegated by somebody", "mode = \"forward\""),
        (400, "restricted_grant_requires_proxy", none(), Kind::NeedsProxy, "grant_needs_proxy", Usage, false, "restricted to some requests", "forward"),
        (403, "restricted_grant_requires_proxy", none(), Kind::NeedsProxy, "grant_needs_proxy", Usage, false, "restricted to some requests", "forward"),
        (400, "hitl_grant_requires_proxy", none(), Kind::NeedsProxy, "grant_needs_proxy", Usage, false, "needs an approval", "forward"),
        (400, "user_limits_require_proxy", none(), Kind::NeedsProxy, "grant_needs_proxy", Usage, false, "limits", "forward"),
        (400, "caller_agent_mismatch", none(), Kind::CallerAgentMismatch, "caller_agent_mismatch", Usage, false, "another agent", "key of the agent"),
        (403, "grant_revoked", google(), Kind::GrantRevoked, "grant_revoked", Credential, false, "the grant for `google` was revoked", connect),
        (400, "grant_revoked", json!({"grant_id": "g-1"}), Kind::GrantRevoked, "grant_revoked", Denied, false, "grant g-1 was revoked", "name a grant"),
        (502, "grant_revoked", google(), Kind::GrantRevoked, "grant_revoked", Credential, false, "was revoked", connect),
        (400, "credential_revoked", google(), Kind::CredentialRevoked, "credential_revoked", Credential, false, "no longer works", connect),
        (403, "credential_revoked", google(), Kind::CredentialRevoked, "credential_revoked", Credential, false, "no longer works", connect),
        (400, "whatever", none(), Kind::Refused, "vault_refused", Protocol, false, "some words of the vault's (HTTP 400)", ""),
        (502, "whatever", none(), Kind::Trouble, "vault_trouble", Unreachable, true, "HTTP 502", "try again later"),
        (401, "invalid_key", none(), Kind::InvalidKey, "invalid_key", Credential, false, "does not know the key", key),
        (401, "key_revoked", none(), Kind::KeyRevoked, "key_revoked", Credential, false, "revoked", key),
        (401, "key_expired", none(), Kind::KeyExpired, "key_expired", Credential, false, "expired", key),
        (401, "key_rotated_grace_expired", none(), Kind::KeyRotated, "key_rotated", Credential, false, "replaced", key),
        (401, "key_not_active", none(), Kind::KeyInactive, "key_inactive", Credential, false, "not active", key),
        (401, "agent_inactive", none(), Kind::AgentInactive, "agent_inactive", Denied, false, "paused", operator),
        (401, "agent_revoked", none(), Kind::AgentRevoked, "agent_revoked", Denied, false, "agent of this key was revoked", operator),
        (401, "jwt_validation_error", none(), Kind::UserToken, "invalid_user_token", Credential, false, "user token", "sign the user in again"),
        (401, "invalid_signature", none(), Kind::Unauthenticated, "vault_unauthorized", Credential, false, "some words", "clock"),
        (400, "agent_requires_user_token", none(), Kind::NeedsUser, "user_token_required", Usage, false, "by a user", "user's token"),
        (402, "grant_limit_exceeded", none(), Kind::PlanLimit, "plan_limit", Denied, false, "plan", operator),
        (403, "insufficient_scope", json!({"missing": ["tokens:retrieve"]}), Kind::InsufficientScope, "insufficient_scope", Credential, false, "lacks the scope tokens:retrieve", "with this scope"),
        (400, "constraint_not_narrowing", none(), Kind::NotNarrowing, "insufficient_scope", Credential, false, "lacks a scope", "with this scope"),
        (403, "grant_expired", google(), Kind::GrantExpired, "grant_expired", Credential, false, "has expired", connect),
        (403, "scope_mismatch", json!({"details": {"grant_id": "g-1", "provider_id": "google"}}), Kind::ScopeReauthRequired, "scope_reauth_required", Credential, false, "does not allow", connect),
        (403, "step_up_required", json!({"max_session_age_seconds": 300}), Kind::StepUpRequired, "step_up_required", Credential, false, "not older than 300 s", "sign in again"),
        (403, "redact_discharge_failed", none(), Kind::RedactDischargeFailed, "redact_discharge_failed", Denied, false, "redact", ""),
        (403, "grant_not_delegable", json!({"detail_reason": "no_consenting_user"}), Kind::GrantNotDelegable, "grant_not_delegable", Denied, false, "passed on", operator),
        (403, "me_requires_agent_key", none(), Kind::NeedsAgentKey, "agent_key_required", Usage, false, "application's", "AGENT_API_KEY"),
        (403, "rate_of_calls", none(), Kind::PolicyViolation, "policy_violation", Denied, false, "policy forbids it: some words", ""),
        (404, "no_delegated_grant", json!({"provider_id": "google", "agent_id": "a-1"}), Kind::NoDelegatedGrant, "missing_grant", Credential, false, "nobody has given this agent a grant for `google`", connect),
        (409, "no_delegated_grant", google(), Kind::NoDelegatedGrant, "missing_grant", Credential, false, "nobody has given", connect),
        (404, "caller_agent_unresolved", none(), Kind::AgentNotFound, "agent_not_found", Usage, false, "agent", "key of the agent"),
        (404, "agent_not_found", none(), Kind::AgentNotFound, "agent_not_found", Usage, false, "agent", "key of the agent"),
        (404, "secret_not_found", none(), Kind::SecretNotFound, "secret_not_found", Usage, false, "no secret of this name", "slug"),
        (404, "grant_not_found", google(), Kind::GrantNotFound, "missing_grant", Credential, false, "no grant for `google` that this key", connect),
        (404, "whatever", none(), Kind::GrantNotFound, "missing_grant", Credential, false, "the vault has no grant that this key can use", "name a grant"),
        (409, "token_refresh_in_progress", none(), Kind::RefreshInProgress, "token_refresh_in_progress", Unreachable, true, "being refreshed", "try again"),
        (409, "ambiguous_grant", json!({"provider_id": "slack", "candidates": [ {"grant_id": "g-1", "label": "work", "account_identifier": "me@example"}, {"grant_id": "g-2"}, ]}), Kind::AmbiguousGrant, "ambiguous_grant", Usage, false, "the grant for `slack` could be several: label `work` account `me@example`, g-2", "account"),
        (409, "sibling_label_conflict", none(), Kind::SiblingLabelConflict, "label_conflict", Usage, false, "label is taken", ""),
        (409, "credential_id_required", json!({"credentials": [{"id": "c-1"}]}), Kind::CredentialIdRequired, "credential_id_required", Usage, false, "several credentials", ""),
        (409, "end_user_credential_not_assignable", none(), Kind::CredentialNotAssignable, "credential_not_assignable", Usage, false, "user's own", ""),
        (409, "managed_oauth_scope_approval_required", none(), Kind::NeedsOperator, "operator_required", Denied, false, "not set up", operator),
        (409, "idp_signin_not_configured", none(), Kind::NeedsOperator, "operator_required", Denied, false, "not set up", operator),
        (409, "no_eligible_grants", none(), Kind::NeedsOperator, "operator_required", Denied, false, "not set up", operator),
        (409, "binding_hosts_required", none(), Kind::NeedsOperator, "operator_required", Denied, false, "not set up", operator),
        (409, "provider_contract_repair_required", none(), Kind::NeedsOperator, "operator_required", Denied, false, "not set up", operator),
        (409, "whatever", none(), Kind::Refused, "vault_refused", Protocol, false, "some words", ""),
        (410, "whatever", google(), Kind::GrantDeleted, "grant_deleted", Credential, false, "was deleted", connect),
        (410, "grant_deleted", none(), Kind::GrantDeleted, "grant_deleted", Denied, false, "the grant was deleted", "name a grant"),
        (422, "blocked_destination", json!({"request_id": "req-1"}), Kind::BlockedDestination, "blocked_destination", Denied, false, "request req-1", "allow the host"),
        (422, "query_too_long", none(), Kind::QueryTooLong, "query_too_long", Usage, false, "query is too long", ""),
        (422, "secret_template_mismatch", none(), Kind::SecretTemplateMismatch, "secret_template_mismatch", Usage, false, "another kind", "slug"),
        (422, "whatever", none(), Kind::Refused, "vault_refused", Protocol, false, "HTTP 422", ""),
        (429, "quota_exceeded", json!({"retry_after": 86_400}), Kind::QuotaExceeded, "quota_exceeded", Denied, false, "quota", "try again in 86400 s"),
        (429, "rate_limit_exceeded", json!({"retry_after": 7, "scope": "key", "limit": 60, "window_seconds": 60}), Kind::RateLimited, "rate_limited", Unreachable, true, "too many requests", "try again in 7 s"),
        (429, "whatever", none(), Kind::Trouble, "vault_trouble", Unreachable, true, "HTTP 429", "try again"),
        (500, "app_not_found_for_key", none(), Kind::KeyAppNotFound, "key_without_app", Credential, false, "no application", key),
        (500, "whatever", json!({"retry_after": 3}), Kind::Trouble, "vault_trouble", Unreachable, true, "HTTP 500", "try again in 3 s"),
        (503, "whatever", none(), Kind::Trouble, "vault_trouble", Unreachable, true, "HTTP 503", "try again"),
        (503, "caller_agent_resolution_error", none(), Kind::CallerAgentResolution, "vault_trouble", Unreachable, true, "which agent", "try again"),
        (504, "timeout", json!({"timeout_reason": "provider"}), Kind::VaultTimeout, "vault_timeout", Timeout, true, "ran out of time: provider", "try again"),
        (409, "approval_denied", none(), Kind::ApprovalDenied, "approval_denied", Denied, false, "denied", ""),
        (409, "approval_expired", none(), Kind::ApprovalExpired, "approval_expired", Denied, false, "in time", ""),
        (409, "approval_execution_failed", none(), Kind::ApprovalFailed, "approval_failed", Tool, false, "approved, and then failed", ""),
        (409, "approval_not_ready", json!({"approval_id": "not kept"}), Kind::ApprovalPending, "approval_pending", Credential, false, "not given yet", "try again"),
        (404, "approval_not_found", none(), Kind::ApprovalNotFound, "approval_not_found", Usage, false, "no approval", "altr-cli auth approvals list"),
        (409, "agent_name_exists", none(), Kind::AgentNameExists, "agent_name_exists", Usage, false, "name", ""),
        (409, "agent_concurrent_update", none(), Kind::AgentConcurrentUpdate, "agent_concurrent_update", Unreachable, true, "somebody else", "try again"),
        (404, "key_not_found", none(), Kind::KeyNotFound, "key_not_found", Usage, false, "no such key", ""),
        (409, "last_active_key", none(), Kind::LastActiveKey, "last_active_key", Denied, false, "last key", ""),
        (409, "agent_key_limit_reached", none(), Kind::AgentKeyLimit, "agent_key_limit", Denied, false, "as many keys", ""),
        (403, "agent_cannot_mint_subagents", none(), Kind::AgentCannotMint, "agent_cannot_mint", Denied, false, "cannot make agents", ""),
        (422, "idempotency_key_body_mismatch", none(), Kind::IdempotencyConflict, "idempotency_conflict", Usage, false, "differs", ""),
        (409, "idempotency_key_agent_revoked", none(), Kind::IdempotencyConflict, "idempotency_conflict", Usage, false, "differs", ""),
        (409, "idempotency_key_agent_inactive", none(), Kind::IdempotencyConflict, "idempotency_conflict", Usage, false, "differs", ""),
        (409, "key_revoked", none(), Kind::KeyAlreadyRevoked, "key_already_revoked", Denied, false, "revoked before", ""),
    ]
}

#[test]
fn every_refusal_has_a_kind_a_code_a_status_words_and_a_way_out() {
    for (status, word, fields, kind, code, exit, retryable, message, hint) in rows() {
        let refusal = refusal(status, word, fields);
        let row = format!("{status} {word}: {refusal:?}");
        assert_eq!(refusal.kind, kind, "{row}");
        let fault = refusal.fault();
        assert_eq!(
            (fault.code, fault.exit, fault.retryable),
            (code, exit, retryable),
            "{row}"
        );
        assert!(fault.message.contains(message), "{}: {row}", fault.message);
        let given = fault.hint.unwrap_or_default();
        assert!(given.contains(hint), "{given}: {row}");
        assert_eq!(given.is_empty(), hint.is_empty(), "{given}: {row}");
        assert_eq!(fault.details["vault_error"], word);
        assert_eq!(fault.details["status"], status);
    }
}

#[test]
fn what_is_no_answer_of_the_vaults_has_a_kind_too() {
    for (refusal, code, exit, retryable, message) in [
        (
            Refusal::malformed("`grant_id` is not a UUID"),
            "vault_malformed",
            Protocol,
            false,
            "the vault's answer is malformed: `grant_id` is not a UUID",
        ),
        (
            Refusal::new(Kind::NoConnection, "connection refused"),
            "vault_unreachable",
            Unreachable,
            true,
            "cannot reach the vault: connection refused",
        ),
        (
            Refusal::new(Kind::TimedOut, "within 95s"),
            "vault_timeout",
            Timeout,
            true,
            "no answer from the vault: within 95s",
        ),
        (
            Refusal::new(Kind::BadArgument, "no provider is given"),
            "usage",
            Usage,
            false,
            "no provider is given",
        ),
    ] {
        let fault = refusal.fault();
        assert_eq!(
            (fault.code, fault.exit, fault.retryable),
            (code, exit, retryable)
        );
        assert_eq!(fault.message, message);
    }
}

#[test]
fn sessions_that_come_to_nothing_have_a_kind() {
    for (word, kind, code, exit) in [
        (
            "connect_denied",
            Kind::ConnectDenied,
            "connect_denied",
            Denied,
        ),
        (
            "session_expired",
            Kind::ConnectExpired,
            "connect_expired",
            Credential,
        ),
        (
            "provider_configuration_unavailable",
            Kind::ConnectConfig,
            "connect_misconfigured",
            Usage,
        ),
        (
            "identity_provider_inactive",
            Kind::NeedsOperator,
            "operator_required",
            Denied,
        ),
        (
            "service_unavailable",
            Kind::Trouble,
            "vault_trouble",
            Unreachable,
        ),
        (
            "grant_activation_failed",
            Kind::ConnectFailed,
            "connect_failed",
            Credential,
        ),
    ] {
        assert_eq!(Kind::of_connect(word), kind, "{word}");
        let fault = Refusal::told(kind, Some(word), None).fault();
        assert_eq!((fault.code, fault.exit), (code, exit));
    }
}

#[test]
fn a_body_that_is_not_json_is_not_repeated() {
    for (status, kind) in [
        (400, Kind::Refused),
        (401, Kind::Unauthenticated),
        (403, Kind::PolicyViolation),
        (404, Kind::NotFound),
        (429, Kind::RateLimited),
        (500, Kind::Trouble),
        (302, Kind::Refused),
    ] {
        let body = b"<html>x-api-key: alter_rk_marked</html>";
        let refusal = Refusal::read(status, &HeaderMap::new(), body);
        assert_eq!(refusal.kind, kind, "{status}");
        let error = Error::from(refusal);
        let told = format!("{error} {:?} {}", error.hint(), error.to_json(None));
        assert!(!told.contains("marked") && !told.contains("html"), "{told}");
    }
}

#[test]
fn both_forms_of_a_body_and_a_list_of_complaints_are_read() {
    let flat =
        br#"{"error": "invalid_key", "message": "Invalid API key", "hint": "Create a new key."}"#;
    let refusal = Refusal::read(401, &HeaderMap::new(), flat);
    assert_eq!(refusal.kind, Kind::InvalidKey);
    assert_eq!(refusal.fault().hint.as_deref(), Some("Create a new key."));
    let list = br#"{"detail": [{"type": "less_than_equal", "loc": ["query", "wait"], "input": "marked"}, {"loc": [1]}, 7]}"#;
    let fault = Refusal::read(422, &HeaderMap::new(), list).fault();
    assert_eq!(
        fault.message,
        "the vault refused: query.wait: less_than_equal; 1: invalid (HTTP 422)"
    );
    let text = br#"{"detail": "Not Found"}"#;
    assert_eq!(
        Refusal::read(404, &HeaderMap::new(), text).kind,
        Kind::NotFound
    );
}

#[test]
fn the_numbers_of_a_request_are_told_with_it() {
    let headers = headers(&[
        ("x-correlation-id", "corr-1"),
        ("x-request-id", "req-1"),
        ("retry-after", "12"),
    ]);
    let body = br#"{"error": "x", "retry_after": 5}"#;
    let Fault {
        message,
        hint,
        details,
        ..
    } = Refusal::read(503, &headers, body).fault();
    assert_eq!(
        message,
        "the vault is in trouble: x (HTTP 503, request req-1)"
    );
    assert_eq!(hint.as_deref(), Some("try again in 12 s"));
    assert_eq!(details["correlation_id"], "corr-1");
    assert_eq!(details["retry_after"], 12);
}

#[test]
fn a_quota_may_be_longer_than_a_limit_of_the_rate() {
    let week = headers(&[("retry-after", "604800")]);
    for (word, expected) in [("quota_exceeded", 604_800), ("rate_limit_exceeded", 3600)] {
        let body = json!({"error": word}).to_string();
        let refusal = Refusal::read(429, &week, body.as_bytes());
        assert_eq!(refusal.retry_after, Some(expected));
    }
}

#[test]
fn a_clock_that_is_wrong_is_told_from_one_that_is_not() {
    let hint = |date: &str| {
        Refusal::read(401, &headers(&[("date", date)]), b"{}")
            .fault()
            .hint
            .unwrap()
    };
    let told = hint("Thu, 01 Jan 2026 00:00:00 GMT");
    assert!(
        told.contains("set this machine's clock") && told.contains("ahead of the vault's"),
        "{told}"
    );
    assert!(hint("Fri, 01 Jan 2100 00:00:00 GMT").contains("behind the vault's"));
    assert!(hint("yesterday").contains("clock right"));
}

#[test]
fn what_can_be_connected_is_known_from_the_refusal_or_from_the_request() {
    let found = refusal(
        404,
        "no_delegated_grant",
        json!({"provider_id": "google", "agent_id": "a-1"}),
    )
    .recovery();
    assert_eq!(
        found,
        Some(Recovery {
            provider: "google".into(),
            agent: Some("a-1".into()),
            repair: None
        })
    );
    let found = refusal(
        400,
        "credential_revoked",
        json!({"provider_id": "google", "grant_id": "g-1"}),
    )
    .recovery();
    assert_eq!(
        found,
        Some(Recovery {
            provider: "google".into(),
            agent: None,
            repair: Some("g-1".into())
        })
    );
    let revoked = || refusal(403, "grant_revoked", json!({"grant_id": "g-1"}));
    assert_eq!(revoked().recovery(), None);
    let asked = revoked().about(&Asked::of_provider("google"));
    assert_eq!(
        asked.recovery(),
        Some(Recovery {
            provider: "google".into(),
            ..Recovery::default()
        })
    );
    assert_eq!(asked.exit(), Credential);
    assert_eq!(
        refusal(403, "whatever", json!({"provider_id": "google"})).recovery(),
        None
    );
}

#[test]
fn nothing_of_a_body_is_repeated_without_bounds() {
    let nested = json!({"a": {"b": {"c": {"d": "deep"}}}});
    let fields = json!({
        "provider_id": format!("go\u{1b}[31mogle\n{}", "x".repeat(10_000)),
        "candidates": vec![nested; 1000],
        "missing": vec!["s"; 1000],
        "access_token": "marked",
    });
    let json = Error::from(refusal(409, "ambiguous_grant", fields))
        .to_json(None)
        .to_string();
    assert!(json.len() < 5_000, "{}", json.len());
    for unwanted in ["marked", "deep", "\\u001b", "\\n"] {
        assert!(!json.contains(unwanted), "{unwanted}: {json}");
    }
}
