//! `/api/dashboards` and the data behind their pictures.

use crate::App;
use crate::dashboards::Dashboard;
use crate::failure::Failure;
use crate::interactions::blocking;
use crate::sql::answer;
use axum::Json;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use fhir::IssueCode;
use futures::future::join_all;
use serde::Deserialize;
use serde_json::{Map, Value, json};
use std::collections::BTreeSet;
use std::sync::Arc;

/// Rows of one data set a client gets.
const ROWS_SHOWN_MAX: usize = 10_000;
/// Rows one data set may have before it is an error.
const ROWS_MAX: usize = 200_000;

#[derive(Default, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wanted {
    #[serde(default)]
    parameters: Map<String, Value>,
    datasets: Option<Vec<String>>,
}

/// `GET /api/dashboards`.
pub(crate) async fn list(State(app): State<App>) -> Result<Json<Vec<Value>>, Failure> {
    blocking(move || {
        let show =
            |d: Dashboard| json!({ "id": d.id, "title": d.title, "description": d.description });
        Ok(Json(app.dashboards.list().into_iter().map(show).collect()))
    })
    .await
}

/// `GET /api/dashboards/{id}`: without the SQL.
pub(crate) async fn show(
    State(app): State<App>,
    Path(id): Path<String>,
) -> Result<Json<Value>, Failure> {
    Ok(Json(find(&app, id).await?.shown()))
}

async fn find(app: &App, id: String) -> Result<Dashboard, Failure> {
    let app = Arc::clone(app);
    blocking(move || match app.dashboards.find(&id) {
        Ok(Some(dashboard)) => Ok(dashboard),
        Ok(None) => Err(Failure::new(IssueCode::NotFound, "there is no such dashboard")),
        Err(error) => {
            Err(Failure::new(IssueCode::Invariant, error.to_string()).with_hint("correct the file"))
        }
    })
    .await
}

/// Most data sets asked for at once.
const NAMES_MAX: usize = 200;

/// `POST /api/stores/{id}/dashboards/{dashboard}/data`: what the pictures show. A data set that
/// fails leaves the others alone.
pub(crate) async fn data(
    State(app): State<App>,
    Path((store, id)): Path<(String, String)>,
    request: Request,
) -> Result<Json<Value>, Failure> {
    let (parts, body) = request.into_parts();
    let wanted: Wanted = crate::body::json(&app.settings, &parts.headers, body).await?;
    let room = app.rooms.datastore(&store).await?;
    let dashboard = find(&app, id).await?;
    let values = dashboard
        .values(&wanted.parameters)
        .map_err(|reason| Failure::new(IssueCode::Value, reason))?;
    let names: Vec<&str> = match &wanted.datasets {
        None => dashboard.datasets().collect(),
        Some(names) => {
            let names: BTreeSet<&str> = names.iter().map(String::as_str).collect();
            if names.len() > NAMES_MAX {
                let message = format!("more than {NAMES_MAX} data sets at once");
                return Err(Failure::new(IssueCode::TooCostly, message));
            }
            names.into_iter().collect()
        }
    };
    let asked = names.iter().map(|name| {
        let (app, room, sql) = (&app, &room, dashboard.sql(name, &values));
        async move {
            let sql = sql.ok_or_else(|| {
                Failure::new(IssueCode::Value, "the dashboard has no data set of that name")
                    .with_status(StatusCode::BAD_REQUEST)
            })?;
            let answer = answer(app, room, &sql, ROWS_MAX).await?;
            let commit = answer.commit;
            blocking(move || Ok((commit, columns_and_rows(&answer)?))).await
        }
    });
    let answers = join_all(asked).await;
    let (mut commit, mut datasets, mut errors) = (None, Map::new(), Map::new());
    for (name, answer) in names.into_iter().zip(answers) {
        match answer {
            Ok((own, data)) => {
                // A write may fall between two data sets: the whole reflects the older state.
                commit = Some(commit.map_or(own, |commit: u64| commit.min(own)));
                datasets.insert(name.to_owned(), data);
            }
            Err(failure) => {
                tracing::warn!(
                    dashboard = dashboard.id,
                    dataset = name,
                    error = failure.message(),
                    "a data set failed"
                );
                errors.insert(name.to_owned(), failure.message().into());
            }
        }
    }
    let commit = commit.unwrap_or_else(|| room.lake.reflected());
    Ok(Json(json!({ "commit": commit, "datasets": datasets, "errors": errors })))
}

/// Columns with the kinds the console knows, and rows by position.
fn columns_and_rows(answer: &lake::Answer) -> Result<Value, Failure> {
    let fields = answer.schema.fields();
    let kinds: Vec<&str> = fields
        .iter()
        .map(|field| match field.data_type() {
            kind if kind.is_numeric() => "number",
            kind if kind.is_temporal() => "time",
            kind if kind.to_string() == "Boolean" => "boolean",
            _ => "text",
        })
        .collect();
    let names: Vec<String> = fields.iter().map(|field| field.name().clone()).collect();
    let text = lake::render_json(answer)?;
    let objects: Vec<Map<String, Value>> = serde_json::from_slice(&text).map_err(Failure::fault)?;
    let truncated = objects.len() > ROWS_SHOWN_MAX;
    let rows: Vec<Vec<Value>> = objects
        .into_iter()
        .take(ROWS_SHOWN_MAX)
        .map(|mut row| {
            let cell = |(name, kind): (&String, &&str)| match row.remove(name) {
                // A moment without a zone is UTC; the console is told so.
                Some(Value::String(text))
                    if *kind == "time" && text.contains('T') && !text.ends_with('Z') =>
                {
                    Value::String(format!("{text}Z"))
                }
                value => value.unwrap_or(Value::Null),
            };
            names.iter().zip(&kinds).map(cell).collect()
        })
        .collect();
    let columns: Vec<Value> = names
        .iter()
        .zip(&kinds)
        .map(|(name, kind)| json!({ "name": name, "type": kind }))
        .collect();
    let mut data = json!({ "columns": columns, "rows": rows });
    if truncated {
        data["truncated"] = true.into();
    }
    Ok(data)
}
