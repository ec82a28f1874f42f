//! `GET [base]/{type}/{id}/_history`: every version of one resource, the newest first.
//!
//! Spec: <https://hl7.org/fhir/R4/http.html#history>

use super::{Subset, acceptable, base, blocking, fhir_json, pairs, target};
use crate::App;
use crate::failure::Failure;
use crate::guard::Caller;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use fhir::bundle::Interaction;
use fhir::{Bundle, DateSpan, IssueCode};

/// Most versions on a page.
const PAGE_MAX: usize = 1_000;

/// The page a client asked for.
struct Page {
    count: usize,
    offset: usize,
    since_us: Option<i64>,
    commit: Option<u64>,
}

/// Lists a resource's versions.
pub(crate) async fn history(
    State(app): State<App>,
    caller: Caller,
    Path((store, type_name, id)): Path<(String, String, String)>,
    request: Request,
) -> Result<Response, Failure> {
    acceptable(request.uri(), request.headers())?;
    let (resource_type, id) = target(&type_name, &id)?;
    let given = pairs(request.uri().query().unwrap_or(""))?;
    let page = Page::parse(&given)?;
    let room = app.rooms.datastore(&store).await?;
    let base = base(&app, request.headers(), &room.datastore.datastore_id);
    blocking(move || {
        let snapshot = match page.commit {
            Some(commit) => room.store.snapshot_at(&caller.access(), commit)?,
            None => room.store.snapshot(&caller.access()),
        };
        let mut versions = snapshot.history(resource_type, &id)?;
        if let Some(since_us) = page.since_us {
            versions = versions.since(since_us)?;
        }
        let total = versions.len();
        let own = format!("{base}/{}/{id}/_history", resource_type.name());
        let link = |offset: usize| {
            let mut query: Vec<String> = given
                .iter()
                .filter(|(name, _)| name == "_since")
                .map(|(name, value)| {
                    let value = percent_encoding::utf8_percent_encode(
                        value,
                        percent_encoding::NON_ALPHANUMERIC,
                    );
                    format!("{name}={value}")
                })
                .collect();
            query.push(format!("_count={}", page.count));
            query.push(format!("_commit={}", snapshot.commit()));
            if offset > 0 {
                query.push(format!("_offset={offset}"));
            }
            format!("{own}?{}", query.join("&"))
        };
        let self_link = if given.is_empty() { own.clone() } else { link(page.offset) };
        let mut links = vec![("self", self_link)];
        if page.offset > 0 && page.count > 0 {
            links.push(("first", link(0)));
            links.push(("previous", link(page.offset.saturating_sub(page.count))));
        }
        if page.count > 0 && page.offset.saturating_add(page.count) < total {
            links.push(("next", link(page.offset + page.count)));
        }
        let links: Vec<(&str, &str)> =
            links.iter().map(|(relation, url)| (*relation, url.as_str())).collect();
        let mut bundle = Bundle::history(Some(total as u64), &links);
        for version in versions.page(page.offset, page.count) {
            let version = version?;
            let interaction = match (&version.body, version.version_id) {
                (None, _) => Interaction::Delete,
                (Some(_), first) => Interaction::Update(first == 1),
            };
            let stamp = (version.version_id, version.last_updated_us);
            let mut text = Vec::new();
            if version.body.is_some() {
                Subset::all().render(&version, &mut text)?;
            }
            bundle.version(&base, (resource_type.name(), &id), interaction, stamp, |out| {
                out.extend_from_slice(&text)
            });
        }
        Ok(fhir_json(StatusCode::OK, bundle.finish()))
    })
    .await
}

impl Page {
    fn parse(pairs: &[(String, String)]) -> Result<Self, Failure> {
        let mut page = Self { count: 100, offset: 0, since_us: None, commit: None };
        for (name, value) in pairs {
            let wrong = |what: &str| {
                Failure::new(IssueCode::Value, format!("`{name}` is not {what}")).at(name.clone())
            };
            match name.as_str() {
                "_count" => {
                    page.count =
                        value.parse::<usize>().map_err(|_| wrong("a number"))?.min(PAGE_MAX)
                }
                "_offset" => page.offset = value.parse().map_err(|_| wrong("a number"))?,
                "_commit" => page.commit = Some(value.parse().map_err(|_| wrong("a number"))?),
                "_since" => {
                    page.since_us =
                        Some(DateSpan::parse(value).map_err(|_| wrong("an instant"))?.start_us());
                }
                "_format" | "_pretty" => {}
                _ => {
                    return Err(Failure::new(
                        IssueCode::NotSupported,
                        "a history takes `_count`, `_since` and `_format`",
                    )
                    .at(name.chars().take(64).collect::<String>()));
                }
            }
        }
        Ok(page)
    }
}
