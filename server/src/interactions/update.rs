//! `PUT [base]/{type}/{id}`: a new version, or the first one under the client's id.
//!
//! Spec: <https://hl7.org/fhir/R4/http.html#update>

use super::{Answer, Asked, acceptable, base, blocking, if_match, resource, target};
use crate::App;
use crate::failure::Failure;
use crate::guard::Caller;
use axum::extract::{Path, Request, State};
use axum::http::{StatusCode, header};
use axum::response::Response;
use fhir::IssueCode;
use store::WrittenKind;

/// Stores a resource under the id of the path.
pub(crate) async fn update(
    State(app): State<App>,
    caller: Caller,
    Path((store, type_name, id)): Path<(String, String, String)>,
    request: Request,
) -> Result<Response, Failure> {
    acceptable(request.uri(), request.headers())?;
    let (resource_type, id) = target(&type_name, &id)?;
    let room = app.rooms.datastore(&store).await?;
    let headers = request.headers();
    let if_match = if_match(headers)?;
    let if_none_match_any = match headers.get(header::IF_NONE_MATCH).map(|value| value.as_bytes()) {
        None => false,
        Some(b"*") => true,
        Some(_) => {
            return Err(Failure::new(
                IssueCode::NotSupported,
                "an update takes `If-None-Match: *` only",
            )
            .at("http.if-none-match"));
        }
    };
    let base = base(&app, headers, &room.datastore.datastore_id);
    let result = Asked::of(headers).result;
    let resource = resource(&app, resource_type, request).await?;
    let path = format!("{}.id", resource_type.name());
    match resource.id() {
        Some(own) if own == id => {}
        Some(_) => {
            return Err(
                Failure::new(IssueCode::Value, "the id differs from the one in the path").at(path)
            );
        }
        None => {
            return Err(Failure::new(
                IssueCode::Required,
                "an update needs the id also in the body",
            )
            .at(path));
        }
    }
    blocking(move || {
        let write = store::Write::Update { resource, if_match, if_none_match_any, create: true };
        let commit = room.store.apply(store::Transaction::single(write))?;
        let written =
            commit.written.first().ok_or_else(|| Failure::fault("a commit without its write"))?;
        let status = match written.kind {
            WrittenKind::Created => StatusCode::CREATED,
            _ => StatusCode::OK,
        };
        let snapshot = room.store.snapshot(&caller.access());
        Answer { status, base, result }.of(&snapshot.vread(
            resource_type,
            &id,
            written.version_id,
        )?)
    })
    .await
}
