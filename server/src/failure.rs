//! What a client gets when something could not be done.
//!
//! A [`Failure`] is an OperationOutcome on the FHIR door and `{"error":{…}}` everywhere else;
//! [`status`] is the one table that turns an issue type into a status. Our own faults reach the
//! client as a request id only; the chain goes to the log.
//!
//! Spec: <https://hl7.org/fhir/R4/http.html#Status-Codes>

use crate::metrics::Door;
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use fhir::{Issue, IssueCode, Outcome, Severity};

/// The status that goes with an issue type.
pub(crate) fn status(code: IssueCode) -> StatusCode {
    match code {
        IssueCode::Structure
        | IssueCode::Required
        | IssueCode::Value
        | IssueCode::Invalid
        | IssueCode::Incomplete
        | IssueCode::NotSupported
        | IssueCode::TooCostly
        | IssueCode::Processing => StatusCode::BAD_REQUEST,
        IssueCode::Invariant | IssueCode::BusinessRule => StatusCode::UNPROCESSABLE_ENTITY,
        IssueCode::NotFound => StatusCode::NOT_FOUND,
        IssueCode::Deleted => StatusCode::GONE,
        IssueCode::Conflict | IssueCode::Duplicate => StatusCode::CONFLICT,
        IssueCode::TooLong => StatusCode::PAYLOAD_TOO_LARGE,
        IssueCode::Forbidden => StatusCode::FORBIDDEN,
        IssueCode::Login => StatusCode::UNAUTHORIZED,
        IssueCode::Throttled => StatusCode::TOO_MANY_REQUESTS,
        IssueCode::Exception => StatusCode::INTERNAL_SERVER_ERROR,
        IssueCode::Informational => StatusCode::OK,
    }
}

/// The part of the request at fault when the error names none: `http.` and its name.
///
/// Spec: <https://hl7.org/fhir/R4/operationoutcome-definitions.html#OperationOutcome.issue.location>
fn place(status: StatusCode) -> &'static str {
    match status {
        StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN => "http.authorization",
        StatusCode::NOT_FOUND | StatusCode::GONE | StatusCode::NOT_IMPLEMENTED => "http.path",
        StatusCode::METHOD_NOT_ALLOWED => "http.method",
        StatusCode::NOT_ACCEPTABLE => "http.accept",
        StatusCode::UNSUPPORTED_MEDIA_TYPE => "http.content-type",
        StatusCode::PRECONDITION_FAILED => "http.if-match",
        StatusCode::PAYLOAD_TOO_LARGE => "http.content-length",
        _ => "http",
    }
}

/// Something that could not be done, and how the client hears of it.
#[derive(Clone, Debug)]
pub(crate) struct Failure {
    status: StatusCode,
    outcome: Outcome,
    hint: Option<String>,
    headers: Vec<(HeaderName, HeaderValue)>,
    /// For the log only.
    fault: Option<String>,
}

impl Failure {
    /// One error; the status follows from the issue type.
    pub fn new(code: IssueCode, message: impl Into<String>) -> Self {
        Outcome::error(code, message).into()
    }

    /// A fault of ours: the client gets a request id.
    pub fn fault(chain: impl std::fmt::Display) -> Self {
        let mut failure =
            Self::new(IssueCode::Exception, "the server could not do this; its log knows why");
        failure.fault = Some(chain.to_string());
        failure
    }

    /// Another status than the table's.
    pub fn with_status(mut self, status: StatusCode) -> Self {
        self.status = status;
        self
    }

    /// The answer's status.
    pub fn status(&self) -> StatusCode {
        self.status
    }

    /// What the client can do about it.
    pub fn with_hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// Where in the resource or request it is, as FHIRPath.
    pub fn at(mut self, expression: impl Into<String>) -> Self {
        if let Some(issue) = self.outcome.issues.first_mut() {
            issue.expression = Some(expression.into());
        }
        self
    }

    /// A header on the answer.
    pub fn with_header(mut self, name: HeaderName, value: HeaderValue) -> Self {
        self.headers.push((name, value));
        self
    }

    /// What happened, for a message inside another answer.
    pub fn message(&self) -> String {
        self.outcome.to_string()
    }

    /// The answer's body for a door, and its media type.
    pub fn render(&self, door: Door, request_id: &str) -> (HeaderValue, Vec<u8>) {
        if let Some(fault) = &self.fault {
            tracing::error!(request_id, fault, "a request failed");
        }
        if door == Door::Fhir {
            let mut outcome = self.outcome.clone();
            for issue in &mut outcome.issues {
                issue.expression.get_or_insert_with(|| place(self.status).to_owned());
            }
            if let (Some(issue), Some(hint)) = (outcome.issues.first_mut(), &self.hint) {
                issue.diagnostics = format!("{}; {hint}", issue.diagnostics);
            }
            if self.fault.is_some() {
                outcome.issues.push(Issue {
                    severity: Severity::Information,
                    code: IssueCode::Informational,
                    diagnostics: format!("request {request_id}"),
                    expression: None,
                });
            }
            return (HeaderValue::from_static(crate::interactions::FHIR_JSON), outcome.render());
        }
        let mut error =
            serde_json::json!({ "message": self.outcome.to_string(), "request_id": request_id });
        if let Some(hint) = &self.hint {
            error["hint"] = hint.as_str().into();
        }
        let body = serde_json::json!({ "error": error });
        (HeaderValue::from_static("application/json"), body.to_string().into_bytes())
    }
}

impl IntoResponse for Failure {
    /// The body is written by the outermost layer, which knows the door and the request id.
    fn into_response(mut self) -> Response {
        let mut response = self.status.into_response();
        for (name, value) in std::mem::take(&mut self.headers) {
            response.headers_mut().insert(name, value);
        }
        if self.status == StatusCode::UNAUTHORIZED {
            // No Basic challenge: browsers would put up their own box over the console.
            let challenge = HeaderValue::from_static("Bearer realm=\"tarn\"");
            response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
        }
        response.extensions_mut().insert(self);
        response
    }
}

impl From<Outcome> for Failure {
    fn from(outcome: Outcome) -> Self {
        let worst =
            outcome.issues.iter().find(|i| matches!(i.severity, Severity::Error | Severity::Fatal));
        let status = worst.map_or(StatusCode::BAD_REQUEST, |issue| status(issue.code));
        Self { status, outcome, hint: None, headers: Vec::new(), fault: None }
    }
}

impl From<store::Error> for Failure {
    fn from(error: store::Error) -> Self {
        use store::Error as E;
        let message = error.to_string();
        match &error {
            E::NotFound { .. } | E::UnknownDatastore { .. } => {
                Self::new(IssueCode::NotFound, message)
            }
            E::Deleted { version, .. } => {
                let failure = Self::new(IssueCode::Deleted, message);
                match crate::interactions::etag(*version) {
                    Some(etag) => failure.with_header(header::ETAG, etag),
                    None => failure,
                }
            }
            E::VersionConflict { .. } => Self::new(IssueCode::Conflict, message)
                .with_status(StatusCode::PRECONDITION_FAILED)
                .with_hint("read the resource again, then retry"),
            E::Exists { .. } => Self::new(IssueCode::Duplicate, message)
                .with_status(StatusCode::PRECONDITION_FAILED)
                .at("http.if-none-match"),
            E::NoId { .. } => Self::new(IssueCode::Required, message),
            E::TooLarge { .. } => Self::new(IssueCode::TooLong, message),
            E::Unsupported { parameter, .. } => {
                Self::new(IssueCode::NotSupported, message).at(*parameter)
            }
            E::UnknownCommit { .. } => Self::new(IssueCode::Value, message).at("_commit"),
            E::DatastoreExists { .. } => Self::new(IssueCode::Duplicate, message),
            E::DatastoreName { .. } => Self::new(IssueCode::Value, message)
                .with_hint("1 to 256 letters, digits and `_ . - % + @` or space"),
            _ => Self::fault(chain(&error)),
        }
    }
}

impl From<jobs::Error> for Failure {
    fn from(error: jobs::Error) -> Self {
        use jobs::Error as E;
        let hint = error.hint();
        let message = error.to_string();
        let failure = match error {
            E::Store(error) => return error.into(),
            E::Lake(error) => return error.into(),
            E::NoDatastore { .. } => Self::new(IssueCode::NotFound, message),
            E::DatastoreExists { .. } => Self::new(IssueCode::Duplicate, message),
            E::Input { .. }
            | E::NothingToImport { .. }
            | E::OutputNotEmpty { .. }
            | E::Output { .. } => Self::new(IssueCode::Invalid, message),
            E::Busy => Self::new(IssueCode::Conflict, message),
            E::Stopped => Self::new(IssueCode::Incomplete, message),
            other => return Self::fault(chain(&other)),
        };
        match hint {
            Some(hint) => failure.with_hint(hint),
            None => failure,
        }
    }
}

impl From<crate::Error> for Failure {
    fn from(error: crate::Error) -> Self {
        Self::fault(chain(&error))
    }
}

/// An error with its causes.
fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(": ");
        text.push_str(&error.to_string());
        cause = error.source();
    }
    text
}

impl From<lake::Error> for Failure {
    fn from(error: lake::Error) -> Self {
        if !error.is_callers() {
            return Self::fault(chain(&error));
        }
        let code = match error {
            lake::Error::Sql { .. } => IssueCode::Invalid,
            _ => IssueCode::TooCostly,
        };
        let failure = Self::new(code, error.to_string());
        match error.hint() {
            Some(hint) => failure.with_hint(hint),
            None => failure,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn our_own_faults_show_a_request_id_and_nothing_else() {
        let failure = Failure::fault("could not open the file of Ms Jones");
        for door in [Door::Fhir, Door::Api] {
            let (_, body) = failure.render(door, "r-1");
            let text = String::from_utf8(body).expect("UTF-8");
            assert!(text.contains("r-1") && !text.contains("Jones"), "{text}");
        }
        let (_, body) = failure.render(Door::Fhir, "r-1");
        fhir::Resource::parse(body).expect("an OperationOutcome");
    }

    #[test]
    fn the_status_follows_from_the_first_error() {
        let mut outcome = Outcome::from(Issue::warning(IssueCode::NotFound, "a"));
        outcome.issues.push(Issue::error(IssueCode::Deleted, "b"));
        assert_eq!(Failure::from(outcome).status, StatusCode::GONE);
    }
}
