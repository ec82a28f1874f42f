//! `GET [base]/{type}/{id}`: the current version of one resource.
//!
//! Spec: <https://hl7.org/fhir/R4/http.html#read>

use super::{Subset, acceptable, blocking, not_modified, pairs, stamp, target, version};
use crate::App;
use crate::failure::Failure;
use crate::guard::Caller;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

/// Reads a resource; 304 when the client has it already.
pub(crate) async fn read(
    State(app): State<App>,
    caller: Caller,
    Path((store, type_name, id)): Path<(String, String, String)>,
    request: Request,
) -> Result<Response, Failure> {
    acceptable(request.uri(), request.headers())?;
    let (resource_type, id) = target(&type_name, &id)?;
    let subset = Subset::parse(&pairs(request.uri().query().unwrap_or(""))?)?;
    let room = app.rooms.datastore(&store).await?;
    let (parts, _) = request.into_parts();
    blocking(move || {
        let found = room.store.snapshot(&caller.access()).read(resource_type, &id)?;
        if not_modified(&parts.headers, found.version_id, found.last_updated_us) {
            let mut response = StatusCode::NOT_MODIFIED.into_response();
            stamp(&mut response, found.version_id, found.last_updated_us);
            return Ok(response);
        }
        version(&found, &subset)
    })
    .await
}
