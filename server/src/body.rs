//! Reading what clients send: bounded in size, and in how long a pause may last.

use crate::Settings;
use crate::failure::Failure;
use axum::body::{Body, BodyDataStream, HttpBody};
use axum::http::{HeaderMap, StatusCode, header};
use bytes::{Bytes, BytesMut};
use fhir::IssueCode;
use futures::{Stream, StreamExt};
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

/// The whole body, if it keeps to the limits.
pub(crate) async fn read(
    settings: &Settings,
    headers: &HeaderMap,
    body: Body,
) -> Result<Bytes, Failure> {
    let limit = settings.body_bytes_max;
    let declared = headers
        .get(header::CONTENT_LENGTH)
        .and_then(|v| v.to_str().ok())
        .and_then(|v| v.parse::<u64>().ok());
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

/// A body whose rest is read and dropped, within reason, when a handler answers without it.
///
/// Otherwise the connection closes under a client that still sends, which then loses the answer
/// and the connection it wanted to keep.
pub(crate) fn patient(body: Body) -> Body {
    if body.is_end_stream() {
        body
    } else {
        Body::from_stream(Patient(Some(body.into_data_stream())))
    }
}

struct Patient(Option<BodyDataStream>);

impl Patient {
    const BYTES_MAX: usize = 64 << 20;
    const PATIENCE: Duration = Duration::from_secs(5);
    /// Whoever pauses longer is not sending any more.
    const PAUSE_MAX: Duration = Duration::from_secs(1);
}

impl Stream for Patient {
    type Item = Result<Bytes, axum::Error>;

    fn poll_next(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Self::Item>> {
        let Some(stream) = &mut self.0 else { return Poll::Ready(None) };
        let polled = stream.poll_next_unpin(context);
        if matches!(polled, Poll::Ready(None | Some(Err(_)))) {
            self.0 = None;
        }
        polled
    }
}

impl Drop for Patient {
    fn drop(&mut self) {
        let (Some(mut rest), Ok(runtime)) = (self.0.take(), tokio::runtime::Handle::try_current())
        else {
            return;
        };
        runtime.spawn(tokio::time::timeout(Self::PATIENCE, async move {
            let mut bytes = 0;
            while let Ok(Some(Ok(chunk))) = tokio::time::timeout(Self::PAUSE_MAX, rest.next()).await
            {
                bytes += chunk.len();
                if bytes > Self::BYTES_MAX {
                    break;
                }
            }
        }));
    }
}

/// The next piece of a body.
pub(crate) async fn next(
    stream: &mut BodyDataStream,
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
    let media =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
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
