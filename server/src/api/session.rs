//! `/api/session`: signing in to the console and out of it.

use crate::failure::Failure;
use crate::guard::{Caller, Peer, same_origin};
use crate::sessions::{COOKIE, Person};
use crate::{App, Settings};
use axum::Json;
use axum::extract::{Request, State};
use axum::http::{HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use fhir::IssueCode;
use serde::Deserialize;
use serde_json::{Value, json};
use std::time::Duration;

/// Longest proof of who somebody is, in bytes.
const PROOF_BYTES_MAX: usize = 4 << 10;

/// Time to send it.
const PROOF_WITHIN: Duration = Duration::from_secs(10);

/// A one-time token, or a key.
#[derive(Deserialize)]
#[serde(untagged, deny_unknown_fields)]
enum Proof {
    Token { token: String },
    Key { key_id: String, secret: String },
}

/// `GET`: who is signed in.
pub(crate) async fn show(caller: Caller) -> Json<Value> {
    Json(json!({ "key_id": caller.key_id, "role": caller.role }))
}

/// `POST`: opens a session, for anybody who can prove who they are.
pub(crate) async fn sign_in(State(app): State<App>, request: Request) -> Result<Response, Failure> {
    let peer = request.extensions().get::<Peer>().map(|peer| peer.0.ip());
    let (parts, body) = request.into_parts();
    // A foreign page must not sign a visitor in as somebody else.
    let from_browser =
        ["origin", "sec-fetch-site"].iter().any(|name| parts.headers.contains_key(*name));
    if from_browser && !same_origin(&parts.headers) {
        return Err(Failure::new(
            IssueCode::Forbidden,
            "signing in works from the console's own pages only",
        ));
    }
    // Anybody may send this: little, and soon.
    let limits = Settings { body_bytes_max: PROOF_BYTES_MAX, ..app.settings.clone() };
    let proof = crate::body::json::<Proof>(&limits, &parts.headers, body);
    let proof = tokio::time::timeout(PROOF_WITHIN, proof).await.map_err(|_| {
        Failure::new(IssueCode::Incomplete, "the body took too long")
            .with_status(StatusCode::REQUEST_TIMEOUT)
    })??;
    let person = match proof {
        Proof::Token { token } => app.sessions.redeem(&token).ok_or_else(|| {
            Failure::new(
                IssueCode::Login,
                "the sign-in link was used before, is too old, or is not one of ours",
            )
            .with_hint("ask for a new one, or sign in with a key")
        }),
        Proof::Key { key_id, secret } => app
            .keys
            .verify(&key_id, &secret)
            .map(|key| Person { key_id: key.key_id, role: key.role, store: key.store })
            .ok_or_else(|| {
                Failure::new(IssueCode::Login, "the key is not known, or the secret is not its own")
            }),
    };
    let person = match person {
        Ok(person) => person,
        Err(failure) => {
            app.metrics.refused.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
            app.slowdown.wait(peer).await?;
            return Err(failure);
        }
    };
    let shown = json!({ "key_id": person.key_id, "role": person.role });
    let value = app.sessions.open(person)?;
    let mut response = Json(shown).into_response();
    set_cookie(&app, &mut response, &value, app.sessions.idle().as_secs())?;
    Ok(response)
}

/// `DELETE`: ends the session.
pub(crate) async fn sign_out(State(app): State<App>, caller: Caller) -> Result<Response, Failure> {
    if let Some(cookie) = &caller.cookie {
        app.sessions.close(cookie);
    }
    let mut response = StatusCode::NO_CONTENT.into_response();
    set_cookie(&app, &mut response, "", 0)?;
    response
        .headers_mut()
        .insert(HeaderName::from_static("clear-site-data"), HeaderValue::from_static("\"cache\""));
    Ok(response)
}

/// `POST /api/sign-in-tokens`: a token for a new sign-in link.
///
/// It signs in as whoever asks, so that revoking their key ends what it opened.
pub(crate) async fn token(State(app): State<App>, caller: Caller) -> Result<Response, Failure> {
    let person = match caller.key_id.as_str() {
        "local" => Person::console(),
        _ => Person { key_id: caller.key_id, role: caller.role, store: caller.store },
    };
    let token = app.sessions.token(person)?;
    let seconds = app.settings.sign_in_minutes.saturating_mul(60);
    Ok((StatusCode::CREATED, Json(json!({ "token": token, "expires_seconds": seconds })))
        .into_response())
}

fn set_cookie(
    app: &App,
    response: &mut Response,
    value: &str,
    seconds: u64,
) -> Result<(), Failure> {
    let secure = if app.settings.public_url.starts_with("https://") { "; Secure" } else { "" };
    let cookie =
        format!("{COOKIE}={value}; Path=/; Max-Age={seconds}; HttpOnly; SameSite=Strict{secure}");
    let cookie = HeaderValue::from_str(&cookie).map_err(Failure::fault)?;
    response.headers_mut().insert(header::SET_COOKIE, cookie);
    Ok(())
}
