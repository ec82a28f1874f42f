//! Every route, what it takes to use it, and the layers all of them share.
//!
//! The table is the whole truth: routes are made from it, and the tests walk it.

use crate::failure::Failure;
use crate::guard::{Caller, guard};
use crate::keys::Role;
use crate::metrics::Door;
use crate::{App, annotate, api, audit, console, interactions, sql};
use axum::Router;
use axum::extract::{RawPathParams, Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::Response;
use axum::routing::{MethodRouter, delete, get, post, put};
use fhir::IssueCode;
use std::time::Instant;

/// What it takes to use a route.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Need {
    /// Nothing.
    Nothing,
    /// Any key.
    Key,
    /// A key for SQL: every role has that.
    Sql,
    /// A key that reads FHIR.
    Read,
    /// A key that writes FHIR.
    Write,
    /// An admin key, for this datastore at least.
    Admin,
    /// An admin key for everything.
    Owner,
}

impl Need {
    /// Whether a role is enough; `scoped` when the key opens one datastore only.
    pub fn is_met_by(self, role: Role, scoped: bool) -> bool {
        match self {
            Self::Nothing | Self::Key | Self::Sql => true,
            Self::Read => matches!(role, Role::Admin | Role::Write | Role::Read),
            Self::Write => matches!(role, Role::Admin | Role::Write),
            Self::Admin => role == Role::Admin,
            Self::Owner => role == Role::Admin && !scoped,
        }
    }
}

/// One route.
#[derive(Clone, Copy, Debug)]
pub struct Route {
    /// The method.
    pub method: &'static str,
    /// The path, with `{names}` for what varies.
    pub path: &'static str,
    /// What it takes.
    pub need: Need,
    /// What the audit log calls it; empty for what touches no patient data.
    pub interaction: &'static str,
}

/// Every route there is.
pub fn routes() -> Vec<Route> {
    doors().into_iter().map(|(route, _)| route).collect()
}

fn doors() -> Vec<(Route, MethodRouter<App>)> {
    use Need::{Admin, Key, Nothing, Owner, Read, Sql, Write};
    let door = |method, path, need, interaction, handler| {
        (Route { method, path, need, interaction }, handler)
    };
    vec![
        door("GET", "/health", Nothing, "", get(api::health)),
        door("GET", "/metrics", Key, "", get(api::metrics)),
        door("GET", "/", Nothing, "", get(console::root)),
        door("GET", "/console", Nothing, "", get(console::root)),
        door("GET", "/console/", Nothing, "", get(console::index)),
        door("GET", "/console/{*path}", Nothing, "", get(console::file)),
        // FHIR
        door(
            "GET",
            "/datastore/{store}/r4/metadata",
            Key,
            "",
            get(interactions::metadata::metadata),
        ),
        door("POST", "/datastore/{store}/r4", Write, "batch", post(interactions::batch)),
        door("POST", "/datastore/{store}/r4/", Write, "batch", post(interactions::batch)),
        door("GET", "/datastore/{store}/r4/{type}", Read, "search", get(interactions::search::get)),
        door(
            "POST",
            "/datastore/{store}/r4/{type}",
            Write,
            "create",
            post(interactions::create::create),
        ),
        door(
            "POST",
            "/datastore/{store}/r4/{type}/_search",
            Read,
            "search",
            post(interactions::search::post),
        ),
        door(
            "GET",
            "/datastore/{store}/r4/{type}/{id}",
            Read,
            "read",
            get(interactions::read::read),
        ),
        door(
            "PUT",
            "/datastore/{store}/r4/{type}/{id}",
            Write,
            "update",
            put(interactions::update::update),
        ),
        door(
            "DELETE",
            "/datastore/{store}/r4/{type}/{id}",
            Write,
            "delete",
            delete(interactions::delete::delete),
        ),
        door(
            "GET",
            "/datastore/{store}/r4/{type}/{id}/_history",
            Read,
            "history",
            get(interactions::history::history),
        ),
        door(
            "GET",
            "/datastore/{store}/r4/{type}/{id}/_history/{version}",
            Read,
            "vread",
            get(interactions::vread::vread),
        ),
        // SQL
        door("POST", "/sql", Sql, "sql", post(sql::sql)),
        // Notes alone: nothing is stored
        door("POST", "/annotate", Read, "", post(annotate::annotate)),
        // The console's own
        door("GET", "/api/session", Key, "", get(api::session::show)),
        door("POST", "/api/session", Nothing, "", post(api::session::sign_in)),
        door("DELETE", "/api/session", Key, "", delete(api::session::sign_out)),
        door("POST", "/api/sign-in-tokens", Owner, "sign-in-token", post(api::session::token)),
        door("GET", "/api/stores", Key, "", get(api::stores::list)),
        door("POST", "/api/stores", Owner, "store-create", post(api::stores::create)),
        door("DELETE", "/api/stores/{store}", Owner, "store-delete", delete(api::stores::delete)),
        door("POST", "/api/stores/{store}/notes", Admin, "store-notes", post(api::stores::notes)),
        door("GET", "/api/stores/{store}/overview", Key, "", get(api::overview::overview)),
        door("GET", "/api/stores/{store}/events", Key, "", get(api::overview::events)),
        door(
            "POST",
            "/api/stores/{store}/dashboards/{id}/data",
            Sql,
            "dashboard",
            post(api::dashboards::data),
        ),
        door("POST", "/api/stores/{store}/import", Write, "import", post(api::jobs::import)),
        door("POST", "/api/stores/{store}/export", Owner, "export", post(api::jobs::export)),
        door("GET", "/api/dashboards", Key, "", get(api::dashboards::list)),
        door("GET", "/api/dashboards/{id}", Key, "", get(api::dashboards::show)),
        door("GET", "/api/keys", Owner, "key-list", get(api::keys::list)),
        door("POST", "/api/keys", Owner, "key-create", post(api::keys::create)),
        door("DELETE", "/api/keys/{id}", Owner, "key-delete", delete(api::keys::delete)),
        door("GET", "/api/settings", Admin, "", get(api::settings)),
    ]
}

/// The whole server as a service.
pub(crate) fn router(app: App) -> Router {
    let mut router = Router::new();
    for (route, handler) in doors() {
        // Not `layer`: a wrong method is answered below, once for all routes of a path.
        let gate = from_fn_with_state((app.clone(), route), gate);
        router = router.route(route.path, handler.route_layer(gate));
    }
    router
        .method_not_allowed_fallback(async || {
            Failure::new(IssueCode::NotSupported, "this path does not take that method")
                .with_status(StatusCode::METHOD_NOT_ALLOWED)
        })
        .fallback(async || {
            Failure::new(IssueCode::NotFound, "there is nothing at this path")
                .with_hint("FHIR is at /datastore/{id}/r4, SQL at /sql, the console at /console/")
        })
        .layer(from_fn_with_state(app.clone(), guard))
        .layer(from_fn_with_state(app.clone(), finish))
        .with_state(app)
}

/// What a request turned out to touch, for the audit log. A handler may add to it.
#[derive(Clone, Debug, Default)]
pub(crate) struct Note(pub audit::Record);

/// Parameter names that came in a body, for the audit log.
#[derive(Clone, Debug, Default)]
pub(crate) struct NamedParameters(pub Vec<String>);

/// In front of one route: is the key good for it, and for this datastore?
async fn gate(
    State((app, route)): State<(App, Route)>,
    parameters: RawPathParams,
    request: Request,
    next: Next,
) -> Response {
    let mut note = audit::Record { interaction: route.interaction, ..Default::default() };
    for (name, value) in &parameters {
        let short = || Some(value.chars().take(64).collect::<String>());
        match name {
            "type" => note.resource_type = short(),
            "id" => note.id = short(),
            _ => {}
        }
    }
    if let Some(query) = request.uri().query() {
        note.parameters = interactions::pairs(query)
            .unwrap_or_default()
            .into_iter()
            .map(|(name, _)| name)
            .collect();
    }
    let allowed = allow(&app, route, request.extensions().get::<Caller>(), &parameters, &mut note);
    let mut response = match allowed {
        Ok(()) => next.run(request).await,
        Err(failure) => axum::response::IntoResponse::into_response(failure),
    };
    if !route.interaction.is_empty() {
        if let Some(NamedParameters(names)) = response.extensions_mut().remove() {
            note.parameters.extend(names);
        }
        note.parameters.iter_mut().for_each(|name| *name = name.chars().take(64).collect());
        note.parameters.truncate(64);
        if let Some(Note(own)) = response.extensions_mut().remove::<Note>() {
            note.store = own.store.or(note.store);
            note.id = own.id.or(note.id);
        }
        response.extensions_mut().insert(Note(note));
    }
    response
}

fn allow(
    app: &App,
    route: Route,
    caller: Option<&Caller>,
    parameters: &RawPathParams,
    note: &mut audit::Record,
) -> Result<(), Failure> {
    if route.need == Need::Nothing {
        return Ok(());
    }
    // The guard let nobody else through; a route that forgot it would end here.
    let Some(caller) = caller else {
        return Err(Failure::new(IssueCode::Login, "this needs a key"));
    };
    if !route.need.is_met_by(caller.role, caller.store.is_some()) {
        let what = if route.need == Need::Owner {
            "an admin key for all datastores"
        } else {
            "more rights"
        };
        return Err(Failure::new(
            IssueCode::Forbidden,
            format!(
                "a key with the role `{}` may not do this: it takes {what}",
                caller.role.name()
            ),
        ));
    }
    if let Some((_, name)) = parameters.iter().find(|(name, _)| *name == "store") {
        let found = app.rooms.find(name);
        match (found, &caller.store) {
            (Ok(datastore), _) if caller.opens(&datastore.datastore_id) => {
                note.store = Some(datastore.datastore_id);
            }
            // Whoever may not look around does not learn which datastores there are.
            (_, Some(_)) => return Err(not_yours()),
            (Err(error), None) => return Err(error.into()),
            (Ok(_), None) => unreachable!("a key without a datastore of its own opens all"),
        }
    }
    Ok(())
}

/// What a key for one datastore hears about any other.
pub(crate) fn not_yours() -> Failure {
    Failure::new(IssueCode::Forbidden, "this key opens another datastore")
}

/// Around everything: request id, security headers, error bodies, audit and metrics.
async fn finish(State(app): State<App>, request: Request, next: Next) -> Response {
    let started = Instant::now();
    let door = Door::of(request.uri().path());
    let request_id = request_id(&request);
    let anonymous_data = matches!(door, Door::Fhir | Door::Sql | Door::Api);
    let mut response = next.run(request.map(crate::body::patient)).await;

    if let Some(failure) = response.extensions_mut().remove::<Failure>() {
        let (media, body) = failure.render(door, &request_id);
        response.headers_mut().insert(header::CONTENT_TYPE, media);
        response.headers_mut().remove(header::CONTENT_LENGTH);
        *response.body_mut() = body.into();
    }
    let status = response.status();
    let note = response.extensions_mut().remove::<Note>().map(|note| note.0);
    let note = note.or_else(|| {
        let refused = matches!(status, StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN);
        (anonymous_data && refused)
            .then(|| audit::Record { interaction: "refused", ..Default::default() })
    });
    if let Some(mut record) = note {
        record.time = fhir::date::instant(crate::now_us());
        record.key_id = response.extensions().get::<Caller>().map(|caller| caller.key_id.clone());
        record.request_id.clone_from(&request_id);
        record.status = status.as_u16();
        app.audit.record(record);
    }
    let headers = response.headers_mut();
    if let Ok(value) = HeaderValue::from_str(&request_id) {
        headers.insert(HeaderName::from_static("x-request-id"), value);
    }
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("no-referrer"));
    headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static(match door {
        // Revalidation by ETag is welcome, copies on shared machines are not.
        Door::Fhir => "private, no-cache",
        _ => "no-store",
    }));
    app.metrics.answered(door, status.as_u16(), started.elapsed());
    response
}

/// The client's own id if it is a plain word, else a new one.
fn request_id(request: &Request) -> String {
    let own = request.headers().get("x-request-id").and_then(|value| value.to_str().ok());
    let plain = |id: &&str| {
        (1..=64).contains(&id.len())
            && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_.".contains(&b))
    };
    match own.filter(plain) {
        Some(id) => id.to_owned(),
        None => crate::secret::letters(20, crate::secret::BASE32)
            .unwrap_or_else(|_| "unknown".to_owned())
            .to_lowercase(),
    }
}
