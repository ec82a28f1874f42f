//! `POST /sql`: a query over one datastore's tables.
//!
//! The tables are brought up to the store's newest commit first, so a query started after a write
//! was acknowledged sees it. The answer says which commit it reflects.

use crate::failure::Failure;
use crate::guard::Caller;
use crate::router::Note;
use crate::{App, audit, interactions};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use fhir::IssueCode;
use serde::Deserialize;
use std::sync::Arc;
use std::time::Duration;

/// Longest query accepted, in bytes: planning takes time that grows with it.
const QUERY_BYTES_MAX: usize = 64 << 10;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Query {
    store: String,
    query: String,
}

/// How the rows are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Json,
    Csv,
    Parquet,
}

impl Format {
    /// The first format the client would take.
    fn of(headers: &HeaderMap) -> Result<Self, Failure> {
        let asked =
            headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or("*/*");
        asked
            .split(',')
            .find_map(|media| match media.split(';').next().unwrap_or("").trim() {
                "application/json" | "*/*" | "application/*" => Some(Self::Json),
                "text/csv" | "text/*" => Some(Self::Csv),
                "application/vnd.apache.parquet" => Some(Self::Parquet),
                _ => None,
            })
            .ok_or_else(|| {
                Failure::new(
                    IssueCode::NotSupported,
                    "rows come as application/json, text/csv or application/vnd.apache.parquet",
                )
                .with_status(StatusCode::NOT_ACCEPTABLE)
            })
    }

    fn media_type(self) -> &'static str {
        match self {
            Self::Json => "application/json",
            Self::Csv => "text/csv; charset=utf-8; header=present",
            Self::Parquet => "application/vnd.apache.parquet",
        }
    }
}

/// Runs a query. Whatever comes of it, the audit log learns which datastore was asked.
pub(crate) async fn sql(State(app): State<App>, caller: Caller, request: Request) -> Response {
    let mut record = audit::Record::default();
    let answered = run(&app, &caller, request, &mut record).await;
    let mut response = answered.unwrap_or_else(IntoResponse::into_response);
    response.extensions_mut().insert(Note(record));
    response
}

async fn run(
    app: &App,
    caller: &Caller,
    request: Request,
    record: &mut audit::Record,
) -> Result<Response, Failure> {
    let format = Format::of(request.headers())?;
    let (parts, body) = request.into_parts();
    let Query { store, query } =
        read(app, &parts.headers, parts.uri.query().unwrap_or(""), body).await?;
    let room = room(app, caller, &store).await?;
    record.store = Some(room.datastore.datastore_id.clone());
    let answer = answer(app, &room, &query, app.settings.sql_rows_max).await?;
    let commit = answer.commit;
    let bytes = interactions::blocking(move || {
        Ok(match format {
            Format::Json => lake::render_json(&answer)?,
            Format::Csv => lake::render_csv(&answer)?,
            Format::Parquet => lake::render_parquet(&answer)?,
        })
    })
    .await?;
    let mut response = bytes.into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(format.media_type()));
    headers.insert(HeaderName::from_static("tarn-commit"), HeaderValue::from(commit));
    Ok(response)
}

async fn read(app: &App, headers: &HeaderMap, query: &str, body: Body) -> Result<Query, Failure> {
    let media =
        headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let read = match media.split(';').next().map(str::trim) {
        Some("application/json") => {
            crate::body::json::<Query>(&app.settings, headers, body).await.map_err(|failure| {
                failure.with_hint("send {\"store\":\"NAME\",\"query\":\"SELECT …\"}")
            })?
        }
        Some("text/plain" | "application/sql") => {
            let store = interactions::pairs(query)?.into_iter().find(|(name, _)| name == "store");
            let (_, store) = store.ok_or_else(|| {
                Failure::new(IssueCode::Required, "the datastore is not named")
                    .with_hint("add ?store=NAME")
            })?;
            let bytes = crate::body::read(&app.settings, headers, body).await?;
            let query = String::from_utf8(bytes.into())
                .map_err(|_| Failure::new(IssueCode::Value, "the query is not UTF-8"))?;
            Query { store, query }
        }
        _ => {
            return Err(Failure::new(
                IssueCode::NotSupported,
                "a query comes as application/json or text/plain",
            )
            .with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE));
        }
    };
    if read.query.len() > QUERY_BYTES_MAX {
        return Err(Failure::new(
            IssueCode::TooLong,
            format!("the query is longer than {QUERY_BYTES_MAX} bytes"),
        ));
    }
    Ok(read)
}

/// The room of a datastore, if the caller's key opens it.
pub(crate) async fn room(
    app: &App,
    caller: &Caller,
    store: &str,
) -> Result<Arc<jobs::Room>, Failure> {
    match app.rooms.find(store) {
        Ok(datastore) if caller.opens(&datastore.datastore_id) => {
            Ok(app.rooms.datastore(store).await?)
        }
        Err(error) if caller.store.is_none() => Err(error.into()),
        _ => Err(crate::router::not_yours()),
    }
}

/// Runs one query at the store's newest commit, when its turn comes.
pub(crate) async fn answer(
    app: &App,
    room: &Arc<jobs::Room>,
    query: &str,
    rows_max: usize,
) -> Result<lake::Answer, Failure> {
    let commit = room.store.current_commit();
    let _place = app.sql_places.acquire().await.map_err(Failure::fault)?;
    jobs::tables::catch_up(room, commit).await?;
    let options = lake::QueryOptions {
        timeout: Some(Duration::from_secs(app.settings.sql_seconds)),
        rows_max: Some(rows_max),
    };
    Ok(room.lake.query(query, options).await?)
}
