//! A program of the user's that prints a value: `op read …`, `pass …`, `vault kv get …`.

use std::process::Stdio;
use std::time::Duration;

use tokio::io::AsyncReadExt;
use tokio::process::Command;
use zeroize::Zeroizing;

use crate::environment;
use crate::error::{Error, Exit, Fault};
use crate::person::{self, Conversation};
use crate::secret::Secret;

/// How long a helper may take while it does not ask the person for something.
const PATIENCE: Duration = Duration::from_secs(60);

/// The longest value, in bytes.
const LONGEST: u64 = 64 << 10;

/// Runs a helper, without a shell, and reads what it prints on its standard output. It has the
/// terminal, for it may ask for a password of its own.
pub(super) async fn value(name: &str, words: &[String]) -> Result<Secret, Error> {
    let Some((program, arguments)) = words.split_first() else {
        return Err(failed(name, "", "no command"));
    };
    let _talk = person::is_there().then(Conversation::begin);
    let mut command = Command::new(program);
    command
        .args(arguments)
        .env_remove(environment::VAULT_KEYS[0])
        .env_remove(environment::VAULT_KEYS[1])
        .stdout(Stdio::piped())
        .kill_on_drop(true);
    let mut child = command
        .spawn()
        .map_err(|error| failed(name, program, &error.to_string()))?;
    let Some(stdout) = child.stdout.take() else {
        return Err(failed(name, program, "it has no output"));
    };
    // Read into one buffer that never grows out of its place, so that no copy of it is left behind.
    let mut value = Zeroizing::new(Vec::with_capacity(LONGEST as usize + 1));
    let run = async {
        stdout.take(LONGEST + 1).read_to_end(&mut value).await?;
        child.wait().await
    };
    let patience = match person::is_there() {
        true => Duration::from_secs(300),
        false => PATIENCE,
    };
    let status = tokio::time::timeout(patience, run)
        .await
        .map_err(|_| failed(name, program, &format!("no answer within {patience:?}")))?
        .map_err(|error| failed(name, program, &error.to_string()))?;
    if !status.success() {
        return Err(failed(name, program, &status.to_string()));
    }
    if value.len() as u64 > LONGEST {
        return Err(failed(name, program, "it prints more than 64 KiB"));
    }
    let text = std::str::from_utf8(&value)
        .map_err(|_| failed(name, program, "what it prints is not UTF-8 text"))?;
    let text = text.trim_end_matches(['\r', '\n']);
    if text.is_empty() {
        return Err(failed(name, program, "it prints nothing"));
    }
    Ok(Secret::plain(text))
}

fn failed(name: &str, program: &str, reason: &str) -> Error {
    Error::Vault(Box::new(Fault {
        code: "missing_credential",
        exit: Exit::Credential,
        message: format!("the helper `{program}` gives no value for {name}: {reason}"),
        hint: Some(format!(
            "run it by hand; it is named in the configuration, at credentials.{name}.command"
        )),
        retryable: false,
        details: serde_json::Map::new(),
    }))
}
