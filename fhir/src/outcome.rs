//! What went wrong, as FHIR says it.
//!
//! Spec: <https://hl7.org/fhir/R4/operationoutcome.html>

use crate::render;

/// How bad an issue is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Severity {
    Fatal,
    Error,
    Warning,
    Information,
}

impl Severity {
    /// FHIR's code.
    pub fn name(self) -> &'static str {
        match self {
            Self::Fatal => "fatal",
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Information => "information",
        }
    }
}

/// FHIR's issue types that Tarn uses.
///
/// Spec: <https://hl7.org/fhir/R4/valueset-issue-type.html>
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum IssueCode {
    Structure,
    Required,
    Value,
    Invariant,
    Invalid,
    NotSupported,
    NotFound,
    Deleted,
    Conflict,
    Duplicate,
    TooLong,
    TooCostly,
    Forbidden,
    Login,
    BusinessRule,
    Exception,
    Incomplete,
    Throttled,
    Informational,
    Processing,
}

impl IssueCode {
    /// FHIR's code.
    pub fn name(self) -> &'static str {
        match self {
            Self::Structure => "structure",
            Self::Required => "required",
            Self::Value => "value",
            Self::Invariant => "invariant",
            Self::Invalid => "invalid",
            Self::NotSupported => "not-supported",
            Self::NotFound => "not-found",
            Self::Deleted => "deleted",
            Self::Conflict => "conflict",
            Self::Duplicate => "duplicate",
            Self::TooLong => "too-long",
            Self::TooCostly => "too-costly",
            Self::Forbidden => "forbidden",
            Self::Login => "login",
            Self::BusinessRule => "business-rule",
            Self::Exception => "exception",
            Self::Incomplete => "incomplete",
            Self::Throttled => "throttled",
            Self::Informational => "informational",
            Self::Processing => "processing",
        }
    }
}

/// One thing wrong, and where.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issue {
    /// How bad.
    pub severity: Severity,
    /// What kind.
    pub code: IssueCode,
    /// What happened and what was expected; never a value taken from the record.
    pub diagnostics: String,
    /// A FHIRPath to the element, such as `Patient.name[0].given`.
    pub expression: Option<String>,
}

impl Issue {
    /// An error somewhere.
    pub fn error(code: IssueCode, diagnostics: impl Into<String>) -> Self {
        Self { severity: Severity::Error, code, diagnostics: diagnostics.into(), expression: None }
    }

    /// Something the client should know although it got what it asked for.
    pub fn warning(code: IssueCode, diagnostics: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(code, diagnostics) }
    }

    /// Good news.
    pub fn information(diagnostics: impl Into<String>) -> Self {
        Self {
            severity: Severity::Information,
            ..Self::error(IssueCode::Informational, diagnostics)
        }
    }

    /// The same issue, naming the element.
    #[must_use]
    pub fn at(self, expression: impl Into<String>) -> Self {
        Self { expression: Some(expression.into()), ..self }
    }
}

/// An OperationOutcome: one or more issues.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{}", self.issues.iter().map(|i| i.diagnostics.as_str()).collect::<Vec<_>>().join("; "))]
pub struct Outcome {
    /// At least one.
    pub issues: Vec<Issue>,
}

impl Outcome {
    /// An outcome of one error.
    pub fn error(code: IssueCode, diagnostics: impl Into<String>) -> Self {
        Issue::error(code, diagnostics).into()
    }

    /// The same, naming the element.
    pub fn at(
        code: IssueCode,
        diagnostics: impl Into<String>,
        expression: impl Into<String>,
    ) -> Self {
        Issue::error(code, diagnostics).at(expression).into()
    }

    /// An outcome that says all went well.
    pub fn success(diagnostics: impl Into<String>) -> Self {
        Issue::information(diagnostics).into()
    }

    /// The resource as JSON text.
    pub fn render(&self) -> Vec<u8> {
        let mut out = Vec::with_capacity(128 + 160 * self.issues.len());
        out.extend_from_slice(br#"{"resourceType":"OperationOutcome","issue":["#);
        for (place, issue) in self.issues.iter().enumerate() {
            if place > 0 {
                out.push(b',');
            }
            out.extend_from_slice(br#"{"severity":""#);
            out.extend_from_slice(issue.severity.name().as_bytes());
            out.extend_from_slice(br#"","code":""#);
            out.extend_from_slice(issue.code.name().as_bytes());
            out.push(b'"');
            if !issue.diagnostics.is_empty() {
                out.extend_from_slice(br#","diagnostics":"#);
                render::string(&issue.diagnostics, &mut out);
            }
            if let Some(expression) = &issue.expression {
                out.extend_from_slice(br#","expression":["#);
                render::string(expression, &mut out);
                out.push(b']');
            }
            out.push(b'}');
        }
        out.extend_from_slice(b"]}");
        out
    }
}

impl From<Issue> for Outcome {
    fn from(issue: Issue) -> Self {
        Self { issues: vec![issue] }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_outcome_is_itself_a_valid_resource() {
        let mut outcome = Outcome::at(IssueCode::Value, "\"quoted\"\n\u{1}", "Patient.name[0]");
        outcome.issues.push(Issue::warning(IssueCode::NotSupported, "left out"));
        outcome.issues.push(Issue::information("all well"));
        let text = outcome.render();
        let value: serde_json::Value = serde_json::from_slice(&text).expect("JSON");
        assert_eq!(value["issue"][0]["diagnostics"], "\"quoted\"\n\u{1}");
        assert_eq!(value["issue"][0]["expression"][0], "Patient.name[0]");
        assert_eq!(value["issue"][2]["severity"], "information");
        let plain = Outcome::error(IssueCode::NotFound, "`Patient/1` is not known");
        crate::Resource::parse(plain.render()).expect("an outcome is a resource");
    }
}
