//! A request whose answer is that the server wants something first: input (MCP 2026-07-28, Multi
//! round-trip requests), or pages opened. It is asked for, and the request made again.

use serde_json::{Map, Value};

use super::Client;
use crate::error::Error;
use crate::protocol::code;

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
        let mut outcome = self.exchange(method, &params, headers).await;
        match outcome {
            Ok(_) => self.is_proven = true,
            Err(_) if self.is_proven => {}
            // A server that was met before may have become one of the other era.
            Err(error) => {
                self.meet_again(error).await?;
                outcome = self.exchange(method, &params, headers).await;
            }
        }
        for _ in 0..ROUNDS {
            let again = match outcome {
                Ok(answer) if wants_input(&answer) => {
                    &self.with_input(params.clone(), answer).await?
                }
                Ok(answer) => return Ok(answer),
                Err(error) => {
                    self.visit(error).await?;
                    &params
                }
            };
            outcome = self.exchange(method, again, headers).await;
        }
        match outcome {
            Ok(answer) if wants_input(&answer) => Err(Error::Protocol(format!(
                "{method} wants more input after {ROUNDS} rounds of it"
            ))),
            outcome => outcome,
        }
    }

    /// Has the pages opened that a request was refused for the want of (MCP 2025-11-25, URL
    /// elicitation required error); for any other reason, and if they are not, it stays refused.
    async fn visit(&self, error: Error) -> Result<(), Error> {
        let Error::Refused {
            code: code::PAGES_REQUIRED,
            data: Some(data),
            ..
        } = &error
        else {
            return Err(error);
        };
        let pages = data.get("elicitations").and_then(Value::as_array);
        let Some(pages) = pages.filter(|pages| !pages.is_empty()) else {
            return Err(error);
        };
        for page in pages {
            let mut page = page.clone();
            if let Value::Object(page) = &mut page {
                page.insert("mode".to_owned(), "url".into());
            }
            let answer = self.wire.ask("elicitation/create", page).await;
            if !answer.is_ok_and(|answer| answer["action"] == "accept") {
                return Err(error);
            }
        }
        Ok(())
    }

    /// The request once more, with the input that its answer wants.
    async fn with_input(&self, mut params: Value, mut answer: Value) -> Result<Value, Error> {
        let requests = answer.get_mut("inputRequests").map(Value::take);
        let responses = match requests {
            Some(Value::Object(requests)) => self.inputs(requests).await?,
            _ => Map::new(),
        };
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

    /// The host's answers to what the server wants to know, each by the key it was asked with.
    pub(super) async fn inputs(
        &self,
        requests: Map<String, Value>,
    ) -> Result<Map<String, Value>, Error> {
        let mut responses = Map::new();
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
        Ok(responses)
    }
}

fn wants_input(answer: &Value) -> bool {
    answer
        .get("resultType")
        .is_some_and(|kind| kind == "input_required")
}
