//! `/api/stores/{id}/import` and `/export`: long work, told line by line.
//!
//! The answer is NDJSON: `{"progress":{…}}` lines, then one `{"summary":{…}}` or `{"error":{…}}`.
//! Whoever hangs up stops the job; what was committed stays.

use crate::App;
use crate::failure::Failure;
use crate::guard::Caller;
use crate::router::{Need, not_yours};
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderValue, header};
use axum::response::{IntoResponse, Response};
use bytes::{Buf, Bytes};
use fhir::IssueCode;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use std::convert::Infallible;
use std::future::Future;
use std::io::Read;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::mpsc;

/// Lines waiting for a slow client; progress beyond that is left out, the result is not.
const LINES_WAITING_MAX: usize = 64;
/// Pieces of a body read ahead of the import.
const PIECES_WAITING_MAX: usize = 16;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Import {
    paths: Vec<PathBuf>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Export {
    out: PathBuf,
    #[serde(default)]
    gzip: bool,
    #[serde(default)]
    force: bool,
}

/// `POST …/import`: of paths on this machine (admin keys only), or of the body.
pub(crate) async fn import(
    State(app): State<App>,
    caller: Caller,
    Path(store): Path<String>,
    request: Request,
) -> Result<Response, Failure> {
    let room = app.rooms.datastore(&store).await?;
    let (parts, body) = request.into_parts();
    let media =
        parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let media = media.split(';').next().unwrap_or("").trim();
    let stop = Arc::new(AtomicBool::new(false));
    let mut request = match media {
        "application/fhir+ndjson" | "application/ndjson" | "application/x-ndjson" => {
            jobs::import::Request::of_reader(
                "stdin",
                reader(body, Duration::from_secs(app.settings.body_seconds)),
            )
        }
        "application/json" => {
            // Paths reach any file this process can read.
            if !Need::Owner.is_met_by(caller.role, caller.store.is_some()) {
                return Err(if caller.store.is_some() {
                    not_yours()
                } else {
                    Failure::new(
                        IssueCode::Forbidden,
                        "only an admin key may import from paths of the server",
                    )
                }
                .with_hint("send the NDJSON itself as application/fhir+ndjson"));
            }
            let Import { paths } = crate::body::json(&app.settings, &parts.headers, body).await?;
            if paths.iter().any(|path| path.as_os_str() == "-") {
                return Err(Failure::new(
                    IssueCode::Value,
                    "the server's standard input cannot be imported",
                )
                .at("paths"));
            }
            if paths.is_empty() {
                return Err(
                    Failure::new(IssueCode::Required, "there are no paths to import").at("paths")
                );
            }
            jobs::import::Request::of_paths(paths)
        }
        _ => {
            return Err(Failure::new(
                IssueCode::NotSupported,
                "an import comes as application/fhir+ndjson, or as paths in application/json",
            )
            .with_status(axum::http::StatusCode::UNSUPPORTED_MEDIA_TYPE));
        }
    };
    request.stop = Arc::clone(&stop);
    Ok(told(&app, stop, move |tell| jobs::import::run(room, request, tell)))
}

/// `POST …/export`: into a folder of this machine.
pub(crate) async fn export(
    State(app): State<App>,
    Path(store): Path<String>,
    request: Request,
) -> Result<Response, Failure> {
    let room = app.rooms.datastore(&store).await?;
    let (parts, body) = request.into_parts();
    let Export { out, gzip, force } =
        crate::body::json(&app.settings, &parts.headers, body).await?;
    let stop = Arc::new(AtomicBool::new(false));
    let request = jobs::export::Request { out, gzip, force, stop: Arc::clone(&stop) };
    Ok(told(&app, stop, move |tell| jobs::export::run(room, request, tell)))
}

/// Starts a job and answers with what it tells.
fn told<P, S, F>(
    app: &App,
    stop: Arc<AtomicBool>,
    job: impl FnOnce(Arc<dyn Fn(P) + Send + Sync>) -> F,
) -> Response
where
    P: Serialize + 'static,
    S: Serialize + Send + 'static,
    F: Future<Output = Result<S, jobs::Error>> + Send + 'static,
{
    let (sender, receiver) = mpsc::channel::<Bytes>(LINES_WAITING_MAX);
    let (told, stop_by_client) = (sender.clone(), Arc::clone(&stop));
    let running = job(Arc::new(move |progress: P| {
        if told.is_closed() {
            stop_by_client.store(true, Ordering::Relaxed);
        }
        // Full means the client is slow; the next one will say more anyway.
        let _ = told.try_send(line("progress", &progress));
    }));
    let mut stopping = app.stopping.subscribe();
    tokio::spawn(async move {
        let mut running = std::pin::pin!(running);
        let result = tokio::select! {
            result = &mut running => result,
            () = crate::stopped(&mut stopping) => {
                stop.store(true, Ordering::Relaxed);
                running.await
            }
        };
        let last = match result {
            Ok(summary) => line("summary", &summary),
            Err(error) => {
                let hint = error.hint();
                let failure = Failure::from(error);
                let mut shown = json!({ "message": failure.message() });
                if let Some(hint) = hint {
                    shown["hint"] = hint.into();
                }
                line("error", &shown)
            }
        };
        // Nobody is listening any more: the job's own progress keeps the result.
        let _ = sender.send(last).await;
    });
    let lines = futures::stream::unfold(receiver, async |mut receiver| {
        let line = receiver.recv().await?;
        Some((Ok::<_, Infallible>(line), receiver))
    });
    let mut response = Body::from_stream(lines).into_response();
    response
        .headers_mut()
        .insert(header::CONTENT_TYPE, HeaderValue::from_static("application/x-ndjson"));
    response
}

fn line(name: &str, value: &impl Serialize) -> Bytes {
    let value = serde_json::to_value(value).unwrap_or(Value::Null);
    Bytes::from(format!("{}\n", json!({ name: value })))
}

/// A request's body as something the import can read on a thread of its own.
fn reader(body: Body, pause: Duration) -> impl Read + Send + 'static {
    let (sender, receiver) = mpsc::channel(PIECES_WAITING_MAX);
    tokio::spawn(async move {
        let mut stream = body.into_data_stream();
        loop {
            let piece = match crate::body::next(&mut stream, pause).await {
                Ok(None) => return,
                Ok(Some(piece)) => Ok(piece),
                Err(failure) => Err(failure.message()),
            };
            let broken = piece.is_err();
            // The import stopped reading, or there is nothing more to read.
            if sender.send(piece).await.is_err() || broken {
                return;
            }
        }
    });
    Pieces { receiver, piece: Bytes::new() }
}

struct Pieces {
    receiver: mpsc::Receiver<Result<Bytes, String>>,
    piece: Bytes,
}

impl Read for Pieces {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        while self.piece.is_empty() {
            match self.receiver.blocking_recv() {
                None => return Ok(0),
                Some(Ok(piece)) => self.piece = piece,
                Some(Err(message)) => {
                    return Err(std::io::Error::new(std::io::ErrorKind::UnexpectedEof, message));
                }
            }
        }
        let count = out.len().min(self.piece.len());
        self.piece.copy_to_slice(&mut out[..count]);
        Ok(count)
    }
}
