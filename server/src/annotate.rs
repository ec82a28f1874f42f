//! `POST /annotate`: reads a text that is sent, and stores nothing.
//!
//! The body is a document of any kind that can be read (text, HTML, RTF, C-CDA, PDF), or JSON as
//! Comprehend Medical takes it, `{"Text": "…"}`. The answer is Comprehend Medical's; the parameter
//! `operation` names which of its answers, and without it every entity carries its concepts.
//!
//! Spec: <https://docs.aws.amazon.com/comprehend-medical/latest/api/API_DetectEntitiesV2.html>

use crate::App;
use crate::failure::Failure;
use crate::interactions::blocking;
use axum::Json;
use axum::extract::{Query, Request, State};
use axum::http::header;
use fhir::IssueCode;
use serde::Deserialize;
use serde_json::Value;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Parameters {
    operation: Option<String>,
}

#[derive(Deserialize)]
struct Sent {
    #[serde(rename = "Text")]
    text: String,
}

pub(crate) async fn annotate(
    State(app): State<App>,
    Query(parameters): Query<Parameters>,
    request: Request,
) -> Result<Json<Value>, Failure> {
    let operation = match parameters.operation.as_deref() {
        None => nlp::comprehend::Operation::All,
        Some(name) => nlp::comprehend::Operation::parse(name).ok_or_else(|| {
            let known = nlp::comprehend::Operation::NAMES.join(", ");
            Failure::new(IssueCode::Value, "there is no such operation")
                .at("http.operation")
                .with_hint(format!("operations are {known}"))
        })?,
    };
    let (parts, body) = request.into_parts();
    let content_type = parts.headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok());
    let content_type = content_type.unwrap_or("text/plain").to_owned();
    let media = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let document = if media == "application/json" || media == "application/x-amz-json-1.1" {
        let sent: Sent = crate::body::json(&app.settings, &parts.headers, body).await?;
        nlp::document::Document::plain(sent.text)
    } else {
        let bytes = crate::body::read(&app.settings, &parts.headers, body).await?;
        let limits = nlp::document::Limits {
            text_bytes_max: app.rooms.settings().notes.attachment_bytes_max,
            ..nlp::document::Limits::default()
        };
        blocking(move || {
            nlp::document::read(&bytes, Some(&content_type), &limits)
                .map_err(|error| Failure::new(IssueCode::Invalid, error.to_string()))
        })
        .await?
    };
    let rooms = std::sync::Arc::clone(&app.rooms);
    blocking(move || {
        let pipeline = rooms.pipeline()?;
        let notes = pipeline.read(&document, None, None);
        Ok(Json(operation.answer(&document.text, &notes.entities)))
    })
    .await
}
