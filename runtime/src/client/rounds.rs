//! A request whose answer is that the server wants input first (MCP 2026-07-28, Multi round-trip
//! requests): the input is asked for, and the request made again with it.

use serde_json::{Map, Value};

use super::Client;
use crate::error::Error;

/// The most rounds that one request takes.
const ROUNDS: usize = 10;

impl Client {
    /// Sends a request, and again with what the server wants to know first.
    pub(super) async fn request_with(
        &mut self,
        method: &str,
        params: Value,
        headers: &[(String, String)],
    ) -> Result<Value, Error> {
        let first = self.exchange(method, &params, headers).await;
        let mut answer = match first {
            Ok(answer) => {
                self.is_proven = true;
                answer
            }
            Err(error) if self.is_proven => return Err(error),
            // A server that was met before may have become one of the other era.
            Err(error) => {
                self.meet_again(error).await?;
                self.exchange(method, &params, headers).await?
            }
        };
        for _ in 0..ROUNDS {
            if !wants_input(&answer) {
                return Ok(answer);
            }
            let params = self.with_input(params.clone(), answer).await?;
            answer = self.exchange(method, &params, headers).await?;
        }
        if wants_input(&answer) {
            return Err(Error::Protocol(format!(
                "{method} wants more input after {ROUNDS} rounds of it"
            )));
        }
        Ok(answer)
    }

    /// The request once more, with the input that its answer wants.
    async fn with_input(&self, mut params: Value, mut answer: Value) -> Result<Value, Error> {
        let mut responses = Map::new();
        let requests = answer.get_mut("inputRequests").map(Value::take);
        if let Some(Value::Object(requests)) = requests {
            for (key, mut request) in requests {
                let method = request
                    .get("method")
                    .and_then(Value::as_str)
                    .unwrap_or_default()
                    .to_owned();
                let params = request.get_mut("params").map(Value::take);
                let input = self.wire.ask(&method, params.unwrap_or_default()).await;
                let input = input.map_err(|refusal| {
                    Error::Protocol(format!(
                        "it wants input that it cannot have: {}",
                        refusal.message
                    ))
                })?;
                responses.insert(key, input);
            }
        }
        if !params.is_object() {
            params = Value::Object(Map::new());
        }
        if let Some(object) = params.as_object_mut() {
            if !responses.is_empty() {
                object.insert("inputResponses".to_owned(), responses.into());
            }
            // Word for word: the server may have signed it.
            if let Some(state) = answer.get("requestState") {
                object.insert("requestState".to_owned(), state.clone());
            }
        }
        Ok(params)
    }
}

fn wants_input(answer: &Value) -> bool {
    answer
        .get("resultType")
        .is_some_and(|kind| kind == "input_required")
}
