//! A language model for the server: `sampling/createMessage`, answered by a command of the user's.
//!
//! The command is run without a shell. It reads the request's params as JSON on its standard input and
//! writes the answer on its standard output: a `CreateMessageResult`, or text, which becomes one.

use std::process::Stdio;
use std::time::Duration;

use serde_json::{Map, Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::Command;

use crate::error::Error;
use crate::host::Refusal;
#[cfg(unix)]
use crate::reaper::Reaper;

/// The longest answer that is read, in bytes.
const LONGEST: u64 = 16 << 20;

/// JSON-RPC 2.0, section 5.1.
const INTERNAL_ERROR: i32 = -32603;

/// The command.
#[derive(Debug)]
pub(super) struct Helper {
    program: String,
    args: Vec<String>,
    limit: Duration,
}

impl Helper {
    /// A helper by its command line, which answers within this time.
    ///
    /// # Errors
    ///
    /// When the line has no words.
    pub(super) fn new(line: &str, limit: Duration) -> Result<Self, Error> {
        let mut words = shlex::split(line).unwrap_or_default().into_iter();
        let Some(program) = words.next() else {
            let message = format!("--mcp-sampling-command `{line}`: not a command line");
            return Err(Error::usage(message));
        };
        Ok(Self {
            program,
            args: words.collect(),
            limit,
        })
    }

    /// The model's answer.
    pub(super) async fn sample(&self, params: &Value) -> Result<Value, Refusal> {
        let failed = |reason: String| Refusal {
            code: INTERNAL_ERROR,
            message: format!("the sampling command {reason}"),
        };
        match tokio::time::timeout(self.limit, self.run(params)).await {
            Ok(Ok(output)) => self.message(&output).map_err(failed),
            Ok(Err(reason)) => Err(failed(reason)),
            Err(_) => Err(failed(format!("gave no answer within {:?}", self.limit))),
        }
    }

    /// What the command writes. Dropped before it has ended, it is killed, and what it started with it.
    async fn run(&self, params: &Value) -> Result<Vec<u8>, String> {
        let failed = |error: std::io::Error| format!("cannot be run: {error}");
        #[cfg(unix)]
        let mut reaper = Reaper::stand_by().map_err(failed)?;
        let mut command = Command::new(&self.program);
        command
            .args(&self.args)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .kill_on_drop(true);
        #[cfg(unix)]
        command.process_group(0);
        let mut child = command.spawn().map_err(failed)?;
        #[cfg(unix)]
        if let Some(group) = child.id() {
            reaper.watch_over(group).map_err(failed)?;
        }
        let (Some(mut stdin), Some(stdout)) = (child.stdin.take(), child.stdout.take()) else {
            return Err("cannot be run: no pipes".to_owned());
        };
        let request = params.to_string();
        let ask = async move {
            // A command that answers without having read is welcome to.
            let _ = stdin.write_all(request.as_bytes()).await;
        };
        let mut output = Vec::new();
        let mut answer = stdout.take(LONGEST + 1);
        let ((), read) = tokio::join!(ask, answer.read_to_end(&mut output));
        read.map_err(failed)?;
        if output.len() as u64 > LONGEST {
            return Err(format!("wrote more than {} MiB", LONGEST >> 20));
        }
        let status = child.wait().await.map_err(failed)?;
        if !status.success() {
            return Err(format!("ended with {status}"));
        }
        Ok(output)
    }

    /// A `CreateMessageResult` of what the command wrote.
    fn message(&self, output: &[u8]) -> Result<Value, String> {
        let text = String::from_utf8_lossy(output);
        let mut message = match serde_json::from_str(&text) {
            Ok(Value::Object(message)) if message.contains_key("content") => message,
            _ if text.trim().is_empty() => return Err("wrote nothing".to_owned()),
            _ => Map::from_iter([("content".to_owned(), text.trim_end().into())]),
        };
        if let Some(Value::String(text)) = message.get("content") {
            let block = json!({"type": "text", "text": text});
            message.insert("content".into(), block);
        }
        for (name, value) in [
            ("role", "assistant"),
            ("model", self.program.as_str()),
            ("stopReason", "endTurn"),
        ] {
            message.entry(name).or_insert_with(|| value.into());
        }
        Ok(message.into())
    }
}

#[cfg(test)]
#[cfg(unix)]
mod tests {
    use std::time::Instant;

    use super::*;

    fn sample(line: &str, limit: Duration) -> Result<Value, Refusal> {
        let helper = Helper::new(line, limit).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .unwrap();
        runtime.block_on(helper.sample(&json!({"messages": [], "maxTokens": 7})))
    }

    #[test]
    fn what_a_command_writes_is_the_message() {
        for (line, message) in [
            (
                "echo 'Paris.'",
                json!({"content": {"type": "text", "text": "Paris."}, "role": "assistant", "model": "echo", "stopReason": "endTurn"}),
            ),
            (
                r#"echo '{"role": "assistant", "content": "Oui", "model": "m", "stopReason": "maxTokens", "_meta": {}}'"#,
                json!({"role": "assistant", "content": {"type": "text", "text": "Oui"}, "model": "m", "stopReason": "maxTokens", "_meta": {}}),
            ),
            (
                "cat",
                json!({"content": {"type": "text", "text": r#"{"messages":[],"maxTokens":7}"#}, "role": "assistant", "model": "cat", "stopReason": "endTurn"}),
            ),
        ] {
            assert_eq!(sample(line, Duration::from_secs(10)), Ok(message), "{line}");
        }
    }

    #[test]
    fn a_command_that_fails_is_an_error_of_the_clients() {
        for (line, message) in [
            ("false", "the sampling command ended with exit status: 1"),
            ("true", "the sampling command wrote nothing"),
            (
                "/no/such",
                "the sampling command cannot be run: No such file or directory (os error 2)",
            ),
        ] {
            let refusal = sample(line, Duration::from_secs(10)).unwrap_err();
            assert_eq!((refusal.code, &*refusal.message), (-32603, message));
        }
        assert!(Helper::new(" ", Duration::ZERO).is_err());
    }

    #[test]
    fn a_command_that_takes_too_long_is_ended_with_what_it_started() {
        let mark = format!("{}.5", 600 + std::process::id() % 1000);
        let started = Instant::now();
        let line = format!("sh -c 'sleep {mark} & sleep {mark}'");
        let refusal = sample(&line, Duration::from_millis(200)).unwrap_err();
        assert_eq!(
            refusal.message,
            "the sampling command gave no answer within 200ms"
        );
        let running = || {
            let found = std::process::Command::new("pgrep")
                .args(["-f", &format!("sleep {mark}")])
                .output();
            found.is_ok_and(|found| !found.stdout.is_empty())
        };
        while running() {
            assert!(started.elapsed() < Duration::from_secs(8), "it still runs");
            std::thread::sleep(Duration::from_millis(50));
        }
    }
}
