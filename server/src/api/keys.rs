//! `/api/keys`: making, listing and deleting access keys.

use crate::App;
use crate::failure::Failure;
use crate::interactions::blocking;
use crate::keys::{Key, NewKey, Role};
use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use fhir::IssueCode;
use serde::Deserialize;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    role: String,
    /// A datastore's name or id.
    store: Option<String>,
}

/// `GET`: all keys, without their secrets.
pub(crate) async fn list(State(app): State<App>) -> Json<Vec<Key>> {
    Json(app.keys.list())
}

/// `POST`: a new key. Its secret is shown here and never again.
pub(crate) async fn create(
    State(app): State<App>,
    request: Request,
) -> Result<(StatusCode, Json<NewKey>), Failure> {
    let (parts, body) = request.into_parts();
    let wanted: Wanted = crate::body::json(&app.settings, &parts.headers, body).await?;
    let role = Role::parse(&wanted.role).ok_or_else(|| {
        Failure::new(IssueCode::Value, "the role is admin, write, read or sql").at("role")
    })?;
    let store = wanted.store.map(|store| app.rooms.find(&store)).transpose()?;
    let made =
        blocking(move || Ok(app.keys.create(role, store.map(|store| store.datastore_id))?)).await?;
    Ok((StatusCode::CREATED, Json(made)))
}

/// `DELETE`: the key, and every session opened with it, are no longer good for anything.
pub(crate) async fn delete(
    State(app): State<App>,
    Path(key_id): Path<String>,
) -> Result<StatusCode, Failure> {
    blocking(move || {
        if !app.keys.delete(&key_id)? {
            return Err(Failure::new(IssueCode::NotFound, "there is no such key"));
        }
        app.sessions.close_key(&key_id);
        Ok(StatusCode::NO_CONTENT)
    })
    .await
}
