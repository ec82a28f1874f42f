//! `DELETE [base]/{type}/{id}`: the end, though history still tells.
//!
//! Spec: <https://hl7.org/fhir/R4/http.html#delete>

use super::{Asked, Return, acceptable, blocking, etag, fhir_json, if_match, target};
use crate::App;
use crate::failure::Failure;
use crate::guard::Caller;
use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use fhir::Outcome;

/// Deletes a resource. Deleting twice, or what never was, is no error: it is gone either way.
pub(crate) async fn delete(
    State(app): State<App>,
    _caller: Caller,
    Path((store, type_name, id)): Path<(String, String, String)>,
    request: Request,
) -> Result<Response, Failure> {
    acceptable(request.uri(), request.headers())?;
    let (resource_type, id) = target(&type_name, &id)?;
    let room = app.rooms.datastore(&store).await?;
    let if_match = if_match(request.headers())?;
    // A 204 has no body, so a client gets one only when it asks.
    let outcome = request.headers().contains_key("prefer")
        && Asked::of(request.headers()).result == Return::OperationOutcome;
    blocking(move || {
        let write = store::Write::Delete { resource_type, id: id.clone(), if_match };
        let commit = room.store.apply(store::Transaction::single(write))?;
        let written =
            commit.written.first().ok_or_else(|| Failure::fault("a commit without its write"))?;
        let mut response = if outcome {
            let what = format!("`{}/{id}` is deleted", resource_type.name());
            fhir_json(StatusCode::OK, Outcome::success(what).render())
        } else {
            StatusCode::NO_CONTENT.into_response()
        };
        if let (1.., Some(etag)) = (written.version_id, etag(written.version_id)) {
            response.headers_mut().insert(header::ETAG, etag);
        }
        Ok(response)
    })
    .await
}
