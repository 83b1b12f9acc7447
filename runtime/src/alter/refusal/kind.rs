//! The kinds of refusals, and what each ends a run with.

use crate::error::Exit::{self, Credential, Denied, Protocol, Timeout, Tool, Unreachable, Usage};

/// Why there is no answer to work with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    /// The grant is used through the vault alone.
    NeedsProxy,
    CallerAgentMismatch,
    GrantRevoked,
    CredentialRevoked,
    /// What was given as a key is none.
    NoKey,
    InvalidKey,
    KeyRevoked,
    KeyExpired,
    KeyRotated,
    KeyInactive,
    AgentInactive,
    AgentRevoked,
    /// The token of the user's identity provider is not accepted.
    UserToken,
    /// A refusal of the whole request: the key, the clock or the signature.
    Unauthenticated,
    PlanLimit,
    InsufficientScope,
    /// A request that would narrow the key's scopes names one that the key does not have.
    NotNarrowing,
    GrantExpired,
    ScopeReauthRequired,
    StepUpRequired,
    RedactDischargeFailed,
    GrantNotDelegable,
    NeedsAgentKey,
    /// A grant is given to an agent by a user, and there is none.
    NeedsUser,
    PolicyViolation,
    NoDelegatedGrant,
    AgentNotFound,
    SecretNotFound,
    GrantNotFound,
    /// Something of the vault's that is not a grant, or a whole endpoint.
    NotFound,
    RefreshInProgress,
    AmbiguousGrant,
    SiblingLabelConflict,
    CredentialIdRequired,
    CredentialNotAssignable,
    /// Something the operator has to set up or allow.
    NeedsOperator,
    GrantDeleted,
    BlockedDestination,
    QueryTooLong,
    SecretTemplateMismatch,
    QuotaExceeded,
    RateLimited,
    KeyAppNotFound,
    CallerAgentResolution,
    /// A failure within the vault, or on the way from it.
    Trouble,
    /// The vault ran out of time.
    VaultTimeout,
    /// A refusal that is not known, of a request that should have been right.
    Refused,
    ApprovalPending,
    ApprovalDenied,
    ApprovalExpired,
    ApprovalFailed,
    ApprovalNotFound,
    /// Nobody has been to the page yet.
    ConnectPending,
    ConnectDenied,
    ConnectExpired,
    ConnectFailed,
    /// The provider is not set up so that anybody could connect it.
    ConnectConfig,
    AgentNameExists,
    AgentConcurrentUpdate,
    AgentCannotMint,
    KeyNotFound,
    KeyAlreadyRevoked,
    LastActiveKey,
    AgentKeyLimit,
    IdempotencyConflict,
    /// An answer that breaks the rules. Nothing of it is used.
    Malformed,
    /// No connection.
    NoConnection,
    /// No answer in time.
    TimedOut,
    /// What was to be sent is wrong; nothing was.
    BadArgument,
}

/// What a kind ends a run with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Fate {
    pub(super) code: &'static str,
    pub(super) exit: Exit,
    pub(super) retryable: bool,
}

impl Kind {
    /// The kind of an answer's status and the vault's own word for it.
    ///
    /// The word counts where it is of this status; what is not known is judged by the status.
    pub(super) fn of(status: u16, word: Option<&str>) -> Self {
        match (status, word.unwrap_or_default()) {
            (_, "approval_denied") => Self::ApprovalDenied,
            (_, "approval_expired") => Self::ApprovalExpired,
            (_, "approval_execution_failed") => Self::ApprovalFailed,
            (_, "approval_not_found") => Self::ApprovalNotFound,
            (_, "approval_not_ready") => Self::ApprovalPending,
            (_, "agent_name_exists") => Self::AgentNameExists,
            (_, "agent_concurrent_update") => Self::AgentConcurrentUpdate,
            (_, "agent_cannot_mint_subagents") => Self::AgentCannotMint,
            (_, "agent_key_limit_reached") => Self::AgentKeyLimit,
            (_, "last_active_key") => Self::LastActiveKey,
            (_, "key_not_found") => Self::KeyNotFound,
            (
                _,
                "idempotency_key_body_mismatch"
                | "idempotency_key_agent_revoked"
                | "idempotency_key_agent_inactive",
            ) => Self::IdempotencyConflict,
            (
                400,
                "delegated_grant_requires_proxy"
                | "restricted_grant_requires_proxy"
                | "hitl_grant_requires_proxy"
                | "user_limits_require_proxy",
            )
            | (403, "restricted_grant_requires_proxy") => Self::NeedsProxy,
            (400, "caller_agent_mismatch") => Self::CallerAgentMismatch,
            (400, "agent_requires_user_token") => Self::NeedsUser,
            (400, "constraint_not_narrowing") => Self::NotNarrowing,
            (400 | 403 | 502, "grant_revoked") => Self::GrantRevoked,
            (400 | 403 | 502, "credential_revoked") => Self::CredentialRevoked,
            (401, "invalid_key") => Self::InvalidKey,
            (401, "key_revoked") => Self::KeyRevoked,
            (_, "key_revoked") => Self::KeyAlreadyRevoked,
            (401, "key_expired") => Self::KeyExpired,
            (401, "key_rotated_grace_expired") => Self::KeyRotated,
            (401, "key_not_active") => Self::KeyInactive,
            (401, "agent_inactive") => Self::AgentInactive,
            (401, "agent_revoked") => Self::AgentRevoked,
            (401, "jwt_validation_error") => Self::UserToken,
            (401, _) => Self::Unauthenticated,
            (402, _) => Self::PlanLimit,
            (403, "insufficient_scope") => Self::InsufficientScope,
            (403, "grant_expired") => Self::GrantExpired,
            (403, "scope_mismatch") => Self::ScopeReauthRequired,
            (403, "step_up_required") => Self::StepUpRequired,
            (403, "redact_discharge_failed") => Self::RedactDischargeFailed,
            (403, "grant_not_delegable") => Self::GrantNotDelegable,
            (403, "me_requires_agent_key") => Self::NeedsAgentKey,
            (403, _) => Self::PolicyViolation,
            (404 | 409, "no_delegated_grant") => Self::NoDelegatedGrant,
            (404, "caller_agent_unresolved" | "agent_not_found") => Self::AgentNotFound,
            (404, "secret_not_found") => Self::SecretNotFound,
            // Without a word it is the endpoint that is not there, as at an address that is not the
            // vault's: to look for a grant then would be to look in the wrong place.
            (404, "") => Self::NotFound,
            (404, _) => Self::GrantNotFound,
            (409, "token_refresh_in_progress") => Self::RefreshInProgress,
            (409, "ambiguous_grant") => Self::AmbiguousGrant,
            (409, "sibling_label_conflict") => Self::SiblingLabelConflict,
            (409, "credential_id_required") => Self::CredentialIdRequired,
            (409, "end_user_credential_not_assignable") => Self::CredentialNotAssignable,
            (
                409,
                "managed_oauth_scope_approval_required"
                | "idp_signin_not_configured"
                | "no_eligible_grants"
                | "binding_hosts_required"
                | "provider_contract_repair_required",
            ) => Self::NeedsOperator,
            (410, _) => Self::GrantDeleted,
            (422, "blocked_destination") => Self::BlockedDestination,
            (422, "query_too_long") => Self::QueryTooLong,
            (422, "secret_template_mismatch") => Self::SecretTemplateMismatch,
            (429, "quota_exceeded") => Self::QuotaExceeded,
            (429, "rate_limit_exceeded" | "") => Self::RateLimited,
            (500, "app_not_found_for_key") => Self::KeyAppNotFound,
            (503, "caller_agent_resolution_error") => Self::CallerAgentResolution,
            (504, _) => Self::VaultTimeout,
            (429 | 500.., _) => Self::Trouble,
            _ => Self::Refused,
        }
    }

    /// What a session in which a person was to connect came to, by the vault's word for it.
    pub(crate) fn of_connect(word: &str) -> Self {
        match word {
            "connect_denied" => Self::ConnectDenied,
            "session_expired" => Self::ConnectExpired,
            "connect_config_error"
            | "invalid_redirect_uri"
            | "invalid_client"
            | "unauthorized_client"
            | "provider_configuration_unavailable"
            | "shared_dev_credential_unavailable"
            | "managed_oauth_scope_approval_required" => Self::ConnectConfig,
            "identity_provider_inactive" | "identity_group_name_ambiguous" => Self::NeedsOperator,
            "service_unavailable" => Self::Trouble,
            _ => Self::ConnectFailed,
        }
    }

    /// The word, the exit status, and whether to try again.
    pub(super) fn fate(self) -> Fate {
        let fate = |code, exit| Fate {
            code,
            exit,
            retryable: false,
        };
        let again = |code, exit| Fate {
            retryable: true,
            ..fate(code, exit)
        };
        match self {
            // A person, or another credential, mends it.
            Self::GrantNotFound | Self::NoDelegatedGrant => fate("missing_grant", Credential),
            Self::GrantRevoked => fate("grant_revoked", Credential),
            Self::GrantDeleted => fate("grant_deleted", Credential),
            Self::GrantExpired => fate("grant_expired", Credential),
            Self::CredentialRevoked => fate("credential_revoked", Credential),
            Self::ScopeReauthRequired => fate("scope_reauth_required", Credential),
            Self::NoKey | Self::InvalidKey => fate("invalid_key", Credential),
            Self::KeyRevoked => fate("key_revoked", Credential),
            Self::KeyExpired => fate("key_expired", Credential),
            Self::KeyRotated => fate("key_rotated", Credential),
            Self::KeyInactive => fate("key_inactive", Credential),
            Self::KeyAppNotFound => fate("key_without_app", Credential),
            Self::UserToken => fate("invalid_user_token", Credential),
            Self::Unauthenticated => fate("vault_unauthorized", Credential),
            Self::InsufficientScope | Self::NotNarrowing => fate("insufficient_scope", Credential),
            Self::StepUpRequired => fate("step_up_required", Credential),
            Self::ApprovalPending => fate("approval_pending", Credential),
            Self::ConnectPending => fate("connect_pending", Credential),
            Self::ConnectExpired => fate("connect_expired", Credential),
            Self::ConnectFailed => fate("connect_failed", Credential),
            // Somebody said no.
            Self::AgentInactive => fate("agent_inactive", Denied),
            Self::AgentRevoked => fate("agent_revoked", Denied),
            Self::PolicyViolation => fate("policy_violation", Denied),
            Self::RedactDischargeFailed => fate("redact_discharge_failed", Denied),
            Self::GrantNotDelegable => fate("grant_not_delegable", Denied),
            Self::BlockedDestination => fate("blocked_destination", Denied),
            Self::PlanLimit => fate("plan_limit", Denied),
            Self::QuotaExceeded => fate("quota_exceeded", Denied),
            Self::NeedsOperator => fate("operator_required", Denied),
            Self::ApprovalDenied => fate("approval_denied", Denied),
            Self::ApprovalExpired => fate("approval_expired", Denied),
            Self::ConnectDenied => fate("connect_denied", Denied),
            Self::AgentCannotMint => fate("agent_cannot_mint", Denied),
            Self::LastActiveKey => fate("last_active_key", Denied),
            Self::AgentKeyLimit => fate("agent_key_limit", Denied),
            Self::KeyAlreadyRevoked => fate("key_already_revoked", Denied),
            // What the configuration asks for cannot be.
            Self::NeedsProxy => fate("grant_needs_proxy", Usage),
            Self::CallerAgentMismatch => fate("caller_agent_mismatch", Usage),
            Self::AgentNotFound => fate("agent_not_found", Usage),
            Self::SecretNotFound => fate("secret_not_found", Usage),
            Self::SecretTemplateMismatch => fate("secret_template_mismatch", Usage),
            Self::AmbiguousGrant => fate("ambiguous_grant", Usage),
            Self::SiblingLabelConflict => fate("label_conflict", Usage),
            Self::CredentialIdRequired => fate("credential_id_required", Usage),
            Self::CredentialNotAssignable => fate("credential_not_assignable", Usage),
            Self::QueryTooLong => fate("query_too_long", Usage),
            Self::NeedsAgentKey => fate("agent_key_required", Usage),
            Self::NeedsUser => fate("user_token_required", Usage),
            Self::ConnectConfig => fate("connect_misconfigured", Usage),
            Self::ApprovalNotFound => fate("approval_not_found", Usage),
            Self::AgentNameExists => fate("agent_name_exists", Usage),
            Self::KeyNotFound => fate("key_not_found", Usage),
            Self::IdempotencyConflict => fate("idempotency_conflict", Usage),
            Self::BadArgument => fate("usage", Usage),
            // Another time it may do.
            Self::RefreshInProgress => again("token_refresh_in_progress", Unreachable),
            Self::RateLimited => again("rate_limited", Unreachable),
            Self::CallerAgentResolution | Self::Trouble => again("vault_trouble", Unreachable),
            Self::AgentConcurrentUpdate => again("agent_concurrent_update", Unreachable),
            Self::NoConnection => again("vault_unreachable", Unreachable),
            Self::VaultTimeout | Self::TimedOut => again("vault_timeout", Timeout),
            // What was approved was done, or begun: to ask again would have it done twice.
            Self::ApprovalFailed => fate("approval_failed", Tool),
            // Nobody's fault but a program's.
            Self::Refused | Self::NotFound => fate("vault_refused", Protocol),
            Self::Malformed => fate("vault_malformed", Protocol),
        }
    }

    /// Whether a person who connects mends it.
    pub(super) fn is_mended_by_connecting(self) -> bool {
        matches!(
            self,
            Self::GrantNotFound
                | Self::NoDelegatedGrant
                | Self::GrantRevoked
                | Self::GrantDeleted
                | Self::GrantExpired
                | Self::CredentialRevoked
                | Self::ScopeReauthRequired
        )
    }

    /// Whether it is about the grant that was asked for.
    pub(super) fn is_about_a_grant(self) -> bool {
        self.is_mended_by_connecting()
            || matches!(
                self,
                Self::AmbiguousGrant
                    | Self::NeedsProxy
                    | Self::NeedsOperator
                    | Self::NeedsUser
                    | Self::ConnectPending
                    | Self::ConnectDenied
                    | Self::ConnectExpired
                    | Self::ConnectFailed
                    | Self::ConnectConfig
            )
    }

    /// Whether those who run the vault should be told the number of the request.
    pub(super) fn is_to_be_reported(self) -> bool {
        let exit = self.fate().exit;
        matches!(exit, Protocol | Unreachable | Timeout)
            || matches!(
                self,
                Self::PolicyViolation
                    | Self::BlockedDestination
                    | Self::RedactDischargeFailed
                    | Self::Unauthenticated
                    | Self::NeedsOperator
                    | Self::ConnectConfig
            )
    }
}
