//! The way through a running server: the same HTTP API everyone else uses, with the token the
//! server left in the data folder.

use crate::failure::Failure;
use crate::folder::ServerFile;
use serde::de::DeserializeOwned;
use serde_json::Value;
use std::io::{BufRead, BufReader, Read};

/// A server on this machine.
pub(crate) struct Client {
    agent: ureq::Agent,
    address: String,
    token: String,
}

/// An answer with its body still to be read.
pub(crate) struct Answer {
    pub body: ureq::Body,
    /// The commit it reflects, if the server said so.
    pub commit: Option<u64>,
}

impl Client {
    pub(crate) fn new(server: &ServerFile) -> Self {
        // Loopback: a proxy set for the internet must not see this.
        let agent =
            ureq::Agent::config_builder().http_status_as_error(false).proxy(None).build().into();
        Self { agent, address: server.http.clone(), token: server.token.clone() }
    }

    pub(crate) fn get<T: DeserializeOwned>(&self, path: &str) -> Result<T, Failure> {
        let sent = self.agent.get(self.url(path)).header("authorization", self.bearer()).call();
        self.json(sent)
    }

    pub(crate) fn post<T: DeserializeOwned>(&self, path: &str, body: &Value) -> Result<T, Failure> {
        let sent =
            self.agent.post(self.url(path)).header("authorization", self.bearer()).send_json(body);
        self.json(sent)
    }

    pub(crate) fn delete(&self, path: &str) -> Result<(), Failure> {
        let sent = self.agent.delete(self.url(path)).header("authorization", self.bearer()).call();
        self.checked(sent).map(drop)
    }

    /// Posts JSON and gives the answer as a stream; `accept` says which kind.
    pub(crate) fn post_for(
        &self,
        path: &str,
        body: &Value,
        accept: &str,
    ) -> Result<Answer, Failure> {
        let request = self.agent.post(self.url(path)).header("authorization", self.bearer());
        self.checked(request.header("accept", accept).send_json(body))
    }

    /// Posts a stream.
    pub(crate) fn post_stream(
        &self,
        path: &str,
        content_type: &str,
        mut body: impl Read,
    ) -> Result<Answer, Failure> {
        let request = self.agent.post(self.url(path)).header("authorization", self.bearer());
        let body = ureq::SendBody::from_reader(&mut body);
        self.checked(request.header("content-type", content_type).send(body))
    }

    fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    fn bearer(&self) -> String {
        format!("Bearer {}", self.token)
    }

    fn json<T: DeserializeOwned>(
        &self,
        sent: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    ) -> Result<T, Failure> {
        let answer = self.checked(sent)?;
        serde_json::from_reader(answer.body.into_reader()).map_err(|error| {
            Failure::new(format!("the server's answer was not understood: {error}"))
        })
    }

    /// The answer, or the server's own words about what went wrong.
    fn checked(
        &self,
        sent: Result<ureq::http::Response<ureq::Body>, ureq::Error>,
    ) -> Result<Answer, Failure> {
        let response = sent.map_err(|error| {
            Failure::new(format!(
                "the server at {} holds the data folder but did not answer: {error}",
                self.address
            ))
            .hint("look at its log; restart it if it hangs")
        })?;
        let status = response.status();
        let commit =
            response.headers().get("tarn-commit").and_then(|v| v.to_str().ok()?.parse().ok());
        let body = response.into_body();
        if status.is_success() {
            return Ok(Answer { body, commit });
        }
        let mut text = Vec::new();
        // A body that breaks off still leaves the status to report.
        let _ = body.into_reader().take(1 << 20).read_to_end(&mut text);
        let value: Value = serde_json::from_slice(&text).unwrap_or(Value::Null);
        Err(told(&value)
            .unwrap_or_else(|| Failure::new(format!("the server answered with status {status}"))))
    }
}

impl Answer {
    /// Reads a job's stream: hands progress to `progress`, gives the summary.
    pub(crate) fn job<P: DeserializeOwned, S: DeserializeOwned>(
        self,
        mut progress: impl FnMut(P),
    ) -> Result<S, Failure> {
        for line in BufReader::new(self.body.into_reader()).lines() {
            let line = line.map_err(|error| {
                Failure::new(format!("the server went away before the job ended: {error}"))
                    .hint("start it again, then repeat the command: it completes what is missing")
            })?;
            let Ok(mut value) = serde_json::from_str::<Value>(&line) else { continue };
            if let Some(failure) = told(&value) {
                return Err(failure);
            }
            if let Some(summary) = value.get_mut("summary") {
                return serde_json::from_value(summary.take()).map_err(|error| {
                    Failure::new(format!("the server's summary was not understood: {error}"))
                });
            }
            if let Some(state) = value.get_mut("progress")
                && let Ok(state) = serde_json::from_value(state.take())
            {
                progress(state);
            }
        }
        Err(Failure::new("the server ended the job without a summary")
            .hint("look at the server's log"))
    }
}

/// What an error answer says: ours, or an OperationOutcome.
fn told(value: &Value) -> Option<Failure> {
    if let Some(error) = value.get("error") {
        let message = error.get("message").and_then(Value::as_str).or(error.as_str())?;
        let failure = Failure::new(message);
        return Some(match error.get("hint").and_then(Value::as_str) {
            Some(hint) => failure.hint(hint),
            None => failure,
        });
    }
    let text = value.pointer("/issue/0/diagnostics")?.as_str()?;
    Some(Failure::new(text))
}
