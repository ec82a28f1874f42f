//! FHIR's interactions, a file each, and what they share: media types, conditions, versions as
//! answers.
//!
//! Spec: <https://hl7.org/fhir/R4/http.html>

pub(crate) mod create;
pub(crate) mod delete;
pub(crate) mod history;
pub(crate) mod metadata;
pub(crate) mod read;
pub(crate) mod search;
mod subset;
pub(crate) mod update;
pub(crate) mod vread;

pub(crate) use subset::Subset;

use crate::App;
use crate::failure::Failure;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use axum::response::{IntoResponse, Response};
use fhir::{IssueCode, Outcome, Resource, ResourceType};
use percent_encoding::percent_decode;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// The media type of every FHIR answer.
pub(crate) const FHIR_JSON: &str = "application/fhir+json; charset=utf-8";

/// `POST [base]`: not there yet, and the capability statement does not promise it.
pub(crate) async fn batch() -> Failure {
    Failure::new(IssueCode::NotSupported, "batch and transaction Bundles are not supported yet")
        .with_status(StatusCode::NOT_IMPLEMENTED)
        .with_hint("send resources one by one, or many as NDJSON through the import")
}

/// What a client asked for around the resource itself.
pub(crate) struct Asked {
    /// `return=`.
    pub result: Return,
    /// `handling=lenient`.
    pub lenient: bool,
}

/// What the answer to a write holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Return {
    Minimal,
    Representation,
    OperationOutcome,
}

impl Asked {
    /// Reads `Prefer`.
    ///
    /// Spec: <https://hl7.org/fhir/R4/http.html#ops>
    pub fn of(headers: &HeaderMap) -> Self {
        let mut asked = Self { result: Return::Representation, lenient: false };
        let values = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
        for preference in values.flat_map(|value| value.split([',', ';'])).map(str::trim) {
            match preference {
                "return=minimal" => asked.result = Return::Minimal,
                "return=representation" => asked.result = Return::Representation,
                "return=OperationOutcome" => asked.result = Return::OperationOutcome,
                "handling=lenient" => asked.lenient = true,
                "handling=strict" => asked.lenient = false,
                _ => {}
            }
        }
        asked
    }
}

/// Refuses to answer in anything but JSON.
///
/// Spec: <https://hl7.org/fhir/R4/http.html#mime-type>
pub(crate) fn acceptable(uri: &Uri, headers: &HeaderMap) -> Result<(), Failure> {
    acceptable_as(&uri.query().map(pairs).transpose()?.unwrap_or_default(), headers)
}

/// The same for parameters that are read already, of a query, a form or both; the last counts.
pub(crate) fn acceptable_as(
    given: &[(String, String)],
    headers: &HeaderMap,
) -> Result<(), Failure> {
    let refuse = || {
        Failure::new(
            IssueCode::NotSupported,
            "answers come as JSON only: accept application/fhir+json",
        )
        .with_status(StatusCode::NOT_ACCEPTABLE)
    };
    if let Some((_, format)) = given.iter().rev().find(|(name, _)| name == "_format") {
        // A `+` that nobody escaped arrives as a space.
        let (kind, rest) = format.split_at(format.find(';').unwrap_or(format.len()));
        let media = format!("{}{rest}", kind.trim().replace(' ', "+"));
        return if media == "json" || is_json(&media) { Ok(()) } else { Err(refuse()) };
    }
    let mut asked =
        headers.get_all(header::ACCEPT).iter().filter_map(|value| value.to_str().ok()).peekable();
    let any = asked.peek().is_none()
        || asked.flat_map(|value| value.split(',')).any(|media| {
            let kind = media.split(';').next().unwrap_or("").trim();
            let zero = media
                .split(';')
                .skip(1)
                .any(|p| matches!(p.trim(), "q=0" | "q=0.0" | "q=0.00" | "q=0.000"));
            // Browsers ask for HTML; JSON is better than a refusal.
            !zero && (matches!(kind, "*/*" | "application/*" | "text/html") || is_json(media))
        });
    if any { Ok(()) } else { Err(refuse()) }
}

/// `application/fhir+json` and its relatives, of FHIR R4 if they name a version.
fn is_json(media: &str) -> bool {
    let mut parts = media.split(';').map(str::trim);
    let kind = parts.next().unwrap_or("");
    let known = ["application/fhir+json", "application/json", "application/json+fhir", "text/json"];
    known.iter().any(|known| kind.eq_ignore_ascii_case(known))
        && parts.all(|part| {
            part.strip_prefix("fhirVersion=")
                .is_none_or(|version| version.trim_matches('"') == "4.0")
        })
}

/// The type a path names.
pub(crate) fn resource_type(name: &str) -> Result<ResourceType, Failure> {
    if name.starts_with(['$', '_']) {
        return Err(Failure::new(IssueCode::NotSupported, "this operation is not supported")
            .with_status(StatusCode::NOT_FOUND));
    }
    ResourceType::parse(name).ok_or_else(|| {
        let close = ResourceType::all().find(|known| known.name().eq_ignore_ascii_case(name));
        let failure = Failure::new(IssueCode::NotSupported, "the path names no R4 resource type")
            .with_status(StatusCode::NOT_FOUND);
        match close {
            Some(known) => failure
                .with_hint(format!("did you mean `{}`? names are case-sensitive", known.name())),
            None => failure,
        }
    })
}

/// The type and id a path names.
pub(crate) fn target(type_name: &str, id: &str) -> Result<(ResourceType, String), Failure> {
    let resource_type = resource_type(type_name)?;
    if id.starts_with(['$', '_']) {
        return Err(Failure::new(IssueCode::NotSupported, "this operation is not supported")
            .with_status(StatusCode::NOT_FOUND));
    }
    if !Resource::is_id(id) {
        return Err(Failure::new(IssueCode::Value, "an id is 1 to 64 letters, digits, `-` or `.`")
            .at(format!("{}.id", resource_type.name())));
    }
    Ok((resource_type, id.to_owned()))
}

/// Reads and checks the resource in a request's body.
pub(crate) async fn resource(
    app: &App,
    expected: ResourceType,
    request: Request,
) -> Result<Resource, Failure> {
    let (parts, body) = request.into_parts();
    let media = parts.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if !media.is_some_and(is_json) {
        return Err(Failure::new(
            IssueCode::NotSupported,
            "the body must be application/fhir+json",
        )
        .with_status(StatusCode::UNSUPPORTED_MEDIA_TYPE));
    }
    let bytes = crate::body::read(&app.settings, &parts.headers, body).await?;
    // Parsing a small resource takes microseconds; a large one would hold up everybody else.
    let parse = move || Resource::parse(bytes).map_err(Failure::from);
    let resource = blocking(parse).await?;
    if resource.resource_type() != expected {
        return Err(Failure::new(
            IssueCode::Invalid,
            format!(
                "the body is a `{}`, the path says `{}`",
                resource.resource_type().name(),
                expected.name()
            ),
        )
        .at(format!("{}.resourceType", resource.resource_type().name())));
    }
    Ok(resource)
}

/// Runs what may wait for a disk or a lock off the async threads.
pub(crate) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, Failure> + Send + 'static,
) -> Result<T, Failure> {
    match tokio::task::spawn_blocking(work).await {
        Ok(result) => result,
        Err(error) => Err(Failure::fault(error)),
    }
}

/// The address of a datastore as this client knows it, such as
/// `http://127.0.0.1:8470/datastore/<id>/r4`.
pub(crate) fn base(app: &App, headers: &HeaderMap, datastore_id: &str) -> String {
    format!("{}/datastore/{datastore_id}/r4", origin(app, headers))
}

/// Scheme, host and port as this client knows them.
pub(crate) fn origin(app: &App, headers: &HeaderMap) -> String {
    if !app.settings.public_url.is_empty() {
        return app.settings.public_url.trim_end_matches('/').to_owned();
    }
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    // It ends up in links, so only what a host and port can consist of gets through.
    let plain = |host: &&str| {
        (1..=255).contains(&host.len())
            && host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-:[]_".contains(&b))
    };
    format!("http://{}", host.filter(plain).unwrap_or(&app.settings.http))
}

/// `W/"3"`.
pub(crate) fn etag(version_id: u64) -> Option<HeaderValue> {
    HeaderValue::from_str(&format!("W/\"{version_id}\"")).ok()
}

/// The version an `If-Match` names.
pub(crate) fn if_match(headers: &HeaderMap) -> Result<Option<u64>, Failure> {
    let Some(value) = headers.get(header::IF_MATCH) else { return Ok(None) };
    let version = value.to_str().ok().and_then(|text| {
        let text = text.trim();
        let text = text.strip_prefix("W/").unwrap_or(text);
        text.strip_prefix('"')?.strip_suffix('"')?.parse().ok()
    });
    match version {
        Some(version) => Ok(Some(version)),
        None => Err(Failure::new(IssueCode::Value, "If-Match is not of the form W/\"3\"")
            .at("http.if-match")),
    }
}

/// Whether the client has this version already.
pub(crate) fn not_modified(headers: &HeaderMap, version_id: u64, last_updated_us: i64) -> bool {
    if let Some(known) = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok()) {
        let own = format!("\"{version_id}\"");
        return known
            .split(',')
            .map(str::trim)
            .any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == own);
    }
    let since = headers.get(header::IF_MODIFIED_SINCE).and_then(|value| value.to_str().ok());
    // HTTP dates know seconds only; a version is as new as the second it falls into.
    since
        .and_then(|since| httpdate::parse_http_date(since).ok())
        .is_some_and(|since| time(last_updated_us) < since + Duration::from_secs(1))
}

fn time(us: i64) -> SystemTime {
    UNIX_EPOCH + Duration::from_micros(us.try_into().unwrap_or(0))
}

/// A version's headers on an answer.
pub(crate) fn stamp(response: &mut Response, version_id: u64, last_updated_us: i64) {
    let headers = response.headers_mut();
    if let Some(etag) = etag(version_id) {
        headers.insert(header::ETAG, etag);
    }
    if let Ok(date) = HeaderValue::from_str(&httpdate::fmt_http_date(time(last_updated_us))) {
        headers.insert(header::LAST_MODIFIED, date);
    }
}

/// FHIR JSON as an answer.
pub(crate) fn fhir_json(status: StatusCode, body: Vec<u8>) -> Response {
    let mut response = (status, body).into_response();
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(FHIR_JSON));
    response
}

/// A version as an answer.
pub(crate) fn version(version: &store::Version, subset: &Subset) -> Result<Response, Failure> {
    let mut out = Vec::new();
    subset.render(version, &mut out)?;
    let mut response = fhir_json(StatusCode::OK, out);
    stamp(&mut response, version.version_id, version.last_updated_us);
    Ok(response)
}

/// What a create or update answers.
pub(crate) struct Answer {
    pub status: StatusCode,
    pub base: String,
    pub result: Return,
}

impl Answer {
    /// The answer, for the version that is now current.
    pub fn of(self, version: &store::Version) -> Result<Response, Failure> {
        let mut response = match self.result {
            Return::Representation => {
                let mut out = Vec::new();
                Subset::all().render(version, &mut out)?;
                fhir_json(self.status, out)
            }
            Return::Minimal => self.status.into_response(),
            Return::OperationOutcome => {
                let what = format!(
                    "`{}/{}` is at version {}",
                    version.resource_type.name(),
                    version.id,
                    version.version_id
                );
                fhir_json(self.status, Outcome::success(what).render())
            }
        };
        stamp(&mut response, version.version_id, version.last_updated_us);
        let location = format!(
            "{}/{}/{}/_history/{}",
            self.base,
            version.resource_type.name(),
            version.id,
            version.version_id
        );
        if let Ok(location) = HeaderValue::from_str(&location) {
            response.headers_mut().insert(header::LOCATION, location);
        }
        Ok(response)
    }
}

/// The name and value pairs of a query or form, decoded.
pub(crate) fn pairs(text: &str) -> Result<Vec<(String, String)>, Failure> {
    let decode = |part: &str| {
        let spaced = part.replace('+', " ");
        String::from_utf8(percent_decode(spaced.as_bytes()).collect())
            .map_err(|_| Failure::new(IssueCode::Value, "the query is not UTF-8 after decoding"))
    };
    text.split('&')
        .filter(|pair| !pair.is_empty())
        .map(|pair| {
            let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
            Ok((decode(name)?, decode(value)?))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn accepts(query: &str, accept: &[&'static str], expected: bool) {
        let uri = format!("/x{query}").parse().expect("a path");
        let headers =
            accept.iter().map(|value| (header::ACCEPT, HeaderValue::from_static(value))).collect();
        assert_eq!(acceptable(&uri, &headers).is_ok(), expected, "{query} {accept:?}");
    }

    #[test]
    fn only_json_is_acceptable() {
        accepts("", &[], true);
        accepts("", &["*/*"], true);
        accepts("", &["application/fhir+json; fhirVersion=4.0"], true);
        accepts("", &["application/fhir+json; fhirVersion=5.0"], false);
        accepts("", &["application/fhir+xml"], false);
        accepts("", &["application/fhir+xml, application/json;q=0.5"], true);
        accepts("", &["application/fhir+json;q=0"], false);
        accepts("?_format=xml", &["application/json"], false);
        accepts("?_format=json", &["application/fhir+xml"], true);
        accepts("?_format=application%2Ffhir%2Bjson", &[], true);
        accepts("?_format=application/fhir+json", &["application/fhir+xml"], true);
        accepts("?_format=application/fhir+json;+fhirVersion=4.0", &[], true);
        accepts("?_format=application/fhir+xml", &[], false);
    }

    #[test]
    fn a_version_in_if_match_is_weak_or_strong_and_never_a_guess() {
        let check = |text: &'static str| {
            if_match(&HeaderMap::from_iter([(header::IF_MATCH, HeaderValue::from_static(text))]))
        };
        assert_eq!(check("W/\"3\"").ok(), Some(Some(3)));
        assert_eq!(check("\"3\"").ok(), Some(Some(3)));
        for wrong in ["3", "W/3", "*", "", "W/\"x\"", "\"-1\""] {
            assert!(check(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn pairs_are_decoded_and_keep_their_order() {
        let read = pairs("b=1%2C2&a=x+y&&c&d=e=f").expect("UTF-8");
        let expected = [("b", "1,2"), ("a", "x y"), ("c", ""), ("d", "e=f")];
        assert_eq!(read, expected.map(|(n, v)| (n.to_owned(), v.to_owned())));
        assert!(pairs("a=%FF").is_err());
    }
}
