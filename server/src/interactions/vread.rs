//! `GET [base]/{type}/{id}/_history/{vid}`: one version of one resource.
//!
//! Spec: <https://hl7.org/fhir/R4/http.html#vread>

use super::{Subset, acceptable, blocking, pairs, target, version};
use crate::App;
use crate::failure::Failure;
use crate::guard::Caller;
use axum::extract::{Path, Request, State};
use axum::response::Response;
use fhir::IssueCode;

/// Reads a version.
pub(crate) async fn vread(
    State(app): State<App>,
    caller: Caller,
    Path((store, type_name, id, number)): Path<(String, String, String, String)>,
    request: Request,
) -> Result<Response, Failure> {
    acceptable(request.uri(), request.headers())?;
    let (resource_type, id) = target(&type_name, &id)?;
    let subset = Subset::parse(&pairs(request.uri().query().unwrap_or(""))?)?;
    // Version ids are numbers; anything else names no version of ours.
    let plain = number.bytes().all(|byte| byte.is_ascii_digit()) && !number.starts_with('0');
    let number: u64 = number.parse().ok().filter(|_| plain).ok_or_else(|| {
        Failure::new(IssueCode::NotFound, "there is no such version").at("Resource.meta.versionId")
    })?;
    let room = app.rooms.datastore(&store).await?;
    blocking(move || {
        let found = room.store.snapshot(&caller.access()).vread(resource_type, &id, number)?;
        version(&found, &subset)
    })
    .await
}
