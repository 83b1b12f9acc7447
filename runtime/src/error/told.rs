//! What the caller is told of an error beside its message.

use serde_json::{Map, Value, json};

use super::Error;
use crate::resilience::verdict;

impl Error {
    /// What to do about it.
    pub fn hint(&self) -> Option<String> {
        match self {
            Self::Usage { hint, .. } | Self::SignIn { hint, .. } | Self::Denied { hint, .. } => {
                hint.clone()
            }
            Self::Vault(fault) => fault.hint.clone(),
            Self::Unauthorized {
                invitation: Some(invitation),
                ..
            } => Some(format!(
                "run `{}` on a terminal; or open {} in a browser, and then give the address it ends at \
                 with `{} --callback 'ADDRESS'`",
                invitation.login, invitation.authorization_url, invitation.login
            )),
            Self::Asked { hint, .. } | Self::Unfinished { hint, .. } => Some(hint.clone()),
            Self::MissingSlots { program, slots } => {
                let exports: Vec<_> = slots
                    .iter()
                    .map(|slot| format!("{}=…", slot.name))
                    .collect();
                let first = slots.first().map_or("NAME", |slot| &slot.name);
                let export = format!("run `export {}`", exports.join(" "));
                Some(match program.as_str() {
                    "" => export,
                    program => format!(
                        "{export}, keep it with `{program} auth set {first}`, or give --mcp-env {first}=…"
                    ),
                })
            }
            Self::Attempted {
                sent: Some(true),
                repeatable: false,
                cause,
                ..
            } => {
                let unsure =
                    "it may have been carried out all the same, so look before you try again";
                // No time that is allowed would have it tried again.
                Some(match (cause.left_alone(), cause.hint()) {
                    (Some(asked), _) => format!("{asked}; {unsure}"),
                    (None, Some(hint)) => format!("{hint}; {unsure}"),
                    (None, None) => unsure.to_owned(),
                })
            }
            Self::Attempted { cause, .. } => cause.hint(),
            Self::Unreachable { .. } => self
                .left_alone()
                .map(|asked| format!("{asked}: try again then, or allow as much with --timeout")),
            Self::Start { source, .. } if source.kind() == std::io::ErrorKind::NotFound => Some(
                "install it, or point this program at another server with --mcp-command".to_owned(),
            ),
            Self::Drift { again, .. } => Some(format!("generate it again: {again}")),
            Self::Timeout { .. } => {
                Some("allow more time with --timeout 2m (a bare number is milliseconds)".to_owned())
            }
            Self::Unauthorized { .. } => Some(
                "give the header it wants with --mcp-header 'Authorization: Bearer …'".to_owned(),
            ),
            _ => None,
        }
    }

    /// For how long the server asks to be left alone, in words.
    fn left_alone(&self) -> Option<String> {
        match self {
            Self::Unreachable {
                retry_after: Some(time),
                ..
            } => Some(format!("the server asks to be left alone for {time:?}")),
            _ => None,
        }
    }

    /// Whether the same command may succeed when it is repeated.
    pub fn retryable(&self) -> bool {
        match self {
            Self::Vault(fault) => fault.retryable,
            Self::Denied { code, .. } => *code == crate::policy::REACHED,
            Self::Attempted {
                sent: Some(true),
                repeatable: false,
                ..
            } => false,
            Self::Attempted { cause, .. } => cause.retryable(),
            // What it was asked it will not like better the next time, unless it was in trouble.
            Self::Unreachable {
                status: Some(status),
                ..
            } => verdict::is_passing(*status) || *status >= 500,
            Self::Unreachable { .. }
            | Self::Timeout { .. }
            | Self::Gone { .. }
            | Self::CircuitOpen { .. } => true,
            _ => false,
        }
    }

    /// The last lines of the server's standard error, where it died or fell silent.
    pub fn stderr(&self) -> &[String] {
        match self {
            Self::Gone { stderr, .. } | Self::Timeout { stderr, .. } => stderr,
            Self::Unfinished { cause, .. } | Self::Attempted { cause, .. } => cause.stderr(),
            _ => &[],
        }
    }

    /// The JSON error line: `{"error": {"code", "exit", "message", …}}`.
    pub fn to_json(&self, tool: Option<&str>) -> Value {
        if let Self::Unfinished { task, hint, cause } = self {
            let mut json = cause.to_json(tool);
            json["error"]["hint"] = hint.as_str().into();
            // The same call again would begin another.
            json["error"]["retryable"] = false.into();
            json["error"]["task"] = task.as_str().into();
            return json;
        }
        if let Self::Attempted {
            attempts,
            sent,
            repeatable: _,
            first,
            cause,
        } = self
        {
            let mut json = cause.to_json(tool);
            let error = &mut json["error"];
            error["message"] = self.to_string().into();
            error["retryable"] = self.retryable().into();
            error["attempts"] = (*attempts).into();
            if let Some(hint) = self.hint() {
                error["hint"] = hint.into();
            }
            if let Some(sent) = sent {
                error["sent"] = (*sent).into();
            }
            if let Some(first) = first {
                error["first"] = first.as_str().into();
            }
            return json;
        }
        let mut error = Map::new();
        error.insert("code".into(), self.code().into());
        error.insert("exit".into(), (self.exit() as u8).into());
        let message = match self {
            Self::Tool { words, .. } => words.clone(),
            other => other.to_string(),
        };
        error.insert("message".into(), message.into());
        if let Some(tool) = tool {
            error.insert("tool".into(), tool.into());
        }
        if let Some(hint) = self.hint() {
            error.insert("hint".into(), hint.into());
        }
        error.insert("retryable".into(), self.retryable().into());
        if let Self::MissingSlots { slots, .. } = self {
            let names = slots.iter().map(|slot| slot.name.as_str());
            error.insert("missing".into(), names.collect());
        }
        if let Self::Vault(fault) = self {
            error.extend(fault.details.clone());
        }
        if let Self::Unreachable {
            retry_after: Some(time),
            ..
        }
        | Self::CircuitOpen { left: time, .. } = self
        {
            // In whole seconds, and not a moment too soon.
            let seconds = time.as_millis().div_ceil(1000);
            error.insert(
                "retry_after".into(),
                u64::try_from(seconds).unwrap_or(u64::MAX).into(),
            );
        }
        if let Self::Asked { asked, .. } = self {
            error.insert("asked".into(), asked.clone().into());
        }
        if let Self::Unauthorized {
            invitation: Some(invitation),
            ..
        } = self
        {
            error.insert("login".into(), invitation.login.clone().into());
            let url = invitation.authorization_url.clone();
            error.insert("authorization_url".into(), url.into());
        }
        if let Self::Refused { code, data, .. } = self {
            error.insert("rpc".into(), json!({"code": code, "data": data}));
        }
        if let Self::Drift { counts, .. } = self {
            error.insert("breaking".into(), counts.breaking.into());
            error.insert("compatible".into(), counts.compatible.into());
            error.insert("descriptions".into(), counts.descriptions.into());
        }
        if !self.stderr().is_empty() {
            error.insert("stderr".into(), self.stderr().to_vec().into());
        }
        Map::from_iter([("error".to_owned(), error.into())]).into()
    }
}
