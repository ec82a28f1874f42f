//! Reading what clients send: bounded in size, and in how long a pause may last.

use crate::Settings;
use crate::failure::Failure;
use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use bytes::{Bytes, BytesMut};
use fhir::IssueCode;
use futures::StreamExt;
use std::time::Duration;

/// The whole body, if it keeps to the limits.
pub(crate) async fn read(settings: &Settings, headers: &HeaderMap, body: Body) -> Result<Bytes, Failure> {
    let limit = settings.body_bytes_max;
    let declared = headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()).and_then(|v| v.parse::<u64>().ok());
    if declared.is_some_and(|bytes| bytes > limit as u64) {
        return Err(too_large(limit));
    }
    let pause = Duration::from_secs(settings.body_seconds);
    let mut stream = body.into_data_stream();
    let mut whole = BytesMut::new();
    while let Some(chunk) = next(&mut stream, pause).await? {
        if whole.len() + chunk.len() > limit {
            return Err(too_large(limit));
        }
        whole.extend_from_slice(&chunk);
    }
    Ok(whole.freeze())
}

/// The next piece of a body.
pub(crate) async fn next(
    stream: &mut axum::body::BodyDataStream,
    pause: Duration,
) -> Result<Option<Bytes>, Failure> {
    match tokio::time::timeout(pause, stream.next()).await {
        Ok(None) => Ok(None),
        Ok(Some(Ok(chunk))) => Ok(Some(chunk)),
        Ok(Some(Err(_))) => Err(Failure::new(IssueCode::Incomplete, "the body broke off")),
        Err(_) => Err(Failure::new(IssueCode::Incomplete, "the body took too long")
            .with_status(StatusCode::REQUEST_TIMEOUT)),
    }
}

/// The body as JSON.
pub(crate) async fn json<T: serde::de::DeserializeOwned>(
    settings: &Settings,
    headers: &HeaderMap,
    body: Body,
) -> Result<T, Failure> {
    let media = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    // Also keeps forms of foreign pages out: they cannot send this type.
    if media.split(';').next().map(str::trim) != Some("application/json") {
        return Err(Failure::new(IssueCode::NotSupported, "the body must be application/json")
            .with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE));
    }
    let bytes = read(settings, headers, body).await?;
    serde_json::from_slice(&bytes).map_err(|error| {
        // serde's own message may quote what was sent.
        let what = match error.classify() {
            serde_json::error::Category::Data => "does not have the members this request takes",
            _ => "is not JSON",
        };
        Failure::new(
            IssueCode::Structure,
            format!("the body {what} (line {}, column {})", error.line(), error.column()),
        )
    })
}

fn too_large(limit: usize) -> Failure {
    Failure::new(IssueCode::TooLong, format!("the body is larger than the {limit} bytes allowed"))
        .with_hint("use the import for bulk data, or raise `server.body_bytes_max`")
}
