//! Who is asking. Nothing behind this layer runs for anybody without a key.
//!
//! Four ways to prove it: a bearer, Basic credentials, an AWS signature, or the console's cookie.
//! A request that changes something and comes with a cookie must come from our own pages.

use crate::failure::Failure;
use crate::keys::{Key, Role};
use crate::sessions::{COOKIE, Person};
use crate::sigv4::Authorization;
use crate::{App, secret};
use axum::body::Body;
use axum::extract::{FromRequestParts, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, header, request::Parts};
use axum::middleware::Next;
use axum::response::Response;
use base64::Engine;
use fhir::IssueCode;
use parking_lot::Mutex;
use sha2::{Digest, Sha256};
use std::collections::HashMap;
use std::net::{IpAddr, SocketAddr};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// The other end of the connection.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Peer(pub SocketAddr);

/// Who is asking, proven.
#[derive(Clone, Debug)]
pub(crate) struct Caller {
    /// The key, or `console`, or `local` for the command line on this machine.
    pub key_id: String,
    /// What it allows.
    pub role: Role,
    /// The only datastore it opens, by id; none means all.
    pub store: Option<String>,
    /// The session's cookie, when that is how they came.
    pub cookie: Option<String>,
}

impl Caller {
    /// How the store knows them.
    pub fn access(&self) -> store::Access {
        store::Access { key_id: self.key_id.clone(), role: self.role.into() }
    }

    /// Whether what they proved themselves with is still good: for answers that last.
    pub fn is_known(&self, app: &App) -> bool {
        let is_open = self.cookie.as_deref().is_none_or(|cookie| app.sessions.is_open(cookie));
        // These two stand for the operator and have no key.
        let has_key = matches!(self.key_id.as_str(), "local" | "console")
            || app.keys.find(&self.key_id).is_some();
        is_open && has_key
    }

    /// Whether their key opens this datastore.
    pub fn opens(&self, datastore_id: &str) -> bool {
        self.store.as_deref().is_none_or(|own| own == datastore_id)
    }
}

impl From<Key> for Caller {
    fn from(key: Key) -> Self {
        Self { key_id: key.key_id, role: key.role, store: key.store, cookie: None }
    }
}

impl<S: Send + Sync> FromRequestParts<S> for Caller {
    type Rejection = Failure;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, Failure> {
        // The guard put it there; a route it does not stand before has no caller.
        parts.extensions.get::<Self>().cloned().ok_or_else(nobody)
    }
}

/// The layer in front of every route but the public ones.
pub(crate) async fn guard(
    State(app): State<App>,
    request: Request,
    next: Next,
) -> Result<Response, Failure> {
    if is_public(request.method(), request.uri().path()) {
        return Ok(next.run(request).await);
    }
    let peer = request.extensions().get::<Peer>().map(|peer| peer.0.ip());
    match authenticate(&app, request).await {
        Ok((caller, mut request)) => {
            request.extensions_mut().insert(caller.clone());
            let mut response = next.run(request).await;
            response.extensions_mut().insert(caller);
            Ok(response)
        }
        Err(refusal) => {
            app.metrics.refused.fetch_add(1, Ordering::Relaxed);
            if refusal.guessed {
                app.slowdown.wait(peer).await?;
            }
            Err(refusal.failure)
        }
    }
}

/// What anybody may ask for: whether the server lives, the console's files, and signing in.
fn is_public(method: &Method, path: &str) -> bool {
    let reads = matches!(*method, Method::GET | Method::HEAD);
    (reads
        && (path == "/health"
            || path == "/"
            || path == "/console"
            || path.starts_with("/console/")))
        || (*method == Method::POST && path == "/api/session")
}

/// Why somebody did not get in, and whether they tried to prove who they are.
struct Refusal {
    failure: Failure,
    guessed: bool,
}

fn nobody() -> Failure {
    Failure::new(IssueCode::Login, "this needs a key")
        .with_hint("send `Authorization: Bearer …`; `tarn key create --role read` makes a key")
}

fn wrong(message: &str) -> Refusal {
    Refusal { failure: Failure::new(IssueCode::Login, message), guessed: true }
}

async fn authenticate(app: &App, request: Request) -> Result<(Caller, Request), Refusal> {
    let mut given = request.headers().get_all(header::AUTHORIZATION).iter();
    let authorization = given.next().cloned();
    if given.next().is_some() {
        return Err(wrong("more than one Authorization header"));
    }
    let Some(authorization) = authorization else {
        return with_cookie(app, request);
    };
    let text = authorization.to_str().map_err(|_| wrong("the Authorization header is not text"))?;
    if let Some(parsed) = Authorization::parse(text) {
        let parsed = parsed.map_err(|refusal| wrong(refusal.message()))?;
        return with_signature(app, parsed, request).await;
    }
    let (scheme, credentials) = text.split_once(' ').unwrap_or((text, ""));
    let credentials = credentials.trim();
    let key = if scheme.eq_ignore_ascii_case("bearer") {
        if app.local_token.is_some_and(|known| {
            bool::from(subtle::ConstantTimeEq::ct_eq(&known[..], &secret::digest(credentials)[..]))
        }) {
            return Ok((
                Caller { key_id: "local".to_owned(), role: Role::Admin, store: None, cookie: None },
                request,
            ));
        }
        app.keys.verify_bearer(credentials)
    } else if scheme.eq_ignore_ascii_case("basic") {
        let decoded = base64::engine::general_purpose::STANDARD.decode(credentials).ok();
        let decoded = decoded.and_then(|bytes| String::from_utf8(bytes).ok());
        decoded
            .as_deref()
            .and_then(|pair| pair.split_once(':'))
            .and_then(|(id, given)| app.keys.verify(id, given))
    } else {
        return Err(wrong(
            "this kind of Authorization is not known: use Bearer, Basic or AWS4-HMAC-SHA256",
        ));
    };
    let key = key.ok_or_else(|| wrong("the key is not known, or the secret is not its own"))?;
    Ok((key.into(), request))
}

async fn with_signature(
    app: &App,
    signed: Authorization,
    request: Request,
) -> Result<(Caller, Request), Refusal> {
    let known = app.keys.signing_secret(&signed.key_id);
    let Some((key, secret)) = known else {
        return Err(wrong("the key is not known, or the signature is not its own"));
    };
    // The signature covers the body, so the body is read before anything is believed.
    let (parts, body) = request.into_parts();
    let body = crate::body::read(&app.settings, &parts.headers, body)
        .await
        .map_err(|failure| match failure.status() {
            StatusCode::PAYLOAD_TOO_LARGE if parts.uri.path().ends_with("/import") => failure
                .with_hint(
                    "a signature covers the whole body, so a signed import is held in memory: send larger ones with a bearer key, or use `tarn import`",
                ),
            _ => failure,
        })
        .map_err(|failure| Refusal { failure, guessed: false })?;
    let digest = secret::hex(&Sha256::digest(&body));
    signed
        .verify(&secret, &parts.method, &parts.uri, &parts.headers, &digest, crate::now_us())
        .map_err(|refusal| wrong(refusal.message()))?;
    Ok((key.into(), Request::from_parts(parts, Body::from(body))))
}

fn with_cookie(app: &App, request: Request) -> Result<(Caller, Request), Refusal> {
    let none = |failure| Refusal { failure, guessed: false };
    let cookie = cookie(request.headers()).ok_or_else(|| none(nobody()))?;
    let person = app.sessions.find(cookie);
    let Person { key_id, role, store } = person.ok_or_else(|| none(nobody()))?;
    let caller = Caller { key_id, role, store, cookie: Some(cookie.to_owned()) };
    let reads = matches!(*request.method(), Method::GET | Method::HEAD);
    if !reads && !same_origin(request.headers()) {
        return Err(none(Failure::new(
            IssueCode::Forbidden,
            "the request does not come from the console's own pages",
        )));
    }
    Ok((caller, request))
}

/// The session cookie's value.
pub(crate) fn cookie(headers: &HeaderMap) -> Option<&str> {
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find_map(|(name, value)| (name == COOKIE).then_some(value))
}

/// Whether a browser says the request comes from a page of ours. `SameSite` alone is not enough:
/// it does not tell one port of this machine from another.
pub(crate) fn same_origin(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).map(HeaderValue::to_str);
    match (text("sec-fetch-site"), text("origin"), text("host")) {
        (Some(Ok("same-origin")), None, _) => true,
        (None | Some(Ok("same-origin")), Some(Ok(origin)), Some(Ok(host))) => {
            origin.strip_prefix("http://").or_else(|| origin.strip_prefix("https://")) == Some(host)
        }
        _ => false,
    }
}

/// Slows down whoever keeps guessing; never anybody with the right key.
#[derive(Default)]
pub(crate) struct Slowdown {
    guesses: Mutex<HashMap<Option<IpAddr>, Guesses>>,
}

struct Guesses {
    count: u32,
    waiting: u32,
    last: Instant,
}

impl Slowdown {
    /// Guesses free of charge.
    const FREE: u32 = 5;
    /// Guesses of one address that may wait at once.
    const WAITING_MAX: u32 = 32;
    /// After this long without a guess all is forgotten.
    const FORGET: Duration = Duration::from_secs(60);

    /// Waits longer after each wrong guess of an address: a tenth of a second doubling to two.
    pub async fn wait(&self, peer: Option<IpAddr>) -> Result<(), Failure> {
        let pause = {
            let mut guesses = self.guesses.lock();
            let now = Instant::now();
            if guesses.len() > 10_000 {
                guesses.retain(|_, g| g.waiting > 0 || now - g.last < Self::FORGET);
            }
            let entry = guesses.entry(peer).or_insert(Guesses { count: 0, waiting: 0, last: now });
            if now - entry.last > Self::FORGET {
                entry.count = 0;
            }
            entry.last = now;
            entry.count = entry.count.saturating_add(1);
            if entry.count <= Self::FREE {
                return Ok(());
            }
            if entry.waiting >= Self::WAITING_MAX {
                return Err(Failure::new(
                    IssueCode::Throttled,
                    "too many wrong keys from this address",
                )
                .with_header(header::RETRY_AFTER, HeaderValue::from_static("2")));
            }
            entry.waiting += 1;
            Duration::from_millis((50 << (entry.count - Self::FREE).min(6)).min(2_000))
        };
        let _waiting = Waiting { slowdown: self, peer };
        tokio::time::sleep(pause).await;
        Ok(())
    }
}

/// Leaves the queue also when the client hangs up.
struct Waiting<'a> {
    slowdown: &'a Slowdown,
    peer: Option<IpAddr>,
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        if let Some(entry) = self.slowdown.guesses.lock().get_mut(&self.peer) {
            entry.waiting -= 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(headers: &[(&'static str, &'static str)], expected: bool) {
        let map: HeaderMap = headers
            .iter()
            .map(|(name, value)| {
                (axum::http::HeaderName::from_static(name), HeaderValue::from_static(value))
            })
            .collect();
        assert_eq!(same_origin(&map), expected, "{headers:?}");
    }

    #[test]
    fn only_our_own_pages_count_as_our_origin() {
        let host = ("host", "127.0.0.1:8470");
        check(&[host, ("origin", "http://127.0.0.1:8470")], true);
        check(&[host, ("sec-fetch-site", "same-origin")], true);
        check(&[host, ("origin", "http://127.0.0.1:9000")], false);
        check(
            &[host, ("origin", "http://127.0.0.1:9000"), ("sec-fetch-site", "same-origin")],
            false,
        );
        check(&[host, ("origin", "http://127.0.0.1:8470"), ("sec-fetch-site", "same-site")], false);
        check(&[host, ("origin", "null")], false);
        check(&[host, ("sec-fetch-site", "none")], false);
        check(&[host], false);
    }

    #[test]
    fn nothing_but_signing_in_health_and_files_is_public() {
        assert!(is_public(&Method::GET, "/health"));
        assert!(is_public(&Method::GET, "/console/assets/app.js"));
        assert!(is_public(&Method::POST, "/api/session"));
        assert!(!is_public(&Method::POST, "/health"));
        assert!(!is_public(&Method::GET, "/api/session"));
        assert!(!is_public(&Method::GET, "/consoles"));
        assert!(!is_public(&Method::GET, "/metrics"));
        assert!(!is_public(&Method::GET, "/datastore/x/r4/metadata"));
    }
}
