//! What the console and the command line use beside FHIR and SQL.

pub(crate) mod dashboards;
pub(crate) mod jobs;
pub(crate) mod keys;
pub(crate) mod overview;
pub(crate) mod session;
pub(crate) mod stores;

use crate::App;
use crate::failure::Failure;
use crate::guard::Caller;
use crate::metrics::line;
use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::IntoResponse;
use serde_json::{Value, json};

/// `GET /health`: the server answers.
pub(crate) async fn health() -> Json<Value> {
    Json(json!({ "status": "ok", "version": env!("CARGO_PKG_VERSION") }))
}

/// `GET /api/settings`: what the server runs with. There are no secrets among the settings.
pub(crate) async fn settings(State(app): State<App>) -> Result<Json<Value>, Failure> {
    let below = serde_json::to_value(app.rooms.settings()).map_err(Failure::fault)?;
    Ok(Json(json!({ "server": app.settings, "rooms": below })))
}

/// `GET /metrics`: counters in Prometheus's text format; those of datastores as far as the key
/// opens them.
pub(crate) async fn metrics(State(app): State<App>, caller: Caller) -> impl IntoResponse {
    let mut out = String::new();
    app.metrics.render(&mut out);
    out.push_str("# HELP tarn_audit_lost_total Audit records that could not be written.\n# TYPE tarn_audit_lost_total counter\n");
    line(&mut out, format_args!("tarn_audit_lost_total {}", app.audit.lost()));
    if let Some(bytes) = resident_bytes() {
        out.push_str("# HELP process_resident_memory_bytes Memory in use.\n# TYPE process_resident_memory_bytes gauge\n");
        line(&mut out, format_args!("process_resident_memory_bytes {bytes}"));
    }
    let mut stores = Vec::new();
    for datastore in app.rooms.list() {
        if caller.opens(&datastore.datastore_id)
            && let Ok(room) = app.rooms.datastore(&datastore.datastore_id).await
        {
            stores.push(room);
        }
    }
    let gauges: [(&str, &str, Gauge); 3] = [
        ("tarn_store_commit", "Newest commit.", |room| room.store.current_commit()),
        ("tarn_store_reflected_commit", "Newest commit SQL shows without waiting.", |room| {
            room.lake.reflected()
        }),
        ("tarn_store_table_rows", "Rows in all tables.", |room| {
            room.lake.tables().iter().map(|t| t.rows).sum()
        }),
    ];
    for (name, help, value) in gauges {
        line(&mut out, format_args!("# HELP {name} {help}\n# TYPE {name} gauge"));
        for room in &stores {
            line(
                &mut out,
                format_args!("{name}{{store=\"{}\"}} {}", room.datastore.datastore_id, value(room)),
            );
        }
    }
    ([(header::CONTENT_TYPE, "text/plain; version=0.0.4; charset=utf-8")], out)
}

/// Reads one number off a datastore.
type Gauge = fn(&::jobs::Room) -> u64;

/// Where the system tells.
fn resident_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let kib = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    kib.trim().strip_suffix(" kB")?.trim().parse::<u64>().ok().map(|kib| kib * 1024)
}
