//! `GET [base]/{type}?…` and `POST [base]/{type}/_search`: what answers a question.
//!
//! Page links carry the commit of the first page, so page two sees what page one saw.
//!
//! Spec: <https://hl7.org/fhir/R4/http.html#search>

use super::{
    Asked, Subset, acceptable, acceptable_as, base, blocking, fhir_json, pairs, resource_type,
};
use crate::App;
use crate::failure::Failure;
use crate::guard::Caller;
use crate::router::NamedParameters;
use axum::extract::{Path, Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::Response;
use fhir::bundle::Mode;
use fhir::search::{Parameter, ParameterKind, Query, Summary};
use fhir::{Bundle, Issue, IssueCode, Outcome, ResourceType};

/// A search by query.
pub(crate) async fn get(
    State(app): State<App>,
    caller: Caller,
    Path((store, type_name)): Path<(String, String)>,
    request: Request,
) -> Result<Response, Failure> {
    acceptable(request.uri(), request.headers())?;
    let given = pairs(request.uri().query().unwrap_or(""))?;
    search(&app, caller, (&store, &type_name), given, request.headers()).await
}

/// A search by form, so that what is searched stays out of addresses. Parameters may come both
/// ways.
pub(crate) async fn post(
    State(app): State<App>,
    caller: Caller,
    Path((store, type_name)): Path<(String, String)>,
    request: Request,
) -> Result<Response, Failure> {
    let (parts, body) = request.into_parts();
    let media =
        parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or("");
    let form = media.split(';').next().map(str::trim) == Some("application/x-www-form-urlencoded");
    let bytes = crate::body::read(&app.settings, &parts.headers, body).await?;
    if !form && !bytes.is_empty() {
        return Err(Failure::new(
            IssueCode::NotSupported,
            "a search's body must be application/x-www-form-urlencoded",
        )
        .with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE));
    }
    let mut given = pairs(parts.uri.query().unwrap_or(""))?;
    let text = std::str::from_utf8(&bytes)
        .map_err(|_| Failure::new(IssueCode::Value, "the form is not UTF-8"))?;
    let from_body = pairs(text)?;
    let names = from_body.iter().map(|(name, _)| name.clone()).collect();
    given.extend(from_body);
    acceptable_as(&given, &parts.headers)?;
    let mut response = match search(&app, caller, (&store, &type_name), given, &parts.headers).await
    {
        Ok(response) => response,
        Err(failure) => axum::response::IntoResponse::into_response(failure),
    };
    response.extensions_mut().insert(NamedParameters(names));
    Ok(response)
}

async fn search(
    app: &App,
    caller: Caller,
    (store, type_name): (&str, &str),
    given: Vec<(String, String)>,
    headers: &HeaderMap,
) -> Result<Response, Failure> {
    let resource_type = resource_type(type_name)?;
    let room = app.rooms.datastore(store).await?;
    let given = own_made_relative(app, &room.datastore, resource_type, given);
    let (query, ignored) = Query::parse(resource_type, &given, Asked::of(headers).lenient)?;
    let base = base(app, headers, &room.datastore.datastore_id);
    blocking(move || {
        let snapshot = match query.commit {
            Some(commit) => room.store.snapshot_at(&caller.access(), commit)?,
            None => room.store.snapshot(&caller.access()),
        };
        let mut response = fhir_json(StatusCode::OK, answer(&query, ignored, &snapshot, &base)?);
        response
            .headers_mut()
            .insert(HeaderName::from_static("tarn-commit"), HeaderValue::from(snapshot.commit()));
        Ok(response)
    })
    .await
}

/// The parameters with references to this datastore's own resources made relative, as they are
/// stored: `http://…/datastore/<id>/r4/Patient/1` is `Patient/1`, by whatever host the client
/// knows this server.
///
/// Spec: <https://hl7.org/fhir/R4/search.html#reference>
fn own_made_relative(
    app: &App,
    datastore: &store::Datastore,
    resource_type: ResourceType,
    mut given: Vec<(String, String)>,
) -> Vec<(String, String)> {
    let public_url = app.settings.public_url.trim_end_matches('/');
    for (name, value) in &mut given {
        let code = name.split(':').next().unwrap_or_default();
        let is_reference = Parameter::find(resource_type, code)
            .is_some_and(|parameter| parameter.kind == ParameterKind::Reference);
        if is_reference && value.contains("/r4/") {
            let values = value.split(',').map(|one| relative(one, public_url, datastore));
            *value = values.collect::<Vec<_>>().join(",");
        }
    }
    given
}

/// What follows the base of this datastore in an address, or the value as it is.
fn relative<'a>(value: &'a str, public_url: &str, datastore: &store::Datastore) -> &'a str {
    let path = match value.strip_prefix(public_url) {
        Some(path) if !public_url.is_empty() => Some(path),
        _ => value
            .strip_prefix("http://")
            .or_else(|| value.strip_prefix("https://"))
            .and_then(|rest| rest.find('/').map(|path| &rest[path..])),
    };
    let own = path.and_then(|path| path.strip_prefix("/datastore/")?.split_once("/r4/")).filter(
        |(store, _)| {
            let store = percent_encoding::percent_decode_str(store).decode_utf8_lossy();
            store == datastore.datastore_id || store == datastore.name
        },
    );
    own.map_or(value, |(_, reference)| reference)
}

fn answer(
    query: &Query,
    ignored: Vec<Issue>,
    snapshot: &store::Snapshot,
    base: &str,
) -> Result<Vec<u8>, Failure> {
    let page = snapshot.search(query)?;
    let only_count = query.summary == Summary::Count || query.count == 0;
    let own = format!("{base}/{}", query.resource_type.name());
    let link = |commit: Option<u64>, offset: usize| match query.to_query_string(commit, offset) {
        text if text.is_empty() => own.clone(),
        text => format!("{own}?{text}"),
    };
    let bound = Some(snapshot.commit());
    let mut links = vec![("self", link(query.commit, query.offset))];
    if !only_count {
        if query.offset > 0 {
            links.push(("first", link(bound, 0)));
            links.push(("previous", link(bound, query.offset.saturating_sub(query.count))));
        }
        if page.more {
            links.push(("next", link(bound, query.offset + page.ordinals.len())));
        }
    }
    let links: Vec<(&str, &str)> =
        links.iter().map(|(relation, url)| (*relation, url.as_str())).collect();
    let mut bundle = Bundle::searchset(page.total, &links);
    if !only_count {
        let subset = Subset::of(query.summary, &query.elements);
        for version in snapshot.bodies(query.resource_type, &page.ordinals)? {
            add(&mut bundle, base, &version, Mode::Match, &subset)?;
        }
        // `_elements` is about the matches; included resources come whole.
        let subset = Subset::of(query.summary, &[]);
        let included = snapshot.included(query, &page.ordinals)?;
        for group in included.chunk_by(|a, b| a.0 == b.0) {
            let ordinals: Vec<u32> = group.iter().map(|(_, ordinal)| *ordinal).collect();
            for version in snapshot.bodies(group[0].0, &ordinals)? {
                add(&mut bundle, base, &version, Mode::Include, &subset)?;
            }
        }
    }
    if !ignored.is_empty() {
        bundle.outcome(&Outcome { issues: ignored });
    }
    Ok(bundle.finish())
}

fn add(
    bundle: &mut Bundle,
    base: &str,
    version: &store::Version,
    mode: Mode,
    subset: &Subset,
) -> Result<(), Failure> {
    let url = format!("{base}/{}/{}", version.resource_type.name(), version.id);
    let mut rendered = Ok(());
    bundle.found(&url, mode, |out| rendered = subset.render(version, out));
    rendered
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_addresses_of_this_datastore_become_relative() {
        let datastore = store::Datastore {
            datastore_id: "a".repeat(32),
            name: "Ward 7".to_owned(),
            created_us: 0,
            status: "ACTIVE".to_owned(),
            notes: true,
        };
        let check = |value: &str, public_url: &str, expected: &str| {
            assert_eq!(relative(value, public_url, &datastore), expected, "{value}");
        };
        let id = &datastore.datastore_id;
        let own = format!("http://127.0.0.1:8470/datastore/{id}/r4/Patient/x");
        check(&own, "", "Patient/x");
        check(&own.replace("http:", "https:").replace("127.0.0.1:8470", "h"), "", "Patient/x");
        check("http://h/datastore/Ward%207/r4/Patient/x", "", "Patient/x");
        let behind = format!("https://lake.example.org/tarn/datastore/{id}/r4/Patient/x");
        check(&behind, "https://lake.example.org/tarn", "Patient/x");
        check(&behind, "", &behind);
        for other in [
            "Patient/x",
            "x",
            "http://h/datastore/other/r4/Patient/x",
            "http://h/fhir/Patient/x",
            "urn:uuid:/datastore/a/r4/Patient/x",
        ] {
            check(other, "", other);
        }
    }
}
