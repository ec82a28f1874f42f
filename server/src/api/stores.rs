//! `/api/stores`: the datastores there are.

use crate::App;
use crate::failure::Failure;
use crate::guard::Caller;
use crate::interactions::{base, blocking};
use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    name: String,
    /// Whether its notes are read.
    #[serde(default = "yes")]
    notes: bool,
}

fn yes() -> bool {
    true
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Switch {
    on: bool,
}

/// `GET`: those the key opens. One that cannot be opened is listed without counts.
pub(crate) async fn list(
    State(app): State<App>,
    caller: Caller,
    headers: HeaderMap,
) -> Result<Json<Vec<Value>>, Failure> {
    let mut shown = Vec::new();
    for datastore in app.rooms.list() {
        if !caller.opens(&datastore.datastore_id) {
            continue;
        }
        let room = match app.rooms.datastore(&datastore.datastore_id).await {
            Ok(room) => Some(room),
            Err(error) => {
                tracing::error!(datastore = datastore.datastore_id, %error, "a datastore could not be opened");
                None
            }
        };
        let counts = blocking(move || {
            Ok(room.map(|room| {
                let statistics = room.store.statistics();
                (statistics.types.iter().map(|t| t.resources).sum::<u64>(), statistics.commit)
            }))
        })
        .await?;
        let mut entry = show(&app, &headers, &datastore);
        entry["resources"] = counts.map(|counts| counts.0).into();
        entry["commit"] = counts.map(|counts| counts.1).into();
        shown.push(entry);
    }
    Ok(Json(shown))
}

/// `POST`: a new, empty one.
pub(crate) async fn create(
    State(app): State<App>,
    request: Request,
) -> Result<(StatusCode, Json<Value>), Failure> {
    let (parts, body) = request.into_parts();
    let wanted: Wanted = crate::body::json(&app.settings, &parts.headers, body).await?;
    let rooms = std::sync::Arc::clone(&app.rooms);
    let (name, notes) = (wanted.name, wanted.notes);
    let mut datastore = blocking(move || Ok(rooms.create(&name)?)).await?;
    if !notes {
        datastore = app.rooms.set_notes(&datastore.datastore_id, false).await?;
    }
    let mut entry = show(&app, &parts.headers, &datastore);
    entry["resources"] = 0.into();
    entry["commit"] = 0.into();
    Ok((StatusCode::CREATED, Json(entry)))
}

/// `POST …/notes`: whether notes are read.
pub(crate) async fn notes(
    State(app): State<App>,
    Path(store): Path<String>,
    request: Request,
) -> Result<Json<Value>, Failure> {
    let (parts, body) = request.into_parts();
    let switch: Switch = crate::body::json(&app.settings, &parts.headers, body).await?;
    let datastore = app.rooms.set_notes(&store, switch.on).await?;
    Ok(Json(show(&app, &parts.headers, &datastore)))
}

/// `DELETE`: with everything in it, its tables, and the keys that open nothing else.
pub(crate) async fn delete(
    State(app): State<App>,
    Path(store): Path<String>,
) -> Result<StatusCode, Failure> {
    let deleted = app.rooms.delete(&store).await?;
    blocking(move || Ok(app.keys.delete_of_store(&deleted.datastore_id)?)).await?;
    Ok(StatusCode::NO_CONTENT)
}

fn show(app: &App, headers: &HeaderMap, datastore: &store::Datastore) -> Value {
    json!({
        "datastore_id": datastore.datastore_id,
        "name": datastore.name,
        "status": datastore.status,
        "endpoint": format!("{}/", base(app, headers, &datastore.datastore_id)),
        "created": fhir::date::instant(datastore.created_us),
        "notes": if datastore.notes { "on" } else { "off" },
    })
}
