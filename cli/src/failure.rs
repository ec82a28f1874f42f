//! What the user reads when a command fails: what happened, and what to do about it.

use serde_json::json;
use std::io::Write;

/// A command failed.
#[derive(Debug)]
pub(crate) enum Failure {
    /// Something to tell.
    Told {
        /// What happened, to what, and what was expected.
        message: String,
        /// What to do about it.
        hint: Option<String>,
    },
    /// Whoever read our output stopped reading: nothing to tell.
    Closed,
}

impl Failure {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self::Told { message: message.into(), hint: None }
    }

    /// The same with advice.
    pub(crate) fn hint(self, advice: impl Into<String>) -> Self {
        match self {
            Self::Told { message, .. } => Self::Told { message, hint: Some(advice.into()) },
            Self::Closed => Self::Closed,
        }
    }

    /// Writes `error: …` and `hint: …`, or one JSON object, to stderr.
    pub(crate) fn report(&self, json: bool) {
        let Self::Told { message, hint } = self else { return };
        let mut stderr = std::io::stderr().lock();
        // Nothing is left to do when stderr is gone too.
        let _ = if json {
            writeln!(stderr, "{}", json!({"error": {"message": message, "hint": hint}}))
        } else {
            writeln!(stderr, "error: {message}").and_then(|()| match hint {
                Some(hint) => writeln!(stderr, "hint: {hint}"),
                None => Ok(()),
            })
        };
    }
}

impl From<jobs::Error> for Failure {
    fn from(error: jobs::Error) -> Self {
        let hint = error.hint();
        Self::Told { message: chain(&error), hint }
    }
}

impl From<store::Error> for Failure {
    fn from(error: store::Error) -> Self {
        Self::new(chain(&error))
    }
}

impl From<std::io::Error> for Failure {
    /// Of our own output.
    fn from(error: std::io::Error) -> Self {
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            Self::Closed
        } else {
            Self::new(format!("could not write the output: {error}"))
        }
    }
}

/// An error with its causes, where they say more.
pub(crate) fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut next = error.source();
    while let Some(cause) = next {
        let more = cause.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        next = cause.source();
    }
    text
}
