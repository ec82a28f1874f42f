//! `GET [base]/metadata`: what this server can do.
//!
//! Spec: <https://hl7.org/fhir/R4/http.html#capabilities>

use super::{acceptable, base, blocking, fhir_json};
use crate::App;
use crate::failure::Failure;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use std::sync::OnceLock;

/// The statement tells nothing about the data, so it names the start of the server, not a commit.
pub(crate) async fn metadata(
    State(app): State<App>,
    Path(store): Path<String>,
    request: Request,
) -> Result<Response, Failure> {
    static STARTED_US: OnceLock<i64> = OnceLock::new();
    acceptable(request.uri(), request.headers())?;
    let datastore = app.rooms.find(&store)?;
    let base = base(&app, request.headers(), &datastore.datastore_id);
    let started_us = *STARTED_US.get_or_init(crate::now_us);
    blocking(move || {
        let statement = fhir::capability::render(&base, env!("CARGO_PKG_VERSION"), started_us);
        Ok(fhir_json(StatusCode::OK, statement))
    })
    .await
}
