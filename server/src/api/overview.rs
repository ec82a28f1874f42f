//! `/api/stores/{id}/overview` and `/events`: how full each part of the river is, once or live.

use crate::App;
use crate::failure::Failure;
use crate::guard::Caller;
use crate::interactions::{base, blocking, origin};
use axum::Json;
use axum::extract::{Path, State};
use axum::http::HeaderMap;
use axum::response::sse::{Event, Sse};
use futures::Stream;
use jobs::Room;
use serde_json::{Value, json};
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// How often a change is looked for; also the shortest time between two events.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Longest time between two events.
const SEND_EVERY: Duration = Duration::from_secs(10);
/// After this an events answer ends; the browser asks again, and shows its session again.
const ENDS_AFTER: Duration = Duration::from_secs(600);

/// `GET …/overview`.
pub(crate) async fn overview(
    State(app): State<App>,
    Path(store): Path<String>,
    headers: HeaderMap,
) -> Result<Json<Value>, Failure> {
    let room = app.rooms.datastore(&store).await?;
    let view = View::new(&app, &room, &headers);
    Ok(Json(view.render().await?))
}

/// `GET …/events`: the same whenever something changed, for as long as the datastore is there and
/// whoever asked may see it.
pub(crate) async fn events(
    State(app): State<App>,
    caller: Caller,
    Path(store): Path<String>,
    headers: HeaderMap,
) -> Result<Sse<impl Stream<Item = Result<Event, Infallible>>>, Failure> {
    let room = app.rooms.datastore(&store).await?;
    let watched = Watched {
        view: View::new(&app, &room, &headers),
        caller,
        seen: None,
        sent: Instant::now(),
        ends: Instant::now() + ENDS_AFTER,
        stopping: app.stopping.subscribe(),
    };
    Ok(Sse::new(futures::stream::unfold(watched, next)))
}

struct Watched {
    view: View,
    caller: Caller,
    /// What changes when the overview does.
    seen: Option<[u64; 6]>,
    sent: Instant,
    ends: Instant,
    stopping: watch::Receiver<bool>,
}

impl Watched {
    /// Whether the key or session is still good, and the datastore still there: either may have
    /// gone since the stream began.
    fn may_go_on(&self) -> bool {
        let app = &self.view.app;
        app.rooms.find(&self.view.room.datastore.datastore_id).is_ok() && self.caller.is_known(app)
    }
}

async fn next(mut watched: Watched) -> Option<(Result<Event, Infallible>, Watched)> {
    loop {
        if watched.seen.is_some() {
            tokio::select! {
                () = tokio::time::sleep(LOOK_EVERY) => {}
                () = crate::stopped(&mut watched.stopping) => return None,
            }
        }
        if *watched.stopping.borrow() || Instant::now() >= watched.ends || !watched.may_go_on() {
            return None;
        }
        let now = watched.view.signature();
        if watched.seen == Some(now) && watched.sent.elapsed() < SEND_EVERY {
            continue;
        }
        watched.seen = Some(now);
        watched.sent = Instant::now();
        match watched.view.render().await {
            Ok(overview) => {
                let event = Event::default().event("overview").data(overview.to_string());
                return Some((Ok(event), watched));
            }
            Err(failure) => {
                tracing::error!(error = failure.message(), "an overview could not be made");
                return None;
            }
        }
    }
}

/// One datastore's overview, for one client.
struct View {
    app: App,
    room: Arc<Room>,
    fhir: String,
    sql: String,
}

impl View {
    fn new(app: &App, room: &Arc<Room>, headers: &HeaderMap) -> Self {
        Self {
            fhir: base(app, headers, &room.datastore.datastore_id),
            sql: format!("{}/sql", origin(app, headers)),
            app: Arc::clone(app),
            room: Arc::clone(room),
        }
    }

    fn signature(&self) -> [u64; 6] {
        let import = self.room.import_progress();
        let count = |of: fn(&jobs::import::Progress) -> u64| import.as_ref().map_or(0, of);
        [
            self.room.store.current_commit(),
            self.room.lake.reflected(),
            count(|progress| progress.bytes_done),
            count(|progress| progress.resources + progress.rejected),
            count(|progress| progress.phase as u64 + 1),
            self.room.notes_progress().documents,
        ]
    }

    async fn render(&self) -> Result<Value, Failure> {
        let (app, room) = (Arc::clone(&self.app), Arc::clone(&self.room));
        let mut overview = blocking(move || Ok(render(&app, &room))).await?;
        overview["endpoints"] = json!({ "fhir": self.fhir, "sql": self.sql });
        Ok(overview)
    }
}

fn render(app: &App, room: &Room) -> Value {
    let statistics = room.store.statistics();
    let tables = room.lake.tables();
    let import = room.import_progress();
    let notes = room.notes_progress();
    let types: Vec<Value> = statistics
        .types
        .iter()
        .filter(|of| of.resources > 0)
        .map(|of| json!({ "type": of.resource_type.name(), "count": of.resources }))
        .collect();
    let documents =
        statistics.types.iter().find(|of| of.resource_type.name() == "DocumentReference");
    let files = import.as_ref();
    json!({
        "commit": statistics.commit,
        "reflected_commit": room.lake.reflected(),
        "time": fhir::date::instant(crate::now_us()),
        "types": types,
        "disk_bytes": statistics.disk_bytes,
        "river": {
            "files": {
                "count": files.map_or(0, |progress| progress.files_done),
                "bytes": files.map_or(0, |progress| progress.bytes_done),
                "rejected": files.map_or(0, |progress| progress.rejected),
            },
            "resources": {
                "count": statistics.types.iter().map(|of| of.resources).sum::<u64>(),
                "versions": statistics.types.iter().map(|of| of.versions).sum::<u64>(),
            },
            "tables": {
                "count": tables.len(),
                "rows": tables.iter().map(|table| table.rows).sum::<u64>(),
                "bytes": tables.iter().map(|table| table.bytes).sum::<u64>(),
            },
            "notes": {
                "documents": documents.map_or(0, |of| of.resources),
                "on": room.reads_notes(),
                "read": notes.documents,
                "waiting": notes.waiting,
                "failed": notes.failed,
                "findings": notes.findings,
            },
            "pictures": { "dashboards": app.dashboards.list().len() },
        },
        "import": import,
        "keys_hint": format!("tarn key create --role read --store {}", room.datastore.name),
    })
}
