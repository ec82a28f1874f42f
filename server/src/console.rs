//! The console's files, embedded when the binary was built.
//!
//! The binary builds without them and then serves one page that says how to get them.

use crate::failure::Failure;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use fhir::IssueCode;
use rust_embed::RustEmbed;

#[derive(RustEmbed)]
#[folder = "../web/dist"]
#[allow_missing = true]
struct Files;

/// What the console's pages may load: themselves. Inline styles are how charts set colours.
const POLICY: &str = "default-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; \
    object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'";

/// Shown when the binary was built without the console.
const MISSING: &str = "<!doctype html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>Tarn</title>\n\
    <h1>The console is not part of this build</h1>\n\
    <p>Build it with <code>make console</code>, then build Tarn again. Everything else works: \
    FHIR at <code>/datastore/{id}/r4</code>, SQL at <code>/sql</code>.</p></html>\n";

/// `/` leads to the console.
pub(crate) async fn root() -> Redirect {
    Redirect::temporary("/console/")
}

/// The console itself.
pub(crate) async fn index(headers: HeaderMap) -> Response {
    page(&headers)
}

/// A file of the console; a path without a dot is one of its pages.
pub(crate) async fn file(
    Path(path): Path<String>,
    headers: HeaderMap,
) -> Result<Response, Failure> {
    if !path.contains('.') {
        return Ok(page(&headers));
    }
    embedded(&path, &headers)
        .ok_or_else(|| Failure::new(IssueCode::NotFound, "the console has no such file"))
}

fn page(headers: &HeaderMap) -> Response {
    embedded("index.html", headers).unwrap_or_else(|| {
        let mut response = (StatusCode::OK, MISSING).into_response();
        secure(&mut response, HeaderValue::from_static("text/html; charset=utf-8"));
        response
    })
}

fn embedded(path: &str, headers: &HeaderMap) -> Option<Response> {
    let plain = Files::get(path)?;
    let asked =
        headers.get(header::ACCEPT_ENCODING).and_then(|value| value.to_str().ok()).unwrap_or("");
    let accepts = |coding: &str| {
        asked.split(',').any(|part| {
            let mut part = part.split(';').map(str::trim);
            part.next() == Some(coding) && part.next() != Some("q=0")
        })
    };
    let small = [("br", "br"), ("gzip", "gz")].into_iter().find_map(|(coding, suffix)| {
        let file = accepts(coding).then(|| Files::get(&format!("{path}.{suffix}"))).flatten()?;
        Some((coding, file))
    });
    // Names of assets carry a hash of their content, so they never change.
    let hashed = path.starts_with("assets/");
    let (coding, file) = small.map_or((None, plain), |(coding, file)| (Some(coding), file));
    let etag = format!("\"{}\"", crate::secret::hex(&file.metadata.sha256_hash()[..16]));
    let known = headers.get(header::IF_NONE_MATCH).and_then(|value| value.to_str().ok());
    let mut response = if known == Some(etag.as_str()) {
        StatusCode::NOT_MODIFIED.into_response()
    } else {
        file.data.into_owned().into_response()
    };
    secure(&mut response, HeaderValue::from_static(media_type(path)));
    let out = response.headers_mut();
    if let Some(coding) = coding {
        out.insert(header::CONTENT_ENCODING, HeaderValue::from_static(coding));
    }
    out.insert(header::VARY, HeaderValue::from_static("accept-encoding"));
    if let Ok(etag) = HeaderValue::from_str(&etag) {
        out.insert(header::ETAG, etag);
    }
    out.insert(
        header::CACHE_CONTROL,
        HeaderValue::from_static(if hashed {
            "public, max-age=31536000, immutable"
        } else {
            "no-cache"
        }),
    );
    Some(response)
}

fn secure(response: &mut Response, media: HeaderValue) {
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, media);
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
}

/// By the end of the name; what is not listed is not shown by browsers but saved.
fn media_type(path: &str) -> &'static str {
    match path.rsplit('.').next().unwrap_or("") {
        "html" => "text/html; charset=utf-8",
        "js" | "mjs" => "text/javascript; charset=utf-8",
        "css" => "text/css; charset=utf-8",
        "json" | "map" => "application/json",
        "svg" => "image/svg+xml",
        "png" => "image/png",
        "ico" => "image/x-icon",
        "webp" => "image/webp",
        "woff2" => "font/woff2",
        "txt" => "text/plain; charset=utf-8",
        "webmanifest" => "application/manifest+json",
        "wasm" => "application/wasm",
        _ => "application/octet-stream",
    }
}
