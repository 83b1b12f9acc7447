//! The bare exchange: the least a client can do to get an answer, as a floor under every client.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::Instant;

use serde_json::{Value, json};

use crate::error::Error;

/// A started server and the lines to and from it. Dropped, it is killed.
pub(crate) struct Exchange {
    child: Child,
    to: ChildStdin,
    from: BufReader<ChildStdout>,
    begun: Instant,
    last: u64,
}

impl Exchange {
    /// Starts a server and initializes it, and gives what it said of itself.
    pub(crate) fn open<'a>(
        command: &[String],
        environment: impl IntoIterator<Item = (&'a str, &'a OsStr)>,
    ) -> Result<(Self, Value), Error> {
        let [program, arguments @ ..] = command else {
            return Err(Error::Server("has no command".to_owned()));
        };
        let begun = Instant::now();
        let mut child = Command::new(program)
            .args(arguments)
            .env_clear()
            .envs(environment)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(Error::start(program))?;
        let (Some(to), Some(from)) = (child.stdin.take(), child.stdout.take()) else {
            return Err(Error::Server("has no standard streams".to_owned()));
        };
        let mut exchange = Self {
            child,
            to,
            from: BufReader::new(from),
            begun,
            last: 0,
        };
        let initialized = exchange.request(
            "initialize",
            &json!({
                "protocolVersion": "2025-11-25",
                "capabilities": {},
                "clientInfo": {"name": "mcpress-bench", "version": env!("CARGO_PKG_VERSION")},
            }),
        )?;
        exchange.send(&json!({"jsonrpc": "2.0", "method": "notifications/initialized"}))?;
        Ok((exchange, initialized))
    }

    /// The result of a request; what else the server says before it is passed over.
    pub(crate) fn request(&mut self, method: &str, params: &Value) -> Result<Value, Error> {
        self.last += 1;
        let id = self.last;
        self.send(&json!({"jsonrpc": "2.0", "id": id, "method": method, "params": params}))?;
        let mut line = String::new();
        loop {
            line.clear();
            let read = self.from.read_line(&mut line);
            if read.map_err(|error| Error::Server(format!("broke off at {method}: {error}")))? == 0
            {
                return Err(Error::Server(format!("left at {method}")));
            }
            let Ok(mut message) = serde_json::from_str::<Value>(&line) else {
                continue;
            };
            if message["id"] != json!(id) || message.get("method").is_some() {
                continue;
            }
            return match message.get_mut("result") {
                Some(result) => Ok(result.take()),
                None => Err(Error::Server(format!(
                    "refused {method}: {}",
                    message["error"]
                ))),
            };
        }
    }

    /// The seconds since the server was started.
    pub(crate) fn seconds(&self) -> f64 {
        self.begun.elapsed().as_secs_f64()
    }

    fn send(&mut self, message: &Value) -> Result<(), Error> {
        writeln!(self.to, "{message}")
            .and_then(|()| self.to.flush())
            .map_err(|error| Error::Server(format!("takes no messages: {error}")))
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        // Its answer is here: a server that is slow to leave would only weigh on the next run.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
