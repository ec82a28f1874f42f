//! `POST [base]/{type}`: a new resource under an id of our choice.
//!
//! Spec: <https://hl7.org/fhir/R4/http.html#create>

use super::{Answer, Asked, acceptable, base, blocking, resource, resource_type};
use crate::App;
use crate::failure::Failure;
use crate::guard::Caller;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use fhir::IssueCode;
use std::sync::Arc;

/// Stores a resource; an id it came with is replaced, as FHIR asks.
pub(crate) async fn create(
    State(app): State<App>,
    caller: Caller,
    Path((store, type_name)): Path<(String, String)>,
    request: Request,
) -> Result<Response, Failure> {
    acceptable(request.uri(), request.headers())?;
    if request.headers().contains_key("if-none-exist") {
        return Err(Failure::new(
            IssueCode::NotSupported,
            "conditional create is not supported yet",
        )
        .with_status(StatusCode::NOT_IMPLEMENTED)
        .at("http.if-none-exist"));
    }
    let room = app.rooms.datastore(&store).await?;
    let expected = resource_type(&type_name)?;
    let answer = Answer {
        status: StatusCode::CREATED,
        base: base(&app, request.headers(), &room.datastore.datastore_id),
        result: Asked::of(request.headers()).result,
    };
    let resource = resource(&app, expected, request).await?;
    let id = uuid()?;
    blocking(move || {
        let write = store::Write::Create { resource: resource.with_id(&id) };
        let commit = room.store.apply(store::Transaction::single(write))?;
        let written =
            commit.written.first().ok_or_else(|| Failure::fault("a commit without its write"))?;
        let snapshot = Arc::clone(&room.store).snapshot(&caller.access());
        answer.of(&snapshot.vread(expected, &id, written.version_id)?)
    })
    .await
}

/// A random id, as a UUID.
fn uuid() -> Result<String, Failure> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|_| Failure::from(crate::Error::Random))?;
    bytes[6] = bytes[6] & 0x0f | 0x40;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    let hex = crate::secret::hex(&bytes);
    Ok(format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..]))
}
