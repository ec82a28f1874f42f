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
use axum::extract::rejection::QueryRejection;
use axum::extract::{Query, Request, State};
use axum::http::{StatusCode, header};
use fhir::IssueCode;
use serde::Deserialize;
use serde_json::Value;
use std::time::Duration;

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

/// How long a request waits for its turn.
const PATIENCE: Duration = Duration::from_secs(10);

/// Longest document taken, in bytes: somebody waits for the answer. Longer ones are stored and read
/// in the background.
const BYTES_MAX: usize = 1 << 20;

fn too_large() -> Failure {
    Failure::new(IssueCode::TooLong, format!("the document is larger than {BYTES_MAX} bytes"))
        .with_status(StatusCode::PAYLOAD_TOO_LARGE)
        .with_hint("store it as a DocumentReference, or use `tarn annotate`")
}

pub(crate) async fn annotate(
    State(app): State<App>,
    parameters: Result<Query<Parameters>, QueryRejection>,
    request: Request,
) -> Result<Json<Value>, Failure> {
    let Query(parameters) = parameters.map_err(|_| {
        Failure::new(IssueCode::Value, "the only parameter is `operation`").at("http.query")
    })?;
    let operation = match parameters.operation.as_deref() {
        None => nlp::comprehend::Operation::All,
        Some(name) => nlp::comprehend::Operation::parse(name).ok_or_else(|| {
            let known = nlp::comprehend::Operation::NAMES.join(", ");
            Failure::new(IssueCode::Value, "there is no such operation")
                .at("http.operation")
                .with_hint(format!("operations are {known}"))
        })?,
    };
    // Reading takes a core: as many at a time as there are, and nobody waits for ever.
    let place = tokio::time::timeout(PATIENCE, app.annotate_places.acquire()).await;
    let Ok(place) = place else {
        return Err(Failure::new(IssueCode::Throttled, "too many notes are being read")
            .with_status(StatusCode::TOO_MANY_REQUESTS)
            .with_hint("try again in a moment, or store the notes and have them read there"));
    };
    let _place = place.map_err(Failure::fault)?;
    let (parts, body) = request.into_parts();
    let content_type = parts.headers.get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok());
    let content_type = content_type.unwrap_or("text/plain").to_owned();
    let media = content_type.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    let document = if media == "application/json" || media == "application/x-amz-json-1.1" {
        let sent: Sent = crate::body::json(&app.settings, &parts.headers, body).await?;
        nlp::document::Document::plain(sent.text)
    } else {
        let bytes = crate::body::read(&app.settings, &parts.headers, body).await?;
        if bytes.len() > BYTES_MAX {
            return Err(too_large());
        }
        let limits = app.rooms.settings().notes.limits();
        blocking(move || {
            nlp::document::read(&bytes, Some(&content_type), &limits)
                .map_err(|error| Failure::new(IssueCode::Invalid, error.to_string()))
        })
        .await?
    };
    if document.text.len() > BYTES_MAX {
        return Err(too_large());
    }
    let rooms = std::sync::Arc::clone(&app.rooms);
    blocking(move || {
        let pipeline = rooms.pipeline()?;
        let notes = pipeline.read(&document, None, None);
        Ok(Json(operation.answer(&document.text, &notes.entities)))
    })
    .await
}
