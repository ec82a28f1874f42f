//! HTTP: FHIR interactions, SQL, dashboards, sign-in, and the console's files, on one port.
//!
//! A handler reads the request, calls the room that knows, and renders the answer; what a write
//! sets off is not its business.
//!
//! Always true:
//! - nothing but `/health`, the console's files and signing in answers without a key;
//! - every access to a datastore leaves an audit record;
//! - answers, logs and audit records hold no values of records, except the records asked for.
//!
//! Spec: <https://hl7.org/fhir/R4/http.html>

mod annotate;
mod api;
mod audit;
mod body;
mod console;
mod dashboards;
mod failure;
mod guard;
mod interactions;
pub mod keys;
mod metrics;
mod router;
mod secret;
mod sessions;
mod settings;
mod sigv4;
mod sql;

pub use router::{Need, Route, routes};
pub use settings::Settings;

use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::{Semaphore, watch};

/// Why the server could not start or had to stop.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// Repair the file or the rights of `keys.json`.
    #[error("could not use the key file")]
    Keys(#[source] std::io::Error),

    /// Make the data folder's `audit` folder writable.
    #[error("could not write the audit log")]
    Audit(#[source] std::io::Error),

    /// Correct the file.
    #[error("dashboard `{file}`: {reason}")]
    Dashboard {
        /// The file's name.
        file: String,
        /// What is wrong, and where.
        reason: String,
    },

    /// The system has no randomness to give; try again.
    #[error("the system gave no randomness")]
    Random,

    /// The address is in use or not ours.
    #[error("could not listen")]
    Listen(#[source] std::io::Error),

    /// The last rows could not be written to table files; they are written at the next start.
    #[error("could not close the datastores")]
    Close(#[source] Box<jobs::Error>),
}

/// The server before it listens: keys, sessions and dashboards loaded.
pub struct Server {
    app: App,
    local_token: String,
}

/// What every handler can reach.
pub(crate) type App = Arc<Shared>;

pub(crate) struct Shared {
    pub rooms: Arc<jobs::Rooms>,
    pub settings: Settings,
    pub keys: keys::Keys,
    pub sessions: sessions::Sessions,
    /// Digest of the token the command line on this machine uses.
    pub local_token: Option<[u8; 32]>,
    pub audit: audit::Audit,
    pub metrics: metrics::Metrics,
    pub slowdown: guard::Slowdown,
    pub dashboards: dashboards::Dashboards,
    pub sql_places: Semaphore,
    pub annotate_places: Semaphore,
    /// Turns true when the server stops, so that endless answers end.
    pub stopping: watch::Sender<bool>,
}

impl Server {
    /// Loads keys and dashboards from the data folder of `rooms`.
    ///
    /// # Errors
    /// [`Error::Keys`], [`Error::Audit`] or [`Error::Random`].
    pub fn open(rooms: Arc<jobs::Rooms>, settings: Settings) -> Result<Self, Error> {
        let data = rooms.data().to_owned();
        let local_token = format!("tarn_local_{}", secret::letters(43, secret::BASE62)?);
        let minutes = |minutes: u64| Duration::from_secs(minutes.saturating_mul(60));
        let app = Arc::new(Shared {
            keys: keys::Keys::open(&data)?,
            sessions: sessions::Sessions::new(
                minutes(settings.session_minutes),
                minutes(settings.sign_in_minutes),
            ),
            local_token: Some(secret::digest(&local_token)),
            audit: audit::Audit::open(
                data.join("audit"),
                Duration::from_millis(settings.audit_flush_ms.min(1_000)),
            )?,
            metrics: metrics::Metrics::default(),
            slowdown: guard::Slowdown::default(),
            dashboards: dashboards::Dashboards::open(data.join("dashboards")),
            sql_places: Semaphore::new(settings.sql_concurrent_max.max(1)),
            annotate_places: Semaphore::new(
                std::thread::available_parallelism().map_or(1, usize::from),
            ),
            stopping: watch::Sender::new(false),
            rooms,
            settings,
        });
        Ok(Self { app, local_token })
    }

    /// What the command line on this machine sends as a bearer to act as administrator. It is
    /// valid while this server runs.
    pub fn local_token(&self) -> &str {
        &self.local_token
    }

    /// A token that signs an administrator in to the console, once, within
    /// [`Settings::sign_in_minutes`]. The link is `http://…/console/#sign-in=<token>`.
    ///
    /// # Errors
    /// [`Error::Random`].
    pub fn sign_in_token(&self) -> Result<String, Error> {
        self.app.sessions.token(sessions::Person::console())
    }

    /// The access keys.
    pub fn keys(&self) -> &keys::Keys {
        &self.app.keys
    }

    /// Serves `listener` until `shutdown` ends, then lets running requests finish, writes what is
    /// waiting and closes the rooms.
    ///
    /// # Errors
    /// [`Error::Close`] when the last rows could not be written.
    pub async fn serve(
        self,
        listener: TcpListener,
        shutdown: impl Future<Output = ()>,
    ) -> Result<(), Error> {
        let app = self.app;
        let service = TowerToHyperService::new(router::router(Arc::clone(&app)));
        let places = Arc::new(Semaphore::new(app.settings.connections_max.max(1)));
        let mut connections = tokio::task::JoinSet::new();
        let mut shutdown = std::pin::pin!(shutdown);
        loop {
            let place = tokio::select! {
                () = &mut shutdown => break,
                place = Arc::clone(&places).acquire_owned() => place.expect("never closed"),
            };
            let (stream, peer) = tokio::select! {
                () = &mut shutdown => break,
                accepted = listener.accept() => match accepted {
                    Ok(accepted) => accepted,
                    Err(error) => {
                        // Out of file descriptors, mostly: pause, so that some are freed.
                        tracing::warn!(%error, "could not accept a connection");
                        tokio::time::sleep(Duration::from_millis(100)).await;
                        continue;
                    }
                },
            };
            // Without it small answers wait for the other side's acknowledgement.
            let _ = stream.set_nodelay(true);
            let service = service.clone();
            let answer = hyper::service::service_fn(
                move |mut request: hyper::Request<hyper::body::Incoming>| {
                    request.extensions_mut().insert(guard::Peer(peer));
                    hyper::service::Service::call(&service, request)
                },
            );
            let mut builder = hyper::server::conn::http1::Builder::new();
            builder
                .timer(TokioTimer::new())
                .header_read_timeout(Duration::from_secs(app.settings.header_seconds.max(1)))
                .max_buf_size(64 << 10);
            let mut stopping = app.stopping.subscribe();
            connections.spawn(async move {
                let connection = builder.serve_connection(TokioIo::new(stream), answer);
                let mut connection = std::pin::pin!(connection);
                let result = tokio::select! {
                    result = &mut connection => result,
                    () = stopped(&mut stopping) => {
                        connection.as_mut().graceful_shutdown();
                        connection.await
                    }
                };
                if let Err(error) = result {
                    tracing::debug!(%error, "a connection ended early");
                }
                drop(place);
            });
            while connections.try_join_next().is_some() {}
        }
        drop(listener);
        app.stopping.send_replace(true);
        let drained = async { while connections.join_next().await.is_some() {} };
        let seconds = app.settings.drain_seconds;
        if tokio::time::timeout(Duration::from_secs(seconds), drained).await.is_err() {
            tracing::warn!(seconds, "some requests did not end in time and were cut off");
            connections.shutdown().await;
        }
        app.audit.close();
        app.rooms.close().await.map_err(|error| Error::Close(Box::new(error)))
    }
}

/// Serves `rooms` on `listener` until `shutdown` ends: [`Server::open`] and [`Server::serve`].
///
/// # Errors
/// As those two.
pub async fn serve(
    rooms: Arc<jobs::Rooms>,
    settings: Settings,
    listener: TcpListener,
    shutdown: impl Future<Output = ()>,
) -> Result<(), Error> {
    Server::open(rooms, settings)?.serve(listener, shutdown).await
}

/// Waits until the server stops.
pub(crate) async fn stopped(stopping: &mut watch::Receiver<bool>) {
    // An error means the server is gone already.
    let _ = stopping.wait_for(|stopping| *stopping).await;
}

/// Microseconds since 1970.
pub(crate) fn now_us() -> i64 {
    let since = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH);
    since.map_or(0, |since| i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}
