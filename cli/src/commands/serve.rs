//! `tarn serve`: the data folder over HTTP until told to stop.

use crate::arguments::{Listen, Serve};
use crate::failure::{Failure, chain};
use crate::folder::{Lock, ServerFile, own};
use crate::{Context, show};
use std::net::{SocketAddr, ToSocketAddrs};
use std::process::ExitCode;
use std::sync::Arc;

pub(crate) fn run(context: &Context<'_>, given: &Serve) -> Result<ExitCode, Failure> {
    for (door, asked) in [("pg", &given.pg), ("flight", &given.flight)] {
        if asked.is_some() {
            return Err(Failure::new(format!("this version has no `{door}` door yet"))
                .hint("leave the option out and ask SQL over HTTP: POST /sql"));
        }
    }
    let (server, lock) = open(context, &given.listen)?;
    if server.server.keys().list().is_empty() {
        show::note(
            "no key exists yet, so nobody can get in: `tarn key create --role admin` makes one",
        );
    }
    // Signals count from here on: a stop right after the ready line must drain, not kill.
    let stop = context.runtime.block_on(async { Stop::listen() })?;
    lock.write_server_file(&server.file())?;
    show::out(&format!("ready http={} pg=off flight=off", server.address))?;
    context.runtime.block_on(server.run(stop.given()))?;
    drop(lock);
    Ok(ExitCode::SUCCESS)
}

/// A server that has its address and does not accept yet.
pub(crate) struct Bound {
    pub server: server::Server,
    listener: tokio::net::TcpListener,
    pub rooms: Arc<jobs::Rooms>,
    pub address: SocketAddr,
}

/// Takes the folder, opens every datastore, binds.
pub(crate) fn open(context: &Context<'_>, listen: &Listen) -> Result<(Bound, Lock), Failure> {
    let mut settings = context.settings.server.clone();
    if let Some(http) = &listen.http {
        settings.http.clone_from(http);
    }
    check_address(&settings.http, listen.allow_network || context.settings.serve.allow_network)?;
    let lock = own(&context.global.data)?;
    let rooms = jobs::Rooms::open(&context.global.data, context.settings.rooms())?;
    let bound = context.runtime.block_on(async {
        let listener = listen_on(&settings.http).await?;
        let address = listener.local_addr().map_err(|error| Failure::new(error.to_string()))?;
        // Opened now, so that a damaged datastore shows at the start and not in a request.
        for datastore in rooms.list() {
            rooms.datastore(&datastore.datastore_id).await?;
        }
        let server = server::Server::open(Arc::clone(&rooms), settings)
            .map_err(|error| Failure::new(chain(&error)))?;
        Ok::<_, Failure>(Bound { server, listener, rooms, address })
    })?;
    Ok((bound, lock))
}

impl Bound {
    /// What commands on this machine need to get in.
    pub(crate) fn file(&self) -> ServerFile {
        ServerFile { http: self.address.to_string(), token: self.server.local_token().to_owned() }
    }

    /// Serves until `stop`, lets running requests finish, and closes the rooms.
    pub(crate) async fn run(
        self,
        stop: impl Future<Output = ()> + Send + 'static,
    ) -> Result<(), Failure> {
        let served = self.server.serve(self.listener, stop).await;
        served.map_err(|error| Failure::new(format!("the server failed: {}", chain(&error))))
    }
}

async fn listen_on(http: &str) -> Result<tokio::net::TcpListener, Failure> {
    tokio::net::TcpListener::bind(http).await.map_err(|error| {
        let failure = Failure::new(format!("could not listen on {http}: {error}"));
        if error.kind() == std::io::ErrorKind::AddrInUse {
            failure.hint("another program has this port; `--http 127.0.0.1:0` takes a free one")
        } else {
            failure
        }
    })
}

/// Loopback, or an address opened on purpose.
fn check_address(http: &str, allow_network: bool) -> Result<(), Failure> {
    let wrong = |why: String| {
        Failure::new(format!("`{http}` is not an address to listen on: {why}"))
            .hint("write host and port, such as 127.0.0.1:8470")
    };
    let addresses: Vec<SocketAddr> =
        http.to_socket_addrs().map_err(|error| wrong(error.to_string()))?.collect();
    if addresses.iter().all(|address| address.ip().is_loopback()) {
        return Ok(());
    }
    if !allow_network {
        return Err(Failure::new(format!("`{http}` can be reached from other machines, and nothing is encrypted yet"))
            .hint("listen on 127.0.0.1 behind a proxy that speaks TLS; --allow-network (or `serve.allow_network = true`) does it all the same"));
    }
    show::note(&format!(
        "warning: `{http}` can be reached from other machines and nothing is encrypted; put a proxy that speaks TLS in front"
    ));
    Ok(())
}

/// The signals that end a server.
pub(crate) struct Stop {
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
}

impl Stop {
    /// Starts listening; needs the runtime.
    pub(crate) fn listen() -> Result<Self, Failure> {
        #[cfg(unix)]
        {
            use tokio::signal::unix::{SignalKind, signal};
            let failed = |error: std::io::Error| {
                Failure::new(format!("could not listen for signals: {error}"))
            };
            Ok(Self {
                terminate: signal(SignalKind::terminate()).map_err(failed)?,
                interrupt: signal(SignalKind::interrupt()).map_err(failed)?,
            })
        }
        #[cfg(not(unix))]
        Ok(Self {})
    }

    /// Waits for the first one.
    #[cfg_attr(not(unix), allow(unused_mut))]
    pub(crate) async fn given(mut self) {
        #[cfg(unix)]
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
        #[cfg(not(unix))]
        if tokio::signal::ctrl_c().await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}
